"""Take an offer live in a real Airflow, against an emulated portal, and judge by both whether it went well.

``python -m dev.demo`` ends by itself, with exit code 0 only if the run succeeded, the portal says that the offer
is live, and exactly one go-live was asked for. ``python -m dev.demo product_ingestion`` does so by the other API.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from dev.airflow_api import AirflowApiError, folded
from dev.local_airflow import LocalAirflow, LocalAirflowError
from dev.portal_observer import PortalObserver
from dev.scene import APIS, DAG_ID, OFFER_ID, Say, narrator, scene

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator import Emulator
    from dev.run_observer import RunObserver

DURATION = 25.0
"""Seconds that the portal takes for what takes days."""
RUN_TIMEOUT = 120.0
DEADLINE = 300
"""Seconds for everything, on whatever machine."""
WIDTH = 500
"""Characters of a log line that are shown."""

_MEANINGS = {
    "queued": "is about to get a worker",
    "running": "holds a worker",
    "deferred": "holds no worker: the triggerer watches",
    "scheduled": "is to get a worker",
    "success": "is done",
    "failed": "has failed",
    "up_for_retry": "is to be tried again",
}


def main() -> int:
    """Run the demo; return the exit code."""
    api = sys.argv[1] if len(sys.argv) > 1 else next(iter(APIS))
    if api not in APIS:
        print(f"API={api} is none; it can be {' or '.join(APIS)}.")
        return 2
    # A shell that starts this in the background would have it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(DEADLINE)
    say = narrator()
    try:
        with scene(say, duration=DURATION, api=api) as (portal, airflow):
            faults = _go_live(say, portal, airflow)
            print()
            say("airflow", "stopping")
    except KeyboardInterrupt:
        say("demo", "interrupted; nothing is left running")
        return 130
    except (LocalAirflowError, AirflowApiError, OSError) as error:  # of a full disk, or too late
        faults = [str(error)]
    for fault in faults:
        say("FAILED", fault)
    if not faults:
        say("demo", "the offer is live, after exactly one go-live request; nothing is left running")
    return 1 if faults else 0


def _go_live(say: Say, portal: Emulator, airflow: LocalAirflow) -> list[str]:
    conf = {"offer_id": OFFER_ID, "publisher_id": portal.publisher_id}
    run_id = airflow.trigger(DAG_ID, conf)
    say("airflow", f"{airflow.url}/dags/{DAG_ID}/runs/{run_id} has begun")
    tasks = airflow.observe(DAG_ID, run_id)
    offer = PortalObserver(portal, OFFER_ID)
    try:
        state = _watch(say, tasks, offer)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        with contextlib.suppress(AirflowApiError):
            _show_logs(airflow, run_id)
        for part in ("scheduler", "triggerer"):
            _show(f"The end of the {part}'s output", airflow.part_log(part, 20).splitlines())
        raise
    faults = []
    if state != "success":
        faults.append(f"the DAG run ended as {state}")
    if not offer.is_live:
        faults.append(f"the portal says that {OFFER_ID} isn't live")
    if offer.go_lives != 1:
        faults.append(f"the portal got {offer.go_lives} go-live requests, not 1")
    _show_summary(airflow, run_id, tasks, offer)
    _show_logs(airflow, run_id, only=None if faults else {"deferred"}, tasks=tasks)
    return faults


def _watch(say: Say, tasks: RunObserver, offer: PortalObserver) -> str:
    deadline = time.monotonic() + RUN_TIMEOUT
    while True:
        state = tasks.run_state()
        for sentence in offer.news():
            say("portal", sentence)
        for change in tasks.poll():
            say(change.task, f"{change.now:<12} {_MEANINGS.get(change.now, '')}")
        if state in {"success", "failed"}:
            return state
        if time.monotonic() > deadline:
            raise TimeoutError(f"the DAG run is still {state} after {RUN_TIMEOUT:g} s")
        time.sleep(0.25)


def _show_summary(airflow: LocalAirflow, run_id: str, tasks: RunObserver, offer: PortalObserver) -> None:
    rows = [f"{'task':<24} {'state':<10} {'held a worker':>14} {'waited deferred':>16}"]
    links: list[str] = []
    for story in tasks.stories().values():
        held, waited = (each.total_seconds() for each in (story.held_worker, story.waited_deferred))
        rows.append(f"{story.task:<24} {story.names[-1]:<10} {held:>12.1f} s {waited:>14.1f} s")
        links += _live_links(airflow, run_id, story.task)
    _show("What it took", rows)
    answers = [f"go-live requests   {offer.go_lives}", f"status requests    {offer.polls}"]
    _show("What the portal saw", [*answers, *(f"live at            {url}" for url in links)])


def _live_links(airflow: LocalAirflow, run_id: str, task_id: str) -> list[str]:
    with contextlib.suppress(AirflowApiError):
        result: Any = airflow.xcom(DAG_ID, run_id, task_id)
        if isinstance(result, dict):
            return [link["url"] for link in result.get("live_links", [])]
    return []


def _show_logs(
    airflow: LocalAirflow, run_id: str, only: set[str] | None = None, tasks: RunObserver | None = None
) -> None:
    stories = tasks.stories() if tasks else {}
    for instance in airflow.task_instances(DAG_ID, run_id):
        task_id, number = instance["task_id"], instance["try_number"]
        if number and (only is None or only & set(stories[task_id].names)):
            _show(f"The log of {task_id}", folded(airflow.logs(DAG_ID, run_id, task_id, number)))


def _show(title: str, lines: list[str]) -> None:
    clipped = [line if len(line) <= WIDTH else f"{line[:WIDTH]}..." for line in lines]
    print(f"\n{title}", *(f"  {line}" for line in clipped), sep="\n", flush=True)


def _too_late(*_: object) -> NoReturn:
    raise TimeoutError(f"the demo isn't done after {DEADLINE} s")


if __name__ == "__main__":
    sys.exit(main())
