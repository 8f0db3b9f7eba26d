"""Set the scene that the demo and the playground share: an emulated portal with an offer, and an Airflow."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow

REPOSITORY = Path(__file__).parent.parent
DAGS = REPOSITORY / "dags"
DAG_ID = "go_live"
OFFER_ID = "contoso-virtualmachineoffer"

#: The APIs that the emulated portal has, by what Airflow's connection to it is called.
APIS = {"cloud_partner_portal": "Cloud Partner Portal", "product_ingestion": "the Product Ingestion API"}

Say = Callable[[str, str], None]


def narrator() -> Say:
    """Return a function that prints who did what, with the seconds since now."""
    began = time.monotonic()

    def say(who: str, what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {who:<16} {what}", flush=True)

    return say


def add_catalogue(portal: Emulator) -> None:
    """Give the portal the offers that the other example DAGs are about.

    :param portal: the portal
    """
    # One that is live, with an older text than the definition beside the DAG: a release changes it.
    wanted = json.loads((DAGS / "offers" / "contoso-release.json").read_text(encoding="utf-8"))
    older = {**wanted["definition"], "displayText": "Contoso Release, as it was"}
    portal.add_offer("contoso-release", "contoso", "live", definition=older)
    for size in ("small", "medium", "large"):
        portal.add_offer(f"fabrikam-vm-{size}", "fabrikam")
    portal.add_offer("fabrikam-live-already", "fabrikam", "live")
    portal.add_offer("fabrikam-refused", "fabrikam", outcome="fail")


@contextlib.contextmanager
def scene(
    say: Say, *, duration: float, port: int | None = None, api: str = "cloud_partner_portal"
) -> Iterator[tuple[Emulator, LocalAirflow]]:
    """Start a portal and an Airflow whose connection ``cpp_default`` leads there; end both afterwards.

    :param say: told about the start
    :param duration: seconds that an operation takes in the portal; days in the real one
    :param port: of Airflow's UI; a free one if None
    :param api: by which API Airflow reaches the portal: a key of ``APIS``
    """
    with Emulator(duration=duration) as portal:
        portal.add_offer(OFFER_ID)
        say("portal", f"{portal.url} plays {APIS[api]}; {OFFER_ID} is ready to go live")
        say("airflow", "starting; takes half a minute")
        with LocalAirflow(
            DAGS,
            env={"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"},
            pythonpath=[REPOSITORY],
            port=port,
        ) as airflow:
            airflow.add_connection("cpp_default", portal.connection(api=api))
            say("airflow", f"{airflow.url} is up: {', '.join(airflow.parts)}")
            yield portal, airflow
