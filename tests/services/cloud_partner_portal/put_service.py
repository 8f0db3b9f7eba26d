"""One offer of a service of the test's own making, and puts of it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from airflow_provider_cpp.services.cloud_partner_portal.putting import Put
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import Runner, answered, refused
from tests.services.cloud_partner_portal.offer_documents import VM, as_returned, put_body
from tests.services.cloud_partner_portal.scripted import OFFER, PUBLISHER

IMAGES = f"{VM}.vmImages"
PLAN = "contososkuidentifier"


class Service:
    """One offer, kept as the create-or-modify page says, and answered as its response is.

    :param document: what is there; None for no offer.
    :param faults: for each PUT: None to answer it, or what comes instead, as a pair with whether it was
        carried out first.
    :param etags: whether a GET has an ETag.
    """

    def __init__(
        self,
        document: dict[str, Any] | None,
        *faults: tuple[Reading, bool] | None,
        etags: bool = True,
    ) -> None:
        self.document = deepcopy(document)
        self.faults = list(faults)
        self.etags = etags
        self.revision = 1
        self.reads = 0
        #: Called before each PUT.
        self.meanwhile = lambda: None

    @property
    def etag(self) -> str:
        return f'W/"{self.revision}"'

    def __call__(self, call: Call, now: float) -> Reading:
        if call.method == "GET":
            return self._list() if call.path.endswith("/offers") else self._get()
        assert call.method == "PUT"
        self.meanwhile()
        fault = self.faults.pop(0) if self.faults else None
        if fault is None:
            return self._put(call)
        reading, carried_out = fault
        if carried_out:
            self._put(call)
        return reading

    def _get(self) -> Answer:
        if self.document is None:
            return refused(404, "NotFound")
        self.reads += 1
        return answered(200, self.answer(), **({"ETag": self.etag} if self.etags else {}))

    def answer(self) -> dict[str, Any]:
        assert self.document is not None
        return as_returned(self.document, f"sig={self.reads}")

    def _list(self) -> Answer:
        return answered(200, [{"id": "contoso-other"}])

    def _put(self, call: Call) -> Answer:
        created = self.document is None
        if_match = dict(call.headers).get("If-Match")
        if not created and if_match is None:
            return refused(409, "InvalidResourceId", "Offer ID already exists.")
        if if_match not in {None, "*", None if created else self.etag}:
            return refused(412, "PreconditionFailed")
        self.change(**json.loads(call.body))
        return answered(201 if created else 200, self.answer(), ETag=self.etag)

    def change(self, **fields: Any) -> None:
        self.document = {"version": 1, "status": "neverPublished", **fields}
        self.revision += 1


def put(document: Any = None, **arguments: Any) -> Put:
    return Put(PUBLISHER, OFFER, put_body() if document is None else document, **arguments)


def title(text: str) -> dict[str, Any]:
    return {"definition": {"offer": {"microsoft-azure-marketplace.title": text}}}


def sent(runner: Runner) -> list[Call]:
    return [call for call in runner.sent if call.method == "PUT"]
