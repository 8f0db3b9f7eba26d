"""A draft that waits in preview for its sign-off isn't published a second time, on either service."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.lro.prechecking import DryRun
from airflow_provider_cpp.services.product_ingestion import draft_jobs, intents

OFFER = "published-once"
IMAGE = [{"image_type": "x64Gen1", "os_disk": "https://contoso.blob.core.windows.net/vhds/new.vhd?sig=s"}]


@pytest.fixture(params=["cpp", "product_ingestion"])
def api(request):
    return request.param


@pytest.fixture
def hook(cpp_emulator, monkeypatch, api):
    door = {} if api == "cpp" else {"api": api}
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(**door))
    monkeypatch.setattr(draft_jobs, "PAUSES", (0.01,))
    monkeypatch.setattr(intents, "FIRST_LOOKS", (0.0,))
    cpp_emulator.add_offer(OFFER, state="live", plans=1)
    cpp_emulator.override(OFFER, duration=0)
    hook = OffersHook()
    hook.add_image_version(OFFER, f"{OFFER}-plan", "1.0.1", IMAGE)
    return hook


def publishes(portal):
    return len(portal.requests_for("publish", OFFER))


def test_by_another_task_it_is_taken_up(hook, cpp_emulator):
    first = hook.get_operation(hook.publish(OFFER))
    assert first.waits_for_signoff
    for if_running in ("fail", "adopt", "restart"):
        again = hook.publish(OFFER, if_running=if_running)
        assert hook.get_operation(again).waits_for_signoff, if_running
    assert publishes(cpp_emulator) == 1
    told = hook.start_publish(OFFER, check=DryRun()).message
    assert "Dry run: would take up what" in told
    assert "has the draft as it is now" in told
    hook.go_live(OFFER)
    assert cpp_emulator.portal.live_version(cpp_emulator.offer(OFFER)) is not None


def test_a_draft_that_was_changed_since_is_published(hook, cpp_emulator):
    hook.publish(OFFER)
    hook.add_image_version(OFFER, f"{OFFER}-plan", "1.0.2", IMAGE)
    assert hook.get_operation(hook.publish(OFFER, if_running="restart")).waits_for_signoff
    assert publishes(cpp_emulator) == 2
    preview = hook.get_offer(OFFER, slot="preview")
    assert hook.changes(hook.get_offer(OFFER), preview) == ()


def test_what_is_live_is_no_reason_to_publish_nothing(hook, cpp_emulator):
    hook.publish(OFFER)
    hook.go_live(OFFER)
    hook.publish(OFFER)
    assert publishes(cpp_emulator) == 2


def test_without_the_trees_nobody_knows_and_it_is_published_anew(hook, cpp_emulator, api):
    if api == "cpp":
        return  # it lists what waits for its sign-off as running
    hook.publish(OFFER)
    cpp_emulator.faults.add(Fault("refusal", action="resource-tree", times=2))
    hook.publish(OFFER)
    assert publishes(cpp_emulator) == 2
