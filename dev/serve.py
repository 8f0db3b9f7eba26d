"""Keep a real Airflow with the example DAGs up, against an emulated portal, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow, LocalAirflowError
from dev.scene import DAG_ID, OFFER_ID, add_catalogue, images_of, narrator, scene

DURATION = 120.0
"""Seconds that the portal takes for what takes days: enough to look around meanwhile."""

NEWER_API = "product_ingestion_default"
"""The connection that leads to the same portal by its other API."""

DAG_IDS = (DAG_ID, "release_image", "after_live", "release_catalogue", "marketplace_report")

HOW_TO = """
Airflow    {airflow.url}
           No password: everybody is admin. Open a DAG and press Trigger. What takes days takes
           {duration:g} s here.

           go_live            takes the offer {offer} live
           release_image      adds an image to plans of contoso-release, publishes, asks you (Required Actions),
                              and takes it live. Give it image_version 1.0.1, and as plans
                              {plans}
           after_live         runs by itself when release_image is through
           release_catalogue  shows what would become of fabrikam's offers, asks you, takes them live, and
                              reports: one of them is refused. Name them in its form, or write all
           marketplace_report says the state of contoso's offers: see the XCom of report, and the file in its log

           From a shell:

           TOKEN=$(curl -s {airflow.url}/auth/token | cut -d '"' -f 4)
           curl -s {airflow.url}/api/v2/dags/{dag}/dagRuns -d '{{"logical_date": null}}' \\
                -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'

Portal     {portal.url}
           Two connections lead to it, and to the same offers:

           cpp_default                by Cloud Partner Portal's API
           {newer}  by the Product Ingestion API: name it in the form of a DAG

           Open one in Admin > Connections, and press Test Connection.
           One of your own beside it needs a port, too, such as 443: without one, Airflow 3.3.1 and 3.3.2
           answer that button with Bad Request.

Files      {airflow.home}
           Logs and database; removed at the end.

Ctrl-C ends all of it.
"""


def connect_by_newer_api(portal: Emulator, airflow: LocalAirflow) -> None:
    """Add a connection that leads to the portal by the Product Ingestion API.

    :param portal: the portal
    :param airflow: where the connection is added
    """
    airflow.add_connection(NEWER_API, portal.connection(api="product_ingestion"))


def main() -> int:
    """Serve until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="make airflow", description=__doc__)
    parser.add_argument("port", nargs="?", type=int, help="of Airflow's UI; a free one by default")
    port = parser.parse_args().port
    signal.signal(signal.SIGINT, signal.default_int_handler)
    say = narrator()
    try:
        with scene(say, duration=DURATION, port=port) as (portal, airflow):
            add_catalogue(portal)
            connect_by_newer_api(portal, airflow)
            for dag_id in DAG_IDS:
                airflow.wait_for_dag(dag_id)
                airflow.api("PATCH", f"/dags/{dag_id}", {"is_paused": False})
            print(
                HOW_TO.format(
                    airflow=airflow,
                    portal=portal,
                    dag=DAG_ID,
                    offer=OFFER_ID,
                    duration=DURATION,
                    plans=json.dumps(images_of("1.0.1", plans=1)["plans"]),
                    newer=NEWER_API,
                ),
                flush=True,
            )
            while True:
                airflow.check()
                time.sleep(1)
    except KeyboardInterrupt:
        say("airflow", "stopped; nothing is left running")
        return 0
    except (LocalAirflowError, OSError) as error:
        say("FAILED", str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
