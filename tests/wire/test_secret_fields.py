"""Which fields of a document are secret, by their names, and what is shown of it."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.services.cloud_partner_portal.differences import differences
from airflow_provider_cpp.wire.confidential import redacted, secrets_in, without_queries, without_secrets
from airflow_provider_cpp.wire.refusals import refusal_in
from tests.wire.secret_texts import PART

SECRET_NAMES = """
clientSecret client_secret client-secret CLIENT_SECRET clientsecret secretValue password Password adminPwd
accessToken sasToken SASToken continuationToken apiKey api-key API_KEY accountKey accountKey1
storageAccountKey planKey key keys
microsoft-azure-x.storageAccountKey connectionString connection_string ConnectionStrings credentials passphrase
connStr conn_string passcode dbPass userpass SAMLResponse pfxBase64 privateKeyPem
sig sharedAccessSignature Authorization Ocp-Apim-Subscription-Key x-functions-key
"""


@pytest.mark.parametrize(
    "value", ["hUsh9Zk-1", 9271038475, 1.5, ["hUsh9Zk-1", 9271038475], {"a": {"b": "hUsh9Zk-1"}}]
)
def test_a_field_is_secret_by_its_name_whatever_it_holds(value: object) -> None:
    for name in SECRET_NAMES.split():
        told = json.dumps(redacted({"offer": {name: value}}))
        assert "hUsh" not in told, name
        assert "9271038475" not in told, name
        assert "1.5" not in told, name
        if not isinstance(value, float):
            assert {"hUsh9Zk-1", "9271038475"} & set(secrets_in({"offer": {name: value}})), name


OTHER_NAMES = """
keywords keyword tokenizer monkey turkey publicKey sshPublicKey public_key secretName tokenEndpoint passwordPolicy
keyVaultName secretary design signal signOff assigned compass keyboard hotkeyed token_type keyId
bypass pass secretScan
"""


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_a_field_isnt_secret_because_of_a_part_of_its_name(name: str) -> None:
    document = {name: "shown", "more": [{name: 5}]}
    assert redacted(document) == document
    assert list(secrets_in({name: "long enough"})) == []


def test_what_isnt_set_and_what_is_a_switch_is_shown() -> None:
    document = {"secret": None, "password": "", "keys": [], "token": {}, "hasPassword": True, "secret1": False}
    assert redacted(document) == document


@pytest.mark.parametrize("name", ["key", "field", "target", "propertyName", "ParameterName", "Property"])
@pytest.mark.parametrize("value", ["value", "attemptedValue", "RejectedValue", "rawValue", "values"])
def test_a_pair_is_secret_by_whichever_names(name: str, value: str) -> None:
    pair = {value: "hUsh9Zk-1", name: "clientSecret"}
    assert redacted(pair) == {value: "***", name: "clientSecret"}
    assert list(secrets_in(pair)) == ["hUsh9Zk-1"]
    assert without_secrets(json.dumps(pair)) == json.dumps({value: "***", name: "clientSecret"})
    assert PART not in str(refusal_in(json.dumps({"errors": [{**pair, "message": "x"}]}).encode()))


def test_the_value_of_a_pair_is_as_secret_as_its_name() -> None:
    pairs = [{"name": "clientSecret", "value": "hUsh9Zk-1"}, {"name": "colour", "value": "blue"}]
    assert redacted(pairs) == [{"name": "clientSecret", "value": "***"}, {"name": "colour", "value": "blue"}]
    assert list(secrets_in(pairs)) == ["hUsh9Zk-1"]


def test_of_a_map_the_names_tell_no_secret_either() -> None:
    document = {"https://x/y?z=hush": {"sig=hush": ["sig=hush"]}, "plan": 1}
    assert redacted(document) == {"https://x/y?***": {"sig=***": ["sig=***"]}, "plan": 1}


def test_of_a_definition_a_whole_query_is_hidden() -> None:
    assert redacted({"u": "see https://x/y?z=hush and more"}) == {"u": "see https://x/y?*** and more"}
    assert without_queries("Really? https://x/y and a?b=c") == "Really? https://x/y and a?b=c"


def test_of_two_definitions_nothing_below_a_secret_field_is_shown() -> None:
    wanted = {"x.clientSecret": {"value": "hUsh9Zk", "n": 9271038475}, "u": "https://x?sig=hUsh9Zk"}
    found = differences({"offer": wanted}, {"offer": {**wanted, "x.clientSecret": {"value": "0ld"}, "u": "a"}})
    assert [difference.path for difference in found] == [
        "offer/x.clientSecret/value",
        "offer/x.clientSecret/n",
        "offer/u",
    ]
    for each in found:
        assert PART not in str(each)
        assert "0ld" not in str(each)
        assert "927" not in str(each)


def test_a_plan_is_shown_whatever_its_id_ends_in() -> None:
    (found,) = differences({"plans": [{"planId": "api-key", "x": 1}]}, {"plans": [{"planId": "api-key", "x": 2}]})
    assert str(found) == "plans/api-key/x: 2 -> 1"
