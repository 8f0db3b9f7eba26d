"""A watch of one operation, followed with neither network nor clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, NOW, UNSENT, Runner, answered, forever, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, operation

DAY = 86400.0
LOCATION = OperationLocation(ORIGIN, PUBLISHER, OFFER, GUID)
DONE = operation("completed")
#: The version that customers have.
LIVE = answered(200, {"id": OFFER, "publisherId": PUBLISHER, "version": 7, "definition": {}})


def watch(**more: Any) -> Watch:
    return Watch(**{"watched": LOCATION, "started_at": NOW, "deadline": NOW + 14 * DAY, **more})


def follow(
    service: Callable[[Call, float], Reading] | list[Reading], *, at_once: bool = True, **more: Any
) -> tuple[Any, Runner]:
    """Watch at the middle of every jitter, and return the event and the runner."""
    runner = Runner(service, now=more.pop("now", NOW), live=more.pop("live", LIVE))
    event = runner.run(watch(**more).follow(at_once=at_once, draw=lambda: 0.5)).to_event()
    assert json.loads(json.dumps(event, allow_nan=False)) == event
    return event, runner


def listing(*submissions: dict[str, Any], otherwise: list[Reading]) -> Callable[[Call, float], Reading]:
    """A service that lists these submissions, and answers reads of the operation from a script."""
    script = forever(*otherwise)

    def service(call: Call, now: float) -> Reading:
        return answered(200, list(submissions)) if call.path.endswith("/submissions/") else next(script)

    return service


FAILED_READS = {
    "refused connection": UNSENT,
    "no answer": LOST,
    "408": refused(408),
    "429": refused(429),
    "500": refused(500),
    "502": answered(502, b"<html>Bad Gateway</html>"),
    "503": refused(503),
    "504": answered(504),
    "599": answered(599),
    "HTML with 200": answered(200, b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "empty": answered(200),
    "cut": Answer(200, {}, damage="the body is cut"),
    "too large": Answer(200, {}, damage="the body is larger than 1048576 bytes"),
    "no status": answered(200, {"steps": []}),
    "status null": answered(200, {"status": None}),
    "two operations": answered(200, [{"status": "failed"}, {"status": "failed"}]),
    "an error in a 200": answered(200, {"error": {"code": "InternalServerError", "message": "later"}}),
    "redirect": answered(302, Location="https://evil.example/"),
    "204": answered(204),
}
