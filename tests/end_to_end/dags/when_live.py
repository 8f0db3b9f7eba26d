"""Runs when an offer has gone live, whoever took it there."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_cpp.triggers.offer_live import OfferLiveTrigger

watcher = AssetWatcher(
    name="live", trigger=OfferLiveTrigger(publisher_id="contoso", offer_id="watched", poke_interval=1)
)
offer = Asset("cpp://contoso/watched", watchers=[watcher])

with DAG(dag_id="when_live", schedule=[offer], start_date=datetime(2025, 1, 1), max_active_runs=1):  # noqa: DTZ001

    @task
    def announce(triggering_asset_events=None) -> list[dict]:
        """Return what the asset events say."""
        return [event.extra["payload"] for event in triggering_asset_events[offer]]

    announce()
