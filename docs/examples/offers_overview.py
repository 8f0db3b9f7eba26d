"""Ask every morning which offers have waited for a person since before yesterday."""

import time
from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_cpp.hooks.offers import OffersHook

with DAG("offers_overview", schedule=None):

    @task
    def waiting():
        """Return the offers that wait, and for what; and those that couldn't be read, with the reason."""
        now, a_day = time.time(), timedelta(days=1).total_seconds()
        rows = OffersHook("cpp_default").offers_overview(max_requests=200)
        return [
            {"offer": row.offer_id, "waits_for": row.waits_for, "problem": row.problem}
            for row in rows
            if row.problem or (row.waiting and now - (row.waiting.at or 0.0) > a_day)
        ]

    waiting()
