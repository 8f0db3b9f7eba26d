"""Arguments are checked before anything is sent: while the DAG is parsed, or when a mapped task is made."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.schedule import LONGEST_WAIT
from airflow_provider_cpp.operators.offer import CancelOperator, GoLiveOperator, PublishOperator, PutOfferOperator
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.offer_status import OfferStatusTrigger
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.lro.test_schedule import NO_INTERVALS
from tests.running import context_of

try:
    from airflow_provider_cpp.triggers.offer_live import OfferLiveTrigger
except Exception:  # noqa: BLE001 - before Airflow 3 its own error says so
    OfferLiveTrigger = None

OFFER = "contoso-virtualmachineoffer"
STARTING = ("poll_interval", "max_poll_interval", "timeout", "stuck_after")
WAITING = ("poke_interval", "max_poke_interval", "timeout", "stuck_after")
STARTING_FLAGS = ("wait_for_completion", "deferrable", "cancel_on_kill")
WAITING_FLAGS = ("deferrable", "start_from_trigger", "end_from_trigger")
INTERVALS = [
    *((GoLiveOperator, name) for name in STARTING),
    *((PublishOperator, name) for name in STARTING),
    (CancelOperator, "timeout"),
    *((OperationSensor, name) for name in WAITING),
    *((OfferStatusSensor, name) for name in WAITING),
]
FLAGS = [
    *((GoLiveOperator, name) for name in (*STARTING_FLAGS, "precheck", "skip_if_live")),
    *((PublishOperator, name) for name in STARTING_FLAGS),
    (CancelOperator, "fail_if_not_canceled"),
    *((OperationSensor, name) for name in (*WAITING_FLAGS, "cancel_on_kill")),
    *((OfferStatusSensor, name) for name in WAITING_FLAGS),
]


def made(make, **arguments):
    of = {"operation_location": "/x"} if make is OperationSensor else {"offer_id": OFFER}
    return make(**{"task_id": "t", **of, **arguments})


@pytest.mark.parametrize(("make", "name"), INTERVALS)
def test_what_is_no_interval_is_refused_by_its_name_when_the_dag_is_parsed(make, name):
    with DAG("d", schedule=None):
        for value in (*NO_INTERVALS, BaseOperator(task_id="before").output):
            if name == "stuck_after" and value is None:
                continue
            with pytest.raises(CppConfigurationError, match=f"^{name}=.*It takes seconds"):
                made(make, task_id=f"t{id(value)}", **{name: value})


@pytest.mark.parametrize(("make", "name"), INTERVALS)
def test_numbers_of_all_kinds_are_taken(make, name):
    for value in (1, 0.5, Decimal("1.5"), timedelta(seconds=2)):
        assert 0 < getattr(made(make, **{name: value}), name) <= 2


@pytest.mark.parametrize(("make", "name"), FLAGS)
def test_what_is_no_flag_is_refused_by_its_name_when_the_dag_is_parsed(make, name):
    for value in ("{{ params.x }}", "False", "", 1, 0, None, []):
        with pytest.raises(CppConfigurationError, match=rf"^{name}=.*True or False, and is no template field"):
            made(make, **{name: value})


@pytest.mark.parametrize("how", ["partial", "expand"])
@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (CancelOperator, "timeout", float("inf")),
        (CancelOperator, "fail_if_not_canceled", "no"),
        (CancelOperator, "dry_run", "perhaps"),
        (GoLiveOperator, "timeout", "30s"),
        (GoLiveOperator, "precheck", "{{ params.x }}"),
        (OperationSensor, "stuck_after", float("nan")),
    ],
)
def test_a_mapped_task_is_checked_when_it_is_made_and_sends_nothing(cpp_emulator, make, name, value, how):
    of = "operation_location" if make is OperationSensor else "offer_id"
    with DAG("d", schedule=None) as dag:
        if how == "partial":
            task = make.partial(task_id="t", **{name: value}).expand(**{of: [OFFER]})
        else:
            task = make.partial(task_id="t", **{of: OFFER}).expand(**{name: [value]})
    context = context_of(task, dag=dag, dag_run=SimpleNamespace(conf={}), run_id="manual")
    context["ti"].map_index = 0
    with pytest.raises(CppConfigurationError, match=name):
        task.render_template_fields(context)
    assert cpp_emulator.requests == []


@pytest.mark.parametrize("value", NO_INTERVALS, ids=repr)
def test_the_hooks_limit_is_checked_before_anything_is_sent(cpp_emulator, value):
    hook = CloudPartnerPortalHook()
    with pytest.raises(CppConfigurationError, match="within"):
        hook.cancel(OFFER, within=value)
    location = f"/api/publishers/contoso/offers/{OFFER}/operations/56615b67-2185-49fe-80d2-c4ddf77bb2e8"
    with pytest.raises(CppConfigurationError, match="within"):
        hook.cancel_operation(location, within=value)
    assert cpp_emulator.requests == []


@pytest.mark.parametrize("name", ["poke_interval", "max_poke_interval", "stuck_after", "limit", "hard_limit"])
@pytest.mark.parametrize("value", NO_INTERVALS, ids=repr)
def test_a_trigger_that_is_made_by_hand_is_checked_too(name, value):
    if name in {"stuck_after", "poke_interval"} and value is None:  # for never, and for the service's own
        return
    with pytest.raises(CppConfigurationError, match=name):
        OperationTrigger(operation_location="/x", **{name: value})


@pytest.mark.parametrize(
    "value", [5, 0, True, float("inf"), timedelta(1), b"failed", {"a": 1}, [5], "{{ params.x }}"]
)
@pytest.mark.parametrize("name", ["target", "failed_states"])
@pytest.mark.parametrize("make", [OfferStatusSensor, OfferStatusTrigger])
def test_what_are_no_words_of_a_status_is_refused_when_the_dag_is_parsed(make, name, value):
    arguments = {"task_id": "t"} if make is OfferStatusSensor else {"target": ["running"]}
    with pytest.raises(CppConfigurationError, match=f"^{name}="):
        make(**{**arguments, "offer_id": OFFER, name: value})


def test_one_word_of_a_status_is_one_word():
    assert OfferStatusTrigger(offer_id=OFFER, target="running", failed_states="failed").target == ["running"]


@pytest.mark.parametrize(
    "value", [None, 5, True, "a/b", "{{ params.x }}", b"x", {"a": 1}, [5], [None], ["{{ params.x }}"]]
)
@pytest.mark.parametrize("name", ["ignore", "exact"])
def test_what_are_no_paths_is_refused_when_the_dag_is_parsed(name, value):
    with pytest.raises(CppConfigurationError, match=f"^{name}"):
        PutOfferOperator(task_id="t", offer_id=OFFER, definition={}, **{name: value})


def operation_trigger(**arguments):
    return OperationTrigger(**{"operation_location": "/x", **arguments})


@pytest.mark.parametrize("value", [None, 0, 1, "False", "{{ params.x }}", []])
def test_a_trigger_takes_no_word_for_a_flag_to_cancel(value):
    with pytest.raises(CppConfigurationError, match=r"^cancel_on_kill="):
        operation_trigger(cancel_on_kill=value)


@pytest.mark.parametrize("value", [None, 5, "", "{{ params.x }}", "perhaps", b"running"])
def test_a_triggers_word_that_is_none_is_refused_at_once(value):
    with pytest.raises(CppConfigurationError, match=r"^until is"):
        operation_trigger(until=value)
    for name in ("target", "failed_states"):
        with pytest.raises(CppConfigurationError, match=rf"^{name}"):
            OfferStatusTrigger(**{"offer_id": OFFER, "target": "running", name: ["perhaps"]})


def test_the_longest_timeout_that_a_sensor_takes_its_trigger_takes_too():
    most = operation_trigger(limit=LONGEST_WAIT, hard_limit=2 * LONGEST_WAIT)
    assert most.limit == LONGEST_WAIT


@pytest.mark.parametrize(
    "value", [None, "", " ", "None", "{{ params.conn }}", "cpp_{{ ds }}", "a\nb", 5, True, ["cpp_default"]]
)
def test_what_is_no_id_of_a_connection_is_refused_wherever_it_isnt_rendered(value):
    with pytest.raises(CppConfigurationError, match="cpp_conn_id"):
        CloudPartnerPortalHook(value)
    if OfferLiveTrigger is not None:
        with pytest.raises(CppConfigurationError, match="cpp_conn_id"):
            OfferLiveTrigger(cpp_conn_id=value)


def test_an_id_of_a_connection_may_hold_a_slash_as_in_airflow():
    assert CloudPartnerPortalHook("team/cpp").cpp_conn_id == "team/cpp"


@pytest.mark.parametrize("value", ["False", "false", "{{ params.x }}", "", 1, 0, None, []])
def test_the_hook_takes_no_word_for_a_flag(cpp_emulator, value):
    hook = CloudPartnerPortalHook()
    definition = {"definition": {"displayText": "New"}}
    for name in ("dry_run", "create", "new_plans"):
        with pytest.raises(CppConfigurationError, match=rf"^{name}="):
            hook.put_offer(OFFER, definition, **{name: value})
    with pytest.raises(CppConfigurationError, match=r"^precheck="):
        hook.go_live(OFFER, precheck=value)
    with pytest.raises(CppConfigurationError, match=r"^dry_run="):
        hook.cancel(OFFER, dry_run=value)
    assert cpp_emulator.requests == []


@pytest.mark.parametrize("offer", ["{{ params.offer }}", "vm-{{ ds }}", "None", True, 1.5])
def test_no_call_of_the_hook_takes_a_template_for_an_offer(cpp_emulator, offer):
    hook = CloudPartnerPortalHook()
    calls = (
        hook.go_live,
        hook.publish,
        hook.cancel,
        hook.get_offer,
        hook.get_offer_status,
        hook.list_submissions,
        hook.offer_location,
        lambda name: hook.put_offer(name, {"definition": {}}),
        hook.list_offers,
    )
    for call in calls:
        with pytest.raises(CppConfigurationError, match=r"offer_id|publisher_id"):
            call(offer)
    assert cpp_emulator.requests == []
