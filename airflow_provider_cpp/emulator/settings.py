"""Decides which behaviours the emulator can be asked for, and refuses those that don't exist.

What a behaviour does is decided where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from airflow_provider_cpp.emulator.refusals import REASON_FORMS
from airflow_provider_cpp.emulator.steps import STEP_IDS
from airflow_provider_cpp.emulator.words import VOCABULARIES

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
OUTCOMES = ("succeed", "fail", "cancel", "stall")

CHOICES: dict[str, tuple[str, ...]] = {
    "location_form": LOCATION_FORMS,
    "vocabulary": tuple(VOCABULARIES),
    "body_form": ("object", "array"),
    "outcome": OUTCOMES,
    "failed_step": STEP_IDS,
    "cancel_mode": ("async", "sync", "noop"),
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

_LISTS = ("failure_messages", "forbidden_publishers", "api_versions", "secret_fields", "copied_fields")

FAILURE_MESSAGE = (
    "<p>Certification failed: the VM image of plan <b>contoso-plan</b> could not be validated.&nbsp;"
    '<a href="https://example.com/certification/report">Read the report</a></p>'
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Describe how the emulated portal behaves. Durations apply to operations that start after a change.

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
    :param duration: seconds from the start of an operation to its end; 20
    :param step_durations: seconds for single steps by id; the others share what is left of ``duration``
    :param outcome: how operations end: ``succeed`` (default), ``fail``, ``cancel`` or ``stall`` (never)
    :param failed_step: the step at which an operation fails, is canceled or stalls; ``displaycertify``
    :param failure_messages: what a failed step says, as HTML
    :param strict_golive: refuse a go-live with 400 unless a publish waits for the publisher's sign-off;
        by default a version in preview is enough
    :param cancel_mode: ``async`` (default): 202, canceled after ``cancel_duration``; ``sync``: 200,
        canceled at once; ``noop``: 202, and nothing happens
    :param cancel_duration: seconds that an asynchronous cancel takes; 2
    :param token_lifetime: seconds that an access token is good for; 3599
    :param forbidden_publishers: publishers for which the application isn't registered (403); ``*`` for all
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
        (``step-messages``, default), or elsewhere, see ``refusals``: ``message``, ``errors``, ``error-details``,
        ``inner-error``, ``status-details``, ``messages-text``, ``step-error``, ``step-message``, ``none``
    :param live_status: what an offer's status says once it is live: ``succeeded`` (default), or ``published`` as
        in the sample of the list of offers
    :param stalled_word: status of the step at which an operation stalls: ``inProgress`` (default), or another,
        with which it has the messages of ``failure_messages``, such as ``attentionNeeded``
    :param page_size: entries of a list that come at once; 0 (default) for all of them, as no page of the
        reference mentions another one
    :param page_form: how a list says that it goes on: by a field beside ``value`` (``nextLink``, ``@nextLink``
        as in the Product Ingestion API, ``@odata.nextLink``, ``NextPageLink``, ``continuationToken``), by the
        header ``Link``, or by a ``foreign`` one that leads to another host
    :param changed_time: how the list of submissions gives times: as ``dotnet`` does (default), ``plain`` without
        a zone as for migrated offers, as seconds since the ``epoch``, ``missing``, or all ``equal``
    :param offer_versions: numbers of an offer's versions: ``growing`` with each publish (default), or all ``zero``
        or the ``same``, as seen of migrated offers; then a version's number leads to the latest one only
    :raises ValueError: for a value that isn't among the choices, or a negative duration
    """

    location_form: str = "location-relative"
    vocabulary: str = "documented"
    body_form: str = "object"
    duration: float = 20.0
    step_durations: Mapping[str, float] = field(default_factory=dict)
    outcome: str = "succeed"
    failed_step: str = "displaycertify"
    failure_messages: tuple[str, ...] = (FAILURE_MESSAGE,)
    strict_golive: bool = False
    cancel_mode: str = "async"
    cancel_duration: float = 2.0
    token_lifetime: float = 3599.0
    forbidden_publishers: tuple[str, ...] = ()
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
    stalled_word: str = "inProgress"
    page_size: int = 0
    page_form: str = "nextLink"
    changed_time: str = "dotnet"
    offer_versions: str = "growing"

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}; it can be {', '.join(allowed)}")
        for name in ("duration", "cancel_duration", "token_lifetime"):
            check_seconds(name, getattr(self, name))
        for step, seconds in self.step_durations.items():
            if step not in STEP_IDS:
                raise ValueError(
                    f"step_durations names the unknown step {step!r}; steps are {', '.join(STEP_IDS)}"
                )
            check_seconds(f"step_durations[{step!r}]", seconds)
        for name in _LISTS:
            value = getattr(self, name)
            if isinstance(value, str) or not all(isinstance(entry, str) for entry in value):
                raise ValueError(f"{name} is {value!r}; it has to be a list of strings")
            object.__setattr__(self, name, tuple(value))
        if isinstance(self.page_size, bool) or not isinstance(self.page_size, int) or self.page_size < 0:
            raise ValueError(f"page_size is {self.page_size!r}; it has to be a number of entries, 0 or more")
        for name in ("strict_golive", "etag_on_get", "migrated"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is {getattr(self, name)!r}; it has to be true or false")

    def shown_version(self, version: int) -> int:
        """Return the number that is shown of an offer's version.

        :param version: as it is counted here
        """
        shown = VERSIONS[self.offer_versions]
        return version if shown is None else shown

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """Return these settings with some changed.

        :param changes: new values by name
        :raises ValueError: for an unknown name or a value that isn't allowed
        """
        unknown = sorted(set(changes) - {setting.name for setting in fields(self)})
        if unknown:
            raise ValueError(f"unknown setting {', '.join(unknown)}")
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        return {
            name: dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


def check_seconds(name: str, value: object) -> None:
    """Refuse what isn't a length of time.

    :param name: what the value is, for the message
    :param value: a number of seconds
    :raises ValueError: if it is no number, or negative
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"{name} is {value!r}; it has to be a number of seconds, 0 or more")


#: The names of all settings.
SETTINGS = frozenset(field.name for field in fields(Settings))
