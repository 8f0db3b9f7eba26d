"""A head that is whole counts, even if its body comes byte by byte for hours."""

from __future__ import annotations

import json
import time

import pytest

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from tests.reliability import test_going_live, waiting
from tests.reliability.going_live import OFFER, go_live, told
from tests.reliability.raw_server import RawServer, whole

ID = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"
PATH = f"/api/publishers/contoso/offers/{OFFER}/operations/{ID}"
DOCUMENT = json.dumps({"id": ID, "status": "succeeded", "steps": []}).encode()

#: On a busy machine; the body takes half a minute at least.
AT_MOST = 10.0


class Portal(RawServer):
    """A portal that lets the body of the first answer of a kind drip.

    :param drips: the beginning of the request whose answer drips.
    """

    def __init__(self, drips):
        super().__init__(self._respond)
        self._drips = drips

    def count(self, beginning):
        return len([request for request in self.requests if request.startswith(beginning)])

    def _respond(self, connection, request):
        if b"/submissions" in request:
            data = whole(b"[]")
        elif request.startswith(b"POST"):
            data = whole(b" " * 300, f"Location: {PATH}", status="202 Accepted")
        else:
            data = whole(DOCUMENT + b" " * 300)
        end = data.index(b"\r\n\r\n") + 4
        if not request.startswith(self._drips) or self.count(self._drips) > 1:
            end = len(data)
        connection.sendall(data[:end])
        for position in range(end, len(data)):
            connection.sendall(data[position : position + 1])
            if not self.wait(0.1):
                return


@pytest.fixture
def dripping(monkeypatch):
    def connect(server):
        extra = {"auth": "token", "publisher_id": "contoso", "timeout": 0.6}
        connection = {"conn_type": "cpp", "host": server.url, "password": "t0ken", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))
        return server

    return connect


def test_of_an_accepted_post_whose_body_drips_the_location_counts(pauses, lines, proves, dripping):
    with dripping(Portal(b"POST")) as portal:
        began = time.monotonic()
        outcome = go_live()
        assert time.monotonic() - began < AT_MOST
        assert outcome.result == f"{portal.url}{PATH}"
        assert portal.count(b"POST") == 1
    words = told(outcome, lines)
    assert words == test_going_live.RETURNED
    proves(test_going_live.PHASE, "202 at once, its body byte by byte", (1, 1), words)


def test_a_status_whose_body_drips_is_read_again(proves, wait, dripping):
    with dripping(Portal(b"GET")) as portal:
        began = time.monotonic()
        words, error = waiting.told(wait, CloudPartnerPortalHook().location(PATH).url)
        assert time.monotonic() - began < AT_MOST
        assert (words, error) == (waiting.TOLD, None)
        assert portal.count(b"GET") == 2
    proves(waiting.PHASE, "200 at once, its body byte by byte", (2, 0), words)
