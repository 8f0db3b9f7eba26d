"""Whether a go-live is due, asked before it is sent: what is in preview, what is live, and what runs.

A go-live is due when a publish waits for its publisher's sign-off (retrieve-offer-status page). The service
states no precondition and has the last word, so that what can't be understood is logged and not refused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict, CppUnavailable
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.rows import Row, latest
from airflow_provider_cpp.lro.seam import FORCED, Due, Dueness, Live, Runs
from airflow_provider_cpp.lro.story import ended_badly, progress_of
from airflow_provider_cpp.lro.words import CANCELED, FAILED, SUCCEEDED, folded, is_known
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH, Submission
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_offer
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.wire.answers import Answer, describe, error_of, parsed_body
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, sent
from airflow_provider_cpp.wire.retries import is_failed_read

#: Operations that are named where it isn't known which of them was the last.
_NAMED = 5


class GoLive(Protocol):
    """A go-live that may be due."""

    @property
    def ref(self) -> OfferRef:
        """The offer."""

    def rows(self, *, patient: bool = True) -> Procedure[Listed[Submission] | Unlisted]:
        """List the offer's submissions."""

    def ours(
        self, rows: tuple[Submission, ...], record: dict[str, object] | None, *, or_running: bool = False
    ) -> Row | None:
        """Return the submission of a go-live that runs."""


def is_due(intent: GoLive, *, required: bool) -> Procedure[Dueness]:
    """Find out whether a go-live is due.

    :param intent: the go-live.
    :param required: raise where it isn't, and not only where that can't be found out.
    :raises CppConflict: another operation runs on the offer.
    :raises CppBadRequest: nothing in preview waits for going live.
    :raises CppUnavailable: that can't be found out just now.
    :raises CppError: what else the service's refusal means.
    """
    return (yield from _Inquiry(intent, required).decide())


@dataclass(frozen=True, slots=True)
class _Inquiry:
    intent: GoLive
    required: bool

    def decide(self) -> Procedure[Dueness]:
        intent = self.intent
        status = yield from self._status(intent)
        if status is not None and status.waits_for_signoff:
            return Due("the version in preview waits for the publisher's sign-off")
        listed = yield from intent.rows()
        if isinstance(listed, Unlisted):
            if listed.may_pass:
                raise listed.error
            yield Say(f"{listed.call}: {listed.why}; going on without it.", logging.WARNING)
        submissions = listed.entries if isinstance(listed, Listed) else ()
        if (ours := intent.ours(submissions, None, or_running=True)) is not None:
            return Runs(ours)
        if self.required:
            self._refuse_while_running(intent, submissions, status)
        last = latest(submissions)
        if self.required:
            self._refuse_bad_publish(intent, last, status)
        if last and all(_came_to_nothing(s, GO_LIVE) for s in last):
            return Due(f"the last go-live, {last[0]}, didn't go through")
        known = last if isinstance(listed, Listed) else None
        return (yield from self._by_versions(intent, known, status))

    def _status(self, intent: GoLive) -> Procedure[Operation | None]:
        """Return the offer's status, or None if the service says something else than what we know."""
        call = calls.get_offer_status(intent.ref.publisher_id, intent.ref.offer_id)
        reading, _ = yield from sent(call)
        if not isinstance(reading, Answer) or reading.status != 200:
            raise error_of(call, reading)
        status = read_operation(reading)
        if isinstance(status, Operation):
            return status
        if reading.damage or not isinstance(parsed_body(reading), dict):
            raise CppUnavailable(
                f"{intent} wasn't sent: whether it is due isn't known, as the answer to {call.action} was "
                f"HTTP 200, but {status}. A later try may succeed.",
                http_status=200,
            )
        yield Say(f"{call}: {status}; going on without it.", logging.WARNING)
        return None

    def _refuse_while_running(
        self, intent: GoLive, submissions: tuple[Submission, ...], status: Operation | None
    ) -> None:
        running = next((s for s in submissions if s.is_running), None)
        if running is None:
            return
        step = status.current_step if status else None
        at = f", at step {progress_of(step)}" if step else ""
        what = f"a {running.kind}" if running.kind else "an operation"
        wait = "until the publish waits for its sign-off" if running.kind == PUBLISH else "for its end"
        raise CppConflict(
            f"{intent} isn't due: {what} runs on the offer{at}. Nothing was sent. "
            f"Wait {wait}, or cancel it; {FORCED} What runs: {running}."
        )

    def _refuse_bad_publish(self, intent: GoLive, last: tuple[Submission, ...], status: Operation | None) -> None:
        if status is not None and folded(status.raw_status) == "neverpublished":
            raise self._nothing_in_preview(intent, "it was never published")
        if not last or not all(_came_to_nothing(s, PUBLISH) for s in last):
            return
        # The status is about the last operation, whose steps say what went wrong.
        steps, messages = (status.steps, status.messages) if status else ((), ())
        failed = Operation(last[0].state, last[0].state_word, steps, messages)
        story = ended_badly(f"The last publish of {intent.ref}", failed, failed.status)
        raise CppBadRequest(f"{intent} isn't due: nothing waits for sign-off. {story} Nothing was sent; {FORCED}")

    def _nothing_in_preview(self, intent: GoLive, why: str) -> CppBadRequest:
        return CppBadRequest(
            f"{intent} isn't due: nothing is in preview, as {why}. Nothing was sent. Publish it to preview "
            f"first; {FORCED}"
        )

    def _not_known(self, intent: GoLive, last: tuple[Submission, ...] | None) -> CppBadRequest:
        forced = FORCED if self.required else "skip_if_live=False sends it all the same."
        return CppBadRequest(
            f"{intent}: whether what is in preview is live already isn't known: {_in_no_order(last)}, and "
            f"the versions don't say either. Nothing was sent. Look at {PORTAL}; {forced}"
        )

    def _by_versions(
        self, intent: GoLive, last: tuple[Submission, ...] | None, status: Operation | None
    ) -> Procedure[Dueness]:
        """Decide by the versions in preview and production, where the last operation doesn't.

        :param last: that operation; several, where it isn't known which of them it was; None where there is no
            list.
        """
        preview = yield from self._version(intent, "preview")
        production = yield from self._version(intent, "production")
        if preview == "" and self.required and not any(s.state == SUCCEEDED for s in last or ()):
            raise self._nothing_in_preview(intent, "the service has no such version of it")
        if preview and production:
            is_live = preview == production
        else:  # versions of migrated offers may be 0, which says nothing
            went_live = {s.kind == GO_LIVE and s.state == SUCCEEDED for s in last or ()}
            may_be = last is None or True in went_live
            is_live = may_be and (status is None or status.status == SUCCEEDED)
            if is_live and went_live != {True}:
                raise self._not_known(intent, last)
        if is_live:
            version = f"version {preview}, which is in preview," if preview else "what is in preview"
            message = f"{intent} isn't due: {version} is live already. Nothing was sent."
            return Live(message)
        if last and len(last) > 1 and any(_came_to_nothing(s, PUBLISH) for s in last):
            yield Say(
                f"Whether the last publish went through isn't known: {_in_no_order(last)}. {intent} is sent "
                "all the same, as the service refuses what can't be.",
                logging.WARNING,
            )
        if preview and production:
            return Due(f"version {preview} is in preview, and version {production} is live")
        if status is None or not is_known(status.raw_status):
            word = f"calls the offer's status {status.raw_status!r}" if status else "doesn't say its status"
            yield Say(
                f"The service {word}, which doesn't say whether {intent} is due. It is sent all "
                "the same, as the service refuses what can't be.",
                logging.WARNING,
            )
        return Due("nothing speaks against it")

    def _version(self, intent: GoLive, slot: str) -> Procedure[str | None]:
        """Return the version in a slot; "" if there is none, None if that isn't known."""
        call = calls.get_offer(intent.ref.publisher_id, intent.ref.offer_id, slot=slot)
        reading, _ = yield from sent(call)
        if not isinstance(reading, Answer) or is_failed_read(reading) or reading.status in {401, 403}:
            raise error_of(call, reading)
        if reading.status == 404:
            return ""
        offer = read_offer(reading) if reading.status == 200 else describe(reading)
        if isinstance(offer, str):
            yield Say(f"{call}: {offer}; going on without it.", logging.WARNING)
            return None
        return str(offer.version) if offer.version else None


def _came_to_nothing(submission: Submission, kind: str) -> bool:
    return submission.kind == kind and submission.state in {FAILED, CANCELED}


def _in_no_order(last: tuple[Submission, ...] | None) -> str:
    if last is None:
        return "the offer's operations can't be listed"
    names = ", ".join(str(submission) for submission in last[:_NAMED])
    more = f" and {len(last) - _NAMED} more" if len(last) > _NAMED else ""
    return f"the service's list gives no times that say which of these was the last operation: {names}{more}"
