"""What is told of a watched operation, and that each thing is told once."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import Count, Reply, Request, Say, Send, Wait
from tests.lro.followed import DAY, DONE, WATCHED, confirmed, follow, job, looks, message, step, watch
from tests.runner import NOW, Runner, WorkerDied

# What it logs


def test_the_first_line_says_what_is_watched_until_when_and_where_it_stands() -> None:
    _, runner = follow([job("running", step("sorting", progress=20)), DONE])

    (line, *_) = runner.lines()
    for part in ("job-7", "shelf 7", "2027-01-29 08:00:00 UTC", "Sort the books (sorting)", "20 %", "< 5 day"):
        assert part in line


def test_each_change_of_step_is_logged_once_with_its_percentage_and_estimate() -> None:
    first = job("running", step("sorting", "inProgress"), step("opening", "notStarted"))
    second = job(
        "running",
        step("sorting", "complete", progress=100),
        step("opening", "inProgress", progress=5, estimate="~2-5 days"),
    )
    _, runner = follow([first, first, second, second, second, DONE])

    changes = runner.lines()[1:]
    assert changes == [
        "Step Sort the books (sorting): complete, 100 %, estimated < 5 day",
        "Step Opening: inProgress, 5 %, estimated ~2-5 days",
        "Shelf 7 has ended: completed",
    ]


def test_what_has_ended_at_the_first_look_is_left_to_the_tasks_result_or_error() -> None:
    event, runner = follow([job("failed", step("opening", "rejected", messages=[message("No image")]))])
    assert "No image" in str(event["message"])
    assert runner.warnings() == []
    assert [line for line in runner.lines() if "::" not in line and not line.startswith("Opening:")] == []


def test_a_quiet_operation_says_nothing_for_days() -> None:
    quiet = job("running", step("sorting"))
    _, runner = follow([quiet] * 300 + [DONE])

    assert looks(runner) == 301
    assert len(runner.lines()) == 2, "where it stood at first, and how it ended"


def test_a_document_that_differs_in_nothing_but_its_time_is_quiet_too() -> None:
    bodies = [job("running", step("sorting"), lastActionDateTime=f"{n}") for n in range(50)]
    _, runner = follow([*bodies, DONE])
    assert len(runner.lines()) == 2, "where it stood at first, and how it ended"


def test_an_unknown_word_keeps_it_running_and_is_warned_of_once_per_word() -> None:
    script = [job(word) for word in ("Reticulating", "Reticulating", "running", "Reticulating", "Herding")]
    event, runner = follow([*script, job("running", step(status="splining")), DONE])

    assert event["status"] == "succeeded"
    assert [
        word for line in runner.warnings() for word in ("Reticulating", "Herding", "splining") if word in line
    ] == [
        "Reticulating",
        "Herding",
        "splining",
    ]
    assert len(runner.warnings()) == 3


@pytest.mark.parametrize("status", ["blocked", "rejected"])
def test_a_blocked_steps_messages_are_logged_at_once_and_it_is_watched_on(status: str) -> None:
    blocked = step("sorting", status, messages=[message("No agent in gold")])
    event, runner = follow([job("running", step()), job("running", blocked), job("running", blocked), DONE])

    assert event["status"] == "succeeded"
    (warning,) = runner.warnings()
    assert "No agent in gold" in warning
    assert status in warning


@pytest.mark.parametrize("status", ["certificationFailed", "CommitFailed", "timedOut", "attentionNeeded"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_step_whose_word_looks_like_a_failure_is_told_at_once_and_ends_nothing(
    status: str, is_first: bool
) -> None:
    busy = job("running", step())
    alarming = job("running", step("sorting", status, messages=[message("No agent")]))
    event, runner = follow([*[busy] * (not is_first), alarming, alarming, alarming, DONE])

    assert event["status"] == "succeeded"
    told = [line for line in runner.warnings() if "No agent" in line]
    assert len(told) == 1
    assert status in told[0]


@pytest.mark.parametrize("is_first", [True, False])
def test_an_operation_whose_own_word_looks_like_a_failure_is_told_at_once_and_ends_nothing(is_first: bool) -> None:
    busy = job("running", step())
    alarming = job("publishFailed", step(), messages=[message("No agent")])
    more = job("publishFailed", step(), messages=[message("No agent"), message("No logo")])
    event, runner = follow([*[busy] * (not is_first), alarming, alarming, more, more, DONE])

    assert event["status"] == "succeeded"
    first, second = (line for line in runner.warnings() if "No agent" in line)
    assert "publishFailed" in first
    assert "No logo" in second


def test_what_a_step_that_waits_for_somebody_says_is_told_and_is_no_warning() -> None:
    waits = step(
        "publisher-signoff", "waitingForPublisherReview", messages=[message("Look at the preview", "information")]
    )
    _, runner = follow([job("running", step()), job("running", step(), waits), DONE])
    assert [line for line in runner.lines() if "Shelf 7 is in preview and waits for your sign-off; " in line] == [
        "Shelf 7 is in preview and waits for your sign-off; information: Look at the preview"
    ]
    assert runner.warnings() == []


def test_what_an_operation_says_as_a_whole_is_in_the_log_at_its_end() -> None:
    failed = job("failed", step(status="rejected"), messages=[message("The plan has no image.")])
    event, runner = follow([job("running", step()), failed])
    assert "The plan has no image." in str(event["message"])
    assert "error: The plan has no image." in runner.lines()


def test_a_step_that_is_blocked_already_at_the_first_look_is_told_too() -> None:
    _, runner = follow([job("running", step(status="blocked", messages=[message("No agent")])), DONE])
    assert any("No agent" in line for line in runner.warnings())


def test_messages_that_come_after_the_block_are_told_as_well() -> None:
    _, runner = follow(
        [
            job("running", step(status="blocked")),
            job("running", step(status="blocked", messages=[message("No agent")])),
            job("running", step(status="blocked", messages=[message("No agent")]), draft=3),
            DONE,
        ]
    )
    assert sum("No agent" in line for line in runner.warnings()) == 1


def test_a_stuck_operation_is_told_once_with_the_portals_link_and_fails_nothing() -> None:
    stuck = job("running", step("sorting", progress=20))
    event, runner = follow([stuck] * 200 + [DONE], stuck_after=3 * 3600.0)

    assert event["status"] == "succeeded"
    (warning,) = runner.warnings()
    for part in ("stuck", "job-7", "Sort the books (sorting)", "look at the counter"):
        assert part in warning


def test_a_change_of_step_in_time_keeps_a_watch_from_calling_it_stuck() -> None:
    script = [job("running", step(status=word)) for word in ("inProgress", "blocked", "inProgress", "complete")]
    event, runner = follow([*script, DONE], stuck_after=100.0)
    assert not any("stuck" in line for line in runner.lines())
    assert event["status"] == "succeeded"


def test_what_changed_while_the_triggerer_was_away_is_not_called_stuck() -> None:
    event, runner = follow(
        [job("running")] * 3 + [DONE], at_once=False, started_at=NOW - 2 * DAY, stuck_after=float(DAY)
    )
    assert event["status"] == "succeeded"
    assert runner.warnings() == []


def test_nothing_is_called_stuck_unless_that_is_asked_for() -> None:
    _, runner = follow([job("running")] * 500 + [DONE])
    assert runner.warnings() == []


def test_the_operations_own_word_is_told_when_it_changes() -> None:
    _, runner = follow([job("notStarted"), job("running"), job("running"), DONE])
    assert sum("is now running." in line for line in runner.lines()) == 1


def test_at_the_end_all_steps_stand_together_in_a_group_that_airflow_folds() -> None:
    steps = [step("sorting", "rejected", messages=[message("No agent")]), step("opening", "notStarted")]
    _, runner = follow([job("running"), job("failed", *steps)])
    first, *told, last = runner.lines()[-4:]
    assert first == f"::group::All steps of {WATCHED}"
    assert [line.split(":")[0] for line in told] == ["Sort the books (sorting)", "Opening"]
    assert "No agent" in told[0]
    assert last == "::endgroup::"
    assert sum("::group::" in line for line in runner.lines()) == 1


# Handed over from the worker to the triggerer


def handed_over(*readings: Reading, at: float = NOW) -> object:
    """What a worker told that saw these readings, as it crosses Airflow's database."""
    script = iter(readings)

    def service(call: Call, now: float) -> Reading:
        for reading in script:
            return reading
        raise WorkerDied

    watching = watch()
    told = watching.log_state()
    with pytest.raises(WorkerDied):
        Runner(service, now=at).run(watching.follow(at_once=True, log_state=told, draw=lambda: 0.5))
    return json.loads(json.dumps(told.to_dict()))


def carried_on(earlier: object, *readings: Reading, **more: Any) -> Runner:
    """The triggerer's part of the same watch, with its end."""
    watching = watch(**more)
    runner = Runner(confirmed([*readings, DONE]))
    runner.run(watching.follow(at_once=False, log_state=watching.log_state(earlier), draw=lambda: 0.5))
    return runner


BUSY = job("running", step("sorting", "blocked", messages=[message("No agent")]), step("opening", "odd"))


def test_what_the_worker_told_isnt_told_again_by_the_triggerer() -> None:
    runner = carried_on(handed_over(BUSY), BUSY, BUSY)
    (line,) = runner.lines()
    assert "has ended" in line


def test_what_changed_since_the_worker_looked_is_told() -> None:
    moved = job("running", step("sorting", "complete"), step("opening", "rejected"))
    runner = carried_on(handed_over(BUSY), moved, moved)
    step_done, alarm, end = runner.lines()
    assert step_done == "Step Sort the books (sorting): complete, 0 %, estimated < 5 day"
    assert alarm.startswith("Step Opening: rejected")
    assert "has ended" in end


@pytest.mark.parametrize("earlier", [None, {}, [], "x", {"steps": 1}, {"steps": {}, "words": 3}])
def test_a_watch_that_nothing_sensible_was_handed_to_tells_everything(earlier: object) -> None:
    assert "Watching" in carried_on(earlier, job("running")).lines()[0]


def test_an_operation_that_stands_where_the_worker_left_it_is_stuck_however_often_the_triggerer_restarts() -> None:
    still = job("running", step())
    runner = carried_on(
        handed_over(still, at=NOW - 2 * DAY),
        *[still] * 3,
        started_at=NOW - 2 * DAY,
        deadline=NOW + DAY,
        stuck_after=1.5 * DAY,
    )
    (warning,) = runner.warnings()
    assert "for 2 days" in warning


def test_one_that_moved_while_nobody_watched_isnt_called_stuck() -> None:
    moved = job("running", step(status="complete"))
    runner = carried_on(
        handed_over(job("running", step())), *[moved] * 3, started_at=NOW - 2 * DAY, stuck_after=1.5 * DAY
    )
    assert runner.warnings() == []


# Broken off by a restart of the triggerer: only what the worker told is known then


def test_what_the_worker_told_isnt_told_again_however_often_the_triggerer_restarts() -> None:
    told = handed_over(BUSY)
    assert [len(carried_on(told, BUSY, BUSY).lines()) for _ in range(3)] == [1, 1, 1], "its end alone"


def test_what_changed_since_then_is_told_anew_by_each_triggerer() -> None:
    told = handed_over(job("running", step("sorting"), step("opening", "notStarted")))
    moved = job("running", step("sorting", "complete"), step("opening", "inProgress"))
    for _ in range(2):
        lines = carried_on(told, moved, moved).lines()
        assert [line.split(",")[0] for line in lines[:2]] == [
            "Step Sort the books (sorting): complete",
            "Step Opening: inProgress",
        ]
        assert "has ended" in lines[2]


def test_a_watch_that_no_worker_began_says_anew_where_it_stands_in_one_line() -> None:
    still = job("running", step("sorting", "complete"), step("opening", "inProgress"))
    watching, end = carried_on(None, still, still).lines()
    assert watching.startswith("Watching shelf 7 until ")
    assert "has ended" in end


def test_how_long_it_stands_still_counts_from_what_the_worker_saw_while_nothing_changes() -> None:
    still = job("running", step())
    told = handed_over(still, at=NOW - 2 * DAY)
    times = {"started_at": NOW - 2 * DAY, "deadline": NOW + DAY, "stuck_after": 1.5 * DAY}
    for _ in range(2):
        (warning,) = carried_on(told, *[still] * 3, **times).warnings()
        assert "for 2 days" in warning


def test_once_something_changed_it_counts_from_the_last_start_of_the_triggerer() -> None:
    told = handed_over(job("running", step()), at=NOW - 2 * DAY)
    moved = job("running", step(status="complete"))
    times = {"started_at": NOW - 2 * DAY, "deadline": NOW + DAY, "stuck_after": 3600.0}
    assert carried_on(told, *[moved] * 3, **times).warnings() == []
    (warning,) = carried_on(told, *[moved] * 30, **times).warnings()
    assert "2 days" not in warning


def test_nothing_is_asked_of_airflow_to_watch_on() -> None:
    """What isn't there would be an error in the triggerer's log; and each question goes through one supervisor."""
    assert {type(request) for request in requests_of(handed_over(BUSY), BUSY)} <= {Send, Wait, Say, Count}


def requests_of(earlier: object, *readings: Reading) -> list[Request]:
    """All that a watch asks of whoever runs it."""
    watching = watch()
    procedure = watching.follow(at_once=False, log_state=watching.log_state(earlier), draw=lambda: 0.5)
    script, asked = iter([*readings, DONE]), [next(procedure)]
    with contextlib.suppress(StopIteration):
        while True:
            reading = next(script) if isinstance(asked[-1], Send) else None
            asked.append(procedure.send(Reply(NOW, reading)))
    return asked


@pytest.mark.parametrize(
    "earlier",
    [{}, [], "x", {"steps": 1}, {"steps": {"*": "running"}, "words": 1, "since": 10**400, "stuck": 7}],
)
def test_whatever_was_handed_over_it_is_watched_on(earlier: object) -> None:
    lines = carried_on(earlier, *[job("running")] * 3, stuck_after=60.0).lines()
    assert any("stuck" in line for line in lines)
    assert "has ended" in lines[-1]


def test_progress_without_a_time_is_one_whose_time_isnt_known() -> None:
    earlier = {"steps": {"*": "running"}, "words": [], "since": float("nan"), "stuck": False}
    lines = carried_on(earlier, *[job("running")] * 3, stuck_after=60.0).lines()
    assert not any("nan" in line for line in lines)


def test_a_step_that_says_very_much_is_cut() -> None:
    words = [message("x" * 2000) for _ in range(100)]
    _, runner = follow([BUSY, job("running", step(status="blocked", messages=words)), DONE])
    (line,) = (line for line in runner.lines() if "xxx" in line)
    assert 8000 < len(line) < 9000
    assert line.endswith("..., cut here")
