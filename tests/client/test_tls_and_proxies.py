"""Whom a call is sent to over TLS and through which proxy, in both colours."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import trustme

from airflow_provider_cpp.client.settings import Settings, read_settings
from airflow_provider_cpp.exceptions import CppConfigurationError, CppUnavailable
from airflow_provider_cpp.wire.answers import Answer, Loss, Unanswered, describe, error_of
from tests.client.conftest import ACCEPTED, POST, Exchange, settings_at
from tests.client.raw_server import (
    RawServer,
    closed_port,
    garbage_within_tls,
    response,
)

# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    class Authority:
        def __init__(self) -> None:
            ca = trustme.CA()
            self.file = tmp_path_factory.mktemp("ca") / "ca.pem"
            ca.cert_pem.write_to_path(self.file)
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ca.issue_cert("localhost").configure_cert(self.tls)

    return Authority


def test_a_host_of_the_connections_ca_is_talked_to(exchange: Exchange, authority: Any) -> None:
    ours = authority()
    with RawServer(ACCEPTED, tls=ours.tls) as server:
        reading = exchange(settings_at(server.url, ca_file=str(ours.file)), POST)
    assert isinstance(reading, Answer)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_without_a_ca_file_both_colours_trust_the_system_and_the_environments_bundle(
    exchange: Exchange, authority: Any, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = authority()
    monkeypatch.setenv(variable, str(ours.file))
    with RawServer(ACCEPTED, tls=ours.tls) as server:
        assert isinstance(exchange(settings_at(server.url), POST), Answer)


def logging_in_at(url: str, **extra: Any) -> Settings:
    extra = {"tenant_id": "a-tenant", "authority": url, "timeout": 5, **extra}
    return read_settings("cpp_default", host="http://localhost:9", login="an-app", password="x" * 20, extra=extra)


@pytest.mark.parametrize("connecting", [settings_at, logging_in_at], ids=["API", "login"])
def test_a_host_whose_certificate_isnt_trusted_gets_nothing_and_is_a_setting_to_correct(
    exchange: Exchange, authority: Any, connecting: Any
) -> None:
    ours, theirs = authority(), authority()
    for extra in ({}, {"ca_file": str(ours.file)}):
        with RawServer(ACCEPTED, tls=theirs.tls) as server:
            reading = exchange(connecting(server.url, **extra), POST, patient=True)
            assert isinstance(reading, Unanswered)
            assert reading.loss is Loss.UNTRUSTED_PEER
            error = error_of(POST, reading)
            assert type(error) is CppConfigurationError
            assert "ca_file" in str(error)
            assert "CERTIFICATE_VERIFY_FAILED" in str(error)
            assert server.requests == []
            assert server.connections == 1, "and isn't tried again"


def test_a_refused_connection_at_the_login_is_no_failed_authentication(exchange: Exchange) -> None:
    reading = exchange(logging_in_at("https://localhost:9"), POST)
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.NOT_SENT
    error = error_of(POST, reading)
    assert type(error) is CppUnavailable
    assert "Connection refused" in str(error)


def test_a_certificate_of_another_name_isnt_trusted(exchange: Exchange, authority: Any) -> None:
    ours = authority()
    with RawServer(ACCEPTED, tls=ours.tls) as server:
        url = server.url.replace("localhost", "127.0.0.1")
        reading = exchange(settings_at(url, ca_file=str(ours.file)), POST)
        assert isinstance(reading, Unanswered)
        assert reading.loss is Loss.UNTRUSTED_PEER
        assert server.requests == []


def test_a_broken_tls_record_after_the_request_was_read_is_unclear(exchange: Exchange, authority: Any) -> None:
    ours = authority()
    with RawServer(garbage_within_tls, tls=ours.tls) as server:
        reading = exchange(settings_at(server.url, ca_file=str(ours.file)), POST, patient=True)
        assert isinstance(reading, Unanswered)
        assert reading.loss is Loss.UNCLEAR
        assert len(server.requests) == 1


def test_a_ca_file_that_went_missing_is_a_setting_to_correct(
    exchange: Exchange, authority: Any, tmp_path: Path
) -> None:
    ours = authority()
    path = tmp_path / "ca.pem"
    path.write_bytes(ours.file.read_bytes())
    with RawServer(ACCEPTED, tls=ours.tls) as server:
        settings = settings_at(server.url, ca_file=str(path))
        path.unlink()
        with pytest.raises(CppConfigurationError, match="ca_file"):
            exchange(settings, POST)
        assert server.requests == []


# Proxies


def test_a_proxy_is_used(exchange: Exchange) -> None:
    with RawServer(ACCEPTED) as proxy:
        reading = exchange(settings_at("http://localhost:9", proxy=f"http://localhost:{proxy.port}"), POST)
        assert isinstance(reading, Answer)
        assert proxy.heads[0].startswith("POST http://localhost:9/api/publishers/")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_connections_proxy_wins_over_the_environments(
    exchange: Exchange, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with RawServer(ACCEPTED) as proxy:
        reading = exchange(settings_at("http://localhost:9", proxy=f"http://localhost:{proxy.port}"), POST)
        assert isinstance(reading, Answer)


def test_both_colours_go_through_the_environments_proxy(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(response("502 Bad Gateway")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        exchange(settings_at("https://localhost:9"), POST)
        assert proxy.connections == 1


def test_the_token_for_plain_http_goes_through_no_proxy_of_the_environment(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain http is for this machine; a proxy would take the token off it, unprotected."""
    with RawServer(ACCEPTED) as proxy, RawServer(ACCEPTED) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert isinstance(exchange(settings_at(server.url), POST), Answer)
        assert proxy.connections == 0


def test_no_proxy_is_heeded(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "localhost")
    with RawServer(ACCEPTED) as server:
        assert isinstance(exchange(settings_at(server.url), POST), Answer)


def test_a_proxy_that_cant_be_reached_has_sent_nothing_and_its_password_isnt_told(exchange: Exchange) -> None:
    proxy = f"http://somebody:hush@127.0.0.1:{closed_port()}"
    reading = exchange(settings_at("http://localhost:9", proxy=proxy), POST)
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.NOT_SENT
    assert "hush" not in reading.reason


PASSWORD = "p@ssw0rd-of-a-proxy-on-the-way"
BASIC = b64encode(f"somebody:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize("origin", ["https://localhost:9", "http://localhost:9"])
@pytest.mark.parametrize("says", [PASSWORD, BASIC])
def test_a_proxy_that_quotes_its_password_is_not_quoted(exchange: Exchange, origin: str, says: str) -> None:
    """Nor steers a terminal by the words of its refusal."""
    body = json.dumps({"error": {"message": f"No: {says}"}})
    head = f"HTTP/1.1 407 \x1b[31m {says}\r\nX-Ms-Request-Id: {says}\r\nContent-Length: {len(body)}"
    with RawServer(f"{head}\r\n\r\n{body}".encode()) as proxy:
        url = f"http://somebody:{PASSWORD}@localhost:{proxy.port}"
        told = describe(exchange(settings_at(origin, proxy=url), POST))
        assert BASIC in proxy.heads[0]
    assert says not in told
    assert "ssw0rd" not in told
    assert told.isprintable()
