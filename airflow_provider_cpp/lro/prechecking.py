"""What is asked before a request is sent, and what the answer leads to: send it, take up what runs, or leave it.

Whether it is due the service's intent finds out, by what it knows. What follows from that is decided here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict
from airflow_provider_cpp.lro.records import How, Started, taken
from airflow_provider_cpp.lro.running import would
from airflow_provider_cpp.lro.seam import FORCED, Due, Intent, Live, Runs
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say


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
    :param dry_run: start nothing in any case; report what would be done.
    """

    required: bool = True
    skip_if_live: bool = False
    dry_run: bool = False

    def before(self, intent: Intent) -> Procedure[Started | NotStarted | None]:
        """Return a go-live that runs already, or why none is started, or None if the request is to be sent.

        :param intent: the go-live. One that runs already is always taken up.
        :raises CppConflict: another operation runs on the offer.
        :raises CppBadRequest: nothing in preview waits for going live.
        :raises CppUnavailable: that can't be found out just now; nothing was sent.
        :raises CppError: what else the service's refusal means.
        """
        why = "without a precheck"
        if self.required or self.skip_if_live:
            match (yield from intent.due(required=self.required)):
                case Live(message):
                    return self._live(message)
                case Runs(row):
                    what = f"{intent}: it runs already, as {row}"
                    if self.dry_run:
                        return NotStarted(False, f"Dry run: would take up what runs. {what}.")
                    yield Say(f"{what}.")
                    return (yield from taken(intent, intent.at(row), How.ADOPTED))
                case Due(reason):
                    why = reason
        newer = (yield from intent.newer_draft()) if self.required else ""
        if newer:
            yield Say(newer, logging.WARNING)
        if self.dry_run:
            more = f" {newer}" if newer else ""
            return NotStarted(False, f"Dry run: would send {intent}; {why}.{more} Nothing was sent.")
        if self.required:
            yield Say(f"{intent} may be sent: {why}.")
        return None

    def _live(self, message: str) -> NotStarted:
        if self.skip_if_live:
            return NotStarted(True, message)
        raise CppBadRequest(f"{message} Publish a new version first; skip_if_live=True skips the task; {FORCED}")


@dataclass(frozen=True, slots=True)
class DryRun:
    """What is asked instead of sending a request whose service has the last word on whether it is due."""

    dry_run: bool = True

    def before(self, intent: Intent, if_running: str) -> Procedure[NotStarted]:
        """Return what would be done.

        :param intent: what would be started.
        :param if_running: what would become of one that runs already.
        :raises CppConflict: another operation runs on the offer.
        :raises CppUnavailable: that can't be found out just now.
        :raises CppError: what else the service's refusal means.
        """
        listed = yield from intent.rows()
        if isinstance(listed, Unlisted) and listed.may_pass:
            raise listed.error
        yield from intent.is_there()  # who never published an offer has no list of it, nor an offer perhaps
        rows = listed.entries if isinstance(listed, Listed) else ()
        if (ours := intent.ours(rows, None, or_running=True)) is not None:
            return NotStarted(False, (yield from would(intent, if_running, ours)))
        if (done := (yield from intent.done_already(rows))) is not None:
            return NotStarted(False, (yield from would(intent, if_running, done)))
        running = next((row for row in rows if row.is_running), None)
        if running is not None:
            raise CppConflict(f"{intent} would be refused: {running} runs on the offer. Nothing was sent.")
        return NotStarted(False, f"Dry run: would send {intent}; nothing runs on the offer. Nothing was sent.")
