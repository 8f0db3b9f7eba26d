"""The connections that are shown are accepted, and each field is described."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from airflow_provider_cpp.client.settings import read_settings
from airflow_provider_cpp.provider_info import CONNECTION_TYPES, FIELDS
from tests.documentation.pages import EXAMPLES, blocks, page


def test_every_field_of_the_connection_is_described_with_its_default():
    rows = {
        row.split("|")[1].strip(): row
        for row in page("docs/connection.md").splitlines()
        if row.startswith(("| extra `", "| `"))
    }
    for field_of in FIELDS.values():
        for name, field in field_of.items():
            row = rows[f"extra `{name}`"]
            assert f"| {field['label']} |" in row
            assert str(field["schema"].get("default", "")) in row.split("|")[-2]


@pytest.mark.parametrize(("conn_type", "service"), CONNECTION_TYPES.items())
def test_what_the_types_of_connections_differ_in_is_described(conn_type, service):
    table = page("docs/connection.md").split("\n\n## ")[0].split("\n| | ")[1].splitlines()
    heading, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    column = heading.index(f"`{conn_type}`") + 1
    cells = " ".join(row[column] for row in rows[1:] if len(row) > column)
    assert [service[name] for name in ("name", "host", "scope", "api_version") if service[name] not in cells] == []
    assert f"`{service['hook_class']}`" in cells


@pytest.mark.parametrize("name", ["README.md", "docs/index.md"])
def test_the_first_pages_say_which_type_of_connection_a_reader_needs(name):
    beginning = page(name).split("\n## ")[0 if name == "README.md" else 1]
    assert [each for each in CONNECTION_TYPES if f"| `{each}` |" not in beginning] == []


def test_every_connection_shown_is_accepted(tmp_path):
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----")
    shown = blocks(page("docs/connection.md"), "json")
    for name in ("docs/connection.md", "docs/quickstart.md", "README.md"):
        for code in blocks(page(name), "sh"):
            shown += re.findall(r"'(\{.*?\n?\})'", code, flags=re.DOTALL)
    kinds, types = set(), set()
    for text in shown:
        connection = json.loads(text)
        extra = {**connection.get("extra", {})}
        for name in {"certificate_path", "ca_file"} & set(extra):
            extra[name] = str(certificate)
        if "<" in extra.get("tenant_id", ""):
            extra["tenant_id"] = "0d9c4f1e-0000-4000-8000-000000000001"
        password = re.sub("<.*>", "put-in", connection.get("password", ""))
        settings = read_settings(
            "shown",
            conn_type=connection["conn_type"],
            login=connection.get("login"),
            password=password,
            extra=extra,
        )
        # Only one of the services has to be told whose the offers are.
        assert settings.publisher_id == "contoso" or settings.conn_type == "product_ingestion"
        kinds.add(settings.auth)
        types.add(settings.conn_type)
    assert kinds == set(FIELDS["cpp"]["auth"]["schema"]["enum"])
    assert types == set(CONNECTION_TYPES)


def test_the_connection_shown_as_a_uri_is_the_one_shown_as_json():
    from airflow.providers.common.compat.sdk import Connection

    text = page("docs/connection.md").split("\n## As JSON\n")[1]
    (uri,) = re.findall(r"^cpp://.*$", text.split("\n## ")[0], flags=re.MULTILINE)
    connection = Connection(conn_id="shown", uri=uri.replace("<client secret, URL-quoted>", "s%2Fe%25cret"))
    assert connection.password == "s/e%cret"
    shown = json.loads(re.search(r"'(\{.*?\n\})'", text, flags=re.DOTALL)[1])
    assert (connection.conn_type, connection.login) == (shown["conn_type"], shown["login"])
    assert connection.extra_dejson == shown["extra"]


def test_the_certificate_shown_is_one_that_the_login_library_takes(tmp_path):
    from azure.identity import CertificateCredential

    subprocess.run(
        ["sh", EXAMPLES / "make_certificate.sh"], cwd=tmp_path, check=True, capture_output=True, timeout=60
    )
    CertificateCredential("tenant", "client", certificate_path=tmp_path / "cpp-release.pem")
