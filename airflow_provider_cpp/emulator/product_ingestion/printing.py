"""Decides what an answer shows of products, submissions and jobs, with the versions that its request asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.operations import GO_LIVE
from airflow_provider_cpp.emulator.product_ingestion.documents import (
    certification_errors,
    draft_row,
    extra_members,
    resource_document,
    row_document,
)
from airflow_provider_cpp.emulator.product_ingestion.ids import submission_id
from airflow_provider_cpp.emulator.product_ingestion.jobs import NEVER, Job, job_document
from airflow_provider_cpp.emulator.product_ingestion.schemas import url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.product_ingestion.catalogue import Catalogue
    from airflow_provider_cpp.emulator.product_ingestion.configuring import JobBook
    from airflow_provider_cpp.emulator.product_ingestion.rows import Row


class Printer:
    """Print for one request.

    :param portal: offers and operations
    :param catalogue: the account's products
    :param jobs: what requests started
    :param ceiling: the request's ``$version``; None if it has none
    """

    def __init__(self, portal: Portal, catalogue: Catalogue, jobs: JobBook, ceiling: str | None) -> None:
        self._portal = portal
        self._catalogue = catalogue
        self._jobs = jobs
        self._ceiling = ceiling

    def resource(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Print a resource.

        :param resource: as it is kept
        """
        return self._extended(resource_document(resource, self._ceiling, self._portal.settings))

    def draft_row(self, offer: Offer) -> dict[str, Any]:
        """Print the draft as a submission.

        :param offer: whose
        """
        return draft_row(offer, self._ceiling)

    def row(self, offer: Offer, row: Row) -> dict[str, Any]:
        """Print a submission.

        :param offer: whose
        :param row: its state
        """
        return self._extended(row_document(offer, row, self._ceiling))

    def row_of_tree(self, offer: Offer, target: str) -> dict[str, Any]:
        """Print the submission within a tree, which carries the id that brought its content there.

        :param offer: whose
        :param target: ``draft``, ``preview`` or ``live``; one in which something is
        """
        if target == "draft":
            return self.draft_row(offer)
        portal = self._portal
        version = portal.live_version(offer) if target == "live" else portal.preview_version(offer)
        return self.row(offer, self._catalogue.row_of_version(offer, version, target))

    def job(self, job: Job) -> dict[str, Any]:
        """Print a job as it is now.

        :param job: its record
        """
        view = self._jobs.view(job)
        errors = self._errors(job) if view.result == "failed" else []
        return self._extended(job_document(job, view, errors, self._portal.settings, self._ceiling))

    def begun(self, job: Job) -> dict[str, Any]:
        """Print a job as the answer to its request: whatever became of it by now, it says that it will begin.

        :param job: its record
        """
        begun = {"jobStatus": "notStarted", "jobResult": "pending", "jobEnd": NEVER, "errors": []}
        document = {**self.job(job), **begun}
        return {name: value for name, value in document.items() if name != "resourceUri"}

    def job_detail(self, job: Job) -> dict[str, Any]:
        """Print what a job created or changed.

        :param job: its record
        """
        operation = self._jobs.operation(job)
        offer = self._catalogue.by_external_id(job.offer_id)
        if operation is None or offer is None:
            resources = [self.resource(resource) for resource in job.resources]
        else:
            target = "live" if operation.kind == GO_LIVE else "preview"
            row = self._catalogue.row_of_version(offer, operation.offer_version, target)
            resources = [self.row(offer, row)]
        return {"$schema": url("configure-detail", self._ceiling), "resources": resources}

    def _errors(self, job: Job) -> list[dict[str, Any]]:
        operation = self._jobs.operation(job)
        offer = self._catalogue.by_external_id(job.offer_id)
        if operation is None or offer is None:
            return job.errors
        row = self._catalogue.row_of_version(offer, operation.offer_version, "preview")
        name = submission_id(offer.product_id, row.number)
        return certification_errors(operation, name, self._portal.settings.empty_details)

    def _extended(self, document: dict[str, Any]) -> dict[str, Any]:
        return document | extra_members(self._portal.settings, document)
