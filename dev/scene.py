"""Set the scene that the demo and the playground share: an emulated portal with an offer, and an Airflow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow, LocalAirflowError
from dev.room import temporary_obstacle

REPOSITORY = Path(__file__).parent.parent
DAGS = REPOSITORY / "dags"
DAG_ID = "go_live"
OFFER_ID = "contoso-virtualmachineoffer"
RELEASED = "contoso-release"

#: What signs the addresses of images, as the variable of Airflow has it that `release_image` reads.
SIGNATURE = {"AIRFLOW_VAR_IMAGES_SAS_TOKEN": "sv=2023-11-03&sp=rl&sig=of-the-scene"}

#: The APIs that the emulated portal has, by what Airflow's connection to it is called.
APIS = {"cloud_partner_portal": "Cloud Partner Portal", "product_ingestion": "the Product Ingestion API"}

#: What Airflow's database and logs take: 4 MB for one run, more for whoever plays.
MEGABYTES = 20

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
    # One that is live, with three plans of two generations each: a release adds an image version to each.
    portal.add_offer(RELEASED, "contoso", "live", plans=3)
    for size in ("small", "medium", "large"):
        portal.add_offer(f"fabrikam-vm-{size}", "fabrikam")
    portal.add_offer("fabrikam-live-already", "fabrikam", "live")
    portal.add_offer("fabrikam-refused", "fabrikam", outcome="fail")


def images_of(version: str, plans: int = 3, offer_id: str = RELEASED) -> dict[str, Any]:
    """Return what `release_image` is triggered with: the images of a version, of both generations of each plan.

    :param version: the version's number
    :param plans: how many plans get it
    :param offer_id: the offer whose plans they are
    """
    folder = f"https://contosoimages.blob.core.windows.net/vhds/{version}"
    ids = [f"{offer_id}-plan{f'-{number}' if number > 1 else ''}" for number in range(1, plans + 1)]
    kinds = ("x64Gen1", "x64Gen2")
    return {
        "image_version": version,
        "plans": [
            {
                "plan_id": plan_id,
                "images": [{"image_type": kind, "os_disk": f"{folder}/{plan_id}-{kind}.vhd"} for kind in kinds],
            }
            for plan_id in ids
        ],
    }


@contextlib.contextmanager
def scene(
    say: Say, *, duration: float, port: int | None = None, api: str = "cloud_partner_portal"
) -> Iterator[tuple[Emulator, LocalAirflow]]:
    """Start a portal and an Airflow whose connection ``cpp_default`` leads there; end both afterwards.

    :param say: told about the start
    :param duration: seconds that an operation takes in the portal; days in the real one
    :param port: of Airflow's UI; a free one if None
    :param api: by which API Airflow reaches the portal: a key of ``APIS``
    :raises LocalAirflowError: there is no room for Airflow's files; the message says what to do
    """
    if problem := temporary_obstacle(MEGABYTES):
        raise LocalAirflowError(f"Airflow's files need a place: {problem}.")
    with Emulator(duration=duration) as portal:
        portal.add_offer(OFFER_ID)
        say("portal", f"{portal.url} plays {APIS[api]}; {OFFER_ID} is ready to go live")
        say("airflow", "starting; takes half a minute")
        with LocalAirflow(
            DAGS,
            env={"AIRFLOW__CORE__TEST_CONNECTION": "Enabled", **SIGNATURE},
            pythonpath=[REPOSITORY],
            port=port,
        ) as airflow:
            airflow.add_connection("cpp_default", portal.connection(api=api))
            say("airflow", f"{airflow.url} is up: {', '.join(airflow.parts)}")
            yield portal, airflow
