"""Decides which behaviours the emulator can be asked for, and refuses those that don't exist.

What a behaviour does is decided where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from airflow_provider_cpp.emulator.checks import check_choice, check_seconds, check_truth, strings
from airflow_provider_cpp.emulator.cloud_partner_portal import forms as portal_forms
from airflow_provider_cpp.emulator.product_ingestion import forms as ingestion_forms
from airflow_provider_cpp.emulator.steps import STEP_IDS

OUTCOMES = ("succeed", "fail", "cancel", "stall")

_CHOICES: dict[str, tuple[str, ...]] = {
    "outcome": OUTCOMES,
    "failed_step": STEP_IDS,
    "cancel_mode": ("async", "sync", "noop"),
}
CHOICES = _CHOICES | portal_forms.CHOICES | ingestion_forms.CHOICES

#: Settings that are lengths of time, and those that are true or false, by their default.
SECONDS = ("duration", "cancel_duration", "token_lifetime", *ingestion_forms.SECONDS)
OFF = ("strict_golive", *portal_forms.OFF, *ingestion_forms.OFF)
ON = (*portal_forms.ON, *ingestion_forms.ON)

FAILURE_MESSAGE = (
    "<p>Certification failed: the VM image of plan <b>contoso-plan</b> could not be validated.&nbsp;"
    '<a href="https://example.com/certification/report">Read the report</a></p>'
)


@dataclass(frozen=True, kw_only=True)
class Settings(portal_forms.CloudPartnerPortalForms, ingestion_forms.ProductIngestionForms):
    """Describe how the emulated portal behaves. Durations apply to operations that start after a change.

    What the services' answers look like is described by ``CloudPartnerPortalForms`` and
    ``ProductIngestionForms``, whose fields are settings as well.

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
    :param stalled_word: status of the step at which an operation stalls: ``inProgress`` (default), or another,
        with which it has the messages of ``failure_messages``, such as ``attentionNeeded``
    :raises ValueError: for a value that isn't among the choices, or a negative duration
    """

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
    stalled_word: str = "inProgress"

    def __post_init__(self) -> None:
        portal_forms.CloudPartnerPortalForms.__post_init__(self)
        ingestion_forms.ProductIngestionForms.__post_init__(self)
        for name, allowed in _CHOICES.items():
            check_choice(name, getattr(self, name), allowed)
        for name in ("duration", "cancel_duration", "token_lifetime"):
            check_seconds(name, getattr(self, name))
        for step, seconds in self.step_durations.items():
            if step not in STEP_IDS:
                raise ValueError(
                    f"step_durations names the unknown step {step!r}; steps are {', '.join(STEP_IDS)}"
                )
            check_seconds(f"step_durations[{step!r}]", seconds)
        for name in ("failure_messages", "forbidden_publishers"):
            object.__setattr__(self, name, strings(name, getattr(self, name)))
        check_truth("strict_golive", self.strict_golive)

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


#: The names of all settings.
SETTINGS = frozenset(field.name for field in fields(Settings))
