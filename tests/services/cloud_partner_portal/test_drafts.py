"""What differs between two definitions that the service answered, and what can't be seen of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from airflow_provider_cpp.services.cloud_partner_portal.drafts import changes, has_draft, listed_changes
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from tests.runner import Runner, answered, refused
from tests.services.cloud_partner_portal.offer_documents import GET_ANSWER, VM
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER, operation, step, submission

DEFINITION = GET_ANSWER["definition"]
WHERE = OperationLocation(ORIGIN, PUBLISHER, OFFER, "publish-1")
SIGNOFF = step("publisher-signoff", "waitingForPublisherReview")
TITLE = "microsoft-azure-marketplace.title"


def _changed(change: Any) -> dict[str, Any]:
    definition = deepcopy(DEFINITION)
    change(definition)
    return definition


CHANGES = {
    "a text": lambda d: d["offer"].update({TITLE: "Other"}),
    "a new field": lambda d: d["offer"].update({"microsoft-azure-marketplace.new": "x"}),
    "a field less": lambda d: d["offer"].pop(TITLE),
    "a flag": lambda d: d["offer"].update({"microsoft-azure-marketplace-testdrive.enabled": True}),
    "an image more": lambda d: d["plans"][0][f"{VM}.vmImages"].update({"1.0.2": {"osVhdUrl": "https://x/y"}}),
    "an image less": lambda d: d["plans"][0][f"{VM}.vmImages"].clear(),
    "another image": lambda d: d["plans"][0][f"{VM}.vmImages"]["1.0.1"].update({"osVhdUrl": "https://x/y"}),
    "a plan more": lambda d: d["plans"].append({"planId": "gold"}),
    "a plan less": lambda d: d["plans"].clear(),
    "a region": lambda d: d["plans"][0]["regions"].append("DE"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_differs_is_found_in_both_directions(change: str) -> None:
    other = _changed(CHANGES[change])
    assert len(changes(other, DEFINITION)) == 1
    (back,) = changes(DEFINITION, other)
    (there,) = changes(other, DEFINITION)
    assert (there.before, there.after) == (back.after, back.before)


def test_what_the_service_sets_and_signs_anew_doesnt_count() -> None:
    copy = "https://publishingstoredm.blob.core.windows.net/prodcontent/{}/small.png?sig={}"
    logo = "microsoft-azure-marketplace.smallLogo"
    one = _changed(lambda d: d["offer"].update({logo: copy.format("a", "1")}))
    other = _changed(lambda d: d["offer"].update({logo: copy.format("a", "2")}) or d.update(changedTime="2020"))
    assert changes(one, other) == ()


def test_few_of_many_are_listed_and_no_secret() -> None:
    one, other = (
        _changed(lambda d, word=word: d["offer"].update({f"x.{n}Secret": f"hush-{word}-{n}" for n in range(9)}))
        for word in ("a", "b")
    )
    told = listed_changes(changes(one, other))
    assert "and 6 more" in told
    assert "hush" not in told


def _asked(
    draft: dict[str, Any],
    preview: dict[str, Any],
    *,
    version: int = 0,
    offer_version: int = 0,
    state: Any = None,
    others: tuple[dict[str, Any], ...] = (),
    unlisted: Any = None,
) -> Any:
    def service(call: Any, now: float) -> Any:
        document = {**GET_ANSWER, "version": version}
        if call.path.endswith("/submissions/"):
            mine = submission("publish-1", slot="staging", offerVersion=offer_version)
            return unlisted or answered(200, [mine, *others])
        if "/operations/" in call.path:
            return state or operation("running", SIGNOFF)
        if call.path.endswith("/slot/Preview"):
            return answered(200, {**document, "definition": preview})
        if "/versions/" in call.path:
            return refused(404)
        return answered(200, {**document, "definition": draft})

    return Runner(service).run(has_draft(WHERE))


@pytest.mark.parametrize("value", [None, "", "*****"])
def test_a_secret_that_isnt_shown_may_have_been_changed(value: object) -> None:
    name = "microsoft-azure-marketplace.azureTableConnectionString"
    secret = _changed(lambda d: d["offer"].update({name: value}))
    told = _asked(secret, secret)
    assert told.has_draft is None
    assert name in told.why
    assert _asked(DEFINITION, DEFINITION).has_draft is True


@pytest.mark.parametrize(
    "state",
    [
        operation("running", SIGNOFF, cancellationRequestState="cancelRequested"),
        operation("running", step()),
        operation("canceled"),
        refused(404),
        answered(200, {}),
    ],
)
def test_what_is_in_preview_tells_of_a_publish_only_once_that_waits_for_its_sign_off(state: Any) -> None:
    assert _asked(DEFINITION, DEFINITION, state=state).has_draft is None


@pytest.mark.parametrize(
    ("other", "tells"),
    [
        (submission("publish-2", "running", slot="staging"), None),
        (submission("publish-2", "completed", slot="staging"), True),
        (submission("golive-1", "running"), True),
    ],
)
def test_what_is_in_preview_tells_nothing_where_two_publishes_run(other: dict[str, Any], tells: object) -> None:
    assert _asked(DEFINITION, DEFINITION, others=(other,)).has_draft is tells


@pytest.mark.parametrize("unlisted", [refused(404), answered(200, {})])
def test_without_a_list_nothing_can_be_told_as_anything_else_may_run(unlisted: Any) -> None:
    assert _asked(DEFINITION, DEFINITION, unlisted=unlisted).has_draft is None


def test_another_version_in_preview_than_the_publishs_tells_nothing() -> None:
    assert _asked(DEFINITION, DEFINITION, version=3, offer_version=4).has_draft is None
    assert _asked(DEFINITION, DEFINITION, version=3, offer_version=3).has_draft is True


def test_a_plan_that_is_there_twice_tells_nothing() -> None:
    twice = _changed(lambda d: d["plans"].append(d["plans"][0]))
    assert _asked(twice, twice).has_draft is None
