"""Decides in which forms Cloud Partner Portal can be asked to answer, and refuses those that don't exist.

Its pages contradict each other, and clients saw what no page has. What a form looks like is decided where it is
used.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.emulator.checks import check_choice, check_truth, strings
from airflow_provider_cpp.emulator.cloud_partner_portal.reasons import REASON_FORMS
from airflow_provider_cpp.emulator.cloud_partner_portal.words import VOCABULARIES

LOCATION_FORMS = (
    "location-relative",
    "location-legacy",
    "operation-location-absolute",
    "operation-location-relative",
    "both",
    "none",
)
PAGE_FORMS = ("nextLink", "@nextLink", "@odata.nextLink", "NextPageLink", "continuationToken", "Link", "foreign")
#: What is shown of a version's number, None for the number itself.
VERSIONS: dict[str, int | None] = {"growing": None, "zero": 0, "same": 1}

CHOICES: dict[str, tuple[str, ...]] = {
    "location_form": LOCATION_FORMS,
    "vocabulary": tuple(VOCABULARIES),
    "body_form": ("object", "array"),
    "message_form": ("objects", "strings"),
    "step_names": ("documented", "ids"),
    "signoff_status": ("running", "waitingForPublisherReview"),
    "operation_properties": ("sample", "table", "both"),
    "reason_form": ("step-messages", *REASON_FORMS),
    "live_status": ("succeeded", "published"),
    "page_form": PAGE_FORMS,
    "changed_time": ("dotnet", "plain", "epoch", "missing", "equal"),
    "offer_versions": tuple(VERSIONS),
}

ON = ("migrated",)
OFF = ("etag_on_get",)


@dataclass(frozen=True, kw_only=True)
class CloudPartnerPortalForms:
    """Describe what Cloud Partner Portal's answers look like.

    :param location_form: where a long-running call's answer says the operation is. ``location-relative``
        (default): ``Location: /api/publishers/...?api-version=...``; ``location-legacy``:
        ``Location: /api/operations/P$O$n$slot?api-version=...`` (not migrated);
        ``operation-location-absolute``: ``Operation-Location: https://.../operations/ID`` without api-version
        (go-live page of 2018); ``operation-location-relative``:
        ``Operation-Location: /api/operations/P$O$n$slot?api-version=...`` (publish page of 2018);
        ``both``: the absolute ``Operation-Location`` and the relative ``Location``; ``none``
    :param vocabulary: how states are spelt: ``documented`` (default), ``mash``, ``camel``, ``pascal`` or
        ``british``
    :param body_form: an operation as an ``object`` (default), or as the operations page's ``array`` of one
    :param api_versions: accepted values of ``api-version``
    :param etag_on_get: answer an offer's GET with an ``ETag`` as the concurrency page promises; by default
        it is missing, as it is since the migration
    :param migrated: show of an offer what came with its migration to Partner Center: ``pcMigrationStatus``,
        ``pcRedirectUri``, its page there, and more, and in a VM offer's definition fields that nobody put
        (az-partner-center-cli's test data); True
    :param secret_fields: names of fields whose values a GET doesn't return; ``clientSecret``,
        ``connectionString`` and ``password``, which is an inference
    :param copied_fields: names of fields that name a file by its URL: a GET shows one of the portal's own
        instead, signed anew in each answer; the logos by default, as on the "Create or modify" page, whose
        ``osVhdUrl`` stays as it was sent
    :param message_form: messages as the sample's ``objects`` (default) or as the later table's ``strings``
    :param step_names: ``documented`` (default) names or, as for migrated offers, the ``ids``
    :param signoff_status: what an offer's status says while it waits for the sign-off: ``running`` (default,
        as azure-img-utils saw) or the status page's ``waitingForPublisherReview``
    :param operation_properties: properties of the operations page's ``sample`` (default), of its ``table``,
        or ``both``
    :param reason_form: where an operation that failed has its reason: in its step's messages and its own
        (``step-messages``, default), or elsewhere, see ``reasons``: ``message``, ``errors``, ``error-details``,
        ``inner-error``, ``status-details``, ``messages-text``, ``step-error``, ``step-message``, ``none``
    :param live_status: what an offer's status says once it is live: ``succeeded`` (default), or ``published`` as
        in the sample of the list of offers
    :param page_size: entries of a list that come at once; 0 (default) for all of them, as no page of the
        reference mentions another one
    :param page_form: how a list says that it goes on: by a field beside ``value`` (``nextLink``, ``@nextLink``
        as in the Product Ingestion API, ``@odata.nextLink``, ``NextPageLink``, ``continuationToken``), by the
        header ``Link``, or by a ``foreign`` one that leads to another host
    :param changed_time: how the list of submissions gives times: as ``dotnet`` does (default), ``plain`` without
        a zone as for migrated offers, as seconds since the ``epoch``, ``missing``, or all ``equal``
    :param offer_versions: numbers of an offer's versions: ``growing`` with each publish (default), or all ``zero``
        or the ``same``, as seen of migrated offers; then a version's number leads to the latest one only
    :raises ValueError: for a value that isn't among the choices
    """

    location_form: str = "location-relative"
    vocabulary: str = "documented"
    body_form: str = "object"
    api_versions: tuple[str, ...] = ("2017-10-31", "2016-08-01-preview")
    etag_on_get: bool = False
    migrated: bool = True
    secret_fields: tuple[str, ...] = ("clientSecret", "connectionString", "password")
    copied_fields: tuple[str, ...] = ("smallLogo", "mediumLogo", "largeLogo", "wideLogo", "heroLogo")
    message_form: str = "objects"
    step_names: str = "documented"
    signoff_status: str = "running"
    operation_properties: str = "sample"
    reason_form: str = "step-messages"
    live_status: str = "succeeded"
    page_size: int = 0
    page_form: str = "nextLink"
    changed_time: str = "dotnet"
    offer_versions: str = "growing"

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            check_choice(name, getattr(self, name), allowed)
        for name in ("api_versions", "secret_fields", "copied_fields"):
            object.__setattr__(self, name, strings(name, getattr(self, name)))
        if isinstance(self.page_size, bool) or not isinstance(self.page_size, int) or self.page_size < 0:
            raise ValueError(f"page_size is {self.page_size!r}; it has to be a number of entries, 0 or more")
        for name in (*ON, *OFF):
            check_truth(name, getattr(self, name))

    def shown_version(self, version: int) -> int:
        """Return the number that is shown of an offer's version.

        :param version: as it is counted here
        """
        shown = VERSIONS[self.offer_versions]
        return version if shown is None else shown
