"""ListOffersOperator, GetOfferOperator and PutOfferOperator against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json
from copy import deepcopy
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
)
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.operators.offer import GetOfferOperator, ListOffersOperator, PutOfferOperator
from airflow_provider_cpp.services.cloud_partner_portal import putting
from tests.running import context_of, run_task, through_the_database

OFFER = "contoso-virtualmachineoffer"
LISTED = {400: CppBadRequest, 403: CppAuthError, 404: CppNotFound}
DOCUMENT = {
    "offerTypeId": "microsoft-azure-virtualmachines",
    "definition": {"displayText": "New", "offer": {}, "plans": [{"planId": "gold"}]},
}


@pytest.fixture(autouse=True)
def portal(cpp_emulator):
    cpp_emulator.configure(etag_on_get=True)
    return cpp_emulator


@pytest.fixture
def dag(tmp_path):
    return DAG("release", schedule=None, template_searchpath=[str(tmp_path)])


def result_of(task, **context):
    return through_the_database(run_task(task, context_of(task, **context)).result)


def rendered(task, **context):
    """A worker's fresh copy of a task, its templates rendered as Airflow does before it runs."""
    fresh = deepcopy(task)
    fresh.render_template_fields(context_of(task, **context))
    return fresh


def put(**arguments):
    return PutOfferOperator(
        **{"task_id": "put", "offer_id": OFFER, "definition": {"definition": {"displayText": "New"}}, **arguments}
    )


def puts(portal):
    return portal.requests_for("put-offer")


class TestListing:
    """What tasks are mapped over."""

    @pytest.fixture(autouse=True)
    def seeded(self, portal):
        portal.add_offer("draft", state="draft")
        portal.add_offer("core", state="draft", offer_type_id="microsoft-azure-corevm")
        portal.add_offer("elsewhere", publisher_id="fabrikam")

    def test_all_offers_of_the_connections_publisher(self):
        listed = result_of(ListOffersOperator(task_id="list"))
        assert [offer["offer_id"] for offer in listed] == [OFFER, "draft", "core"]
        assert listed[1] == {
            "publisher_id": "contoso",
            "offer_id": "draft",
            "offer_type_id": "microsoft-azure-virtualmachines",
            "status": "neverPublished",
            "version": 1,
            "display_text": "draft",
        }

    @pytest.mark.parametrize(
        ("arguments", "offers"),
        [
            ({"publisher_id": "fabrikam"}, ["elsewhere"]),
            ({"offer_type_id": "microsoft-azure-corevm"}, ["core"]),
            ({"status": "NeverPublished"}, ["draft", "core"]),
            ({"status": ["running", "succeeded"]}, [OFFER]),
            ({"status": "neverPublished", "offer_type_id": {"microsoft-azure-virtualmachines"}}, ["draft"]),
            ({"status": "published"}, []),
            ({"status": []}, [OFFER, "draft", "core"]),
            ({"status": "running,succeeded"}, [OFFER]),
        ],
    )
    def test_filters(self, arguments, offers):
        listed = result_of(ListOffersOperator(task_id="list", **arguments))
        assert [offer["offer_id"] for offer in listed] == offers

    @pytest.mark.parametrize("status", ["published", "Succeeded", ["running", "completed"]])
    def test_an_offer_that_is_listed_as_published_is_found_as_live_in_any_word_for_it(self, portal, status):
        portal.add_offer("sold", state="live")
        listed = result_of(ListOffersOperator(task_id="list", status=status))
        assert [offer["offer_id"] for offer in listed if offer["status"] == "published"] == ["sold"]

    @pytest.mark.parametrize(("status", "error"), LISTED.items())
    def test_a_listed_status_is_an_error_of_its_own(self, portal, status, error):
        portal.faults.add(Fault("error", action="offers", status=status))
        with pytest.raises(error, match="List offers of publisher contoso"):
            result_of(ListOffersOperator(task_id="list"))


class TestGetting:
    """An offer's document."""

    def test_it_is_the_services_own_with_its_etag(self, portal):
        document = result_of(GetOfferOperator(task_id="get", offer_id=OFFER))
        assert (document["id"], document["version"], document["eTag"]) == (OFFER, 2, portal.offer(OFFER).etag)
        assert document["definition"]["plans"][0]["planId"] == f"{OFFER}-plan"

    def test_arguments_are_templates(self):
        task = GetOfferOperator(
            task_id="get",
            offer_id="{{ params.offer }}",
            publisher_id="{{ params.publisher }}",
            version="{{ params.version }}",
            cpp_conn_id="cpp_{{ params.conn }}",
        )
        values = {"offer": OFFER, "publisher": "contoso", "version": 1, "conn": "default"}
        assert result_of(rendered(task, params=values))["version"] == 1

    def test_a_slot(self):
        assert result_of(GetOfferOperator(task_id="get", offer_id=OFFER, slot="preview"))["version"] == 1

    @pytest.mark.parametrize(("status", "error"), LISTED.items())
    def test_a_listed_status_is_an_error_of_its_own(self, portal, status, error):
        portal.faults.add(Fault("error", action="offer", status=status))
        with pytest.raises(error, match="Get definition of offer"):
            result_of(GetOfferOperator(task_id="get", offer_id=OFFER))


class TestPutting:
    """An offer is as wanted afterwards."""

    def test_what_differs_is_told_and_returned(self, portal, monkeypatch):
        lines = []
        monkeypatch.setattr(OffersHook, "say", lambda hook, level, text: lines.append(text.strip()))
        result = result_of(put())
        assert result == {
            "changed": True,
            "created": False,
            "version": 2,
            "etag": portal.offer(OFFER).etag,
            "differences": [{"path": "definition/displayText", "before": f'"{OFFER}"', "after": '"New"'}],
            "kept": [],
            "ignored": [],
            "not_compared": [],
        }
        assert f'definition/displayText: "{OFFER}" -> "New"' in lines
        assert portal.offer(OFFER).definition["displayText"] == "New"

    def test_a_second_run_sends_nothing(self, portal):
        result_of(put())
        assert result_of(put())["changed"] is False
        assert len(puts(portal)) == 1

    def test_a_new_offer_is_created(self, portal):
        result = result_of(put(offer_id="new", definition=DOCUMENT, create=True))
        assert (result["changed"], result["created"], result["version"]) == (True, True, 1)
        assert [request.status for request in puts(portal)] == [201]

    def test_what_get_returned_is_taken_back(self, portal):
        document = result_of(GetOfferOperator(task_id="get", offer_id=OFFER))
        assert result_of(put(definition=document))["changed"] is False
        document["definition"]["displayText"] = "New"
        assert result_of(put(definition=document, if_match=document["eTag"]))["changed"] is True
        with pytest.raises(CppBadRequest, match="412"):
            result_of(put(if_match=document["eTag"], definition={"definition": {"displayText": "Newer"}}))

    def test_a_dry_run_sends_nothing_and_leaves_airflows_own_alone(self, portal):
        task = put(dry_run=True)
        assert getattr(task, "dry_run", None) == getattr(super(type(task), task), "dry_run", None)
        result = result_of(task)
        assert (result["changed"], len(result["differences"])) == (False, 1)
        assert puts(portal) == []

    def test_what_is_new_or_cant_be_compared_is_asked_for_by_templates(self, portal):
        plans = {
            "definition": {"displayText": "New", "plans": [{"planId": "gold", "clientSecret": "s3cret-word"}]}
        }
        flag = {"definition": plans, "new_plans": "{{ params.flag }}"}
        with pytest.raises(CppConfigurationError, match="has no plan 'gold'"):
            result_of(rendered(put(**flag), params={"flag": False}))
        assert result_of(rendered(put(**flag), params={"flag": True}))["changed"] is True
        secret = {"definition": plans, "resend": "{{ params.resend }}"}
        assert result_of(rendered(put(**secret), params={"resend": []}))["changed"] is False
        assert result_of(rendered(put(**secret), params={"resend": ["**/clientSecret"]}))["changed"] is True
        assert len(puts(portal)) == 2

    def test_what_is_ignored_makes_no_difference(self, portal):
        assert result_of(put(ignore=["definition/displayText"]))["changed"] is False

    @pytest.mark.parametrize(("status", "error"), [*LISTED.items(), (409, CppConflict), (412, CppBadRequest)])
    def test_a_listed_status_is_an_error_of_its_own(self, portal, status, error):
        portal.faults.add(Fault("error", action="put-offer", status=status))
        with pytest.raises(error, match=f"PUT of offer contoso/{OFFER}") as raised:
            result_of(put())
        assert raised.value.http_status == status

    def test_a_lost_answer_is_settled_by_reading(self, portal, monkeypatch):
        monkeypatch.setattr(putting, "SETTLE_PAUSES", (0.01,))
        portal.faults.add(Fault("lost-response", action="put-offer"))
        assert result_of(put())["changed"] is True
        assert len(puts(portal)) == 1


class TestDefinitions:
    """A definition is an object, JSON as text, or a file of it."""

    @pytest.fixture(autouse=True)
    def file(self, tmp_path):
        (tmp_path / "offers").mkdir()
        path = tmp_path / "offers" / "gold.json"
        path.write_text(json.dumps({"definition": {"displayText": "{{ params.title }} <é>"}}), encoding="utf-8")
        return path

    @pytest.mark.parametrize("form", ["relative", "absolute", "path object", "templated name", "with a mark"])
    def test_a_file_beside_the_dag_or_anywhere_is_a_template(self, portal, dag, file, form):
        definition = {
            "relative": "offers/gold.json",
            "absolute": str(file),
            "path object": file,
            "templated name": "offers/{{ params.plan }}.json",
            "with a mark": "offers/gold.json",
        }[form]
        if form == "with a mark":
            file.write_text(file.read_text("utf-8"), encoding="utf-8-sig")
        task = put(definition=definition, dag=dag)
        assert result_of(rendered(task, params={"title": "T", "plan": "gold"}))["changed"] is True
        assert portal.offer(OFFER).definition["displayText"] == "T <é>"

    def test_a_mapped_task_whose_fields_airflow_renders_by_itself_reads_its_file_too(self, portal, dag):
        task = put(definition="offers/gold.json", dag=dag)
        assert result_of(task, params={"title": "T"})["changed"] is True
        assert portal.offer(OFFER).definition["displayText"] == "T <é>"

    def test_a_file_is_read_by_the_worker_and_not_when_the_dag_is_parsed(self, dag):
        task = put(definition="offers/gold.json", dag=dag)
        task.resolve_template_files()
        assert task.definition == "offers/gold.json"

    def test_json_as_text(self, portal):
        task = put(definition='{"definition": {"displayText": "{{ params.title }}"}}')
        assert result_of(rendered(task, params={"title": "T"}))["changed"] is True

    def test_a_text_within_that_ends_like_a_files_name_is_none(self, portal):
        task = put(definition={"definition": {"offer": {"template": "https://x/mainTemplate.json"}}})
        result_of(rendered(task))
        assert portal.offer(OFFER).definition["offer"]["template"] == "https://x/mainTemplate.json"

    def test_a_native_template_may_render_to_an_object(self, portal, tmp_path):
        dag = DAG("n", schedule=None, template_searchpath=[str(tmp_path)], render_template_as_native_obj=True)
        task = put(definition="{{ params.document }}", dag=dag)
        assert result_of(rendered(task, params={"document": {"definition": {"displayText": "T"}}}))["changed"]

    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (None, "can't be read: there is no such file. It was looked for in"),
            ("[1]", "is a list; it has to be an object"),
            ("{'a': 1}", "is no JSON"),
            ('{"a": "{% x"}', "is no template"),
            (b"\xff\xfe{}", "can't be read"),
        ],
    )
    def test_a_file_that_cant_be_one_is_refused_with_its_name(self, portal, dag, file, content, named):
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        task = rendered(put(definition="offers/gold.json", dag=dag))
        with pytest.raises(CppConfigurationError, match=r"offers/gold\.json") as error:
            result_of(task)
        assert named in str(error.value)
        assert portal.requests == []

    @pytest.mark.parametrize("definition", [7, [], None, {"definition": 5}, {"id": "another", "definition": {}}])
    def test_what_is_no_definition_is_refused_before_anything_is_sent(self, portal, definition):
        with pytest.raises(CppConfigurationError):
            result_of(put(definition=definition))
        assert portal.requests == []

    def test_its_secrets_are_masked_where_airflow_shows_the_task(self, dag, file, monkeypatch):
        masked = []
        monkeypatch.setattr("airflow.providers.common.compat.sdk.mask_secret", masked.append)
        file.write_text(
            '{"definition": {"logo": "https://x/a.png?sig=s1gnature-1", "clientSecret": "s3cret-word"}}'
        )
        rendered(put(definition="offers/gold.json", dag=dag))
        assert set(masked) == {"sig=s1gnature-1", "s1gnature-1", "s3cret-word"}

    def test_so_are_those_of_a_mapped_task(self, dag, file, monkeypatch):
        file.write_text('{"definition": {"clientSecret": "of-the-file"}}')
        with dag:
            task = PutOfferOperator.partial(task_id="put", offer_id=OFFER).expand(
                definition=[{"clientSecret": "of-the-dict"}, '{"clientSecret": "of-the-text"}', "offers/gold.json"]
            )
        masked = []
        monkeypatch.setattr("airflow.providers.common.compat.sdk.mask_secret", masked.append)
        for index in range(3):
            context = context_of(task, dag=dag, dag_run=SimpleNamespace(conf={}), run_id="manual")
            context["ti"].map_index = index
            task.render_template_fields(context)
        assert set(masked) == {"of-the-dict", "of-the-text", "of-the-file"}

    def test_a_text_that_is_no_json_is_masked_as_a_whole(self, monkeypatch):
        masked = []
        monkeypatch.setattr("airflow.providers.common.compat.sdk.mask_secret", masked.append)
        broken = '{"clientSecret": "s3cret-word",}'
        rendered(put(definition="{{ params.broken }}"), params={"broken": broken})
        assert masked == [broken]


class TestBlanks:
    """What a document holds that is secret isn't handed on, and survives."""

    FILE = "https://contoso.blob.core.windows.net/vhds/1.0.1.vhd"
    SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"

    @pytest.fixture(autouse=True)
    def signed(self, portal):
        portal.add_offer("signed", definition=self.definition(self.SIGNATURE))

    def definition(self, signature, file=FILE):
        images = {"1.0.1": {"osVhdUrl": f"{file}?sp=rl&sig={signature}"}}
        plan = {"planId": "gold", "microsoft-azure-virtualmachines.vmImages": images}
        return {"displayText": "Contoso", "offer": {}, "plans": [plan]}

    @staticmethod
    def images_of(definition):
        return definition["plans"][0]["microsoft-azure-virtualmachines.vmImages"]

    def test_no_signature_is_returned_and_it_is_there_after_another_change(self, portal):
        document = result_of(GetOfferOperator(task_id="get", offer_id="signed"))
        assert self.images_of(document["definition"]) == self.images_of(self.definition("***"))
        assert result_of(put(offer_id="signed", definition=document))["changed"] is False
        document["definition"]["displayText"] = "New"
        result = result_of(put(offer_id="signed", definition=document))
        assert [each["path"] for each in result["differences"]] == ["definition/displayText"]
        after = portal.offer("signed").definition
        assert after["displayText"] == "New"
        assert self.images_of(after) == self.images_of(self.definition(self.SIGNATURE))

    def test_a_blank_that_nothing_there_fits_is_refused(self, portal):
        elsewhere = self.definition("***", "https://contoso.blob.core.windows.net/vhds/2.vhd")
        with pytest.raises(CppConfigurationError, match=r"nothing to put in place of the blank .*osVhdUrl"):
            result_of(put(offer_id="signed", definition={"definition": elsewhere}))
        new = {**DOCUMENT, "definition": self.definition("***")}
        with pytest.raises(CppConfigurationError, match="a blank means the value that is there"):
            result_of(put(offer_id="another", definition=new, create=True))
        assert puts(portal) == []
