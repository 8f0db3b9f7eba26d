"""A portal that lets a body drip: its head is whole, and what follows comes byte by byte for hours."""

from __future__ import annotations

import json

from tests.reliability.going_live import OFFER
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
