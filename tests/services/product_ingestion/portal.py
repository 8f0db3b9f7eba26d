"""The Product Ingestion API as a function of calls and time, for rules that are run without a network.

Written from the API's pages: submissions by a job, rows of what counts now; nothing that real answers leave out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, NOW, answered

ORIGIN = "https://graph.example"
GUID = "11111111-2222-4333-8444-555555555555"
BASE = "/rp/product-ingestion"

IN_PROGRESS = "An In Progress submission already exists"
NOT_LATEST = "The submission cannot be pushed to as its not the latest"


def stamp(moment: float) -> str:
    """Return a time as the service writes it, with seven digits."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def error(code: str, message: str = "", details: Any = (), **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "details": list(details) if details == () else details, **more}


@dataclass
class Row:
    """A submission as it is; how the list shows it is said by `Portal.row`."""

    number: str
    target: str
    created: float
    status: str = "completed"
    result: str = "succeeded"


@dataclass
class Job:
    """A job: what it is to do, and how it goes."""

    id: str
    submission: Row | None
    begun: float
    status: str = "running"
    result: str = "pending"
    errors: list[dict[str, Any]] = field(default_factory=list)

    def end(self, result: str, *errors: dict[str, Any]) -> None:
        self.status, self.result, self.errors = "completed", result, list(errors)


@dataclass
class Portal:
    """One product.

    :param rows: its submissions besides the draft.
    :param posts: what happens to each POST, one after the other: `job` (the default), `lost` (accepted, no
        answer), `swallowed` (no answer, and nothing done), `mute` (accepted without a job), or a reading.
    :param takes: seconds that a publication takes; None to end it by hand.
    :param lag: seconds after which the rows show what a job did.
    :param answers: answers by path, before anything else is looked at.
    :param conflict_at_post: answer a conflict at the POST, and not by a job.
    """

    rows: list[Row] = field(default_factory=list)
    posts: list[Any] = field(default_factory=list)
    takes: float | None = None
    lag: float = 0.0
    answers: dict[str, Reading] = field(default_factory=dict)
    conflict_at_post: bool = False
    external_ids: tuple[str, ...] = ("vm",)
    jobs: dict[str, Job] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    cancels: int = 0
    _numbers: int = 0
    _shown: list[tuple[float, list[Row]]] = field(default_factory=list)

    def add(self, target: str, result: str = "succeeded", *, age: float = 86400.0, number: str = "") -> Row:
        self._numbers += 1
        status = "running" if result == "pending" else "completed"
        row = Row(number or f"11529215056900{self._numbers:05}", target, NOW - age, status, result)
        self.rows.append(row)
        return row

    @property
    def last_job(self) -> Job:
        return list(self.jobs.values())[-1]

    def __call__(self, call: Call, now: float) -> Reading:
        self._advance(now)
        if call.path in self.answers:
            return self.answers[call.path]
        path = call.path.removeprefix(BASE)
        if path == "/product":
            wanted = dict(call.query).get("externalId")
            found = [each for each in self.external_ids if wanted in (None, each)]
            return answered(200, {"value": [self._product(index, name) for index, name in enumerate(found)]})
        if path == f"/submission/{GUID}":
            draft = {"id": f"submission/{GUID}/0", "target": {"targetType": "draft"}}
            return answered(200, {"value": [draft, *map(self.row, self._visible(now))]})
        if path == "/configure":
            return self._configured(json.loads(call.body), now)
        _, _, job_id, *rest = path.split("/")
        job = self.jobs.get(job_id)
        if job is None:
            return answered(404, {"error": {"code": "notFound", "message": "No such job.", "details": []}})
        if rest == ["status"]:
            return answered(200, self._status(job))
        if rest == ["cancel"]:
            return self._canceled(job)
        if job.result not in {"succeeded", "cancelled"}:
            return answered(404 if job.result == "failed" else 400, {"error": {"code": "notFound", "message": ""}})
        made = [self.row(job.submission)] if job.submission else []
        return answered(200, {"resources": made})

    def row(self, row: Row) -> dict[str, Any]:
        return {
            "$schema": "https://schema.mp.microsoft.com/schema/submission/2022-03-01-preview2",
            "id": f"submission/{GUID}/{row.number}",
            "product": f"product/{GUID}",
            "target": {"targetType": row.target},
            "lifecycleState": "generallyAvailable",
            "status": row.status,
            "result": row.result,
            "created": stamp(row.created),
        }

    def _product(self, index: int, name: str) -> dict[str, Any]:
        guid = GUID if index == 0 else GUID.replace("5", "6")
        return {"id": f"product/{guid}", "identity": {"externalId": name}, "type": "azureVirtualMachine"}

    def _visible(self, now: float) -> list[Row]:
        shown = self.rows
        for since, before in reversed(self._shown):
            if now - since < self.lag:
                shown = before
        return shown

    def _remember(self, now: float) -> None:
        self._shown.append((now, [Row(**vars(row)) for row in self.rows]))

    def _status(self, job: Job) -> dict[str, Any]:
        return {
            "$schema": "https://schema.mp.microsoft.com/schema/configure-status/2022-03-01-preview2",
            "jobId": job.id,
            "jobStatus": job.status,
            "jobResult": job.result,
            "jobStart": stamp(job.begun),
            "jobEnd": "0001-01-01T00:00:00" if job.status != "completed" else stamp(job.begun + 1),
            "errors": job.errors,
        }

    def _configured(self, body: dict[str, Any], now: float) -> Reading:
        what = self.posts.pop(0) if self.posts else "job"
        if not isinstance(what, str):
            return what  # type: ignore[no-any-return]
        if what == "swallowed":
            return LOST
        (resource,) = (each for each in body["resources"] if "/submission/" in each["$schema"])
        refusal = self._refusal(resource)
        if refusal is not None and self.conflict_at_post:
            return answered(409, {"error": refusal})
        self._remember(now)
        job = Job(f"job-{len(self.jobs) + 1}", None, now)
        self.jobs[job.id] = job
        if refusal is not None:
            job.end("failed", refusal)
        else:
            job.submission = self._begun(resource, now)
        if what == "lost":
            return LOST
        if what == "mute":
            return answered(202)
        first = {**self._status(job), "jobStatus": "notStarted", "jobResult": "pending", "errors": []}
        return answered(202, first)

    def _refusal(self, resource: dict[str, Any]) -> dict[str, Any] | None:
        if any(row.status != "completed" for row in self.rows):
            return error("conflict", IN_PROGRESS)
        if resource["target"]["targetType"] == "preview":
            return None
        number = resource["id"].rpartition("/")[2]
        same = [row for row in self.rows if row.number == number]
        if any(row.target == "live" for row in same):
            return error("conflict", "It is live.", [error("invalidState", "The submission is live already.")])
        if not same:
            newer = any(row.target == "preview" for row in self.rows)
            return error("conflict", NOT_LATEST) if newer else error("badRequest", "", [error("resourceNotFound")])
        if same[0].result != "succeeded":
            return error("conflict", "Not ready", [error("invalidState", "The preview isn't ready.")])
        return None

    def _begun(self, resource: dict[str, Any], now: float) -> Row:
        if resource["target"]["targetType"] == "live":
            row = next(row for row in self.rows if resource["id"].endswith(row.number))
            row.target, row.status, row.result = "live", "running", "pending"
            self.published.append(f"live {row.number}")
        else:
            live = {each.number for each in self.rows if each.target == "live"}
            self.rows[:] = [each for each in self.rows if each.target == "live" or each.number in live]
            row = self.add("preview", "pending")
            row.created = now
            self.published.append(f"preview {row.number}")
        return row

    def end(
        self, result: str = "succeeded", *errors: dict[str, Any], now: float = NOW, job: Job | None = None
    ) -> None:
        """End what runs."""
        self._remember(now)
        job = job or next((each for each in self.jobs.values() if each.status != "completed"), None)
        row = job.submission if job is not None else next(each for each in self.rows if each.status == "running")
        if job is not None:
            job.end(result, *errors)
        assert row is not None
        if result == "cancelled":
            if row.target == "live":
                row.target, row.status, row.result = "preview", "completed", "succeeded"
            else:
                self.rows.remove(row)
            return
        row.status, row.result = "completed", result
        if row.target == "live" and result == "succeeded":
            self.rows[:] = [each for each in self.rows if each is row or each.target != "live"]

    def _advance(self, now: float) -> None:
        if self.takes is None:
            return
        for job in self.jobs.values():
            if job.status != "completed" and now - job.begun >= self.takes:
                self.end(now=job.begun + self.takes, job=job)

    def _canceled(self, job: Job) -> Reading:
        self.cancels += 1
        if job.status == "completed":
            message = "Cannot cancel job, job has already completed."
            return answered(400, {"error": {"code": "badRequest", "message": message, "details": []}})
        self.end("cancelled", job=job)
        return answered(200, self._status(job))
