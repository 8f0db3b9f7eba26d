"""Whether a go-live is due, asked before it is sent: what is in preview, what is live, and what runs.

A go-live is due when a publish waits for its publisher's sign-off (retrieve-offer-status page). The service
states no precondition and has the last word, so that what can't be understood is told and not refused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict, CppUnavailable
from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.intents import How, Intent, Started
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.running import would
from airflow_provider_cpp.lro.words import CANCELED, FAILED, SUCCEEDED, folded, is_known
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.drafts import listed_changes, not_in_preview
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_offer
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import GO_LIVE, PUBLISH, Submission, latest
from airflow_provider_cpp.wire.answers import Answer, describe, error_of, parsed_body
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, sent
from airflow_provider_cpp.wire.retries import is_failed_read

_FORCED = "precheck=False sends it all the same."

#: Operations that are named where it isn't known which of them was the last.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Why nothing was started, where that is no error.

    :param is_live: whether the version in preview is live already; else it was a dry run.
    :param message: the same in words.
    """

    is_live: bool
    message: str


@dataclass(frozen=True, slots=True)
class Precheck:
    """What is asked before a go-live is sent.

    :param required: refuse a go-live that isn't due.
    :param skip_if_live: start nothing if the version in preview is live already.
    :param dry_run: start nothing in any case; tell what would be done.
    """

    required: bool = True
    skip_if_live: bool = False
    dry_run: bool = False

    def before(self, intent: Intent) -> Procedure[Started | NotStarted | None]:
        """Return a go-live that runs already, or why none is started, or None if the POST is to be sent.

        :param intent: the go-live.
        :raises CppConflict: another operation runs on the offer.
        :raises CppBadRequest: nothing in preview waits for going live.
        :raises CppUnavailable: it can't be told just now; nothing was sent.
        :raises CppError: what else the service's refusal means.
        """
        decided: Submission | NotStarted | str = "without a precheck"
        if self.required or self.skip_if_live:
            decided = yield from self._decide(intent)
        if isinstance(decided, NotStarted):
            return decided
        if isinstance(decided, Submission):
            what = f"{intent.call}: it runs already, as {decided}"
            if self.dry_run:
                return NotStarted(False, f"Dry run: would take up what runs. {what}.")
            yield Say(f"{what}.")
            return (yield from intent.taken(intent.location_of(decided), How.ADOPTED))
        newer = (yield from self._newer_draft(intent)) if self.required else ""
        if self.dry_run:
            more = f" {newer}" if newer else ""
            return NotStarted(False, f"Dry run: would send {intent.call}; {decided}.{more} Nothing was sent.")
        if self.required:
            yield Say(f"{intent.call} may be sent: {decided}.")
        return None

    @staticmethod
    def _newer_draft(intent: Intent) -> Procedure[str]:
        """Warn if the draft has something that doesn't go live; return the warning, or nothing."""
        found = yield from not_in_preview(intent.publisher_id, intent.offer_id)
        if isinstance(found, str):
            yield Say(f"Whether the draft is newer than what goes live can't be told: {found}")
        if isinstance(found, str) or not found:
            return ""
        newer = (
            f"The draft has changes that aren't in preview, and don't go live: {listed_changes(found)}. If they "
            "are meant to, publish first."
        )
        yield Say(newer, logging.WARNING)
        return newer

    def _decide(self, intent: Intent) -> Procedure[Submission | NotStarted | str]:
        status = yield from self._status(intent)
        if status is not None and status.waits_for_signoff:
            return "the version in preview waits for the publisher's sign-off"
        listed = yield from intent.listed()
        if isinstance(listed, Unlisted):
            if listed.may_pass:
                raise listed.error
            yield Say(f"{listed.call}: {listed.why}; going on without it.", logging.WARNING)
        submissions = listed.entries if isinstance(listed, Listed) else ()
        if (mine := intent.mine(submissions, None, or_running=True)) is not None:
            return mine
        if self.required:
            self._refuse_while_running(intent, submissions, status)
        last = latest(submissions)
        if self.required:
            self._refuse_bad_publish(intent, last, status)
        if last and all(_came_to_nothing(s, GO_LIVE) for s in last):
            return f"the last go-live, {last[0]}, didn't go through"
        known = last if isinstance(listed, Listed) else None
        return (yield from self._by_versions(intent, known, status))

    def _status(self, intent: Intent) -> Procedure[Operation | None]:
        """Return the offer's status, or None if the service says something else than what we know."""
        call = calls.get_offer_status(intent.publisher_id, intent.offer_id)
        reading, _ = yield from sent(call)
        if not isinstance(reading, Answer) or reading.status != 200:
            raise error_of(call, reading)
        status = read_operation(reading)
        if isinstance(status, Operation):
            return status
        if reading.damage or not isinstance(parsed_body(reading), dict):
            raise CppUnavailable(
                f"{intent.call} wasn't sent: whether it is due can't be told, as the answer to {call.action} was "
                f"HTTP 200, but {status}. A later try may succeed.",
                http_status=200,
            )
        yield Say(f"{call}: {status}; going on without it.", logging.WARNING)
        return None

    def _refuse_while_running(
        self, intent: Intent, submissions: tuple[Submission, ...], status: Operation | None
    ) -> None:
        running = next((s for s in submissions if s.is_running), None)
        if running is None:
            return
        step = status.current_step if status else None
        at = f", at step {ends.progress_of(step)}" if step else ""
        what = f"a {running.kind}" if running.kind else "an operation"
        wait = "until the publish waits for its sign-off" if running.kind == PUBLISH else "for its end"
        raise CppConflict(
            f"{intent.call} isn't due: {what} runs on the offer{at}. Nothing was sent. "
            f"Wait {wait}, or cancel it; {_FORCED} What runs: {running}."
        )

    def _refuse_bad_publish(self, intent: Intent, last: tuple[Submission, ...], status: Operation | None) -> None:
        if status is not None and folded(status.raw_status) == "neverpublished":
            raise self._nothing_in_preview(intent, "it was never published")
        if not last or not all(_came_to_nothing(s, PUBLISH) for s in last):
            return
        # The status is about the last operation, whose steps say what went wrong.
        steps, messages = (status.steps, status.messages) if status else ((), ())
        failed = Operation(last[0].state, last[0].state_word, steps, messages)
        story = ends.story(
            f"The last publish of offer {intent.publisher_id}/{intent.offer_id}", failed, failed.status
        )
        raise CppBadRequest(
            f"{intent.call} isn't due: nothing waits for sign-off. {story} Nothing was sent; {_FORCED}"
        )

    def _nothing_in_preview(self, intent: Intent, why: str) -> CppBadRequest:
        return CppBadRequest(
            f"{intent.call} isn't due: nothing is in preview, as {why}. Nothing was sent. Publish it to preview "
            f"first; {_FORCED}"
        )

    def _not_known(self, intent: Intent, last: tuple[Submission, ...] | None) -> CppBadRequest:
        forced = _FORCED if self.required else "skip_if_live=False sends it all the same."
        return CppBadRequest(
            f"{intent.call}: whether what is in preview is live already isn't known: {_in_no_order(last)}, and "
            f"the versions don't tell either. Nothing was sent. Look at {PORTAL}; {forced}"
        )

    def _by_versions(
        self, intent: Intent, last: tuple[Submission, ...] | None, status: Operation | None
    ) -> Procedure[NotStarted | str]:
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
            message = f"{intent.call} isn't due: {version} is live already. Nothing was sent."
            if self.skip_if_live:
                return NotStarted(True, message)
            if self.required:
                raise CppBadRequest(
                    f"{message} Publish a new version first; skip_if_live=True skips the task; {_FORCED}"
                )
        if last and len(last) > 1 and any(_came_to_nothing(s, PUBLISH) for s in last):
            yield Say(
                f"Whether the last publish went through isn't known: {_in_no_order(last)}. {intent.call} is sent "
                "all the same, as the service refuses what can't be.",
                logging.WARNING,
            )
        if preview and production:
            return f"version {preview} is in preview, and version {production} is live"
        if status is None or not is_known(status.raw_status):
            word = f"calls the offer's status {status.raw_status!r}" if status else "doesn't say its status"
            yield Say(
                f"The service {word}, from which it can't be told whether {intent.call} is due. It is sent all "
                "the same, as the service refuses what can't be.",
                logging.WARNING,
            )
        return "nothing speaks against it"

    def _version(self, intent: Intent, slot: str) -> Procedure[str | None]:
        """Return the version in a slot; "" if there is none, None if it can't be told."""
        call = calls.get_offer(intent.publisher_id, intent.offer_id, slot=slot)
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


@dataclass(frozen=True, slots=True)
class DryRun:
    """What is asked instead of sending a request whose service has the last word on whether it is due."""

    dry_run: bool = True

    def before(self, intent: Intent) -> Procedure[NotStarted]:
        """Return what would be done.

        :param intent: what would be started.
        :raises CppConflict: another operation runs on the offer.
        :raises CppUnavailable: it can't be told just now.
        :raises CppError: what else the service's refusal means.
        """
        listed = yield from intent.listed()
        if isinstance(listed, Unlisted) and listed.may_pass:
            raise listed.error
        # Who never published an offer has no list of it, nor an offer perhaps.
        status = calls.get_offer_status(intent.publisher_id, intent.offer_id)
        reading, _ = yield from sent(status)
        if not isinstance(reading, Answer) or reading.status != 200:
            raise error_of(status, reading)
        submissions = listed.entries if isinstance(listed, Listed) else ()
        if (mine := intent.mine(submissions, None, or_running=True)) is not None:
            return NotStarted(False, (yield from would(intent, mine)))
        running = next((s for s in submissions if s.is_running), None)
        if running is not None:
            raise CppConflict(f"{intent.call} would be refused: {running} runs on the offer. Nothing was sent.")
        return NotStarted(
            False, f"Dry run: would send {intent.call}; nothing runs on the offer. Nothing was sent."
        )


def _came_to_nothing(submission: Submission, kind: str) -> bool:
    return submission.kind == kind and submission.state in {FAILED, CANCELED}


def _in_no_order(last: tuple[Submission, ...] | None) -> str:
    if last is None:
        return "the offer's operations can't be listed"
    names = ", ".join(str(submission) for submission in last[:_NAMED])
    more = f" and {len(last) - _NAMED} more" if len(last) > _NAMED else ""
    return f"the service's list gives no times that tell which of these was the last operation: {names}{more}"
