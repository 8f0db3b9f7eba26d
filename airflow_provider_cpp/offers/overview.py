"""The state of one offer: what customers have, what is in preview, what runs, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.pages import offer_page
from airflow_provider_cpp.wire.confidential import without_secrets
from airflow_provider_cpp.wire.plain_text import one_line

#: What a time is of: when a submission was created; or when it changed last, so that it has stood so since then.
CREATED = "created"
CHANGED = "changed"

#: What a person has to do: sign off what is in preview, by going live; correct what failed.
SIGNOFF = "signoff"
CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Submitted:
    """A publish or go-live that counts for which state an offer is in now.

    :param id: the submission's identifier; empty if the service's list doesn't say which one it was.
    :param kind: `publish`, `golive`, or what else the service says; empty if it says nothing.
    :param version: the offer's version that it brought; None if the service doesn't say.
    :param at: the time that is known of it, by the service's clock, in seconds since 1970 (UTC); None if the
        service doesn't say.
    :param time_of: what that time is of: `changed`, when it last changed, or `created`, when it was created (all
        that Product Ingestion says; what runs on Cloud Partner Portal, where that says so); empty without a time.
    :param step: of one that runs, the step that it is at, and how that goes; empty if the service doesn't say.
    """

    id: str = ""
    kind: str = ""
    version: int | None = None
    at: float | None = None
    time_of: str = ""
    step: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON primitives; its time in ISO 8601, UTC."""
        at = None if self.at is None else datetime.fromtimestamp(self.at, UTC).isoformat()
        return {
            "id": self.id,
            "kind": self.kind,
            "version": self.version,
            "at": at,
            "time_of": self.time_of,
            "step": self.step,
        }

    @classmethod
    def read(cls, document: object) -> Submitted | None:
        """Return what `to_dict` wrote; None if that isn't one.

        :param document: what was written.
        """
        if not isinstance(document, Mapping):
            return None
        version = document.get("version")
        at = _time(document.get("at"))
        return cls(
            _text(document, "id"),
            _text(document, "kind"),
            version if isinstance(version, int) and not isinstance(version, bool) else None,
            at,
            "" if at is None else _text(document, "time_of"),
            _text(document, "step"),
        )


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """What a service's documents say of which state an offer is in; for the fields see `OfferOverview`.

    :param error: why a part of it couldn't be read; None if all of it was.
    """

    status: str = ""
    live: Submitted | None = None
    preview: Submitted | None = None
    running: Submitted | None = None
    waiting: Submitted | None = None
    waits_for: str = ""
    error: CppError | None = None


@dataclass(frozen=True, slots=True)
class OfferOverview:
    """The state of an offer, at a glance. What the service doesn't say is empty, and never guessed.

    :param offer_id: the offer's identifier.
    :param publisher_id: its publisher's; empty if neither the service nor anybody else says.
    :param name: its name for people; empty if the service doesn't say.
    :param kind: its type, by the service's own word, such as `microsoft-azure-virtualmachines`, or
        `azureVirtualMachine` on the Product Ingestion API; empty if the service doesn't say.
    :param page: its page in Partner Center; None if the service doesn't name it.
    :param status: the service's own word for its status; on the Product Ingestion API, which has none, the word
        that Cloud Partner Portal has for it.
    :param live: what customers have; None if nothing is live as far as the service says.
    :param preview: what is in preview and isn't live; None if nothing is.
    :param running: the publish or go-live that runs; None if none does. One that only waits for its sign-off
        isn't said to run.
    :param waiting: what waits for a person; None if nothing does.
    :param waits_for: what it waits for: `signoff`, to go live; `correction`, as it failed, or as a step of it
        asks for somebody; empty if nothing waits.
    :param problem: why the offer, or a part of it, couldn't be read, in words; empty if it could. What isn't set
        then isn't known.
    """

    offer_id: str
    publisher_id: str = ""
    name: str = ""
    kind: str = ""
    page: str | None = None
    status: str = ""
    live: Submitted | None = None
    preview: Submitted | None = None
    running: Submitted | None = None
    waiting: Submitted | None = None
    waits_for: str = ""
    problem: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON primitives, as it goes into XCom."""
        return {
            "offer_id": self.offer_id,
            "publisher_id": self.publisher_id,
            "name": self.name,
            "kind": self.kind,
            "page": self.page,
            "status": self.status,
            "live": self.live and self.live.to_dict(),
            "preview": self.preview and self.preview.to_dict(),
            "running": self.running and self.running.to_dict(),
            "waiting": self.waiting and self.waiting.to_dict(),
            "waits_for": self.waits_for,
            "problem": self.problem,
        }

    @classmethod
    def read(cls, document: object) -> OfferOverview | None:
        """Return what `to_dict` wrote; None if that isn't one.

        :param document: what was written.
        """
        if not isinstance(document, Mapping) or not isinstance(document.get("offer_id"), str):
            return None
        live, preview, running, waiting = (
            Submitted.read(document.get(name)) for name in ("live", "preview", "running", "waiting")
        )
        return cls(
            _text(document, "offer_id"),
            _text(document, "publisher_id"),
            _text(document, "name"),
            _text(document, "kind"),
            offer_page(document.get("page")),
            _text(document, "status"),
            live,
            preview,
            running,
            waiting,
            _text(document, "waits_for"),
            _text(document, "problem"),
        )


def row_of(listed: Offer, publisher_id: str, release_state: ReleaseState) -> OfferOverview:
    """Return an offer's row.

    :param listed: the offer as the list shows it.
    :param publisher_id: whose offers were listed; empty if nobody gave one.
    :param release_state: what its documents say.
    """
    return OfferOverview(
        one_line(listed.id),
        one_line(listed.publisher_id or publisher_id),
        one_line(without_secrets(listed.display_text)),
        one_line(listed.offer_type_id),
        listed.page,
        one_line(release_state.status or listed.status),
        release_state.live,
        release_state.preview,
        release_state.running,
        release_state.waiting,
        release_state.waits_for,
        one_line(str(release_state.error)) if release_state.error is not None else "",
    )


def _text(document: Mapping[Any, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _time(value: object) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None
