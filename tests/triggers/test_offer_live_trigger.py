"""OfferLiveTrigger in Airflow's own sharing of looks, against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from datetime import timedelta
from types import SimpleNamespace

import pytest

pytest.importorskip("airflow.triggers.shared_stream", reason="Airflow shares looks from 3.3 on")

from airflow.triggers.shared_stream import SharedStreamManager

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.publisher_watch import READS_PER_LOOK
from airflow_provider_cpp.triggers.offer_live import OfferLiveTrigger
from tests.running import Store, anew, through_the_database

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poke_interval": 0.05, "max_poke_interval": 0.1}


class Triggerer:
    """Does to watchers what Airflow's triggerer does, but for the processes (run_trigger, 3.3.2).

    :param stores: the assets' state stores, by watcher; they outlive a triggerer.
    :param stores_events: events arrive in the database; otherwise the triggerer dies before they do.
    """

    def __init__(self, stores, *, stores_events=True):
        self.stores = stores
        self.stores_events = stores_events
        self.manager = SharedStreamManager(max_subscriber_queue=100, ack_timeout=30)
        self.events = defaultdict(list)
        self.tasks = []

    def start(self, name, trigger):
        trigger = anew(trigger)
        trigger.asset_state_store = SimpleNamespace(_by_name={name: self.stores[name]}, _by_uri={})
        self.tasks.append(asyncio.create_task(self._run(len(self.tasks), name, trigger)))

    async def _run(self, number, name, trigger):
        key = trigger.shared_stream_key()
        stream = self.manager.subscribe(trigger_id=number, trigger=trigger, key=key)
        try:
            async for event in trigger.filter_shared_stream(stream):
                self.events[name].append(through_the_database(event.payload))
                sequence = self.manager.bind_pending_event(trigger_id=number, key=key)
                if self.stores_events:
                    self.manager.confirm_persisted([sequence])
        finally:
            await self.manager.unsubscribe(number, key)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.manager.stop_all()

    async def until(self, condition, seconds=20.0):
        async with asyncio.timeout(seconds):
            while not condition():
                for task in self.tasks:
                    assert not task.done(), task
                await asyncio.sleep(0.01)


@pytest.fixture
def stores():
    return defaultdict(Store)


@pytest.fixture
async def triggerer(stores):
    running = Triggerer(stores)
    yield running
    await running.stop()


def looks(emulator):
    return len(emulator.requests_for("offers"))


async def some_looks(triggerer, emulator, count=3):
    before = looks(emulator)
    await triggerer.until(lambda: looks(emulator) >= before + count)


def go_live(emulator, offer=OFFER):
    """Take an offer live as somebody else does."""
    emulator.portal.go_live("contoso", offer)
    emulator.finish(offer)


def new_version_goes_live(emulator, offer=OFFER):
    emulator.portal.publish("contoso", offer)
    emulator.finish(offer)
    go_live(emulator, offer)


async def test_a_go_live_by_somebody_else_is_one_event(cpp_emulator, triggerer, stores):
    cpp_emulator.add_offer("live-before", state="live")
    triggerer.start("asset", OfferLiveTrigger(**QUICK))
    await triggerer.until(lambda: stores["asset"])
    go_live(cpp_emulator)
    await triggerer.until(lambda: triggerer.events["asset"])
    await some_looks(triggerer, cpp_emulator)
    (event,) = triggerer.events["asset"]
    offer = f"{cpp_emulator.url}/api/publishers/contoso/offers/{OFFER}"
    changed_time = event.pop("changed_time")
    assert changed_time.endswith("+00:00")
    assert event == {
        "publisher_id": "contoso",
        "offer_id": OFFER,
        "version": 1,
        "operation_location": f"{offer}/operations/{cpp_emulator.operations(OFFER)[-1].id}",
        "live_links": [
            {"text": "Live", "url": f"https://azuremarketplace.example/marketplace/apps/contoso.{OFFER}"}
        ],
    }


async def test_a_failed_go_live_a_publish_and_a_running_one_are_no_events(cpp_emulator, triggerer, stores):
    cpp_emulator.add_offer("two")
    cpp_emulator.add_offer("three", state="draft")
    cpp_emulator.configure(duration=1000)
    triggerer.start("asset", OfferLiveTrigger(**QUICK))
    await triggerer.until(lambda: stores["asset"])
    cpp_emulator.portal.go_live("contoso", OFFER)
    cpp_emulator.finish(OFFER, "fail")
    cpp_emulator.portal.go_live("contoso", "two")
    cpp_emulator.portal.publish("contoso", "three")
    cpp_emulator.finish("three")
    await some_looks(triggerer, cpp_emulator, 5)
    assert triggerer.events["asset"] == []
    cpp_emulator.finish("two")
    await triggerer.until(lambda: triggerer.events["asset"])
    assert triggerer.events["asset"][0]["offer_id"] == "two"


async def test_watchers_of_a_publisher_look_together_and_are_told_each_their_own(cpp_emulator, triggerer, stores):
    cpp_emulator.add_offer("two")
    triggerer.start("all", OfferLiveTrigger(**QUICK))
    await triggerer.until(lambda: stores["all"])
    for number in range(10):
        triggerer.start(f"two-{number}", OfferLiveTrigger(offer_id="Two", **QUICK))
    await triggerer.until(lambda: len(stores) == 11 and all(stores.values()))
    read = len(cpp_emulator.requests_for("submissions"))
    assert read == 2, "one request for each offer, whoever watches"
    go_live(cpp_emulator)
    go_live(cpp_emulator, "two")
    await triggerer.until(lambda: sum(map(len, triggerer.events.values())) >= 12)
    await some_looks(triggerer, cpp_emulator)
    assert sorted(event["offer_id"] for event in triggerer.events["all"]) == [OFFER, "two"]
    assert [len(triggerer.events[f"two-{number}"]) for number in range(10)] == [1] * 10


async def test_a_restart_of_the_triggerer_neither_repeats_nor_loses_an_event(cpp_emulator, triggerer, stores):
    cpp_emulator.add_offer("two")
    trigger = OfferLiveTrigger(**QUICK)
    triggerer.start("asset", trigger)
    await triggerer.until(lambda: stores["asset"])
    go_live(cpp_emulator)
    (operation,) = cpp_emulator.operations(OFFER)[1:]
    await triggerer.until(lambda: operation.id in str(stores["asset"]))
    await triggerer.stop()
    go_live(cpp_emulator, "two")
    new_version_goes_live(cpp_emulator)
    second = Triggerer(stores)
    try:
        second.start("asset", trigger)
        await second.until(lambda: len(second.events["asset"]) == 2)
        await some_looks(second, cpp_emulator)
    finally:
        await second.stop()
    told = triggerer.events["asset"] + second.events["asset"]
    assert [(event["offer_id"], event["version"]) for event in told] == [(OFFER, 1), ("two", 1), (OFFER, 2)]


async def test_an_event_that_was_not_stored_is_sent_again_after_a_restart(cpp_emulator, stores):
    trigger = OfferLiveTrigger(**QUICK)
    first = Triggerer(stores)
    first.start("asset", trigger)
    await first.until(lambda: stores["asset"])
    first.stores_events = False
    go_live(cpp_emulator)
    await first.until(lambda: first.events["asset"])
    await some_looks(first, cpp_emulator, 5)
    await first.stop()
    second = Triggerer(stores)
    second.start("asset", trigger)
    await second.until(lambda: second.events["asset"])
    await second.stop()
    assert first.events["asset"] == second.events["asset"]


async def test_a_state_store_that_fails_is_asked_again_and_nothing_is_lost(cpp_emulator, triggerer, stores):
    class Failing(Store):
        broken = True

        def get(self, key, default=None):
            return self._unless_broken(super().get, key, default)

        def set(self, key, value, *, retention=None):
            return self._unless_broken(super().set, key, value)

        def _unless_broken(self, method, *arguments):
            if self.broken:
                raise RuntimeError("the API server restarts")
            return method(*arguments)

    store = stores["asset"] = Failing()
    triggerer.start("asset", OfferLiveTrigger(lookback=timedelta(days=1), **QUICK))
    go_live(cpp_emulator)
    await some_looks(triggerer, cpp_emulator)
    assert triggerer.events["asset"] == []
    store.broken = False
    await triggerer.until(lambda: triggerer.events["asset"])
    store.broken = True
    new_version_goes_live(cpp_emulator)
    await triggerer.until(lambda: len(triggerer.events["asset"]) == 2)
    store.broken = False
    newest = cpp_emulator.operations(OFFER)[-1].id
    await triggerer.until(lambda: newest in str(store))
    assert len(triggerer.events["asset"]) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("error", action="offers", times=3),
        Fault("html", action="submissions", times=3),
        Fault("throttled", action="offers", times=2, retry_after="0"),
        Fault("lost-response", action="submissions", times=3),
        Fault("cut-body", action="offers", times=3),
        Fault("revoked", action="offers", times=2),
        Fault("array", action="operation", times=3),
        Fault("not-found", action="offers", times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.action}",
)
async def test_a_read_that_fails_is_no_event_and_loses_none(cpp_emulator, triggerer, stores, fault):
    triggerer.start("asset", OfferLiveTrigger(**QUICK))
    await triggerer.until(lambda: stores["asset"])
    cpp_emulator.faults.add(fault)
    await some_looks(triggerer, cpp_emulator, 2)
    assert triggerer.events["asset"] == []
    go_live(cpp_emulator)
    await triggerer.until(lambda: triggerer.events["asset"])
    await some_looks(triggerer, cpp_emulator)
    assert [event["offer_id"] for event in triggerer.events["asset"]] == [OFFER]


async def test_links_that_cannot_be_read_delay_no_event(cpp_emulator, triggerer, stores):
    triggerer.start("asset", OfferLiveTrigger(**QUICK))
    await triggerer.until(lambda: stores["asset"])
    cpp_emulator.faults.add(Fault("error", action="operation", times=None))
    go_live(cpp_emulator)
    await triggerer.until(lambda: triggerer.events["asset"])
    assert triggerer.events["asset"][0]["live_links"] == []


async def test_a_missing_permission_is_an_error_in_the_log_and_ends_nothing(
    cpp_emulator, triggerer, stores, caplog
):
    cpp_emulator.configure(forbidden_publishers=("contoso",))
    with caplog.at_level(logging.INFO, "airflow_provider_cpp"):
        triggerer.start("asset", OfferLiveTrigger(lookback=3600, **QUICK))
        await some_looks(triggerer, cpp_emulator, 4)
        go_live(cpp_emulator)
        cpp_emulator.configure(forbidden_publishers=())
        await triggerer.until(lambda: triggerer.events["asset"])
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "403" in errors[0]
    assert "Partner Center" in errors[0]


async def test_a_refused_login_and_a_missing_connection_end_nothing(
    cpp_emulator, triggerer, stores, caplog, monkeypatch
):
    right = cpp_emulator.connection_json()
    monkeypatch.delenv("AIRFLOW_CONN_CPP_DEFAULT")
    triggerer.start("asset", OfferLiveTrigger(lookback=3600, **QUICK))
    with caplog.at_level(logging.WARNING, "airflow_provider_cpp"):
        await triggerer.until(lambda: "will try on" in caplog.text)
        caplog.clear()
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", right.replace(cpp_emulator.client_secret, "of-last-year"))
        await triggerer.until(lambda: "isn't possible" in caplog.text)
    assert "of-last-year" not in caplog.text
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", right)
    go_live(cpp_emulator)
    await triggerer.until(lambda: triggerer.events["asset"])


async def test_another_publishers_past_is_no_news_when_the_connection_is_edited(
    cpp_emulator, triggerer, stores, monkeypatch
):
    cpp_emulator.add_offer("others-offer", "fabrikam")
    cpp_emulator.portal.go_live("fabrikam", "others-offer")
    cpp_emulator.finish("others-offer", publisher_id="fabrikam")
    triggerer.start("asset", OfferLiveTrigger(**QUICK))
    await triggerer.until(lambda: stores["asset"])
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(publisher_id="fabrikam"))
    await triggerer.until(lambda: "others-offer" in str(stores["asset"]))
    assert triggerer.events["asset"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offer_id", "{{ params.offer }}"),
        ("publisher_id", "None"),
        ("offer_id", True),
        ("poke_interval", "60"),
        ("max_poke_interval", float("inf")),
        ("lookback", -1),
        ("lookback", float("nan")),
    ],
)
def test_an_argument_that_cant_be_is_refused_by_its_name_as_nothing_of_it_is_rendered(name, value):
    with pytest.raises(CppConfigurationError, match=name):
        OfferLiveTrigger(**{name: value})


async def test_a_durable_id_is_refused_in_words_on_the_older_api(cpp_emulator, triggerer, monkeypatch):
    durable = f"product/{cpp_emulator.offer(OFFER).product_id}"
    said = []
    monkeypatch.setattr(OfferLiveTrigger, "_say", lambda self, level, text: said.append((level, text)))
    triggerer.start("asset", OfferLiveTrigger(offer_id=durable, **QUICK))
    await triggerer.until(lambda: said)
    go_live(cpp_emulator)
    await some_looks(triggerer, cpp_emulator)
    ((level, error),) = said
    assert level == logging.ERROR
    assert error.startswith("Nothing is reported by connection 'cpp_default':")
    assert f"offer_id='{durable}' is no offer's id" in error
    assert "'product_ingestion'" in error
    assert triggerer.events["asset"] == []


@pytest.mark.parametrize("offer_id", ["product/", "product/a/b", "product/..", "product/{{ x }}", "a/b"])
def test_what_is_neither_an_offers_id_nor_a_durable_one_is_refused_at_once(offer_id):
    with pytest.raises(CppConfigurationError, match="offer_id"):
        OfferLiveTrigger(offer_id=offer_id)


class TestTheNewerApi:
    """Its list of products shows no change of any: a few of them are read at each look."""

    @pytest.fixture(autouse=True)
    def _connected(self, cpp_emulator, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api="product_ingestion"))

    @pytest.fixture
    def looks(self, cpp_emulator):
        return lambda: len(cpp_emulator.requests_for("products"))

    async def test_a_go_live_by_somebody_else_is_one_event(self, cpp_emulator, triggerer, stores, looks):
        cpp_emulator.add_offer("live-before", state="live")
        triggerer.start("asset", OfferLiveTrigger(**QUICK))
        await triggerer.until(lambda: stores["asset"])
        go_live(cpp_emulator)
        await triggerer.until(lambda: triggerer.events["asset"])
        before = looks()
        await triggerer.until(lambda: looks() >= before + 3)
        (event,) = triggerer.events["asset"]
        assert (event["publisher_id"], event["offer_id"]) == ("contoso", OFFER)
        assert "/rp/product-ingestion/submission/" in event["operation_location"]
        assert event["live_links"] == []

    async def test_an_offer_may_be_named_by_its_durable_id(self, cpp_emulator, triggerer, stores):
        cpp_emulator.add_offer("another", state="live")
        guid = cpp_emulator.offer(OFFER).product_id
        named = {"external": OFFER, "durable": f"product/{guid.upper()}", "unknown": f"product/{guid[:-1]}x"}
        for name, offer_id in named.items():
            triggerer.start(name, OfferLiveTrigger(offer_id=offer_id, **QUICK))
        await triggerer.until(lambda: stores["external"] and stores["durable"])
        new_version_goes_live(cpp_emulator, "another")
        go_live(cpp_emulator)
        await triggerer.until(lambda: triggerer.events["external"] and triggerer.events["durable"])
        assert triggerer.events["external"] == triggerer.events["durable"]
        assert [event["offer_id"] for event in triggerer.events["durable"]] == [OFFER]
        assert triggerer.events["unknown"] == []

    async def test_its_requests_are_bounded_however_many_offers_there_are(
        self, cpp_emulator, triggerer, stores, looks
    ):
        for number in range(25):
            cpp_emulator.add_offer(f"vm-{number:02}", state="live")
        triggerer.start("asset", OfferLiveTrigger(**QUICK))
        await triggerer.until(lambda: looks() >= 6)
        rows, lists = len(cpp_emulator.requests_for("submissions")), looks()
        assert rows <= READS_PER_LOOK * lists
        read = {record.path for record in cpp_emulator.requests_for("submissions")}
        assert len(read) == 26, "each is read in its turn"
        new_version_goes_live(cpp_emulator, "vm-07")
        await triggerer.until(lambda: triggerer.events["asset"])
        assert [event["offer_id"] for event in triggerer.events["asset"]] == ["vm-07"]
