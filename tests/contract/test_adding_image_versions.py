"""A plan gets an image version once, whatever happens on the way, and loses nothing: promised of any service."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError, CppConflict, CppNotFound, CppUnavailable
from airflow_provider_cpp.offers.refs import OfferRef
from tests.contract.plan_stage import PLAN_STAGES, SIGNATURE, PlanStage, images, sas
from tests.runner import LOST, UNSENT, refused


@pytest.fixture(params=PLAN_STAGES)
def plan(request: pytest.FixtureRequest) -> PlanStage:
    """A plan with two generations of two versions."""
    stage: PlanStage = PLAN_STAGES[request.param]()
    return stage


@pytest.fixture
def anew(plan: PlanStage) -> type[PlanStage]:
    """Makes it again, for a test that needs it more than once."""
    return type(plan)


class TestAdding:
    """The version is there afterwards, and all else as it was."""

    def test_what_is_there_is_sent_back_with_its_signatures(self, plan: PlanStage) -> None:
        before = plan.urls(), plan.urls("silver"), plan.title
        result, runner = plan.add()
        new = {kind: sas(f"{kind}-1.0.2") for kind in ("x64Gen1", "x64Gen2")}
        assert (plan.urls(), plan.urls("silver"), plan.title) == ({**before[0], "1.0.2": new}, *before[1:])
        assert plan.writes == 1
        assert result.to_dict() == {
            "changed": True,
            "plan_id": "gold",
            "image_version": "1.0.2",
            "added": [{**each, "os_disk": each["os_disk"].partition("?")[0]} for each in images("1.0.2")],
            "retired": [],
            "versions": ["1.0.0", "1.0.1", "1.0.2"],
        }
        assert [image.os_disk for image in result.added] == [new[kind].partition("?")[0] for kind in new]
        levels = {level for level, _ in runner.said}
        assert levels == {logging.INFO}, runner.lines()

    def test_the_log_says_what_is_added_and_nothing_of_what_stays(self, plan: PlanStage) -> None:
        _, runner = plan.add()
        lines = " ".join(runner.lines())
        assert f"Plan gold of {plan.offer} gets image version 1.0.2: x64Gen1 from https://contoso" in lines
        assert "nothing -> {" in lines
        assert "1.0.0" not in lines
        assert "silver" not in lines

    def test_a_line_says_whether_a_change_in_between_could_be_noticed(self, plan: PlanStage) -> None:
        _, runner = plan.add()
        said = [line for line in runner.lines() if "can't be noticed" in line]
        assert len(said) == (0 if plan.notices_changes else 1)

    def test_one_generation_alone_may_get_it(self, plan: PlanStage) -> None:
        result, _ = plan.add(of=images("1.0.2", "x64Gen2"))
        assert result.changed
        assert plan.urls()["1.0.2"] == {"x64Gen2": sas("x64Gen2-1.0.2")}

    def test_data_disks_come_along_and_are_compared(self, plan: PlanStage) -> None:
        disks = [{"lun": 1, "uri": sas("one")}, {"lun": 0, "uri": sas("zero")}]
        with_disks = [{**each, "data_disks": disks} for each in images("1.0.2")]
        assert plan.add(of=with_disks)[0].changed
        assert not plan.add(of=with_disks)[0].changed
        for other in ([], disks[:1], [disks[0], {"lun": 0, "uri": sas("two")}]):
            error, _ = plan.add(of=[{**each, "data_disks": other} for each in images("1.0.2")])
            assert isinstance(error, CppConfigurationError)
            assert "disk 0 https://contoso.blob.core.windows.net/vhds/zero.vhd" in str(error)
        assert plan.writes == 1

    def test_a_dry_run_says_what_would_be_and_sends_nothing(self, plan: PlanStage) -> None:
        before = plan.urls()
        result, runner = plan.add(keep=1, dry_run=True)
        assert (plan.urls(), plan.writes) == (before, 0)
        assert (result.changed, len(result.added)) == (False, 2)
        assert (result.retired, result.versions) == (("1.0.0", "1.0.1"), ("1.0.2",))
        assert any("dry run, nothing is sent" in line for line in runner.lines())

    def test_plans_one_after_the_other(self, plan: PlanStage) -> None:
        for name in ("gold", "silver"):
            assert plan.add(plan_id=name)[0].changed
        assert plan.urls() == plan.urls("silver")
        assert len(plan.urls()) == 3


class TestOnce:
    """A version that is there isn't sent again."""

    def test_with_the_same_images_nothing_is_sent_however_they_are_signed(self, plan: PlanStage) -> None:
        result, runner = plan.add("1.0.1", images("1.0.1", signature="another"))
        assert result.to_dict() == {
            "changed": False,
            "plan_id": "gold",
            "image_version": "1.0.1",
            "added": [],
            "retired": [],
            "versions": ["1.0.0", "1.0.1"],
        }
        assert plan.writes == 0
        assert runner.lines() == [
            f"Plan gold of {plan.offer} has image version 1.0.1 already, with the same images: nothing is sent."
        ]

    def test_with_others_the_error_says_what_is_there(self, plan: PlanStage) -> None:
        for of in (images("9.9.9"), [*images("1.0.1", "x64Gen1"), *images("9.9.9", "x64Gen2")]):
            error, _ = plan.add("1.0.1", of)
            assert isinstance(error, CppConfigurationError)
            assert "has image version 1.0.1 already, with other images" in str(error)
            assert "x64Gen2 from https://contoso.blob.core.windows.net/vhds/x64Gen2-1.0.1.vhd" in str(error)
        assert plan.writes == 0

    def test_a_generation_that_the_version_lacks_cant_be_added_to_it(self, plan: PlanStage) -> None:
        plan.add(of=images("1.0.2", "x64Gen2"))
        error, _ = plan.add()
        assert "already, with other images" in str(error)

    def test_one_of_its_generations_is_as_well_the_same(self, plan: PlanStage) -> None:
        assert plan.add("1.0.1", images("1.0.1", "x64Gen2"))[0].changed is False

    @pytest.mark.parametrize("keep", [None, 1])
    def test_a_try_that_is_killed_anywhere_leaves_the_next_one_to_end_as_an_untroubled_one(
        self, anew: type[PlanStage], keep: int | None
    ) -> None:
        untroubled = anew()
        untroubled.add(keep=keep)
        step = 0
        while True:
            step += 1
            stage = anew()
            if stage.add(dies_after=step, keep=keep)[0] is not None:
                break
            written = stage.writes
            result, _ = stage.add(keep=keep)
            assert (stage.urls(), stage.offered()) == (untroubled.urls(), untroubled.offered()), step
            assert stage.writes == 1, step
            assert result.changed is not bool(written), step
            assert list(result.versions) == untroubled.offered(), step
        assert step > 3

    def test_the_same_number_in_another_spelling_isnt_another_version(self, plan: PlanStage) -> None:
        for number in ("01.0.1", "1.0.01", "1.00.001"):
            for given in (images("1.0.1"), images("9.9.9")):
                error, _ = plan.add(number, given, keep=1)
                assert isinstance(error, CppConfigurationError), number
                assert f"has image version 1.0.1 already, which is the same number as {number}" in str(error)
        assert plan.add(" 1.0.1 ", images("1.0.1"))[0].changed is False
        assert plan.writes == 0

    def test_a_file_is_known_however_its_url_is_written(self, plan: PlanStage) -> None:
        url = images("1.0.1", "x64Gen1")[0]["os_disk"]
        base, _, query = url.partition("?")
        for other in (
            f"{base}?{'&'.join(reversed(query.split('&')))}",
            url.replace("vhds/x64", "vh%64s/%78" + "64"),
            url.replace("contoso.blob", "CONTOSO.Blob"),
            url.replace(".net/", ".net:443/"),
            url.replace("https:", "HTTPS:"),
        ):
            assert plan.add("1.0.1", [{"image_type": "x64Gen1", "os_disk": other}])[0].changed is False, other
        error, _ = plan.add("1.0.1", [{"image_type": "x64Gen1", "os_disk": f"{url}&snapshot=2026"}])
        assert isinstance(error, CppConfigurationError)

    def test_a_url_without_a_signature_is_told(self, plan: PlanStage) -> None:
        files = images("1.0.2", signature="x")
        bare = [{**each, "os_disk": each["os_disk"].partition("?")[0]} for each in files]
        data = [{**files[0], "data_disks": [{"lun": 0, "uri": bare[0]["os_disk"]}]}]
        for given, kinds in ((bare, "x64Gen1, x64Gen2"), ([bare[0], files[1]], "x64Gen1"), (data, "x64Gen1")):
            result, runner = type(plan)().add(of=given)
            assert result.changed
            (warning,) = [text for level, text in runner.said if level == logging.WARNING]
            assert f"Not each file of {kinds} has a signature" in warning


class TestLostAnswers:
    """Settled by reading."""

    @pytest.mark.parametrize("carried_out", [True, False])
    def test_it_is_sent_once_where_it_was_carried_out(self, plan: PlanStage, carried_out: bool) -> None:
        for loss in (LOST, refused(503, "ServiceUnavailable")):
            stage = type(plan)()
            stage.lose(loss, carried_out=carried_out)
            result, _ = stage.add(keep=2)
            assert (result.changed, result.retired) == (True, ("1.0.0",)), loss
            assert stage.offered() == ["1.0.1", "1.0.2"]
            assert stage.writes == (1 if carried_out else 2)

    def test_what_is_neither_as_before_nor_as_wanted_is_an_error_that_names_no_argument_of_others(
        self, plan: PlanStage
    ) -> None:
        plan.lose(LOST, carried_out=False)
        plan.meanwhile(plan.somebody_renames_the_offer)
        error, _ = plan.add()
        assert isinstance(error, CppConflict)
        assert "neither what it was nor what is wanted" in str(error)
        assert "ignore" not in str(error)
        assert plan.add()[0].changed

    def test_what_never_arrived_is_no_doubt(self, plan: PlanStage) -> None:
        plan.lose(UNSENT, carried_out=False)
        result, runner = plan.add()
        assert result.changed
        assert not any("may have been carried out" in line for line in runner.lines())

    def test_what_stays_lost_is_an_error_that_a_retry_may_follow(self, plan: PlanStage) -> None:
        for _ in range(2):
            plan.lose(LOST, carried_out=False)
        error, _ = plan.add()
        assert isinstance(error, CppUnavailable)
        assert plan.add()[0].changed

    def test_what_is_refused_changes_nothing(self, plan: PlanStage) -> None:
        plan.lose(refused(409, "Conflict", "Another operation is already running"), carried_out=False)
        error, _ = plan.add()
        assert isinstance(error, CppConflict)
        assert "1.0.2" not in plan.urls()


class TestSomebodyElse:
    """What a portal's user changes meanwhile."""

    def test_it_survives_where_it_can_be_noticed(self, plan: PlanStage) -> None:
        plan.meanwhile(plan.somebody_renames_the_offer)
        result, runner = plan.add()
        assert result.changed
        assert "1.0.2" in plan.urls()
        if plan.notices_changes:
            assert plan.title == "Renamed"
            assert plan.writes == 2
            assert any("changed by somebody else since it was read" in line for line in runner.lines())

    def test_it_is_decided_anew_on_what_is_there_then(self, plan: PlanStage) -> None:
        if not plan.notices_changes:
            return
        plan.meanwhile(lambda: plan.somebody_adds("1.0.3"))
        result, _ = plan.add(keep=2)
        # Of four the two oldest: the first decision, on what was read before, would have been one of three.
        assert result.retired == ("1.0.0", "1.0.1")
        assert plan.offered() == ["1.0.2", "1.0.3"]

    def test_the_same_version_of_somebody_else_is_found_then(self, plan: PlanStage) -> None:
        if not plan.notices_changes:
            return
        plan.meanwhile(lambda: plan.somebody_adds("1.0.2"))
        result, _ = plan.add()
        assert (result.changed, plan.writes) == (False, 1)

    def test_it_isnt_tried_for_ever(self, plan: PlanStage) -> None:
        if not plan.notices_changes:
            return

        def again() -> None:
            plan.somebody_renames_the_offer()
            plan.meanwhile(again)

        plan.meanwhile(again)
        error, _ = plan.add()
        assert getattr(error, "http_status", None) == 412
        assert "was decided on and sent 5 times, and was another each time" in str(error)
        assert plan.writes == 5


class TestKeeping:
    """At most so many stay offered."""

    def test_the_oldest_are_retired_and_named(self, plan: PlanStage) -> None:
        for keep, gone in ((3, ()), (2, ("1.0.0",)), (1, ("1.0.0", "1.0.1"))):
            stage = type(plan)()
            result, runner = stage.add(keep=keep)
            assert result.retired == gone
            assert (
                list(result.versions)
                == stage.offered()
                == [n for n in ("1.0.0", "1.0.1", "1.0.2") if n not in gone]
            )
            named = [line for line in runner.lines() if f"is {plan.retired}: keep={keep}" in line]
            assert len(named) == len(gone)
            assert stage.writes == 1

    def test_the_newest_of_a_generation_stays_and_a_warning_says_so(self, plan: PlanStage) -> None:
        result, runner = plan.add(of=images("1.0.2", "x64Gen2"), keep=1)
        assert (result.retired, plan.offered()) == (("1.0.0",), ["1.0.1", "1.0.2"])
        (warning,) = [text for level, text in runner.said if level == logging.WARNING]
        assert "keep=1, but 2 image versions stay offered: 1.0.1, 1.0.2" in warning

    def test_an_older_one_takes_nothing_newer_away(self, plan: PlanStage) -> None:
        result, runner = plan.add("0.9.0", keep=1)
        assert (result.retired, plan.offered()) == ((), ["0.9.0", "1.0.0", "1.0.1"])
        assert any("0.9.0 isn't the newest: customers who ask for the latest" in line for line in runner.lines())

    def test_retired_ones_dont_count(self, plan: PlanStage) -> None:
        plan.add(keep=2)
        result, _ = plan.add("1.0.3", keep=2)
        assert (result.retired, plan.offered()) == (("1.0.1",), ["1.0.2", "1.0.3"])

    def test_near_the_limit_a_warning_asks_for_it(self, plan: PlanStage) -> None:
        for number in range(2, 88):
            plan.somebody_adds(f"1.0.{number}")
        assert not any(level > logging.INFO for level, _ in plan.add("1.1.0")[1].said)
        _, runner = plan.add("1.1.1")
        (warning,) = [text for level, text in runner.said if level > logging.INFO]
        assert "has 90 image versions then, of which 90 are offered; the service takes 100. Set keep" in warning
        assert not any(level > logging.INFO for level, _ in plan.add("1.1.2", keep=80)[1].said)


#: What the arguments may ask for that no such plan takes, and the words that refuse it.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another plan": ({"plan_id": "golden"}, r"has no plan 'golden'\. .*Plans there: gold, silver"),
    "another generation": (
        {"of": images("1.0.2", "arm64Gen2")},
        "has no generation arm64Gen2; it has (x64Gen1, x64Gen2|x64Gen2, x64Gen1)",
    ),
}


def test_what_the_plan_cant_take_is_refused_before_anything_is_sent(plan: PlanStage) -> None:
    for name, (arguments, words) in REFUSED.items():
        error, _ = plan.add(**arguments)
        assert isinstance(error, CppConfigurationError), name
        with pytest.raises(CppConfigurationError, match=words):
            raise error
        assert "Nothing was sent" in str(error)
    assert plan.writes == 0


def test_an_offer_that_isnt_there_is_named_with_those_that_are(plan: PlanStage) -> None:
    plan.model.document = plan.model.tree = None  # type: ignore[attr-defined]
    plan.offer = OfferRef(plan.offer.publisher_id, "contoso-othr")
    error, runner = plan.add()
    assert isinstance(error, CppNotFound)
    assert "contoso-other" in str(error)
    assert "create" not in str(error)
    assert plan.writes == 0
    assert SIGNATURE not in " ".join(runner.lines())
