"""Runs when the release of an offer is through: whatever has to happen once customers can buy it."""

from __future__ import annotations

import logging
from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, Asset, task

log = logging.getLogger(__name__)

# Of dags/release_image.py. Let the asset be watched instead (OfferLiveTrigger) to follow whoever takes it live.
OFFER = Asset("cpp://contoso/contoso-release")

with DAG(
    dag_id="after_live",
    description="Follow up when an Azure Marketplace offer has gone live",
    schedule=[OFFER],
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    catchup=False,
    tags=["azure", "marketplace"],
):

    @task
    def tell_people(triggering_asset_events=None) -> list[dict]:
        """Say what is live where; several releases in a row may come in one run."""
        news = [event.extra for events in (triggering_asset_events or {}).values() for event in events]
        for release in news:
            links = ", ".join(link["url"] for link in release["live_links"])
            log.info("Image %s of %s is live: %s", release["image_version"], release["offer_id"], links)
        return news

    tell_people()
