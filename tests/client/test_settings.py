"""What a connection's fields mean, and what each wrong one is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_cpp import provider_info
from airflow_provider_cpp.client.settings import Settings, read_settings
from airflow_provider_cpp.exceptions import CppConfigurationError

SECRET = "hush-the-secret"
FIELDS: dict[str, Any] = {
    "host": "https://cloudpartner.azure.com",
    "login": "a5d7c3e1-0000-4000-8000-000000000002",
    "password": SECRET,
    "port": None,
}
EXTRA: dict[str, Any] = {"tenant_id": "0d9c4f1e-0000-4000-8000-000000000001", "publisher_id": "contoso"}


def read(extra: Any = None, **fields: Any) -> Settings:
    """Read a good connection with some fields changed; None takes an extra field away."""
    merged = {**EXTRA, **extra} if isinstance(extra, dict) or (extra is None and not (extra := {})) else extra
    return read_settings("cpp_test", **{**FIELDS, **fields}, extra=merged)


def test_a_connection_without_anything_optional_gets_the_documented_defaults() -> None:
    settings = read_settings("cpp_test", login="app", password=SECRET, extra={"tenant_id": "contoso.com"})

    assert settings.origin == "https://cloudpartner.azure.com"
    assert settings.auth == "client_secret"
    assert settings.authority == "https://login.microsoftonline.com"
    assert settings.scope == "https://cloudpartner.azure.com/.default"
    assert settings.api_version == "2017-10-31"
    assert settings.timeout == 60
    assert (settings.ca_file, settings.proxy, settings.headers, settings.publisher_id) == ("", "", (), "")


@pytest.mark.parametrize("conn_type", [None, "", "cpp"])
def test_a_connection_that_names_no_type_is_of_the_type_cpp(conn_type: str | None) -> None:
    assert read(conn_type=conn_type).conn_type == "cpp"


@pytest.mark.parametrize("conn_type", ["http", "https", "generic", "azure", "CPP", " cpp ", "product_ingest"])
def test_a_type_that_names_no_service_is_told_with_those_that_do(conn_type: str) -> None:
    with pytest.raises(CppConfigurationError) as caught:
        read(conn_type=conn_type)
    assert str(caught.value) == (
        f"Field conn_type of connection 'cpp_test' is wrong: {conn_type!r} names no service; it has to be cpp "
        "or product_ingestion. Nothing was sent."
    )


def test_the_type_picks_host_scope_and_version_from_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {
        **provider_info.CONNECTION_TYPES["cpp"],
        "host": "https://other.example",
        "scope": "https://other.example/.default",
        "api_version": "2022-07-01",
    }
    monkeypatch.setitem(provider_info.CONNECTION_TYPES, "other", other)
    monkeypatch.setitem(provider_info.FIELDS, "other", provider_info._extra_fields(other))
    switched = read(conn_type="other", host=None)
    assert (switched.origin, switched.scope, switched.api_version) == (
        "https://other.example",
        "https://other.example/.default",
        "2022-07-01",
    )
    assert (
        read(conn_type="other", host="https://cloudpartner.azure.com").origin == "https://cloudpartner.azure.com"
    )
    assert read(host=None).origin == "https://cloudpartner.azure.com"
    with pytest.raises(CppConfigurationError, match="it has to be cpp or product_ingestion or other"):
        read(conn_type="http")


def test_a_connection_of_another_type_is_another_one() -> None:
    assert replace(read(), conn_type="other") != read()


@pytest.mark.parametrize(
    ("host", "port", "origin"),
    [
        (None, None, "https://cloudpartner.azure.com"),
        ("", None, "https://cloudpartner.azure.com"),
        ("cloudpartner.azure.com", None, "https://cloudpartner.azure.com"),
        ("CloudPartner.Azure.com/", None, "https://cloudpartner.azure.com"),
        (" https://cloudpartner.azure.com ", None, "https://cloudpartner.azure.com"),
        ("https://cloudpartner.azure.com:443", None, "https://cloudpartner.azure.com"),
        ("proxy.example:8443", None, "https://proxy.example:8443"),
        ("proxy.example", 8443, "https://proxy.example:8443"),
        ("https://proxy.example", 443, "https://proxy.example"),
        ("https://proxy.example:8443", 9, "https://proxy.example:8443"),
        ("http://localhost:8080", None, "http://localhost:8080"),
        ("http://127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("http://[::1]:8080", None, "http://[::1]:8080"),
    ],
)
def test_the_host_may_be_bare_or_a_url_with_or_without_a_port(
    host: str | None, port: int | None, origin: str
) -> None:
    assert read(host=host, port=port).origin == origin


@pytest.mark.parametrize(
    "host",
    [
        "http://cloudpartner.azure.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://169.254.169.254",
        "http://0.0.0.0:8080",
        "http://127.0.0.2.nip.example",
        "ftp://cloudpartner.azure.com",
        "file:///etc/passwd",
        "https://",
        "://x",
        "https://user:hush-x@cloudpartner.azure.com",
        "https://cloudpartner.azure.com/api",
        "https://cloudpartner.azure.com?x=1",
        "https://cloudpartner.azure.com#x",
        "https://cloudp\u0430rtner.azure.com",
        "https://cloudpartner.azure.com\\@evil.example",
        "https://cloud partner.azure.com",
        "https://cloudpartner.azure.com\n.evil.example",
        "https://cloudpartner.azure.com:port",
        "https://cloudpartner.azure.com:0",
        "https://cloudpartner.azure.com:65536",
        "https://[::1",
    ],
)
def test_a_bad_host_is_told_by_its_field(host: str) -> None:
    with pytest.raises(CppConfigurationError, match="Field host of connection 'cpp_test'") as caught:
        read(host=host)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("port", [-1, 0, 65536, 99999])
def test_a_bad_port_is_told_by_its_field(port: int) -> None:
    with pytest.raises(CppConfigurationError, match="Field port"):
        read(port=port)


@pytest.mark.parametrize(
    ("auth", "missing", "field"),
    [
        ("client_secret", "login", "login"),
        ("client_secret", "password", "password"),
        ("client_secret", "tenant_id", "tenant_id"),
        ("certificate", "login", "login"),
        ("certificate", "tenant_id", "tenant_id"),
        ("certificate", "certificate_path", "certificate_path"),
        ("token", "password", "password"),
    ],
)
def test_each_missing_field_is_told_by_its_name(auth: str, missing: str, field: str) -> None:
    fields = {missing: ""} if missing in FIELDS else {}
    extra = {"auth": auth} | ({} if missing in FIELDS else {missing: None})
    with pytest.raises(CppConfigurationError, match=f"Field {field} of connection 'cpp_test'.*missing") as caught:
        read(extra, **fields)
    assert isinstance(caught.value, AirflowFailException)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("auth", ["managed_identity", "workload_identity", "default"])
def test_an_identity_of_the_machine_needs_no_field(auth: str) -> None:
    assert read_settings("cpp_test", extra={"auth": auth}).auth == auth


WRONG = {
    "auth": ["password", "client-secret", 7, ["token"]],
    "tenant_id": ["common", "organizations", "Consumers", "a/b", "../x", "a b", "x" * 101, 7],
    "api_version": ["2017 10 31", "1&x=2", "x" * 41, 7],
    "authority": ["http://login.microsoftonline.com", "http://localhost", "https://a/b", "ftp://x", 7],
    "proxy": ["proxy:3128", "socks5://proxy:1080", "http://", "http://proxy:x", "http://proxy:0", 7],
    "timeout": ["soon", 0, -1, "0", "nan", "inf", 3601, True, [5], "1e999"],
    "headers": [
        "no JSON",
        "[1]",
        ["a"],
        {"Authorization": "Bearer x"},
        {"authorization": "x"},
        {"Host": "evil.example"},
        {"content-length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"X-A": "a\r\nX-Evil: b"},
        {"X-A\r\nB": "a"},
        {"": "a"},
        {"X A": "a"},
        {"X-A": "ü"},
        {"X-A": 7},
        {"X-A": None},
    ],
    "ca_file": ["/does/not/exist.pem", "/etc", "a\x00b", 7],
    "publisher_id": ["a/b", "..", 7],
    "scope": [7],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_each_wrong_field_is_told_by_its_name(field: str, value: object) -> None:
    with pytest.raises(CppConfigurationError, match=field) as caught:
        read({field: value})
    assert SECRET not in str(caught.value)


def test_a_certificate_that_cant_be_read_is_told_by_its_field() -> None:
    with pytest.raises(CppConfigurationError, match="certificate_path"):
        read({"auth": "certificate", "certificate_path": "/does/not/exist.pem"})


def test_a_ca_file_without_a_certificate_is_told_by_its_field(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("hello")
    with pytest.raises(CppConfigurationError, match="ca_file"):
        read({"ca_file": str(path)})


@pytest.mark.parametrize("extra", ["no JSON", "[]", '"text"', "7", "{", "tru"])
def test_an_extra_that_is_no_object_is_told(extra: str) -> None:
    with pytest.raises(CppConfigurationError, match="extra"):
        read(extra)


@pytest.mark.parametrize("extra", ["", "  ", "{}", "null"])
def test_an_empty_extra_is_one_without_fields(extra: str) -> None:
    with pytest.raises(CppConfigurationError, match="tenant_id"):
        read(extra)


def test_the_extra_may_be_json_text_and_the_headers_within_too() -> None:
    headers = {"X-B": "2", "X-A": "1"}
    for form in (headers, json.dumps(headers)):
        settings = read(json.dumps({**EXTRA, "headers": form, "timeout": "12.5"}))
        assert settings.headers == (("X-A", "1"), ("X-B", "2"))
        assert settings.timeout == 12.5


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_of_the_form_gets_its_default(empty: str | None) -> None:
    settings = read(
        dict.fromkeys(["auth", "authority", "scope", "api_version", "headers", "proxy", "timeout"], empty)
    )
    assert settings == read()


@pytest.mark.parametrize("token", ["abc\n", "  abc", "abc\r\n"])
def test_a_token_is_taken_without_the_line_break_of_its_file(token: str) -> None:
    assert read({"auth": "token"}, password=token).secret == "abc"


@pytest.mark.parametrize("token", ["hush\nX-Evil: 1", "hush hush", "hüsh", "hush\x00"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(CppConfigurationError, match="password") as caught:
        read({"auth": "token"}, password=token)
    assert "hush" not in str(caught.value)
    assert "hüsh" not in str(caught.value)


def test_no_secret_is_in_the_repr_of_a_connection() -> None:
    settings = read({"headers": {"X-Key": "hush-a-key"}, "proxy": "http://me:hush-proxy@proxy:3128"})
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)


def test_an_edited_connection_is_another_one() -> None:
    assert read() == read()
    assert hash(read()) == hash(read())
    assert len({read(), read(), read({"timeout": 30}), read(password="other")}) == 3


def test_the_publisher_is_the_one_given_or_else_the_connections() -> None:
    assert read().publisher(None) == "contoso"
    assert read().publisher("fabrikam") == "fabrikam"
    with pytest.raises(CppConfigurationError, match="publisher_id"):
        read({"publisher_id": None}).publisher(None)
    for wrong in ("", "..", "a/b"):
        with pytest.raises(CppConfigurationError, match="publisher_id"):
            read().publisher(wrong)


@pytest.mark.parametrize("form", ["json", "uri"])
def test_airflows_own_forms_of_a_connection_are_read(form: str) -> None:
    from airflow.providers.common.compat.sdk import Connection

    extra = {**EXTRA, "headers": {"X-A": "1"}, "timeout": 12}
    fields = {"conn_type": "cpp", "host": "https://cloudpartner.azure.com", "login": "app", "password": "a b/c?d"}
    original = Connection(conn_id="cpp_test", extra=json.dumps(extra), **fields)
    again = (
        Connection(conn_id="cpp_test", uri=original.get_uri())
        if form == "uri"
        else Connection.from_json(original.as_json(), conn_id="cpp_test")
    )
    settings = read_settings(
        "cpp_test",
        conn_type=again.conn_type,
        host=again.host,
        login=again.login,
        password=again.password,
        port=again.port,
        extra=again.extra,
    )
    assert settings == read(extra, login="app", password="a b/c?d")
