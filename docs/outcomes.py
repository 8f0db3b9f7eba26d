"""Writes what each outcome looks like into the documentation, from runs against the emulator.

``python -m docs.outcomes`` runs every outcome and replaces the table in README.md and the messages in
docs/troubleshooting.md; ``tests/test_documentation.py`` compares them. Nobody types a message by hand.
"""

from __future__ import annotations

import logging
import re
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.emulator import Emulator, Fault
from airflow_provider_cpp.exceptions import AirflowFailException, AirflowSensorTimeout, CppError
from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor
from tests.running import context_of

ROOT = Path(__file__).parent.parent
OFFER = "contoso-virtualmachineoffer"
OPERATION = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"
HOURS = 3600.0

Portal = Any
Environment = pytest.MonkeyPatch


@dataclass(frozen=True)
class Outcome:
    """What became of one task.

    :param key: names the outcome in the documents.
    :param what: what happened, in the table's words.
    :param task: the class of the task.
    :param error: what it raised; None if it succeeded.
    :param result: what it returned, if it did.
    """

    key: str
    what: str
    task: str
    error: CppError | None
    result: str

    @property
    def message(self) -> str:
        """The error's message, or the result."""
        return self.result if self.error is None else str(self.error)

    @property
    def is_retried(self) -> bool:
        """Tell whether Airflow uses a retry for it (task_runner: these two base classes never are)."""
        return not isinstance(self.error, AirflowFailException | AirflowSensorTimeout)


class Clock:
    """Time that passes as soon as somebody sleeps."""

    def __init__(self) -> None:
        self.slept = 0.0
        self._time = time.time

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self._time() + self.slept

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept += seconds


@contextmanager
def _portal() -> Iterator[tuple[Portal, Environment]]:
    clock = Clock()
    with (
        Emulator(clock=clock.time, duration=6 * HOURS) as portal,
        pytest.MonkeyPatch.context() as environment,
        mock.patch("time.time", clock.time),
        mock.patch("time.sleep", clock.sleep),
        mock.patch.object(BlockingClient.__init__, "__defaults__", (None, clock.sleep)),
    ):
        portal.add_offer(OFFER)
        environment.setenv("AIRFLOW_CONN_CPP_DEFAULT", portal.connection_json())
        yield portal, environment


def _go_live(**arguments: Any) -> str:
    task = GoLiveOperator(**{"task_id": "go_live", "offer_id": OFFER, "deferrable": False, **arguments})
    return task.execute(context_of(task))  # type: ignore[arg-type]


def _wait(location: str, **arguments: Any) -> dict[str, Any]:
    # A pace that lets fourteen days pass in a few polls.
    task = OperationSensor(
        task_id="wait",
        operation_location=location,
        deferrable=False,
        **{"poke_interval": HOURS, "max_poke_interval": 24 * HOURS, **arguments},
    )
    result: dict[str, Any] = task.execute(context_of(task))  # type: ignore[arg-type]
    return result


def _live(portal: Portal, environment: Environment) -> str:
    result = _wait(_go_live())
    return f"status {result['status']!r}, live_links {[link['url'] for link in result['live_links']]}"


def _failed(portal: Portal, environment: Environment) -> str:
    portal.outcome = "fail"
    return str(_wait(_go_live()))


def _failed_in_the_operator(portal: Portal, environment: Environment) -> str:
    portal.outcome = "fail"
    return _go_live(wait_for_completion=True)


def _canceled(portal: Portal, environment: Environment) -> str:
    location = _go_live()
    portal.finish(OFFER, "cancel")
    return str(_wait(location))


def _too_long(portal: Portal, environment: Environment) -> str:
    portal.configure(outcome="stall", duration=HOURS)
    return str(_wait(_go_live()))


def _unreadable(portal: Portal, environment: Environment) -> str:
    location = _go_live()
    portal.faults.add(Fault("error", action="operation", status=503, times=None))
    return str(_wait(location, poke_interval=120.0))


def _foreign(portal: Portal, environment: Environment) -> str:
    return str(_wait("https://portal.example/api/publishers/contoso/offers/vm/operations/1"))


def _field_missing(portal: Portal, environment: Environment) -> str:
    environment.setenv("AIRFLOW_CONN_CPP_DEFAULT", portal.connection_json(tenant_id=""))
    return _go_live()


def _wrong_secret(portal: Portal, environment: Environment) -> str:
    portal.client_secret = "of-another-time"  # noqa: S105
    environment.setenv("AIRFLOW_CONN_CPP_DEFAULT", portal.connection_json())
    return _go_live()


def _wrong_token(portal: Portal, environment: Environment) -> str:
    portal.faults.add(Fault("unauthorized", action="submissions", times=None))
    return _go_live()


def _not_registered(portal: Portal, environment: Environment) -> str:
    portal.forbidden_publishers = ("contoso",)
    return _go_live()


def _no_preview(portal: Portal, environment: Environment) -> str:
    portal.add_offer(OFFER, state="draft")
    return _go_live()


def _unknown_offer(portal: Portal, environment: Environment) -> str:
    return _go_live(offer_id="contoso-virtualmachinofer")


def _conflict(portal: Portal, environment: Environment) -> str:
    portal.add_offer(OFFER, state="draft")
    portal.portal.publish("contoso", OFFER)
    return _go_live()


def _throttled(portal: Portal, environment: Environment) -> str:
    portal.faults.add(Fault("throttled", action="golive", times=None, retry_after="20"))
    return _go_live()


def _ambiguous(portal: Portal, environment: Environment) -> str:
    portal.faults.add(Fault("ignored", action="golive"))
    return _go_live()


SCENES: tuple[tuple[str, str, str, Callable[[Portal, Environment], str]], ...] = (
    ("accepted", "The request was accepted", "GoLiveOperator", lambda *_: _go_live()),
    ("live", "The offer is live", "OperationSensor", _live),
    ("failed", "The operation failed", "OperationSensor", _failed),
    ("failed-operator", "The same, with `wait_for_completion`", "GoLiveOperator", _failed_in_the_operator),
    ("canceled", "Somebody canceled it", "OperationSensor", _canceled),
    ("timeout", "It didn't end in time", "OperationSensor", _too_long),
    ("unknown", "Its status can't be read for 15 minutes", "OperationSensor", _unreadable),
    ("untrusted", "The location is on another host", "OperationSensor", _foreign),
    ("configuration", "A connection field is missing", "both", _field_missing),
    ("login", "The login refuses the principal", "both", _wrong_secret),
    ("401", "The API refuses the token (401)", "both", _wrong_token),
    ("403", "The principal isn't registered (403)", "both", _not_registered),
    ("refused", "The service refuses the request (400)", "GoLiveOperator", _no_preview),
    ("not-found", "The offer doesn't exist (404)", "GoLiveOperator", _unknown_offer),
    ("conflict", "Another operation runs on it (409)", "GoLiveOperator", _conflict),
    ("unavailable", "Throttled, or out of reach, for too long", "GoLiveOperator", _throttled),
    ("ambiguous", "Accepted or not, the service won't say", "GoLiveOperator", _ambiguous),
)


def outcomes() -> list[Outcome]:
    """Run every outcome against an emulator of its own."""
    logging.disable()
    found = []
    for key, what, task, scene in SCENES:
        error, result = None, ""
        with _portal() as (portal, environment):
            try:
                result = scene(portal, environment)
            except CppError as raised:
                error = raised
            found.append(Outcome(key, what, task, _neutral(error, portal), _of_nowhere(result, portal)))
    return found


def _neutral(error: CppError | None, portal: Portal) -> CppError | None:
    return None if error is None else type(error)(_of_nowhere(str(error), portal))


def _of_nowhere(text: str, portal: Portal) -> str:
    """Put the names of Microsoft's hosts, and the reference's example id, where a run has its own."""
    text = text.replace(f"from {portal.authority}", "from https://login.microsoftonline.com")
    text = text.replace(portal.url, "https://cloudpartner.azure.com")
    known = {portal.tenant_id, portal.client_id}
    return re.sub(
        r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda m: m[0] if m[0] in known else OPERATION, text
    )


def table(found: list[Outcome]) -> str:
    """Return the table of README.md."""
    rows = ["| What happened | Task | Its state | Retried | Exception | Message, or result |"]
    rows.append("|---|---|---|---|---|---|")
    for each in found:
        state, retried, name = "`success`", "", ""
        if each.error is not None:
            retried = "yes" if each.is_retried else "no"
            state = "`up_for_retry`, in the end `failed`" if each.is_retried else "`failed`"
            name = f"`{type(each.error).__name__}`"
        task = f"`{each.task}`" if each.task != "both" else "both"
        message = each.message.replace("|", "\\|").replace("<", "&lt;").replace("$", "\\$")
        rows.append(f"| {each.what} | {task} | {state} | {retried} | {name} | {message} |")
    return "\n".join(rows)


def with_outcomes(text: str, found: list[Outcome]) -> str:
    """Return a document with its table and its messages as the outcomes have them.

    :param text: the document; ``<!-- outcomes -->`` and ``<!-- message: KEY -->`` begin what is replaced,
        ``<!-- end -->`` ends it.
    :param found: the outcomes.
    """
    wanted = {"outcomes": table(found)}
    for each in found:
        lines = textwrap.fill(each.message, 110, break_long_words=False, break_on_hyphens=False)
        wanted[f"message: {each.key}"] = f"```text\n{lines}\n```"
    return re.sub(
        r"(<!-- (outcomes|message: [\w-]+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}\n{wanted[match[2]]}\n\n{match[3]}",
        text,
        flags=re.DOTALL,
    )


DOCUMENTS = ("README.md", "docs/troubleshooting.md")


def main() -> None:
    """Bring the documents up to date."""
    found = outcomes()
    for name in DOCUMENTS:
        path = ROOT / name
        path.write_text(with_outcomes(path.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
