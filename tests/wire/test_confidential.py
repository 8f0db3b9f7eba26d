"""What of a definition may not be shown."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.wire.confidential import redacted, secrets_in, without_secrets

SAS = "https://contoso.blob.core.windows.net/vhds/a.vhd?sv=2018-03-28&sr=b&sig=s1gn%2Bature%3D"
CONNECTION = "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=k3yk3yk3y==;EndpointSuffix=x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Contoso App", "Contoso App"),
        ("Really? a=b, me@contoso.com", "Really? a=b, me@contoso.com"),
        (SAS, "https://contoso.blob.core.windows.net/vhds/a.vhd?sv=2018-03-28&sr=b&sig=***"),
        (f'<a href="{SAS}">x</a> {SAS}', None),
        ("sftp://user:pass@host/x", "sftp://***@host/x"),
        ("http://u:p@ss@proxy:1/x and https://host/a@b", "http://***@proxy:1/x and https://host/a@b"),
        ("HTTPS://HOST/X?Y", "HTTPS://HOST/X?Y"),
        (CONNECTION, "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=***;EndpointSuffix=x"),
        ("/a.vhd?sv=1&sig=s1gn%2Bature%3D", "/a.vhd?sv=1&sig=***"),
    ],
)
def test_signatures_users_and_keys_are_hidden(text: str, shown: str | None) -> None:
    assert "s1gn" not in without_secrets(text)
    if shown is not None:
        assert without_secrets(text) == shown


def test_values_of_secret_fields_are_hidden_and_all_else_is_shown() -> None:
    document = {
        "marketoLeadConfiguration": {"clientId": "id", "clientSecret": "s3cret-word", "serverId": ""},
        "tableLeadConfiguration": {"connectionString": CONNECTION},
        "list": [{"Password": 7}, SAS],
        "secretEmpty": "",
        "n": 1,
        "b": True,
        "none": None,
    }
    assert redacted(document) == {
        "marketoLeadConfiguration": {"clientId": "id", "clientSecret": "***", "serverId": ""},
        "tableLeadConfiguration": {"connectionString": "***"},
        "list": [{"Password": "***"}, "https://contoso.blob.core.windows.net/vhds/a.vhd?***"],
        "secretEmpty": "",
        "n": 1,
        "b": True,
        "none": None,
    }
    assert set(secrets_in(document)) == {
        "s3cret-word",
        CONNECTION,
        "k3yk3yk3y==",
        "sv=2018-03-28&sr=b&sig=s1gn%2Bature%3D",
        "s1gn%2Bature%3D",
        # As whoever reads the URL has it, and may quote it.
        "sv=2018-03-28&sr=b&sig=s1gn+ature=",
        "s1gn+ature=",
    }


def test_what_is_short_isnt_masked_everywhere() -> None:
    assert list(secrets_in({"password": "on", "url": "https://x/?v=1"})) == []
