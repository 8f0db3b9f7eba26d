"""What may become of a request on its way to any service and back, by names that can be read in a failed test."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_cpp.exceptions import CppAuthError, CppError
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered
from tests.runner import LOST, UNSENT, UNTRUSTED, answered, refused

LOGIN_REFUSED = CppAuthError("The secret has expired.")
LOGIN_DOWN = Unanswered(Loss.NOT_SENT, "the login can't be reached", "Look at the login host.")

#: What becomes of a POST: whether the service acts upon it, and what the caller gets; None for the true answer.
Fate = tuple[bool, Reading | CppError | None]

POSTS: dict[str, Fate] = {
    "answered": (True, None),
    "lost answer": (True, LOST),
    "lost request": (False, LOST),
    "refused connection": (False, UNSENT),
    "untrusted": (False, UNTRUSTED),
    "login down": (False, LOGIN_DOWN),
    "login refused": (False, LOGIN_REFUSED),
    "cut head": (True, Answer(202)),
    "no location": (True, answered(202)),
    "no location, not acted": (False, answered(202)),
    "500, acted": (True, refused(500)),
    "500": (False, refused(500)),
    "502": (False, answered(502, b"<html>")),
    "502, acted": (True, answered(502, b"<html>")),
    "503": (False, refused(503)),
    "503, acted": (True, refused(503)),
    "503 with Retry-After": (False, refused(503, Retry_After="5")),
    "504, acted": (True, answered(504)),
    "408": (False, refused(408)),
    "408, acted": (True, refused(408)),
    "429": (False, refused(429, Retry_After="7")),
    "302": (False, answered(302, Location="/elsewhere")),
    "302, acted": (True, answered(302, Location="/elsewhere")),
    "200, acted": (True, answered(200, {"status": "running"})),
    "200 in HTML, acted": (True, answered(200, b"<html>")),
    "200 in HTML": (False, answered(200, b"<html>")),
    "401": (False, refused(401)),
    "400": (False, refused(400)),
    "403": (False, refused(403)),
    "404": (False, refused(404)),
    "409": (False, refused(409, "Conflict", "Another operation is already running.")),
    "422": (False, refused(422)),
}

#: What a gateway may say that gave up too soon, of a request that it passed on. A service whose 503 with
#: Retry-After means that nothing was done says no such thing.
PASSED_ON: dict[str, Fate] = {"503 with Retry-After, acted": (True, refused(503, Retry_After="5"))}

#: The answers that leave open whether the request was taken, and those after which nothing more is asked.
UNCLEAR = sorted(name for name in POSTS if name.split(",")[0] in {"lost answer", "lost request", "500", "504"})

#: What becomes of a read; None for the true answer.
READS: dict[str, Reading | CppError | None] = {
    "answered": None,
    "lost": LOST,
    "500": refused(500),
    "302": answered(302, Location="/elsewhere"),
    "403": refused(403),
    "404": refused(404),
    "410": refused(410),
    "202": answered(202),
    "HTML": answered(200, b"<html>"),
    "nothing": answered(200),
    "no list": answered(200, {}),
    "cut": Answer(200, {}, b'[{"id": ', "cut"),
    "half a list": answered(200, [{"id": 7}]),
    "half an entry": answered(200, [{"id": "7"}]),
    "untrusted": UNTRUSTED,
    "login down": LOGIN_DOWN,
    "login refused": LOGIN_REFUSED,
}


class Faults(Iterator[str]):
    """Faults, one after the other, which can be read in what Hypothesis prints."""

    def __init__(self, *runs: tuple[str, int]) -> None:
        self._runs = runs
        self._names = (name for name, count in runs for _ in range(count))

    def __next__(self) -> str:
        return next(self._names)

    def __repr__(self) -> str:
        return f"Faults{self._runs}"
