"""Set the scene that the demo and the playground share: an emulated portal with an offer, and an Airflow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow

REPOSITORY = Path(__file__).parent.parent
DAGS = REPOSITORY / "dags"
DAG_ID = "go_live"
OFFER_ID = "contoso-virtualmachineoffer"

Say = Callable[[str, str], None]


def narrator() -> Say:
    """Return a function that prints who did what, with the seconds since now."""
    began = time.monotonic()

    def say(who: str, what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {who:<16} {what}", flush=True)

    return say


@contextlib.contextmanager
def scene(say: Say, *, duration: float) -> Iterator[tuple[Emulator, LocalAirflow]]:
    """Start a portal and an Airflow whose connection ``cpp_default`` leads there; end both afterwards.

    :param say: told about the start
    :param duration: seconds that an operation takes in the portal; days in the real one
    """
    with Emulator(duration=duration) as portal:
        portal.add_offer(OFFER_ID)
        say("portal", f"{portal.url} plays Cloud Partner Portal; {OFFER_ID} is ready to go live")
        say("airflow", "starting; takes half a minute")
        with LocalAirflow(
            DAGS,
            env={"AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json()},
            pythonpath=[REPOSITORY],
        ) as airflow:
            say("airflow", f"{airflow.url} is up: {', '.join(airflow.parts)}")
            yield portal, airflow
