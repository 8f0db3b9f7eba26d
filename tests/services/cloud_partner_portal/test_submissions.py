"""What the list of an offer's submissions says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.lro.rows import latest
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import find_submission, read_submission
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.listing import Listed
from tests.runner import LOST, answered, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, read_list, submission


def read_submissions(reading: Reading) -> tuple[Submission, ...] | None:
    """Return what a list names, or None if it isn't understood."""
    found = read_list(read_submission, reading)
    return found.entries if isinstance(found, Listed) else None


# The operations page's sample.
SAMPLE = b"""
[{
    "id": "5a63deb5-925b-4ee0-938b-7c86fbf287c5",
    "offerId": "56615b67-2185-49fe-80d2-c4ddf77bb2e8",
    "offerVersion": 1,
    "offerTypeId": "microsoft-azure-virtualmachines",
    "publisherId": "contoso",
    "submissionType": "publish",
    "submissionState": "running",
    "publishingVersion": 2,
    "slot": "staging",
    "version": 636576975611768314,
    "definition": {"metadata": {"emails": "jdoe@contoso.com"}},
    "changedTime": "2018-03-26T21:46:01.179948Z"
}]
"""


def test_the_pages_sample_is_a_running_publish() -> None:
    (read,) = read_submissions(answered(200, SAMPLE)) or ()
    assert (read.id, read.kind, read.state) == ("5a63deb5-925b-4ee0-938b-7c86fbf287c5", "publish", "running")
    assert read.is_running
    assert read.changed_at == pytest.approx(1522100761.18, abs=0.01)
    assert str(read) == "publish 5a63deb5-925b-4ee0-938b-7c86fbf287c5 (running)"
    assert json.loads(json.dumps(read.to_dict())) == {
        "id": "5a63deb5-925b-4ee0-938b-7c86fbf287c5",
        "kind": "publish",
        "state": "running",
        "state_word": "running",
        "changed_at": read.changed_at,
    }


@pytest.mark.parametrize(
    ("slot", "kind", "meaning"),
    [
        ("production", "publish", "golive"),  # the type says "publish" whatever it is
        ("Production", "GoLive", "golive"),
        (None, "GoLive", "golive"),
        (None, "Go Live", "golive"),
        ("staging", "publish", "publish"),
        ("preview", "publish", "publish"),
        ("staging", "GoLive", "golive"),
        (None, "publish", "publish"),
        (None, None, ""),
        (7, ["x"], "['x']"),
    ],
)
def test_the_slot_tells_a_go_live_from_a_publish(slot: object, kind: object, meaning: str) -> None:
    (read,) = read_submissions(answered(200, [submission("1", slot=slot, submissionType=kind)])) or ()  # type: ignore[arg-type]
    assert read.kind == meaning


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"submissionState": "completed"}, "succeeded"),
        ({"submissionState": "Canceled"}, "canceled"),
        ({"submissionState": "", "status": "failed"}, "failed"),
        ({"submissionState": None, "status": "not started"}, "running"),
        ({"submissionState": "reticulating"}, "running"),
    ],
)
def test_its_state_is_understood_like_an_operations(fields: dict[str, object], state: str) -> None:
    (read,) = read_submissions(answered(200, [{**submission("1"), **fields}])) or ()
    assert read.state == state


@pytest.mark.parametrize(
    "time", ["2018-03-23T18:59:21.1768314Z", "2018-03-23T18:59:21.1768314", "2018-03-23T18:59:21+00:00"]
)
def test_a_time_without_a_zone_is_utc_as_for_migrated_offers(time: str) -> None:
    (read,) = read_submissions(answered(200, [submission("1", changedTime=time)])) or ()
    assert read.changed_at is not None
    assert int(read.changed_at) == 1521831561


@pytest.mark.parametrize("time", ["yesterday", "", None, 7, [], "99999-01-01T00:00:00Z"])
def test_a_time_that_cant_be_read_is_none(time: object) -> None:
    (read,) = read_submissions(answered(200, [submission("1", changedTime=time)])) or ()
    assert read.changed_at is None


@pytest.mark.parametrize(
    "reading",
    [
        LOST,
        refused(404),
        refused(500),
        answered(202, []),
        answered(200),
        answered(200, b"<html>"),
        answered(200, {"error": "x"}),
        answered(200, {"id": GUID}),
        answered(200, {"value": [submission("1")], "nextLink": "https://x.example/2"}),
        answered(200, {"value": [submission("1")], "@odata.nextLink": "https://x.example/2"}),
        answered(200, "text"),
        answered(200, [1]),
        answered(200, [None]),
        answered(200, [submission("1"), {}]),
        answered(200, [submission("1"), {"id": 7, "submissionState": "running"}]),
        answered(200, [submission("1"), {"id": "2"}]),
        answered(200, [submission("1"), {"id": "2", "submissionState": 5}]),
        Answer(200, {}, b"[]", damage="the body is cut"),
    ],
)
def test_a_list_that_is_half_understood_is_not_understood(reading: object) -> None:
    assert read_submissions(reading) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [[], {"value": []}])
def test_an_empty_list_is_a_list(body: object) -> None:
    assert read_submissions(answered(200, body)) == ()


def test_a_submission_is_found_by_its_operations_id_in_any_case() -> None:
    listed = (
        Submission("1", "publish", "running", "running"),
        Submission(GUID.upper(), "golive", "failed", "failed"),
    )
    location = OperationLocation(ORIGIN, PUBLISHER, OFFER, GUID)
    assert find_submission(listed, location.operation_id) == listed[1]
    assert find_submission(listed[:1], location.operation_id) is None


def test_a_submission_cant_forge_a_line() -> None:
    (read,) = read_submissions(answered(200, [submission("1\n2", "running\x1b[31m" + "x" * 9000)])) or ()
    assert str(read).isprintable()
    assert len(str(read)) < 2500


values = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
entries = st.dictionaries(
    st.sampled_from(["id", "submissionState", "status", "slot", "submissionType", "changedTime"]), values
)


@given(st.lists(entries | values, max_size=4) | st.dictionaries(st.just("value"), st.lists(entries), max_size=1))
def test_every_entry_of_a_list_is_read_or_none_is(body: object) -> None:
    found = read_submissions(answered(200, json.loads(json.dumps(body))))
    if found is not None:
        assert len(found) == len(body["value"] if isinstance(body, dict) else body)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "time",
    [
        "2018-03-23T18:59:21Z",
        "2018-03-23T18:59:21z",
        " 2018-03-23T18:59:21.0000000Z ",
        "2018-03-23T18:59:21",
        "2018-03-23 18:59:21 UTC",
        "2018-03-23T20:59:21+02:00",
        "2018-03-23T11:59:21.0000000-0700",
        "20180323T185921Z",
        "Fri, 23 Mar 2018 18:59:21 GMT",
        1521831561,
        1521831561.0,
        1521831561000,
        "1521831561",
        "1521831561000",
        "/Date(1521831561000)/",
        "/Date(1521831561000+0200)/",
    ],
)
def test_a_time_is_understood_in_all_forms(time: object) -> None:
    (read,) = read_submissions(answered(200, [submission("1", changedTime=time)])) or ()
    assert read.changed_at == 1521831561.0


@pytest.mark.parametrize(
    "time",
    ["2018-03-23", "0001-01-01T00:00:00", "9999-12-31T23:59:59Z", True, 0, -1, 1e300, "12", "/Date(x)/", "Foo"],
)
def test_what_is_no_time_is_none(time: object) -> None:
    (read,) = read_submissions(answered(200, [submission("1", changedTime=time)])) or ()
    assert read.changed_at is None


def test_the_tables_word_for_the_time_is_understood_too() -> None:
    entry = submission("1", changedTime=None, lastActionDateTime="2018-03-23T18:59:21Z")
    (read,) = read_submissions(answered(200, [entry])) or ()
    assert read.changed_at == 1521831561.0


@pytest.mark.parametrize(
    ("times", "last"),
    [
        ([], []),
        ([None], [0]),
        ([1], [0]),
        ([1, 3, 2], [1]),
        ([3, 3, 2], [0, 1]),
        ([None, None], [0, 1]),
        ([None, 5, 4], [0, 1]),
        ([5, None], [0, 1]),
    ],
)
def test_the_last_submission_is_known_only_where_the_times_tell(
    times: list[float | None], last: list[int]
) -> None:
    found = [Submission(str(n), "publish", "succeeded", "succeeded", time) for n, time in enumerate(times)]
    assert [int(s.id) for s in latest(found)] == last
    assert {s.id for s in latest(reversed(found))} == {str(n) for n in last}, "their order tells nothing"
