"""OfferLiveTrigger as Airflow 3.0 to 3.2 run it: each looks on its own, and nobody remembers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow 2 has no asset watchers")

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.triggers.offer_live import OfferLiveTrigger
from tests.running import Store, anew, through_the_database

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poke_interval": 0.05, "max_poke_interval": 0.1}


def go_live(emulator, offer=OFFER):
    """Take an offer live as somebody else does."""
    emulator.portal.go_live("contoso", offer)
    emulator.finish(offer)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_it_sends_one_event_for_each_go_live_of_its_offer(cpp_emulator):
    cpp_emulator.add_offer("two")
    stream = anew(OfferLiveTrigger(offer_id=OFFER, **QUICK)).run()
    first = asyncio.ensure_future(anext(stream))
    await until(lambda: len(cpp_emulator.requests_for("offers")) > 1)
    go_live(cpp_emulator, "two")
    go_live(cpp_emulator)
    event = await asyncio.wait_for(first, 20)
    assert event.payload["offer_id"] == OFFER
    assert event.payload["live_links"]
    await stream.aclose()


async def test_without_a_memory_a_start_goes_back_as_far_as_it_is_told_to(cpp_emulator):
    go_live(cpp_emulator)
    for _ in range(2):  # a restart repeats it
        stream = anew(OfferLiveTrigger(lookback=timedelta(hours=1), **QUICK)).run()
        event = await asyncio.wait_for(anext(stream), 20)
        assert event.payload["offer_id"] == OFFER
        await stream.aclose()


@pytest.mark.parametrize("remembers", [True, False])
async def test_a_start_without_a_memory_says_so_once(cpp_emulator, monkeypatch, caplog, capsys, remembers):
    feature = replace(airflow_versions.WATCHERS_MEMORY, is_here=remembers)
    monkeypatch.setattr(airflow_versions, "WATCHERS_MEMORY", feature)
    caplog.set_level("INFO")
    go_live(cpp_emulator)
    stream = anew(OfferLiveTrigger(lookback=timedelta(hours=1), **QUICK)).run()
    await asyncio.wait_for(anext(stream), 20)
    await stream.aclose()
    told = max(text.count(feature.fallback) for text in (caplog.text, capsys.readouterr().out))
    assert told == (0 if remembers else 1)


async def test_several_assets_of_one_trigger_all_remember(cpp_emulator):
    stores = defaultdict(Store)
    trigger = OfferLiveTrigger(lookback=3600, **QUICK)
    go_live(cpp_emulator)
    trigger.asset_state_store = SimpleNamespace(_by_name={"a": stores["a"]}, _by_uri={"b": stores["b"]})
    stream = trigger.run()
    await asyncio.wait_for(anext(stream), 20)
    following = asyncio.ensure_future(anext(stream))
    await until(lambda: stores["b"])
    following.cancel()
    await asyncio.wait([following])
    await stream.aclose()
    assert stores["a"] == stores["b"] != {}


def test_it_is_made_anew_from_json_primitives_alone():
    trigger = OfferLiveTrigger(
        publisher_id="contoso", offer_id="vm", poke_interval=timedelta(minutes=2), lookback=timedelta(hours=1)
    )
    path, arguments = trigger.serialize()
    assert path == "airflow_provider_cpp.triggers.offer_live.OfferLiveTrigger"
    assert through_the_database(arguments) == arguments
    assert anew(trigger).serialize() == trigger.serialize()
    assert (arguments["poke_interval"], arguments["max_poke_interval"]) == (120.0, 600.0)
    assert anew(trigger).shared_stream_key() == trigger.shared_stream_key()


@pytest.mark.parametrize(
    "arguments", [{"publisher_id": ""}, {"offer_id": "../x"}, {"poke_interval": 0}, {"poke_interval": -1.0}]
)
def test_what_cannot_be_is_refused_when_the_dag_is_read(arguments):
    with pytest.raises(CppConfigurationError):
        OfferLiveTrigger(**arguments)


def test_airflow_takes_it_as_an_assets_watcher():
    from airflow.sdk import Asset, AssetWatcher

    watcher = AssetWatcher(name="live", trigger=OfferLiveTrigger(offer_id="vm"))
    assert Asset("cpp://contoso/vm", watchers=[watcher]).uri == "cpp://contoso/vm"
