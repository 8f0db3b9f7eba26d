from __future__ import annotations

import base64
import json

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

SCOPE = "https://cloudpartner.azure.com/.default"


def credential(emulator, **changes):
    values = {"tenant_id": emulator.tenant_id, "client_id": emulator.client_id}
    return ClientSecretCredential(
        **values,
        client_secret=changes.get("secret", emulator.client_secret),
        authority=emulator.authority,
        disable_instance_discovery=True,
        connection_verify=str(emulator.ca_file),
    )


def test_azure_identity_gets_a_token_that_opens_the_api(emulator, client):
    token = credential(emulator).get_token(SCOPE).token
    answer = client.get("/api/publishers", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert [record.action for record in emulator.requests][:2] == ["discovery", "token"]


def test_azure_identity_is_told_that_the_secret_is_wrong(emulator):
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(emulator, secret="another").get_token(SCOPE)


@pytest.mark.parametrize(
    ("change", "status", "error", "number"),
    [
        ({"client_secret": "another"}, 401, "invalid_client", "AADSTS7000215"),
        ({"client_id": "another"}, 400, "unauthorized_client", "AADSTS700016"),
        ({"tenant": "another"}, 400, "invalid_request", "AADSTS90002"),
        ({"scope": "https://management.azure.com/.default"}, 400, "invalid_resource", "AADSTS500011"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "AADSTS70003"),
    ],
)
def test_a_wrong_token_request_is_refused_with_the_login_hosts_number(client, change, status, error, number):
    answer = client.token(**change)
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["error_description"].startswith(number)


def test_an_unknown_tenant_has_no_discovery_document(emulator, client):
    answer = client.session.get(f"{emulator.authority}/another/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_tenant")


def test_the_v1_form_takes_a_resource_and_prints_numbers_as_strings(emulator, client):
    answer = client.session.post(
        f"{emulator.authority}/{emulator.tenant_id}/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "resource": "https://cloudpartner.azure.com",
        },
    ).json()
    assert answer["expires_in"] == "3599"
    opened = client.get("/api/publishers", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert opened.status_code == 200


def assertion(**claims):
    def part(document):
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part(claims)}.signature"


def test_a_certificates_assertion_is_believed_if_it_names_the_application(emulator, client):
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    own = assertion(iss=emulator.client_id, sub=emulator.client_id)
    other = assertion(iss="another", sub="another")
    answers = [
        client.token(client_secret="", client_assertion_type=kind, client_assertion=text).status_code
        for text in (own, other, "no assertion")
    ]
    assert answers == [200, 401, 401]


def test_a_token_expires_after_its_lifetime(emulator, client):
    emulator.configure(token_lifetime=60)
    assert client.get("/api/publishers").status_code == 200
    emulator.advance(59)
    assert client.get("/api/publishers").status_code == 200
    emulator.advance(1)
    assert client.get("/api/publishers").status_code == 401


def test_revoking_makes_every_token_invalid_at_once(emulator, client):
    assert client.get("/api/publishers").status_code == 200
    assert emulator.revoke_tokens() == 1
    assert client.get("/api/publishers").status_code == 401


@pytest.mark.parametrize("header", [None, "Bearer another", "Basic another", "Bearer"])
def test_without_a_good_token_the_text_is_in_a_top_level_message(client, header):
    answer = client.get("/api/publishers", headers={"Authorization": header})
    assert answer.status_code == 401
    assert "denied" in answer.json()["Message"]
