"""A watch of a job of the model service, followed with neither network nor clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.lro.model_service import Job, read
from tests.runner import NOW, Runner, answered

DAY = 86400.0
WATCHED = Job("job-7")

#: What steps are called for people.
_NAMES = {"sorting": "Sort the books", "opening": "Opening"}


def step(step_id: str = "sorting", status: str = "inProgress", **more: Any) -> dict[str, Any]:
    name = _NAMES.get(step_id, step_id)
    of_step = {"id": step_id, "name": name, "status": status, "progress": 0, "estimate": "< 5 day", "messages": []}
    return {**of_step, **more}


def message(text: str, level: str = "error") -> dict[str, str]:
    return {"level": level, "text": text}


def job(state: str = "running", *steps: dict[str, Any], **more: Any) -> Answer:
    """What the service says of a job, and its row too."""
    return answered(200, {"state": state, "steps": list(steps), **more})


def seen(state: str = "running", *steps: dict[str, Any], **more: Any) -> Operation:
    """What is read of that."""
    operation = read(job(state, *steps, **more))
    assert isinstance(operation, Operation)
    return operation


DONE = job("completed")


def watch(**more: Any) -> Watch:
    return Watch(**{"watched": WATCHED, "started_at": NOW, "deadline": NOW + 14 * DAY, **more})


def confirmed(readings: Callable[[Call, float], Reading] | list[Reading]) -> Callable[[Call, float], Reading]:
    """A service whose jobs are a script, and whose rows say what their jobs said last."""
    script = iter(readings) if isinstance(readings, list) else None
    last: list[Reading] = []

    def service(call: Call, now: float) -> Reading:
        if call.path.startswith("/rows/"):
            return last[-1]
        last.append(next(script) if script is not None else readings(call, now))  # type: ignore[operator]
        return last[-1]

    return service


def follow(
    service: Callable[[Call, float], Reading] | list[Reading], *, at_once: bool = True, **more: Any
) -> tuple[Any, Runner]:
    """Watch at the middle of every jitter, and return the event and the runner."""
    runner = Runner(confirmed(service), now=more.pop("now", NOW))
    event = runner.run(watch(**more).follow(at_once=at_once, draw=lambda: 0.5)).to_event()
    assert json.loads(json.dumps(event, allow_nan=False)) == event
    return event, runner


def looks(runner: Runner) -> int:
    """How often it was looked: at the end a look takes two exchanges."""
    return sum(call.path.startswith("/jobs/") for call in runner.sent)
