"""AddImageVersionOperator against each service on a real socket."""

from __future__ import annotations

import json
import logging
import traceback
from copy import deepcopy
from importlib import metadata
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.emulator import Fault, refusals
from airflow_provider_cpp.exceptions import CppBadRequest, CppConfigurationError, CppNotFound
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.operators.offer import AddImageVersionOperator
from airflow_provider_cpp.services.cloud_partner_portal import putting as putting_offers
from airflow_provider_cpp.services.product_ingestion import draft_jobs
from airflow_provider_cpp.services.product_ingestion import putting as putting_drafts
from tests.running import context_of, run_task, through_the_database

OFFER = "images"
PLAN = "images-plan"
SIGNATURE = "s1gnature%2Bof%2Fours%3D"
WRITES = {"cpp": "put-offer", "product_ingestion": "configure"}


@pytest.fixture(params=WRITES)
def api(request):
    """Which service the connection leads to."""
    return request.param


@pytest.fixture(autouse=True)
def portal(cpp_emulator, monkeypatch, api):
    door = {} if api == "cpp" else {"api": api}
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(**door))
    monkeypatch.setattr(putting_offers, "SETTLE_PAUSES", (0.01,))
    monkeypatch.setattr(putting_drafts, "SETTLE_PAUSES", (0.01, 0.01))
    monkeypatch.setattr(draft_jobs, "PAUSES", (0.01,))
    cpp_emulator.add_offer(OFFER, state="live", plans=2)
    return cpp_emulator


@pytest.fixture
def lines(monkeypatch):
    """What the task's log says."""
    found = []
    monkeypatch.setattr(OffersHook, "say", lambda hook, level, text: found.append((level, text)))
    return found


@pytest.fixture
def masked(monkeypatch):
    """What Airflow is to blank wherever it shows something."""
    found = []
    monkeypatch.setattr("airflow.providers.common.compat.sdk.mask_secret", found.append)
    return found


def image(kind, number="1.0.1", signature=SIGNATURE):
    file = f"https://contosoimages.blob.core.windows.net/vhds/{kind}-{number}.vhd"
    return {"image_type": kind, "os_disk": f"{file}?sv=2023-11-03&sp=rl&sig={signature}"}


def both(number="1.0.1", signature=SIGNATURE):
    return [image(kind, number, signature) for kind in ("x64Gen1", "x64Gen2")]


def add(**arguments):
    given = {"task_id": "add", "offer_id": OFFER, "plan_id": PLAN, "image_version": "1.0.1", "images": both()}
    return AddImageVersionOperator(**{**given, **arguments})


def result_of(task, **context):
    return through_the_database(run_task(task, context_of(task, **context)).result)


def rendered(task, **context):
    """A worker's fresh copy of a task, its templates rendered as Airflow does before it runs."""
    fresh = deepcopy(task)
    fresh.render_template_fields(context_of(task, **context))
    return fresh


def versions(portal, plan=0):
    definition = portal.offer(OFFER).definition["plans"][plan]
    own = definition["microsoft-azure-virtualmachines.vmImages"]
    (other,) = definition["diskGenerations"]
    return list(own), list(other["microsoft-azure-virtualmachines.vmImages"])


def writes(portal, api):
    return portal.requests_for(WRITES[api])


def test_a_version_is_added_to_each_generation_and_a_second_run_sends_nothing(portal, api):
    added = [{"image_type": each["image_type"], "os_disk": each["os_disk"].partition("?")[0]} for each in both()]
    assert result_of(add()) == {
        "changed": True,
        "plan_id": PLAN,
        "image_version": "1.0.1",
        "added": [{**each, "data_disks": []} for each in added],
        "retired": [],
        "versions": ["1.0.0", "1.0.1"],
    }
    assert versions(portal) == (["1.0.0", "1.0.1"], ["1.0.0", "1.0.1"])
    assert versions(portal, 1) == (["1.0.0"], ["1.0.0"])
    again = result_of(add(images=both(signature="another")))
    assert (again["changed"], again["added"], again["versions"]) == (False, [], ["1.0.0", "1.0.1"])
    assert len(writes(portal, api)) == 1


def test_the_oldest_are_retired_and_the_offer_can_be_published(portal, api):
    for number in ("1.0.1", "1.0.2", "1.0.3"):
        result = result_of(add(image_version=number, images=both(number), keep="2"))
    assert (result["retired"], result["versions"]) == (["1.0.1"], ["1.0.2", "1.0.3"])
    hook = OffersHook()
    hook.publish(OFFER)
    portal.finish(OFFER)
    hook.go_live(OFFER)
    portal.finish(OFFER)
    # Once published, all versions go back as they are: the service refuses any change of one.
    again = result_of(add(image_version="1.0.4", images=both("1.0.4"), keep=2))
    assert (again["retired"], again["versions"]) == (["1.0.2"], ["1.0.3", "1.0.4"])


def test_all_that_a_dag_knows_may_come_by_templates(portal):
    task = add(
        offer_id="{{ params.offer }}",
        plan_id="{{ params.plan }}",
        image_version="{{ params.version }}",
        images="{{ ti.xcom_pull('build') }}",
        keep="{{ params.keep }}",
        publisher_id="{{ params.publisher }}",
        cpp_conn_id="cpp_{{ params.conn }}",
        dry_run="{{ params.dry_run }}",
    )
    values = {
        "offer": OFFER,
        "plan": PLAN,
        "version": "1.0.1",
        "keep": 1,
        "publisher": "contoso",
        "conn": "default",
    }
    for pushed in (both(), json.dumps(both()), image("x64Gen1"), json.dumps(image("x64Gen1"))):
        ti = SimpleNamespace(xcom_pull=lambda task_ids, pushed=pushed: pushed)
        fresh = deepcopy(task)
        fresh.render_template_fields({**context_of(task, params={**values, "dry_run": True}), "ti": ti})
        result = result_of(fresh)
        assert (result["changed"], len(result["added"])) == (False, 2 if "Gen2" in str(pushed) else 1)
    assert versions(portal) == (["1.0.0"], ["1.0.0"])


def test_templates_within_are_rendered_in_data_and_in_json(portal):
    url = image("x64Gen2")["os_disk"].replace("1.0.1", "{{ params.version }}")
    for number, images in (
        ("1.0.1", [{"image_type": "x64Gen2", "os_disk": url}]),
        ("1.0.2", json.dumps({"image_type": "x64Gen2", "os_disk": url})),
    ):
        task = add(images=images, image_version="{{ params.version }}")
        result = result_of(rendered(task, params={"version": number}))
        assert result["added"][0]["os_disk"].endswith(f"x64Gen2-{number}.vhd")
    assert versions(portal)[1] == ["1.0.0", "1.0.1", "1.0.2"]


def test_mapped_over_plans_one_after_the_other(portal, api):
    with DAG("release", schedule=None) as dag:
        task = AddImageVersionOperator.partial(
            task_id="add", offer_id=OFFER, image_version="1.0.1", images=both(), max_active_tis_per_dagrun=1
        ).expand(plan_id=[PLAN, f"{PLAN}-2"])
    for index in range(2):
        context = context_of(task, dag=dag, dag_run=SimpleNamespace(conf={}), run_id="manual")
        context["ti"].map_index = index
        task.render_template_fields(context)
        assert through_the_database(context["task"].execute(context))["changed"] is True
    assert versions(portal) == versions(portal, 1) == (["1.0.0", "1.0.1"], ["1.0.0", "1.0.1"])
    assert len(writes(portal, api)) == 2


def test_a_dry_run_sends_nothing_and_leaves_airflows_own_alone(portal, api):
    task = add(dry_run=True)
    assert getattr(task, "dry_run", None) == getattr(super(type(task), task), "dry_run", None)
    assert result_of(task)["changed"] is False
    assert writes(portal, api) == []


def test_a_lost_answer_is_settled_by_reading(portal, api):
    portal.faults.add(Fault("lost-response", action=WRITES[api]))
    assert result_of(add())["changed"] is True
    assert len(writes(portal, api)) == 1


def test_a_version_with_other_images_is_an_error_that_says_which(portal, api):
    result_of(add())
    with pytest.raises(CppConfigurationError, match=r"x64Gen1-1\.0\.1\.vhd; x64Gen2 from"):
        result_of(add(images=both("9.9.9")))
    assert len(writes(portal, api)) == 1


#: What can't be, and the words that refuse it.
REFUSED = {
    "no version": ({"image_version": "1.0"}, "isn't written as image versions are"),
    "no images": ({"images": None}, "images is None"),
    "another plan": ({"plan_id": "gold"}, "has no plan 'gold'"),
    "another generation": ({"images": image("arm64Gen2")}, "has no generation arm64Gen2"),
    "another type of offer": ({"offer_id": "saas"}, "only virtual machine offers have image versions"),
}


def test_what_cant_be_is_refused_in_words(portal, api):
    portal.add_offer("saas", state="draft", offer_type_id="microsoft-azure-saas")
    for name, (arguments, words) in REFUSED.items():
        with pytest.raises(CppConfigurationError, match=words) as refused:
            result_of(add(**arguments))
        assert "Nothing was sent" in str(refused.value), name
    with pytest.raises(CppNotFound, match="images"):
        result_of(add(offer_id="imagse"))
    assert writes(portal, api) == []


def test_what_keep_cant_be_is_refused_while_the_dag_is_parsed():
    for keep in (0, True, "two", 1.5):
        with pytest.raises(CppConfigurationError, match=r"^keep="):
            add(keep=keep)
    assert add(keep="{{ params.keep }}").keep == "{{ params.keep }}"
    with pytest.raises(CppConfigurationError, match=r"^keep="):
        result_of(rendered(add(keep="{{ params.keep }}"), params={"keep": "two"}))


def test_a_copy_at_an_address_of_the_services_own_cant_be_compared(portal, api, lines):
    if api != "cpp":
        return
    portal.configure(copied_fields=["osVhdUrl"])
    assert result_of(add())["changed"] is True
    lines.clear()
    assert result_of(add())["changed"] is False
    assert [text for _, text in lines if "can't be compared for x64Gen1, x64Gen2" in text]
    assert result_of(add(image_version="1.0.2", images=both("1.0.2")))["versions"] == ["1.0.0", "1.0.1", "1.0.2"]
    portal.faults.add(Fault("lost-response", action="put-offer"))
    assert result_of(add(image_version="1.0.3", images=both("1.0.3")))["changed"] is True
    assert len(writes(portal, api)) == 3


def test_an_image_of_a_gallery_is_for_the_newer_api(portal, api):
    gallery = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.1"
    tenant = "0d9c4f1e-0000-4000-8000-000000000001"
    shared = {"image_type": "x64Gen2", "shared_image": gallery, "tenant_id": tenant}
    if api == "cpp":
        with pytest.raises(CppConfigurationError, match="takes no images of a gallery"):
            result_of(add(images=shared))
        assert portal.requests == []
        return
    assert result_of(add(images=shared))["added"] == [shared]
    assert result_of(add(images=shared))["changed"] is False


def test_versions_that_the_service_hides_are_refused_to_be_lost(portal, api):
    if api == "cpp":
        return
    portal.configure(old_technical_configuration="without-images")
    with pytest.raises(
        CppBadRequest, match=r"Cannot delete image '1\.0\.0' as it is already published"
    ) as refused:
        result_of(add())
    assert "set the connection's api_version" in str(refused.value)
    assert versions(portal) == (["1.0.0"], ["1.0.0"])


class TestSecrets:
    """A signature is never shown."""

    def test_neither_in_the_log_nor_in_the_result_nor_in_an_error(self, lines):
        shown = [json.dumps(result_of(add(keep=1))), json.dumps(result_of(add()))]
        with pytest.raises(CppConfigurationError) as refused:
            result_of(add(images=both("9.9.9")))
        shown += [str(refused.value), repr(refused.value), *(text for _, text in lines)]
        for text in shown:
            assert SIGNATURE not in text
            assert "sig=" not in text
        assert {level for level, _ in lines} == {logging.INFO}

    def test_nor_where_the_service_quotes_it_in_a_sentence(self, portal, api, lines, monkeypatch):
        for quoted in (SIGNATURE, unquote(SIGNATURE)):
            said = f"The MAC signature found in the HTTP request '{quoted}' is not the same as any computed one."
            monkeypatch.setattr(refusals, "REASON", said)
            portal.faults.add(Fault("refusal", action=WRITES[api], value="details"))
            with pytest.raises(CppBadRequest, match=r"HTTP request '\*\*\*' is not the same") as refused:
                result_of(add())
            assert quoted not in "".join(traceback.format_exception(refused.value))
        assert all(quoted not in text for _, text in lines)

    def test_airflow_blanks_it_where_it_shows_the_task(self, masked):
        task = add(images="{{ params.images }}")
        refused = ([{**image("x64Gen1"), "image_typ": "x"}], [{**image("x64Gen1"), 7: "no JSON"}])
        for images in (both(), json.dumps(both()), *refused):
            masked.clear()
            rendered(task, params={"images": images})
            assert {SIGNATURE, f"sv=2023-11-03&sp=rl&sig={SIGNATURE}"} <= set(masked), images

    def test_so_that_the_rendered_template_has_none(self):
        runner = pytest.importorskip(
            "airflow.sdk.execution_time.task_runner", reason="Airflow 2 does it elsewhere"
        )
        shown_by_airflow = getattr(runner, "_serialize_rendered_fields", None)
        if shown_by_airflow is None:
            pytest.skip("this Airflow does it elsewhere")
        if metadata.version("apache-airflow").startswith("3.0."):
            pytest.skip("Airflow 3.0 shows template fields as they are rendered: docs/versions.md says so")
        task = add(images="{{ params.images }}")
        disks = [{"lun": 0, "uri": image("disk", signature="of-the-disk")["os_disk"]}]
        for images in ([{**image("x64Gen1"), "data_disks": disks}], json.dumps(both())):
            shown = json.dumps(shown_by_airflow(rendered(task, params={"images": images})), default=str)
            assert "x64Gen1-1.0.1.vhd" in shown
            assert SIGNATURE not in shown
            assert "of-the-disk" not in shown

    def test_also_one_that_the_dags_file_has(self, masked):
        add()
        assert SIGNATURE in masked

    def test_also_those_of_a_mapped_task(self, masked):
        with DAG("release", schedule=None) as dag:
            task = AddImageVersionOperator.partial(
                task_id="add", offer_id=OFFER, plan_id=PLAN, image_version="1.0.1"
            ).expand(images=[both(signature="of-the-list"), json.dumps(both(signature="of-the-json"))])
        masked.clear()
        for index in range(2):
            context = context_of(task, dag=dag, dag_run=SimpleNamespace(conf={}), run_id="manual")
            context["ti"].map_index = index
            task.render_template_fields(context)
        assert {"of-the-list", "of-the-json"} <= set(masked)

    def test_json_that_is_none_is_masked_as_a_whole(self, masked):
        broken = json.dumps(both())[:-1]
        task = rendered(add(images="{{ params.images }}"), params={"images": broken})
        assert broken in masked
        with pytest.raises(CppConfigurationError, match="images is no JSON") as refused:
            result_of(task)
        assert SIGNATURE not in str(refused.value)
