"""Report every day the state of many offers: as Markdown in an XCom, and as a page of its own in a file."""

from __future__ import annotations

import logging
import os
import time
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, Param, task

log = logging.getLogger(__name__)

#: Both forms of the page, to be changed at will: each gets `report`, an `OverviewReport`.
TEMPLATES = Path(__file__).parent / "reports"


def rendered(report, name: str) -> str:
    """Return the report as a template has it; every value is escaped, as HTML or as Markdown needs it."""
    import jinja2
    from markupsafe import Markup

    from airflow_provider_cpp.values import in_markdown

    def escaped(value: object) -> Markup:
        """Return a value as Markdown needs it; what a macro of the template wrote is escaped already."""
        return value if isinstance(value, Markup) else Markup(in_markdown(value))  # noqa: S704

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=escaped if name.endswith(".md") else None,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name).render(report=report)


def written(path: Path, page: str) -> None:
    """Write a page at once: whoever reads it meanwhile has the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        new.write_text(page, encoding="utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


with DAG(
    dag_id="marketplace_report",
    description="Report the state of all Azure Marketplace offers, those first that wait for a person",
    schedule="@daily",
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    catchup=False,
    max_active_runs=1,
    params={
        "connection": Param(
            "cpp_default", type="string", description="The connection, whose type says by which API it goes"
        ),
        "publisher_id": Param(
            None, type=["null", "string"], description="Whose offers; the connection's publisher by default"
        ),
        "offer_ids": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="Only these offers, one in each line; all of them by default",
        ),
        "waiting_hours": Param(
            24,
            type="number",
            minimum=0,
            description="An offer that waits for a person for so many hours or longer is at the top",
        ),
        "max_requests": Param(
            500, type="integer", minimum=1, description="Requests at most; offers that are left out are named"
        ),
        "file": Param(
            "reports/marketplace.html",
            type="string",
            pattern=r"\.html$",
            description="Where the page is written: a path, or one below Airflow's home",
        ),
    },
    tags=["azure", "marketplace"],
):

    @task(retries=2, retry_delay=timedelta(minutes=1))
    def look(params: dict | None = None) -> dict:
        """Return the state of each offer, and when that was. Nothing is sent that changes anything."""
        from airflow_provider_cpp.hooks.offers import OffersHook

        wanted = params or {}
        rows = OffersHook(wanted["connection"]).offers_overview(
            wanted["publisher_id"], wanted["offer_ids"], max_requests=wanted["max_requests"]
        )
        if not rows:  # as a principal of another account may get it
            raise AirflowFailException(
                f"No offer is there to report on: the list of connection {wanted['connection']} is empty, and the "
                "page stays as it was. Check that the connection's principal sees the offers, and publisher_id."
            )
        return {"at": time.time(), "rows": [row.to_dict() for row in rows]}

    @task
    def report(seen: dict, params: dict | None = None) -> str:
        """Write the page, say where it is, and return the same as Markdown."""
        from airflow_provider_cpp.values import OfferOverview, overview_report

        wanted = params or {}
        rows = [row for each in seen["rows"] if (row := OfferOverview.read(each))]
        if unread := len(seen["rows"]) - len(rows):  # of another version of this package
            log.warning("Offers that can't be read from what look returned: %s. Clear look.", unread)
        found = overview_report(rows, seen["at"], wanted["waiting_hours"] * 3600)
        log.info(found.summary)
        for entry in found.urgent:
            log.warning("%s: %s, %s.", entry.row.offer_id, entry.waiting.what, entry.waiting.since)
        path = Path(os.environ.get("AIRFLOW_HOME", "~/airflow"), Path(wanted["file"]).expanduser()).expanduser()
        try:
            written(path, rendered(found, "marketplace.html"))
        except OSError as error:
            raise AirflowFailException(
                f"The page can't be written to {path}: {error.strerror or error}. What was there before is as it "
                "was. Correct the folder's rights, and clear this task, which reads no offer again; or start the "
                "DAG with another file."
            ) from error
        log.info("The page is in %s.", path)
        if rows and all(row.problem for row in rows):
            raise AirflowFailException(f"Not one offer could be read: {rows[0].problem}")
        return rendered(found, "marketplace.md")

    report(look())
