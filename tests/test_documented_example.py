"""The two Go Live pages that the project was commissioned with, taken literally.

Their host is played by a server with a certificate for its very name; the connection's proxy leads there.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from airflow_provider_cpp.exceptions import CppBadRequest, CppNotFound
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

URL = (
    "https://cloudpartner.azure.com/api/publishers/contoso/offers/contoso-virtualmachineoffer"
    "/golive?api-version=2017-10-31"
)
OPERATION_LOCATION = (
    "https://cloudpartner.azure.com/api/publishers/contoso/offers/contoso-virtualmachineoffer/operations/"
    "56615b67-2185-49fe-80d2-c4ddf77bb2e8"
)


class Page:
    """What the host answers, and what it was asked."""

    status = 202
    headers: tuple[tuple[str, str], ...] = (("Operation-Location", OPERATION_LOCATION),)
    body = ""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], str]] = []

    def posts(self):
        return [request for request in self.requests if request[0] == "POST"]


@pytest.fixture
def page(tmp_path, monkeypatch):
    page = Page()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            url = f"https://{self.headers['Host']}{self.path}"
            page.requests.append((self.command, url, dict(self.headers), body))
            is_list = "/submissions/" in self.path
            self.send_response(200 if is_list else page.status)
            for name, value in () if is_list else page.headers:
                self.send_header(name, value)
            answer = b"[]" if is_list else page.body.encode()
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *arguments):
            pass

    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("cloudpartner.azure.com").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with _proxy_to(server.server_address) as proxy_port:
        connection = {
            "conn_type": "cpp",
            "password": "YOUR_TOKEN",
            "extra": {
                "auth": "token",
                "publisher_id": "contoso",
                "ca_file": str(ca_file),
                "proxy": f"http://127.0.0.1:{proxy_port}",
            },
        }
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))
        yield page
    server.shutdown()
    server.server_close()


@contextmanager
def _proxy_to(address):
    """Run a proxy that leads `CONNECT cloudpartner.azure.com:443` to an address; yield its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=lead, args=(client,), daemon=True).start()

    def lead(client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        assert head.startswith(b"CONNECT cloudpartner.azure.com:443 ")
        with client, socket.create_connection(address) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            other = {client: server, server: client}
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    other[end].sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    with closing(listener):
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts


def test_the_documented_request_is_what_is_sent(page):
    CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer", precheck=False)
    ((method, url, headers, body),) = page.posts()
    assert (method, url, body) == ("POST", URL, "")
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer YOUR_TOKEN"


def test_the_documented_answer_is_what_is_returned(page):
    assert CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer", precheck=False) == OPERATION_LOCATION


@pytest.mark.parametrize(
    "location",
    [
        # The forms of the later editions, for migrated offers and the others.
        "/api/publishers/contoso/offers/contoso-virtualmachineoffer/operations/"
        "56615b67-2185-49fe-80d2-c4ddf77bb2e8?api-version=2017-10-31",
        "/api/operations/contoso$contoso-virtualmachineoffer$2$preview?api-version=2017-10-31",
    ],
)
def test_the_later_editions_answer_becomes_absolute(page, location):
    page.headers = (("Location", location),)
    answer = CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer", precheck=False)
    assert answer == f"https://cloudpartner.azure.com{location}"


def test_the_documented_400_carries_the_additional_error_information(page):
    page.status, page.headers = 400, (("x-ms-request-id", "r-1"),)
    page.body = json.dumps(
        {"error": {"code": "BadRequest", "message": "The argument: 'OfferTypeId' cannot be null or empty."}}
    )
    with pytest.raises(CppBadRequest, match="BadRequest 'The argument: 'OfferTypeId' cannot be null") as error:
        CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer", precheck=False)
    assert (error.value.http_status, error.value.code, error.value.request_id) == (400, "BadRequest", "r-1")
    assert len(page.posts()) == 1


def test_the_documented_404_names_the_entity_that_does_not_exist(page):
    page.status, page.headers = 404, ()
    with pytest.raises(CppNotFound, match="contoso/contoso-virtualmachineoffer"):
        CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer", precheck=False)
    assert len(page.posts()) == 1
