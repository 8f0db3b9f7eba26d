"""Writes what each outcome looks like into the documentation, from runs against the emulator.

``python -m docs.outcomes`` runs every outcome and replaces the table in README.md and the messages in
docs/outcomes.md, docs/troubleshooting.md and the operators' pages; ``tests/documentation`` compares them.
Nobody types a message by hand.
"""

from __future__ import annotations

import random
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

import tests.conftest  # noqa: F401 - gives Airflow a home of its own, before it is imported
from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.emulator import Emulator, Fault
from airflow_provider_cpp.exceptions import CppError, is_retried
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.operators.offer import CancelOperator, GoLiveOperator, PublishOperator
from airflow_provider_cpp.sensors.operation import OperationSensor
from tests.running import context_of

ROOT = Path(__file__).parent.parent
OFFER = "contoso-virtualmachineoffer"
OPERATION = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"
SUBMISSION = 1152921505690000000
HOURS = 3600.0

CPP = "cloud_partner_portal"
INGESTION = "product_ingestion"
HOSTS = {CPP: "https://cloudpartner.azure.com", INGESTION: "https://graph.microsoft.com"}


@dataclass(frozen=True)
class Outcome:
    """What became of one task.

    :param key: names the outcome in the documents.
    :param what: what happened, in the table's words.
    :param task: the class of the task; ``both`` for either.
    :param error: what it raised; None if it succeeded.
    :param message: the error's message, or what the task returned.
    :param api: through which API.
    """

    key: str
    what: str
    task: str
    error: CppError | None
    message: str
    api: str = CPP


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


class Stage:
    """A portal with an offer in preview, a connection that leads there, and tasks that run at once."""

    def __init__(self, portal: Emulator, environment: pytest.MonkeyPatch, api: str) -> None:
        self.portal = portal
        self._environment = environment
        self._api = api
        portal.add_offer(OFFER)
        self.connect()

    def connect(self, api: str | None = None, **extra: Any) -> None:
        """Make the connection, through an API, with other values in its extra."""
        connection = self.portal.connection_json(api=api or self._api, **extra)
        self._environment.setenv("AIRFLOW_CONN_CPP_DEFAULT", connection)

    def go_live(self, **arguments: Any) -> str:
        """Run a GoLiveOperator."""
        task = GoLiveOperator(**{"task_id": "go_live", "offer_id": OFFER, "deferrable": False, **arguments})
        return task.execute(context_of(task))  # type: ignore[arg-type]

    def publish(self, **arguments: Any) -> str:
        """Run a PublishOperator."""
        task = PublishOperator(**{"task_id": "publish", "offer_id": OFFER, "deferrable": False, **arguments})
        return task.execute(context_of(task))  # type: ignore[arg-type]

    def cancel(self, **arguments: Any) -> dict[str, object]:
        """Run a CancelOperator."""
        task = CancelOperator(**{"task_id": "cancel", "offer_id": OFFER, **arguments})
        return task.execute(context_of(task))  # type: ignore[arg-type]

    def wait(self, location: str, **arguments: Any) -> dict[str, Any]:
        """Run an OperationSensor, at a pace that lets fourteen days pass in a few polls."""
        task = OperationSensor(
            task_id="wait",
            operation_location=location,
            deferrable=False,
            **{"poke_interval": HOURS, "max_poke_interval": 24 * HOURS, **arguments},
        )
        result: dict[str, Any] = task.execute(context_of(task))  # type: ignore[arg-type]
        return result


@contextmanager
def _stage(api: str) -> Iterator[Stage]:
    clock = Clock()
    randomness = random.getstate()
    random.seed(1)  # how many polls a wait takes depends on their jitter
    with (
        Emulator(clock=clock.time, duration=6 * HOURS) as portal,
        pytest.MonkeyPatch.context() as environment,
        mock.patch("time.time", clock.time),
        mock.patch("time.sleep", clock.sleep),
        mock.patch.object(BlockingClient.__init__, "__defaults__", (None, clock.sleep)),
    ):
        yield Stage(portal, environment, api)
    random.setstate(randomness)


def _accepted(stage: Stage) -> str:
    return stage.go_live()


def _live(stage: Stage) -> str:
    result = stage.wait(stage.go_live())
    return f"status {result['status']!r}, live_links {[link['url'] for link in result['live_links']]}"


def _failed(stage: Stage) -> object:
    stage.portal.configure(outcome="fail")
    return stage.wait(stage.go_live())


def _failed_in_the_operator(stage: Stage) -> object:
    stage.portal.configure(outcome="fail")
    return stage.go_live(wait_for_completion=True)


def _canceled(stage: Stage) -> object:
    location = stage.go_live()
    stage.portal.finish(OFFER, "cancel")
    return stage.wait(location)


def _called_off(stage: Stage) -> object:
    stage.go_live()
    return stage.cancel()["message"]


def _nothing_to_call_off(stage: Stage) -> object:
    stage.portal.add_offer(OFFER, state="live")
    return stage.cancel()["message"]


def _called_off_too_late(stage: Stage) -> object:
    stage.go_live()
    stage.portal.faults.add(Fault("ignored", action="cancel"))
    stage.portal.advance(6 * HOURS - 30)
    return stage.cancel(timeout=600)


def _too_long(stage: Stage) -> object:
    stage.portal.configure(outcome="stall", duration=HOURS)
    return stage.wait(stage.go_live())


def _unreadable(stage: Stage) -> object:
    location = stage.go_live()
    stage.portal.faults.add(Fault("error", action="operation", status=503, times=None))
    return stage.wait(location, poke_interval=120.0)


def _foreign(stage: Stage) -> object:
    return stage.wait("https://portal.example/api/publishers/contoso/offers/vm/operations/1")


def _field_missing(stage: Stage) -> object:
    stage.connect(tenant_id="")
    return stage.go_live()


def _wrong_secret(stage: Stage) -> object:
    stage.portal.client_secret = "of-another-time"  # noqa: S105
    stage.connect()
    return stage.go_live()


def _wrong_token(stage: Stage) -> object:
    stage.portal.faults.add(Fault("unauthorized", action="submissions", times=None))
    return stage.go_live()


def _not_registered(stage: Stage) -> object:
    stage.portal.configure(forbidden_publishers=("contoso",))
    return stage.go_live()


def _no_preview(stage: Stage) -> object:
    stage.portal.add_offer(OFFER, state="draft")
    return stage.go_live(precheck=False)


def _not_due(stage: Stage) -> object:
    stage.portal.add_offer(OFFER, state="live")
    return stage.go_live()


def _not_due_yet(stage: Stage) -> object:
    stage.portal.add_offer(OFFER, state="draft")
    stage.portal.portal.publish("contoso", OFFER)
    return stage.go_live()


def _unknown_offer(stage: Stage) -> object:
    return stage.go_live(offer_id="contoso-virtualmachinofer")


def _conflict(stage: Stage) -> object:
    stage.portal.add_offer(OFFER, state="draft")
    stage.portal.portal.publish("contoso", OFFER)
    return stage.go_live(precheck=False)


def _throttled(stage: Stage) -> object:
    stage.portal.faults.add(Fault("throttled", action="golive", times=None, retry_after="20"))
    return stage.go_live()


def _login_down(stage: Stage) -> object:
    stage.portal.faults.add(Fault("error", action="token", status=503, times=None))
    return stage.go_live()


def _ambiguous(stage: Stage) -> object:
    stage.portal.faults.add(Fault("ignored", action="golive"))
    return stage.go_live()


def _draft(stage: Stage) -> Stage:
    stage.portal.add_offer(OFFER, state="draft")
    return stage


def _live_by_job(stage: Stage) -> str:
    result = stage.wait(stage.go_live())
    return f"status {result['status']!r}, steps {result['steps']}, live_links {result['live_links']}"


def _replaced(stage: Stage) -> object:
    location = _draft(stage).publish()
    stage.portal.advance(7 * HOURS)
    schema = "https://schema.mp.microsoft.com/schema/listing/2022-03-01-preview5"
    listing = {"$schema": schema, "kind": "azureVM", "languageId": "en-us", "title": "Newer"}
    OffersHook().put_offer(OFFER, listing)
    OffersHook().publish(OFFER)
    return stage.wait(location)


def _disagreeing(stage: Stage) -> object:
    stage.portal.configure(row_end_delay=HOURS)
    return stage.wait(stage.go_live(), poke_interval=60.0, max_poke_interval=60.0)


def _called_off_by_location(stage: Stage) -> object:
    return stage.cancel(offer_id=None, operation_location=stage.go_live())["message"]


def _called_off_in_preview(stage: Stage) -> object:
    location = _draft(stage).publish()
    stage.portal.advance(7 * HOURS)
    return stage.cancel(offer_id=None, operation_location=location)["message"]


def _past_the_point_of_no_return(stage: Stage) -> object:
    location = stage.go_live()
    stage.portal.advance(5.9 * HOURS)
    return stage.cancel(offer_id=None, operation_location=location)


def _switched(stage: Stage) -> object:
    stage.connect(CPP)
    location = stage.go_live()
    stage.connect()
    return stage.wait(location)


def _wrong_scope(stage: Stage) -> object:
    stage.connect(scope="https://cloudpartner.azure.com/.default")
    return stage.go_live()


def _published_by_somebody(stage: Stage) -> Stage:
    _draft(stage).portal.portal.publish("contoso", OFFER)
    return stage


def _publish_without_answer(stage: Stage) -> object:
    _draft(stage).portal.faults.add(Fault("error", action="publish", status=503))
    return stage.publish()


SCENES: tuple[tuple[str, str, str, Callable[[Stage], object]], ...] = (
    ("accepted", "The request was accepted", "GoLiveOperator", _accepted),
    ("live", "The offer is live", "OperationSensor", _live),
    ("failed", "The operation failed", "OperationSensor", _failed),
    ("failed-operator", "It failed, with `wait_for_completion`", "GoLiveOperator", _failed_in_the_operator),
    ("canceled", "Somebody canceled it", "OperationSensor", _canceled),
    ("timeout", "It didn't end in time", "OperationSensor", _too_long),
    ("unknown", "Its status can't be read for 15 minutes", "OperationSensor", _unreadable),
    ("called-off", "What ran on the offer is canceled", "CancelOperator", _called_off),
    ("nothing-running", "Nothing ran that could be canceled", "CancelOperator", _nothing_to_call_off),
    ("not-canceled", "The cancel came too late", "CancelOperator", _called_off_too_late),
    ("untrusted", "The location is on another host", "OperationSensor", _foreign),
    ("configuration", "A connection field is missing", "both", _field_missing),
    ("login", "The login refuses the principal", "both", _wrong_secret),
    ("401", "The API refuses the token (401)", "both", _wrong_token),
    ("403", "The principal isn't registered (403)", "both", _not_registered),
    ("not-due", "Nothing new is in preview (precheck)", "GoLiveOperator", _not_due),
    ("not-due-yet", "The publish still runs (precheck)", "GoLiveOperator", _not_due_yet),
    ("refused", "The service refuses the request (400)", "GoLiveOperator", _no_preview),
    ("not-found", "The offer doesn't exist (404)", "GoLiveOperator", _unknown_offer),
    ("conflict", "Another operation runs on it (409)", "GoLiveOperator", _conflict),
    ("unavailable", "Throttled for too long (429)", "GoLiveOperator", _throttled),
    ("login-down", "The login host is down", "GoLiveOperator", _login_down),
    ("ambiguous", "Accepted or not, the service won't say", "GoLiveOperator", _ambiguous),
)

#: Through the Product Ingestion API: those of which it has messages of its own.
INGESTION_SCENES: tuple[tuple[str, str, str, Callable[[Stage], object]], ...] = (
    ("ingestion-accepted", "The request names a job", "GoLiveOperator", _accepted),
    ("ingestion-live", "The offer is live, by job and submission", "OperationSensor", _live_by_job),
    ("ingestion-failed", "The job failed", "OperationSensor", _failed),
    ("ingestion-canceled", "Somebody canceled the job", "OperationSensor", _canceled),
    ("ingestion-replaced", "What was published was replaced by a newer version", "OperationSensor", _replaced),
    ("ingestion-disagreeing", "Job and submission disagree for ten minutes", "OperationSensor", _disagreeing),
    ("ingestion-called-off", "The job is canceled", "CancelOperator", _called_off_by_location),
    ("ingestion-in-preview", "What was to be canceled is in preview", "CancelOperator", _called_off_in_preview),
    ("ingestion-by-offer", "A cancel by the offer alone", "CancelOperator", _called_off),
    ("ingestion-too-far-on", "It can't be canceled any more", "CancelOperator", _past_the_point_of_no_return),
    ("ingestion-switched", "The connection was switched under way", "OperationSensor", _switched),
    ("ingestion-scope", "The token is for the other API (401)", "both", _wrong_scope),
    ("ingestion-403", "The principal isn't on the account (403)", "both", _not_registered),
    ("ingestion-not-found", "There is no such product", "GoLiveOperator", _unknown_offer),
    ("ingestion-not-due", "The last one in preview is live (precheck)", "GoLiveOperator", _not_due),
    ("ingestion-not-due-yet", "A publish runs (precheck)", "GoLiveOperator", _not_due_yet),
    ("ingestion-conflict", "The job meets another submission", "GoLiveOperator", _conflict),
    ("ingestion-runs", "A publish runs already", "PublishOperator", lambda s: _published_by_somebody(s).publish()),
    (
        "ingestion-restart",
        "It can't be canceled, as its job isn't known",
        "PublishOperator",
        lambda s: _published_by_somebody(s).publish(if_running="restart"),
    ),
    ("ingestion-ambiguous", "A publish without a clear answer", "PublishOperator", _publish_without_answer),
)


def outcomes() -> list[Outcome]:
    """Run every outcome against an emulator of its own."""
    found = []
    every = [(CPP, *scene) for scene in SCENES] + [(INGESTION, *scene) for scene in INGESTION_SCENES]
    for api, key, what, task, scene in every:
        with _stage(api) as stage:
            try:
                result, error = str(scene(stage)), None
            except CppError as raised:
                result, error = str(raised), raised
            found.append(Outcome(key, what, task, error, _of_nowhere(result, stage.portal, api), api))
    return found


def _of_nowhere(text: str, portal: Emulator, api: str) -> str:
    """Put the names of Microsoft's hosts, and the references' example ids, where a run has its own."""
    text = text.replace(f"Asked was {portal.authority}", "Asked was https://login.microsoftonline.com")
    host = HOSTS[CPP] if f"{portal.url}/api/" in text else HOSTS[api]
    text = text.replace(portal.url, host)
    submissions = list(dict.fromkeys(re.findall(r"\b1152921\d{12}\b", text)))
    for number, submission in enumerate(submissions, start=1):
        text = text.replace(submission, f"{SUBMISSION + number}")
    text = re.sub(r"\(created [\d -]+:\d\d UTC\)", "(created 2026-05-04 09:12 UTC)", text)
    known = {portal.tenant_id, portal.client_id}
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda m: m[0] if m[0] in known else OPERATION, text)


def _fate(each: Outcome) -> tuple[str, str, str, str]:
    """Return the task, its state, whether Airflow retries it, and the exception, as the documents show them."""
    task = f"`{each.task}`" if each.task != "both" else "operator, sensor"
    if each.error is None:
        return task, "`success`", "", ""
    retried = is_retried(each.error)
    state = "`up_for_retry`, in the end `failed`" if retried else "`failed`"
    return task, state, "yes" if retried else "no", f"`{type(each.error).__name__}`"


def table(found: list[Outcome]) -> str:
    """Return the table of README.md."""
    rows = ["| What happened | Task | Its state | Retried | Exception |", "|---|---|---|---|---|"]
    rows += [f"| {each.what} | {' | '.join(_fate(each))} |" for each in found if each.api == CPP]
    return "\n".join(rows)


def sections(found: list[Outcome], api: str) -> str:
    """Return the sections of docs/outcomes.md on one API."""
    level = "##" if api == CPP else "###"
    of_api = [each for each in found if each.api == api]
    return "\n\n".join(f"{level} {each.what}\n\n{_told(each)}\n\n{_block(each)}" for each in of_api)


def _told(each: Outcome) -> str:
    task, state, retried, error = _fate(each)
    if each.error is None:
        return f"{task}: {state}. It returns:"
    return f"{task}: {state}. Retried: {retried}. {error}:"


def _block(each: Outcome) -> str:
    lines = textwrap.fill(each.message, 110, break_long_words=False, break_on_hyphens=False)
    return f"```text\n{lines}\n```"


def with_outcomes(text: str, found: list[Outcome]) -> str:
    """Return a document with what is shown of the outcomes as they are.

    :param text: the document. ``<!-- outcomes -->``, ``<!-- outcomes: API -->``, ``<!-- outcomes, in short -->``
        and ``<!-- message: KEY -->`` begin what is replaced, ``<!-- end -->`` ends it.
    :param found: the outcomes.
    """
    wanted = {
        "outcomes": sections(found, CPP),
        f"outcomes: {INGESTION}": sections(found, INGESTION),
        "outcomes, in short": table(found),
    }
    for each in found:
        wanted[f"message: {each.key}"] = _block(each)
    return re.sub(
        r"(<!-- (outcomes(?:, in short|: \w+)?|message: [\w-]+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}\n{wanted[match[2]]}\n\n{match[3]}",
        text,
        flags=re.DOTALL,
    )


DOCUMENTS = (
    "README.md",
    "docs/outcomes.md",
    "docs/troubleshooting.md",
    "docs/operators/go_live.md",
    "docs/operators/wait.md",
)


def main() -> None:
    """Bring the documents up to date."""
    found = outcomes()
    for name in DOCUMENTS:
        path = ROOT / name
        path.write_text(with_outcomes(path.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
