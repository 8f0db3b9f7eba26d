"""Decides what a POST to ``configure`` starts: an edit of the draft, a publication, or a job that fails."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.operations import Operation
from airflow_provider_cpp.emulator.product_ingestion.bodies import is_submission, kind_in, resources_in
from airflow_provider_cpp.emulator.product_ingestion.edits import Edit, check_version
from airflow_provider_cpp.emulator.product_ingestion.errors import (
    COMPLETED,
    IN_PROGRESS,
    NOT_LATEST,
    TOO_LATE,
    WITHOUT_ID,
    FailedJob,
    Failure,
    NotConfigured,
    printed,
    refused,
    violation,
)
from airflow_provider_cpp.emulator.product_ingestion.jobs import Job, JobView, job_view
from airflow_provider_cpp.emulator.product_ingestion.routes import SERVICE
from airflow_provider_cpp.emulator.refused import Refused
from airflow_provider_cpp.emulator.steps import STEP_IDS

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.product_ingestion.catalogue import Catalogue

Resource = dict[str, Any]

_MODULES = ("product", "property", "plan")


class JobBook:
    """Start, keep and cancel jobs.

    :param portal: offers and operations
    :param catalogue: the account's products
    """

    def __init__(self, portal: Portal, catalogue: Catalogue) -> None:
        self._portal = portal
        self._catalogue = catalogue
        self._settling = False
        portal.settle = self._settle

    # -- what there is

    def job(self, job_id: str) -> Job | None:
        """Return a job; None if there is none, or if it isn't kept any more.

        :param job_id: its GUID
        """
        self._settle()
        values = self._records.get(job_id.lower())
        if values is None:
            return None
        job = Job(**values)
        lifetime = self._portal.settings.job_lifetime
        if lifetime and job.created_at + lifetime <= self._portal.clock():
            return None
        # An offer that was seeded anew has lost its operations.
        return None if job.operation_id is not None and self.operation(job) is None else job

    def view(self, job: Job) -> JobView:
        """Show a job as it is now.

        :param job: its record
        """
        return job_view(job, self.operation(job), self._portal.clock())

    def operation(self, job: Job) -> Operation | None:
        """Return the operation that a job stands for; None if it stands for none.

        :param job: its record
        """
        return self._portal.operation(job.operation_id)

    def started(self) -> frozenset[str]:
        """Return the ids of the operations that jobs started."""
        ids = (values["operation_id"] for values in self._records.values())
        return frozenset(operation_id for operation_id in ids if operation_id is not None)

    # -- what a client asks for

    def configure(self, body: str, ceiling: str | None, offer_id: str | None = None) -> Job:
        """Start what a body asks for.

        :param body: of the request
        :param ceiling: its ``$version``; None if it has none
        :param offer_id: the offer that it names; None for none
        :raises NotConfigured: for a body that isn't taken
        """
        settings = self._portal.settings
        resources = resources_in(body, settings)
        submissions = [resource for resource in resources if is_submission(resource)]
        edits = [resource for resource in resources if not is_submission(resource)]
        if len(submissions) > 1:
            raise violation("A request can have one submission only.")
        now = self._portal.clock()
        job = Job(
            id=str(uuid.uuid4()),
            created_at=now,
            begins_at=now + settings.job_start_delay,
            due_at=now + settings.draft_duration,
            offer_id=offer_id,
            request=[] if submissions else edits,
            ceiling=ceiling,
        )
        if submissions:
            try:
                job = self._submit(job, submissions[0], edits)
            except FailedJob as failed:
                job = self._failed(job, failed)
        self._keep(job)
        return self.job(job.id) or job

    def cancel(self, job: Job) -> Job:
        """Cancel a job at once.

        :param job: its record
        :raises NotConfigured: if it has ended, or has come too far
        """
        if self.view(job).status == "completed":
            raise NotConfigured(400, COMPLETED)
        operation = self.operation(job)
        if operation is not None:
            if self._is_past_return(operation):
                raise NotConfigured(400, TOO_LATE)
            self._portal.stop(operation)
            return job
        return self._keep(replace(job, canceled_at=self._portal.clock(), request=[]))

    # -- publications

    def _submit(self, job: Job, submission: Resource, edits: list[Resource]) -> Job:
        check_version(submission, job.ceiling, self._portal.settings)
        target = submission["target"]["targetType"]
        if target == "draft" or submission.get("lifecycleState", "generallyAvailable") != "generallyAvailable":
            raise refused("notSupported", "The emulator does not withdraw or deprecate products.", submission)
        if target == "live" and edits:
            raise refused("notSupported", "A submission to live can't have other resources beside it.", submission)
        edit = Edit(self._portal, self._catalogue, job.ceiling)
        edit.take(edits)
        offer = edit.offer_of(submission)
        if target == "live":
            operation = self._go_live(offer, submission)
        else:
            operation = self._publish(offer, submission, edit, [kind_in(resource) for resource in edits])
        return replace(job, offer_id=operation.offer_id, operation_id=operation.id, resources=[submission])

    def _publish(self, offer: Offer, submission: Resource, edit: Edit, kinds: list[str]) -> Operation:
        number = _number(submission)
        if number not in (None, "0"):
            raise refused(
                "invalidId", f"Submission {number} can't be pushed to preview: it is no draft.", submission
            )
        self._check_nothing_runs(offer, submission)
        if kinds:
            missing = [kind for kind in _MODULES if kind not in kinds]
            if missing:
                message = f"A submission with resources beside it needs a resource of type {missing[0]}."
                raise refused("invalidRequest", message, submission)
        edit.save()
        names = offer.publisher_id, offer.offer_id
        try:
            content = self._catalogue.modular(self._portal.offer(*names), edit.written) if kinds else None
            return self._portal.publish(*names, replacing=True, content=content)
        except Refused as error:
            raise refused("businessValidationError", error.message, submission) from error

    def _go_live(self, offer: Offer, submission: Resource) -> Operation:
        number = _number(submission)
        if number in (None, "0"):
            raise FailedJob(Failure("badRequest", WITHOUT_ID, [Failure("invalidId", WITHOUT_ID)]))
        publish = self._catalogue.submission(offer, number or "")
        if publish is None:
            raise refused("resourceNotFound", f"Submission {number} was not found.", submission)
        self._check_nothing_runs(offer, submission)
        active = [row for row in self._catalogue.rows(offer, self.started()) if row.publish.id == publish.id]
        if any(row.target == "live" for row in active):
            raise _conflict(submission, "The submission has been pushed to live already.", "invalidState")
        if not publish.offer_version + 1 == offer.version:
            raise _conflict(submission, NOT_LATEST)
        if not any(row.is_ready for row in active):
            raise _conflict(
                submission, "The submission is not in preview, completed and succeeded.", "invalidState"
            )
        return self._portal.go_live(offer.publisher_id, offer.offer_id, strict=False)

    def _check_nothing_runs(self, offer: Offer, submission: Resource) -> None:
        running = self._portal.running(offer)
        runs = running is not None and not self._portal.view(running).waits_for_signoff
        if runs or any(row.status != "completed" for row in self._catalogue.rows(offer, self.started())):
            if self._portal.settings.conflict_answer == "http":
                raise NotConfigured(409, IN_PROGRESS)
            raise _conflict(submission, IN_PROGRESS)

    def _is_past_return(self, operation: Operation) -> bool:
        step_id = self._portal.settings.point_of_no_return
        if step_id == "never":
            return False
        view = self._portal.view(operation)
        begun = [step.id for step in view.steps if step.status != "notStarted"]
        return any(STEP_IDS.index(step) >= STEP_IDS.index(step_id) for step in begun)

    # -- within

    @property
    def _records(self) -> dict[str, Any]:
        return self._portal.records.setdefault(SERVICE, {})

    def _keep(self, job: Job) -> Job:
        self._records[job.id] = job.to_dict()
        self._portal.on_change()
        return job

    def _settle(self) -> None:
        """Do the edits whose time has come. The portal calls it before anything is read, and so also from here."""
        if self._settling:
            return
        self._settling = True
        try:
            for values in list(self._records.values()):
                if values["request"] and values["due_at"] <= self._portal.clock():
                    self._keep(self._edited(Job(**values)))
        finally:
            self._settling = False

    def _failed(self, job: Job, failed: FailedJob) -> Job:
        empty = self._portal.settings.empty_details
        return replace(job, request=[], errors=[printed(each, empty) for each in failed.failures])

    def _edited(self, job: Job) -> Job:
        edit = Edit(self._portal, self._catalogue, job.ceiling)
        try:
            edit.take(job.request)
            offers = edit.save()
        except FailedJob as failed:
            return self._failed(job, failed)
        except Refused as error:
            return self._failed(job, FailedJob(Failure("internalServerError", error.message)))
        there = {name: each for offer in offers for name, each in (self._catalogue.resources(offer) or {}).items()}
        shown = [there[name] for name in edit.written if name in there]
        return replace(job, request=[], offer_id=offers[0].offer_id, resources=shown)


def _number(submission: Resource) -> str | None:
    parts = str(submission.get("id") or "").split("/")
    return parts[2] if len(parts) > 2 else None


def _conflict(submission: Resource, message: str, inner: str | None = None) -> FailedJob:
    details = [Failure(inner, message)] if inner else []
    return FailedJob(Failure("conflict", message, details, submission.get("id")))
