"""``dags/marketplace_report.py`` in a real Airflow, by a connection of either type."""

from __future__ import annotations

import pytest

from tests.end_to_end.eventually import PATIENCE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG_ID = "marketplace_report"
CONNECTIONS = ("cpp_default", "ingestion")
READY, LIVE, GOING = OFFERS = ("contoso-report-ready", "contoso-report-live", "contoso-report-going")
MISSING = "contoso-report-missing"


def begin(airflow, portal):
    """Report on three offers by each API, of which one waits for a person."""
    portal.add_offer(READY)
    portal.add_offer(LIVE, state="live")
    portal.add_offer(GOING, duration=3600)
    portal.portal.go_live(portal.publisher_id, GOING)
    runs = {}
    for connection in CONNECTIONS:
        conf = {
            "connection": connection,
            "publisher_id": portal.publisher_id,
            "offer_ids": [*OFFERS, MISSING],
            "waiting_hours": 0,
            "file": f"reports/{connection}.html",
        }
        runs[connection] = airflow.trigger(DAG_ID, conf, timeout=PATIENCE)
    return {
        connection: {
            "state": airflow.wait_for_run(DAG_ID, run_id, PATIENCE),
            "markdown": airflow.xcom(DAG_ID, run_id, "report"),
            "log": "\n".join(airflow.logs(DAG_ID, run_id, "report")),
        }
        for connection, run_id in runs.items()
    }


@pytest.fixture(scope="module")
def seen(side_by_side):
    """What came of both runs."""
    return side_by_side.result(begin)


def test_both_runs_leave_a_page_and_the_same_as_markdown(seen, local_airflow):
    for connection in CONNECTIONS:
        run = seen[connection]
        assert run["state"] == "success", run["log"]
        file = local_airflow.home / "reports" / f"{connection}.html"
        assert str(file) in run["log"], "the log says where it is"
        for text in (run["markdown"], file.read_text(encoding="utf-8")):
            places = [text.index(each) for each in ("or longer", READY, "has no offer", "All others", LIVE)]
            assert places == sorted(places), (connection, text)
            assert "look at the preview, and go live" in text
            assert " UTC" in text
            rest = text[places[3] :]
            assert GOING in rest, connection
            assert "go-live" in rest, connection


def test_nothing_secret_is_in_them(seen, portal):
    secret = portal.connection()["password"]
    for run in seen.values():
        assert secret not in run["markdown"] + run["log"]
