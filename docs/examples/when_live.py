"""Run when an offer has gone live, whoever took it there."""

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_cpp.triggers.offer_live import OfferLiveTrigger

offer = Asset(
    "cpp://contoso/contoso-virtualmachineoffer",
    watchers=[AssetWatcher(name="live", trigger=OfferLiveTrigger(offer_id="contoso-virtualmachineoffer"))],
)

with DAG("when_live", schedule=[offer]):

    @task
    def tell_people(triggering_asset_events=None):
        """Say what is live."""
        for event in triggering_asset_events[offer]:
            news = event.extra["payload"]
            print(f"{news['offer_id']}, version {news['version']}, is live since {news['changed_time']}")

    tell_people()
