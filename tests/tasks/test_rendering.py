"""What reaches the service of a template field, in DAGs with and without native rendering, mapped tasks too."""

from __future__ import annotations

import json
from copy import deepcopy
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.operators.offer import (
    AddImageVersionOperator,
    CancelOperator,
    GetOfferOperator,
    GoLiveOperator,
    ListOffersOperator,
    PublishOperator,
    PutOfferOperator,
)
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from tests.running import context_of, run_task

OFFER = "contoso-virtualmachineoffer"
TEXTS = [
    "1.0",
    "2024",
    "007",
    "1e3",
    "True",
    "None",
    "[1, 2]",
    "{'a': 1}",
    "'quoted'",
    '"quoted"',
    "",
    " ",
    "two\nlines\n",
    "dos\r\nlines\r\n",
    r"a\/b \ud83d",
    "\U0001f600",
]


@pytest.fixture
def portal(cpp_emulator):
    cpp_emulator.configure(etag_on_get=True)
    return cpp_emulator


@pytest.fixture(params=[False, True], ids=["plain", "native"])
def dag(request, tmp_path):
    return DAG(
        "release",
        schedule=None,
        template_searchpath=[str(tmp_path)],
        render_template_as_native_obj=request.param,
        user_defined_macros={"shout": str.upper},
    )


def rendered(task, **params):
    """A worker's fresh copy of a task, its templates rendered as Airflow does before it runs."""
    fresh = deepcopy(task)
    fresh.render_template_fields(context_of(task, params=params))
    return fresh


def run(task, **params):
    fresh = rendered(task, **params)
    return run_task(fresh, context_of(fresh)).result


def put(dag, definition, **arguments):
    return PutOfferOperator(task_id="put", offer_id=OFFER, definition=definition, dag=dag, **arguments)


def sent(portal):
    offer = json.loads(portal.requests_for("put-offer")[-1].body)["definition"]["offer"]
    return {key: value for key, value in offer.items() if "marketplace" not in key}


class TestDefinition:
    """A definition is data."""

    @pytest.mark.parametrize("form", ["dict", "tuple", "template", "json", "file", "templated json"])
    def test_a_text_stays_the_text_that_it_is(self, portal, dag, tmp_path, form):
        wanted = {"definition": {"offer": {"x": TEXTS, "y": {f"k{text}": text for text in TEXTS}}}}
        text = json.dumps(wanted)
        (tmp_path / "offer.json").write_text(json.dumps(wanted, ensure_ascii=False), encoding="utf-8")
        templates = [f"{{{{ params.t[{index}] }}}}" for index in range(len(TEXTS))]
        definition = {
            "dict": wanted,
            "tuple": {"definition": {"offer": {"x": tuple(TEXTS), "y": wanted["definition"]["offer"]["y"]}}},
            "template": {"definition": {"offer": {"x": templates, "y": {f"k{each}": each for each in templates}}}},
            "json": text.replace("/", r"\/"),
            "templated json": text.replace('"x"', '"{{ params.x }}"'),
            "file": "offer.json",
        }[form]
        run(put(dag, definition), t=TEXTS, x="x")
        assert sent(portal) == wanted["definition"]["offer"]

    @pytest.mark.parametrize("form", ["json", "file"])
    @pytest.mark.parametrize("text", [*TEXTS, 'a "quoted" word', "back\\slash", '", "y": "z', "{ x }"])
    def test_what_a_template_in_json_gives_is_a_text_whatever_it_holds(self, dag, tmp_path, form, text):
        offer = r"""{"x": "{{ params[\"t\"] }}", "p\/{{ params.k }}": "v{{ params.t }}\n"}"""
        source = f'{{"definition": {{"offer": {offer}}}}}'
        (tmp_path / "offer.json").write_text(source, encoding="utf-8")
        task = put(dag, source if form == "json" else "offer.json")
        fresh = rendered(task, t=text, k=text)
        assert fresh.definition == {"definition": {"offer": {"x": text, f"p/{text}": f"v{text}\n"}}}

    @pytest.mark.parametrize("form", ["json", "file"])
    @pytest.mark.parametrize(
        ("source", "wanted"),
        [
            ('{"n": "{{ params.n }}", "b": "{{ params.b }}"}', {"n": "5", "b": "True"}),
            ('{"n": {{ params.n }}, "b": {{ params.b | tojson }}}', {"n": 5, "b": True}),
            ('{"l": "{{ params.l }}", "o": "{{ params.o }}"}', {"l": [1], "o": {"a": "1.0"}}),
            ('{"l": {{ params.l | tojson }}, "o": {{ params.o | tojson }}}', {"l": [1], "o": {"a": "1.0"}}),
            ('{% set v = params.n %}\n{"n": "{{ v }}"}', {"n": "5"}),
            ('{"n": 1{% if params.b %}, "b": true{% endif %}}', {"n": 1, "b": True}),
        ],
    )
    def test_what_stands_in_quotes_in_json_is_a_text(self, dag, tmp_path, form, source, wanted):
        (tmp_path / "offer.json").write_text(source, encoding="utf-8")
        fresh = rendered(put(dag, source if form == "json" else "offer.json"), n=5, b=True, l=[1], o={"a": "1.0"})
        assert fresh.definition == wanted

    def test_a_template_within_a_text_is_rendered_as_text(self, portal, dag):
        run(
            put(dag, {"definition": {"offer": {"x": "{{ params.n }}.{{ params.m }}\n", "y": "v{{ params.n }}"}}}),
            n=1,
            m=0,
        )
        assert sent(portal) == {"x": "1.0\n", "y": "v1"}

    def test_blocks_sets_and_macros_give_texts(self, portal, dag):
        template = "{% set v %}1.0{% endset %}{{ v }}{% for n in params.ns %}{{ n }}{% endfor %}{{ shout('a') }}"
        run(put(dag, {"definition": {"offer": {"x": template, "y": "{{ shout('true') }}"}}}), ns=[1, 2])
        assert sent(portal) == {"x": "1.012A", "y": "TRUE"}

    @pytest.mark.parametrize("template", ["{{ params.doc }}", " {{ params.doc }}\n", "{{ params.doc | tojson }}"])
    def test_an_expression_that_is_an_object_is_one(self, portal, dag, template):
        document = {"definition": {"offer": {"x": "1.0", "n": 1, "none": "None", "list": ["a"]}}}
        run(put(dag, template), doc=document)
        assert sent(portal) == document["definition"]["offer"]

    def test_so_is_a_constant_one_and_a_list_within(self, portal, dag):
        run(put(dag, {"definition": {"offer": "{{ {'x': ['1.0', params.t]} }}"}}), t="True")
        assert sent(portal) == {"x": ["1.0", "True"]}

    @pytest.mark.parametrize(
        "template",
        [
            "{{ params.of.values() }}",
            "{{ params.of.values() | map('upper') | map('lower') }}",
            "{{ params.of | select }}",
        ],
    )
    def test_so_is_what_gives_one_value_after_the_other(self, portal, dag, template):
        run(put(dag, {"definition": {"offer": {"x": template}}}), of={"a": "a", "b": "b"})
        assert sent(portal) == {"x": ["a", "b"]}

    def test_a_number_stays_one_where_the_dag_renders_natively(self, portal, dag):
        run(put(dag, {"definition": {"offer": {"n": "{{ params.n }}", "b": "{{ params.b }}"}}}), n=5, b=True)
        is_native = dag.render_template_as_native_obj
        assert sent(portal) == ({"n": 5, "b": True} if is_native else {"n": "5", "b": "True"})

    def test_two_keys_that_become_one_are_refused(self, portal, dag):
        with pytest.raises(CppConfigurationError, match=r"Two keys of an object are rendered to '1.0'"):
            run(put(dag, {"definition": {"{{ params.a }}": 1, "{{ params.b }}": 2}}), a="1.0", b="1.0")
        assert portal.requests == []

    @pytest.mark.parametrize("value", [None, "", " \n", "None", "[1, 2]", 7, ["a"], True])
    def test_what_renders_to_none_is_refused(self, portal, dag, value):
        with pytest.raises(CppConfigurationError, match="definition"):
            run(put(dag, "{{ params.v }}"), v=value)
        assert portal.requests == []

    def test_the_output_of_a_task_isnt_rendered_and_no_template_of_it_is_sent(self, portal, dag):
        with dag:
            before = BaseOperator(task_id="before")
            task = PutOfferOperator(task_id="put", offer_id=OFFER, definition=before.output)
        pulled = {"definition": {"offer": {"x": "1.0", "y": "two\n"}}}
        fresh = with_output(task, pulled)
        run_task(fresh, context_of(fresh))
        assert sent(portal) == pulled["definition"]["offer"]
        fresh = with_output(task, {"definition": {"offer": {"{{ params.v }}": 1}}})
        with pytest.raises(CppConfigurationError, match="at definition/offer that is a template"):
            run_task(fresh, context_of(fresh))

    def test_a_mapped_task_renders_as_any_other(self, portal, dag):
        with dag:
            task = PutOfferOperator.partial(
                task_id="put", offer_id="{{ params.offer }}", params={"offer": OFFER, "k": "1.0", "t": "007"}
            ).expand(definition=[{"definition": {"offer": {"{{ params.k }}": "{{ params.t }}"}}}])
        context = context_of(task, dag=dag, dag_run=SimpleNamespace(conf={}), run_id="manual")
        context["ti"].map_index = 0
        task.render_template_fields(context)
        run_task(context["task"], context_of(context["task"]))
        assert sent(portal) == {"1.0": "007"}


def with_output(task, value):
    fresh = deepcopy(task)
    context = context_of(task, params={}, expanded_ti_count=None)
    context["ti"].xcom_pull = lambda *_, **__: value
    context["ti"].get_relevant_upstream_map_indexes = lambda *_, **__: None  # Airflow 2
    fresh.render_template_fields(context)
    return fresh


@pytest.mark.parametrize("etag", ['"0x8D"', 'W/"1"', "*", "2024"])
def test_an_etag_goes_out_as_it_is(dag, etag):
    task = put(dag, {"definition": {"offer": {"x": "1"}}}, if_match="{{ params.etag }}\n")
    fresh = rendered(task, etag=etag)
    assert fresh.if_match == etag


@pytest.mark.parametrize("etag", [None, "", "None", 7, ["a"]])
def test_an_etag_that_isnt_there_is_no_missing_condition(portal, dag, etag):
    with pytest.raises(CppConfigurationError, match="if_match"):
        run(put(dag, {"definition": {}}, if_match="{{ params.etag }}"), etag=etag)
    assert portal.requests == []


class TestIdentifiers:
    """An identifier is a text, or a whole number for its digits."""

    @pytest.mark.parametrize("make", [GoLiveOperator, PublishOperator, CancelOperator, GetOfferOperator])
    @pytest.mark.parametrize("value", [None, "", " ", "None", True, 7.5, {"a": 1}, ["a"], "a\nb"])
    def test_what_is_none_is_refused_before_anything_is_sent(self, portal, dag, make, value):
        with pytest.raises(CppConfigurationError, match="offer_id"):
            run(make(task_id="t", offer_id="{{ params.v }}", dag=dag), v=value)
        with pytest.raises(CppConfigurationError, match=r"publisher_id|offer_id"):
            run(make(task_id="u", offer_id="{{ params.v }}", publisher_id="{{ params.v }}", dag=dag), v=value)
        with pytest.raises(CppConfigurationError, match="cpp_conn_id"):
            run(make(task_id="v", offer_id=OFFER, cpp_conn_id="{{ params.v }}", dag=dag), v=value)
        assert portal.requests == []

    @pytest.mark.parametrize("value", [None, "", " ", "None", True, 7.5, {"a": 1}, ["a"]])
    @pytest.mark.parametrize(
        "make",
        [
            *(GoLiveOperator, PublishOperator, CancelOperator, GetOfferOperator, PutOfferOperator),
            *(AddImageVersionOperator, OfferStatusSensor),
        ],
    )
    def test_a_publisher_that_was_to_be_named_is_never_the_connections_instead(self, portal, dag, make, value):
        image = {"image_type": "x64Gen1", "os_disk": "https://contoso.example/os.vhd"}
        more = {
            PutOfferOperator: {"definition": {"definition": {"displayText": "New"}}},
            AddImageVersionOperator: {"plan_id": "gold", "image_version": "1.0.2", "images": image},
        }.get(make, {})
        with pytest.raises(CppConfigurationError, match="publisher_id"):
            run(make(task_id="t", offer_id=OFFER, publisher_id="{{ params.v }}", dag=dag, **more), v=value)
        with pytest.raises(CppConfigurationError, match="publisher_id"):
            run(ListOffersOperator(task_id="l", publisher_id="{{ params.v }}", dag=dag), v=value)
        assert portal.requests == []

    def test_nor_is_one_that_a_task_pushed_nothing_for(self, portal, dag):
        with dag:
            before = BaseOperator(task_id="before")
            task = GoLiveOperator(task_id="t", offer_id=OFFER, publisher_id=before.output)
        fresh = with_output(task, None)
        with pytest.raises(CppConfigurationError, match="publisher_id"):
            run_task(fresh, context_of(fresh))
        assert portal.requests == []

    @pytest.mark.parametrize("value", [2024, "2024", "2024\n", " 2024 "])
    def test_a_whole_number_stands_for_its_digits(self, portal, dag, value):
        portal.add_offer("2024")
        assert run(GetOfferOperator(task_id="t", offer_id="{{ params.v }}", dag=dag), v=value)["id"] == "2024"
        assert "/offers/2024/operations/" in run(
            GoLiveOperator(task_id="g", offer_id="{{ params.v }}\n", dag=dag), v=value
        )

    @pytest.mark.parametrize("field", ["version", "slot"])
    @pytest.mark.parametrize("value", [None, "", " ", "None"])
    def test_no_version_and_no_slot_mean_the_latest(self, portal, dag, field, value):
        task = GetOfferOperator(task_id="t", offer_id=OFFER, dag=dag, **{field: "{{ params.v }}"})
        assert run(task, v=value)["version"] == 2

    @pytest.mark.parametrize(("field", "value"), [("version", 1), ("version", "1\n"), ("slot", "preview")])
    def test_a_version_and_a_slot(self, portal, dag, field, value):
        task = GetOfferOperator(task_id="t", offer_id=OFFER, dag=dag, **{field: "{{ params.v }}"})
        assert run(task, v=value)["version"] == 1

    @pytest.mark.parametrize("value", [True, 1.5, [1], {"a": 1}, "1.0", "draft slot"])
    @pytest.mark.parametrize("field", ["version", "slot"])
    def test_what_is_none_of_both_is_refused(self, portal, dag, field, value):
        with pytest.raises(CppConfigurationError, match=field):
            run(GetOfferOperator(task_id="t", offer_id=OFFER, dag=dag, **{field: "{{ params.v }}"}), v=value)
        assert portal.requests == []


class TestLists:
    """A list in a template works as a list."""

    @pytest.mark.parametrize(
        "template", ["{{ params.v }}", "{{ params.v | tojson }}", "{{ params.v | join(',') }}", "{{ params.v }}\n"]
    )
    def test_addresses(self, portal, dag, template):
        portal.add_offer(OFFER, state="draft")
        addresses = ["a@example.com", "b@example.com"]
        run(PublishOperator(task_id="p", offer_id=OFFER, notification_emails=template, dag=dag), v=addresses)
        (post,) = portal.requests_for("publish")
        assert json.loads(post.body) == {"metadata": {"notification-emails": "a@example.com,b@example.com"}}

    def test_addresses_that_are_constant(self, portal, dag):
        portal.add_offer(OFFER, state="draft")
        template = "{{ ['a@example.com', 'b@example.com'] }}"
        run(PublishOperator(task_id="p", offer_id=OFFER, notification_emails=template, dag=dag))
        (post,) = portal.requests_for("publish")
        assert json.loads(post.body) == {"metadata": {"notification-emails": "a@example.com,b@example.com"}}

    @pytest.mark.parametrize("value", [7, True, {"a": 1}, [1], "nobody", ["a@b", None]])
    def test_what_is_no_list_of_addresses_is_refused(self, portal, dag, value):
        with pytest.raises(CppConfigurationError, match="notification_emails"):
            run(
                PublishOperator(task_id="p", offer_id=OFFER, notification_emails="{{ params.v }}", dag=dag),
                v=value,
            )
        assert portal.requests_for("publish") == []

    @pytest.mark.parametrize(
        "value", [["neverPublished"], "['neverPublished']", '["neverPublished"]', "neverPublished"]
    )
    def test_filters(self, portal, dag, value):
        portal.add_offer("draft", state="draft")
        listed = run(ListOffersOperator(task_id="l", status="{{ params.v }}", dag=dag), v=value)
        assert [offer["offer_id"] for offer in listed] == ["draft"]

    def test_a_filter_that_a_filter_of_jinja_gives(self, portal, dag):
        portal.add_offer("draft", state="draft")
        template = "{{ params.v | map(attribute='status') }}"
        listed = run(ListOffersOperator(task_id="l", status=template, dag=dag), v=[{"status": "neverPublished"}])
        assert [offer["offer_id"] for offer in listed] == ["draft"]

    @pytest.mark.parametrize("value", [None, "", "None", [], "[]", "\n", "null"])
    @pytest.mark.parametrize("field", ["status", "offer_type_id"])
    def test_an_empty_filter_lists_all(self, portal, dag, field, value):
        assert len(run(ListOffersOperator(task_id="l", dag=dag, **{field: "{{ params.v }}"}), v=value)) == 1

    @pytest.mark.parametrize("value", [7, True, {"a": 1}, [1], [None]])
    @pytest.mark.parametrize("field", ["status", "offer_type_id"])
    def test_what_is_no_filter_is_refused(self, portal, dag, field, value):
        with pytest.raises(CppConfigurationError, match=field):
            run(ListOffersOperator(task_id="l", dag=dag, **{field: "{{ params.v }}"}), v=value)
        assert portal.requests == []


@pytest.mark.parametrize("value", [None, "", "None", " \n"])
def test_a_location_that_isnt_there_says_that_the_task_before_pushed_nothing(portal, dag, value):
    with pytest.raises(Exception, match="the task before pushed nothing"):
        run(OperationSensor(task_id="w", operation_location="{{ params.v }}", dag=dag), v=value)
    assert portal.requests == []


def test_a_field_that_a_subclass_adds_is_rendered_as_airflow_does(dag):
    class Mine(GetOfferOperator):
        template_fields = (*GetOfferOperator.template_fields, "mine")

        def __init__(self, *, mine, **arguments):
            super().__init__(**arguments)
            self.mine = mine

    fresh = rendered(Mine(task_id="m", offer_id="{{ params.v }}", mine="{{ params.v }}", dag=dag), v="1.0")
    assert (fresh.offer_id, fresh.mine) == ("1.0", 1.0 if dag.render_template_as_native_obj else "1.0")


def test_an_undefined_name_is_an_error_as_in_airflow(dag):
    with pytest.raises(Exception, match=r"undefined|no attribute"):
        rendered(GetOfferOperator(task_id="m", offer_id="{{ nowhere }}", dag=dag))
