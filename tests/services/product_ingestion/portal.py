"""The Product Ingestion API as a function of calls and time, for rules that are run without a network.

Written from the API's pages: submissions by a job, rows of what counts now; nothing that real answers leave out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.services.product_ingestion.following import Publication
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, NOW, answered
from tests.services import faults
from tests.services.product_ingestion.submitted import Job, Other, Row, error, stamp

ORIGIN = "https://graph.example"
GUID = "11111111-2222-4333-8444-555555555555"
BASE = "/rp/product-ingestion"

IN_PROGRESS = "An In Progress submission already exists"
NOT_LATEST = "The submission cannot be pushed to as its not the latest"

#: What becomes of a POST, with what only this service's answers may say.
POSTS: dict[str, faults.Fate] = {
    **faults.POSTS,
    **faults.PASSED_ON,
    "job": (True, None),
    "lost": (True, LOST),
    "swallowed": (False, LOST),
    "mute": (True, answered(202)),
    "another job, acted": (True, answered(202, {"jobId": {"not": "an id"}, "jobStatus": "notStarted"})),
    "400, in progress": (False, answered(400, {"error": {"code": "badRequest", "message": IN_PROGRESS}})),
}

RESULTS = {"succeeded": "succeeded", "failed": "failed", "cancelled": "canceled"}


@dataclass
class Portal:
    """One product.

    :param rows: its submissions besides the draft.
    :param posts: what becomes of each POST, one after the other: a name of `POSTS`, or a reading; then `job`.
    :param cancel_posts: the same of each cancel.
    :param takes: seconds that a publication takes; None to end it by hand.
    :param outcome: how it ends then; `outcomes` for the first ones.
    :param lag: seconds after which the rows show what a job did.
    :param queues: seconds for which each job waits before it begins; then 0 for ever.
    :param answers: answers by path, before anything else is looked at.
    :param listed: what becomes of each read of a list, then `reads`; `states` for a job.
    :param conflict_at_post: answer a conflict at the POST, and not by a job.
    :param forgets: seconds after a job's end from which on it isn't known; None for never.
    :param others: what somebody else begins.
    """

    #: What was canceled isn't listed any more, or back in preview.
    shows_canceled: ClassVar[bool] = False

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
    cancel_posts: list[str] = field(default_factory=list)
    outcome: str = "succeeded"
    outcomes: Sequence[str] = ()
    queues: list[float] = field(default_factory=list)
    reads: Iterator[str] = field(default_factory=lambda: iter(()))
    listed: Iterator[str] = field(default_factory=lambda: iter(()))
    states: Iterator[str] = field(default_factory=lambda: iter(()))
    forgets: float | None = None
    others: Sequence[Other] = ()
    #: What a cancel ended, by the names of publications.
    canceled: list[str] = field(default_factory=list)
    #: The draft's revision, and those that publications had, by their names.
    draft: int = 7
    of: dict[str, int] = field(default_factory=dict)
    first: float | None = None
    #: What a task wants started here.
    kind: str = GO_LIVE
    asked_to_cancel: list[str] = field(default_factory=list)
    _numbers: int = 0
    _shown: list[tuple[float, list[Row]]] = field(default_factory=list)
    _begun_by_others: set[int] = field(default_factory=set)

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
        self.first = now if self.first is None else self.first
        self.advance(now)
        if call.path in self.answers:
            return self.answers[call.path]
        path = call.path.removeprefix(BASE)
        if call.method == "GET" and (fault := self._fault_at(path)) is not None:
            return fault
        if path == "/product":
            wanted = dict(call.query).get("externalId")
            found = [each for each in self.external_ids if wanted in (None, each)]
            return answered(200, {"value": [self._product(index, name) for index, name in enumerate(found)]})
        if path == f"/submission/{GUID}":
            draft = {"id": f"submission/{GUID}/0", "target": {"targetType": "draft"}}
            return answered(200, {"value": [draft, *map(self.row, self.visible(now))]})
        if path == f"/resource-tree/product/{GUID}":
            return self._tree(dict(call.query)["targetType"], now)
        if path == "/configure":
            return self._configured(json.loads(call.body), now)
        _, _, job_id, *rest = path.split("/")
        job = self.jobs.get(job_id)
        if job is None or (self.forgets is not None and job.ended is not None and now >= job.ended + self.forgets):
            return answered(404, {"error": {"code": "notFound", "message": "No such job.", "details": []}})
        if rest == ["status"]:
            return answered(200, self._status(job))
        if rest == ["cancel"]:
            return self._cancel(job, now)
        if job.result not in {"succeeded", "cancelled"}:
            return answered(404 if job.result == "failed" else 400, {"error": {"code": "notFound", "message": ""}})
        made = [self.row(job.submission)] if job.submission else []
        return answered(200, {"resources": made})

    def _tree(self, target: str, now: float) -> Reading:
        """Answer with the one resource that tells one draft from another."""
        shown: int | None = self.draft
        if target != "draft":
            there = [row for row in self.visible(now) if (row.target, row.result) == (target, "succeeded")]
            row = there[-1] if there else None
            job = next((job for job in self._begun() if job.kind == PUBLISH and job.submission is row), None)
            shown = None if row is None else self.of.get(job.name if job else f"old {row.number}")
        if shown is None:
            return answered(404, {"error": {"code": "notFound", "message": "No such tree.", "details": []}})
        listing = {
            "$schema": "https://schema.mp.microsoft.com/schema/listing/2022-03-01-preview5",
            "id": f"listing/{GUID}/public/main/default/en-us",
            "title": f"Version {shown}",
        }
        root = f"product/{GUID}"
        return answered(200, {"root": root, "target": {"targetType": target}, "resources": [listing]})

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

    def visible(self, now: float) -> list[Row]:
        """Return the rows as the list shows them."""
        shown = self.rows
        for since, before in reversed(self._shown):
            if now - since < self.lag:
                shown = before
        return shown

    # What was begun

    @property
    def started(self) -> list[tuple[str, float]]:
        """Name and start of every publication that our requests brought about."""
        return [(job.name, job.begins) for job in self._begun() if job.by == "us"]

    def state(self, name: str, now: float) -> str:
        """Return how a publication was at a time."""
        self.advance(now)
        if name.startswith("old "):
            row = next((row for row in self.rows if name == f"old {row.number}"), None)
            if row is None:
                return "replaced"
            return "running" if row.status == "running" else RESULTS[row.result]
        job = self._named(name)
        if job.ended is None or now < job.ended:
            return "running"
        row = job.submission
        if job.kind == PUBLISH and row is not None and (row.target, row.result) == ("live", "failed"):
            return "failed"  # its go-live, which leaves nothing of it that could be taken live once more
        return RESULTS[job.result]

    def _begun(self) -> list[Job]:
        return sorted((job for job in self.jobs.values() if job.name), key=lambda job: job.begins)

    def _named(self, name: str) -> Job:
        return next(job for job in self.jobs.values() if job.name == name)

    # As the world of a task

    @property
    def taken(self) -> int:
        return sum(job.by == "us" and bool(job.name or job.status == "notStarted") for job in self.jobs.values())

    @property
    def lasts(self) -> float:
        return self.takes or 0.0

    def go_on_to(self, now: float) -> None:
        self.advance(now)

    def to_start(self, if_running: str) -> Start:
        service, offer = ProductIngestion(ORIGIN, "2022-07-01"), OfferRef("contoso", "vm")
        return Start(service.going_live(offer) if self.kind == GO_LIVE else service.publishing(offer), if_running)

    def name_of(self, watched: Watched) -> str:
        assert isinstance(watched, Publication)
        handle = watched.handle
        if handle.job:
            return self.jobs[handle.job].name
        found = (job for job in reversed(self._begun()) if job.submission and job.kind == self.kind)
        number = handle.submission
        return next(
            (job.name for job in found if job.submission and job.submission.number == number), f"old {number}"
        )

    def state_of(self, name: str, now: float) -> str:
        return self.state(name, now)

    def all_states(self, now: float) -> list[str]:
        return [self.state(job.name, now) for job in self._begun()]

    def may_be_taken(self, name: str, now: float) -> bool:
        # What is live or on its way there is the answer to whoever wants just that to go live.
        return self.was_begun_meanwhile(name) or self.state(name, now) in {"running", "succeeded"}

    def was_begun_meanwhile(self, name: str) -> bool:
        return not name.startswith("old ")

    def has_draft(self, name: str) -> bool:
        return self.of.get(name, self.draft) == self.draft

    def redraft(self) -> None:
        self.draft += 1

    def was_before(self, record: dict[str, Any], name: str) -> bool:
        job = self._named(name)
        assert job.submission is not None
        return self.kind == PUBLISH and job.submission.number in (record["before"] or ())

    # What happens

    def end(
        self, result: str = "succeeded", *errors: dict[str, Any], now: float = NOW, job: Job | None = None
    ) -> None:
        """End what runs."""
        self._remember(now)
        job = job or next((each for each in self.jobs.values() if each.status != "completed"), None)
        row = job.submission if job is not None else next(each for each in self.rows if each.status == "running")
        if job is not None:
            job.end(result, *errors, now=now)
        if row is None:  # it hadn't begun
            return
        if result == "cancelled":
            if row.target == "live":
                row.target, row.status, row.result = "preview", "completed", "succeeded"
            else:
                self.rows.remove(row)
            return
        row.status, row.result = "completed", result
        if row.target == "live" and result == "succeeded":
            self.rows[:] = [each for each in self.rows if each is row or each.target != "live"]

    def advance(self, now: float) -> None:
        """Let happen what happens until a time."""
        while (job := min(self.jobs.values(), key=lambda job: job.next_event, default=None)) is not None:
            event = job.next_event
            if event > now:
                break
            if job.status == "notStarted":
                self._begin(job, event)
            else:
                errors = (error("internalServerError", "Operation failed"),) if job.outcome == "failed" else ()
                result = {"canceled": "cancelled"}.get(job.outcome, job.outcome)
                self.end(result, *errors, now=event, job=job)
        for index, other in enumerate(self.others):
            if index not in self._begun_by_others and self.first is not None and now >= self.first + other.at:
                self._begin_another(index, other, now)

    def post(self, target: str, now: float, *, by: str, number: str = "") -> Job:
        """Post a submission, as somebody else does."""
        named = {"id": f"submission/{GUID}/{number}"} if number else {}
        job = Job(f"job-{len(self.jobs) + 1}", None, now, begins=now, by=by)
        job.wanted = {**named, "target": {"targetType": target}}
        self.jobs[job.id] = job
        self._begin(job, now)
        return job

    def newest_preview(self) -> Row | None:
        live = {row.number for row in self.rows if row.target == "live"}
        found = [row for row in self.rows if row.target == "preview" and row.number not in live]
        return max(found, key=lambda row: row.created, default=None)

    def _begin_another(self, index: int, other: Other, now: float) -> None:
        if any(row.status == "running" for row in self.rows):
            return
        preview = self.newest_preview()
        if other.kind == GO_LIVE and (preview is None or preview.result != "succeeded"):
            return
        self._begun_by_others.add(index)
        is_live = other.kind == GO_LIVE and preview is not None
        target, number = ("live", preview.number) if is_live and preview else ("preview", "")
        job = self.post(target, now, by=f"other-{index}", number=number)
        job.takes, job.outcome = other.lasts, other.outcome

    def _product(self, index: int, name: str) -> dict[str, Any]:
        guid = GUID if index == 0 else GUID.replace("5", "6")
        return {"id": f"product/{guid}", "identity": {"externalId": name}, "type": "azureVirtualMachine"}

    def _fault_at(self, path: str) -> Reading | None:
        own = self.states if path.startswith("/configure/") else self.listed
        reading = faults.READS[next(own, None) or next(self.reads, "answered")]
        if isinstance(reading, CppError):
            raise reading
        return reading

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
        acts, reading = POSTS[what] if isinstance(what, str) else (False, what)
        if isinstance(reading, CppError):
            raise reading
        if not acts:
            assert reading is not None
            return reading
        (resource,) = (each for each in body["resources"] if "/submission/" in each["$schema"])
        answer = self._accepted(resource, now)
        if reading is None or (answer.status == 409 and isinstance(reading, Answer)):
            return answer
        return reading

    def _accepted(self, resource: dict[str, Any], now: float) -> Answer:
        refusal = self._refusal(resource)
        queue = self.queues.pop(0) if self.queues else 0.0
        if refusal is not None and self.conflict_at_post and not queue:
            return answered(409, {"error": refusal})
        job = Job(f"job-{len(self.jobs) + 1}", None, now, "notStarted", wanted=resource, begins=now + queue)
        ours = sum(each.by == "us" for each in self.jobs.values())
        job.takes, job.outcome = self.takes, dict(enumerate(self.outcomes)).get(ours, self.outcome)
        self.jobs[job.id] = job
        if not queue:
            self._begin(job, now)
        return answered(
            202, {**self._status(job), "jobStatus": "notStarted", "jobResult": "pending", "errors": []}
        )

    def _begin(self, job: Job, now: float) -> None:
        job.status = "running"
        refusal = self._refusal(job.wanted)
        if refusal is not None:
            job.end("failed", refusal, now=now)
            return
        self._remember(now)
        job.submission = self._publish(job.wanted, now)
        job.name = f"{job.kind}-{sum(each.name.startswith(job.kind) for each in self.jobs.values()) + 1}"
        if job.kind == PUBLISH:
            self.of[job.name] = self.draft

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

    def _publish(self, resource: dict[str, Any], now: float) -> Row:
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

    def _cancel(self, job: Job, now: float) -> Reading:
        acts, reading = POSTS[self.cancel_posts.pop(0) if self.cancel_posts else "job"]
        if isinstance(reading, CppError):
            raise reading
        answer = self._canceled(job, now) if acts else None
        return reading if reading is not None else answer or answered(500)

    def _canceled(self, job: Job, now: float = NOW) -> Answer:
        self.cancels += 1
        self.asked_to_cancel += [each.name for each in self._begun() if each.status != "completed"]
        if job.status == "completed":
            message = "Cannot cancel job, job has already completed."
            return answered(400, {"error": {"code": "badRequest", "message": message, "details": []}})
        self.end("cancelled", job=job, now=now)
        if job.name:
            self.canceled.append(job.name)
        return answered(200, self._status(job))
