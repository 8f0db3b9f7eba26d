"""A service that starts operations, in a few lines: it acts on a request or doesn't, and answers or doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow_provider_cpp.api.answers import Answer, Reading
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.submissions import GO_LIVE
from airflow_provider_cpp.exceptions import CppAuthError, CppError
from tests.api.scripted import LOST, OFFER, PUBLISHER, UNSENT, answered, refused, submission

#: What becomes of a POST: whether it acts upon it, and what the caller gets; None for the true answer.
POSTS: dict[str, tuple[bool, Reading | None]] = {
    "answered": (True, None),
    "lost answer": (True, LOST),
    "lost request": (False, LOST),
    "refused connection": (False, UNSENT),
    "cut head": (True, Answer(202)),
    "no location": (True, answered(202)),
    "foreign location": (True, answered(202, Location="https://evil.example/api/operations/a$b$1$preview")),
    "other offer": (True, answered(202, Location=f"/api/publishers/{PUBLISHER}/offers/other/operations/1-2")),
    "500, acted": (True, refused(500)),
    "500": (False, refused(500)),
    "502": (False, answered(502, b"<html>")),
    "503": (False, refused(503)),
    "503, acted": (True, refused(503)),
    "503 with Retry-After": (False, refused(503, Retry_After="5")),
    "504, acted": (True, answered(504)),
    "408": (False, refused(408)),
    "429": (False, refused(429, Retry_After="7")),
    "302": (False, answered(302, Location="/elsewhere")),
    "302, acted": (True, answered(302, Location="/elsewhere")),
    "200, acted": (True, answered(200, {"status": "running"})),
    "401": (False, refused(401)),
    "400": (False, refused(400)),
    "404": (False, refused(404)),
    "422": (False, refused(422)),
}

#: What becomes of a read; None for the true answer.
READS: dict[str, Reading | CppError | None] = {
    "answered": None,
    "lost": LOST,
    "500": refused(500),
    "HTML": answered(200, b"<html>"),
    "half a list": answered(200, [{"id": 7}]),
    "login refused": CppAuthError("The secret has expired."),
}


@dataclass
class ModelService:
    """One offer, on which one operation runs at a time.

    :param posts: what becomes of each POST, then `answered` for ever.
    :param reads: what becomes of each read, then `answered` for ever.
    :param ends_after: seconds from the start of an operation to its end; None for never.
    :param outcome: the word with which it ends.
    :param kind: `golive` or `publish`: what it is asked for.
    :param lag: seconds until an operation is seen in the list, and under its location.
    """

    posts: Iterator[str] = field(default_factory=lambda: iter(()))
    reads: Iterator[str] = field(default_factory=lambda: iter(()))
    ends_after: float | None = None
    outcome: str = "succeeded"
    lag: float = 0.0
    kind: str = GO_LIVE
    old: list[dict[str, Any]] = field(default_factory=lambda: [submission("old-1", "completed")])
    #: identifier and start of every operation that this service ever started.
    started: list[tuple[str, float]] = field(default_factory=list)

    def __call__(self, call: Call, now: float) -> Reading:
        if call.method == "POST":
            assert call.path == f"/api/publishers/{PUBLISHER}/offers/{OFFER}/{self.kind}"
            acts, reading = POSTS[next(self.posts, "answered")]
            answer = self._start(now) if acts else refused(500)
            if acts and answer.status == 409:
                # Whatever was to become of the answer, at best the conflict itself arrives.
                return answer if reading is None or isinstance(reading, Answer) else reading
            return answer if reading is None else reading
        reading = READS[next(self.reads, "answered")]
        if isinstance(reading, CppError):
            raise reading
        if reading is not None:
            return reading
        if call.path.endswith("/submissions/"):
            seen = [(name, at) for name, at in self.started if now - at >= self.lag]
            slot = "production" if self.kind == GO_LIVE else "staging"
            ours = [
                submission(name, self.state(name, now), slot, changedTime=self._changed(at, now))
                for name, at in seen
            ]
            return answered(200, self.old + ours)
        if call.path.endswith("/status"):
            running = any(self.state(name, now) == "running" for name, _ in self.started)
            return answered(200, {"status": "running" if running else "waitingForPublisherReview"})
        name = call.path.rsplit("/", 1)[1]
        if any(name == known and now - at >= self.lag for known, at in self.started):
            return answered(200, {"status": self.state(name, now)})
        return refused(404)

    def state(self, name: str, now: float) -> str:
        at = dict(self.started)[name]
        return "running" if self.ends_after is None or now < at + self.ends_after else self.outcome

    def _changed(self, at: float, now: float) -> str:
        ended = at if self.ends_after is None or now < at + self.ends_after else at + self.ends_after
        return datetime.fromtimestamp(ended, UTC).isoformat()

    def _start(self, now: float) -> Answer:
        listed = (entry["submissionState"] for entry in self.old)
        if "running" in listed or any(self.state(name, now) == "running" for name, _ in self.started):
            return refused(409, "Conflict", "Another operation is already running.")
        name = f"{self.kind}-{len(self.started) + 1}"
        self.started.append((name, now))
        return answered(
            202, Location=f"/api/publishers/{PUBLISHER}/offers/{OFFER}/operations/{name}?api-version=2017-10-31"
        )
