"""A service that there isn't: it implements the seam, and does what no service does all of.

One look takes two exchanges (a job, then its row). A request has to be prepared by a request of its own. A
conflict may come only after the request was accepted. What the engine bears here it bears of any service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from airflow_provider_cpp.exceptions import CppConflict, UntrustedLocation
from airflow_provider_cpp.lro.looks import NOT_ASKED, CustomerView, Found, Look, NotListed, Seen, looked
from airflow_provider_cpp.lro.operations import Operation, Step
from airflow_provider_cpp.lro.rows import Row, changed_since, most_alive
from airflow_provider_cpp.lro.seam import (
    Accepted,
    Conflict,
    Due,
    Dueness,
    HasDraft,
    Live,
    Prepared,
    Rejected,
    Runs,
    Unclear,
    Verdict,
    Watched,
)
from airflow_provider_cpp.lro.words import state_of
from airflow_provider_cpp.wire.answers import Answer, Reading, error_of, parsed_body
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure, sent
from airflow_provider_cpp.wire.retries import was_refused_unread
from tests.runner import LOST, answered, refused

ORIGIN = "https://model.example"


def read(answer: Answer) -> Operation | str:
    body = parsed_body(answer)
    if not isinstance(body, dict) or not isinstance(body.get("state"), str):
        return "the body has no state"
    word = body["state"].strip()
    if isinstance(body.get("steps"), list):  # all that there may be to say of one
        return Operation.read({**body, "status": state_of(word), "raw_status": word}) or "the body is none"
    steps = tuple(Step(name, name, word) for name, word in body.get("steps", {}).items())
    return Operation(state_of(word), word, steps)


def read_row(entry: Any) -> Row | str:
    word = entry.get("state")
    if not isinstance(word, str):
        return "has no state"
    return Row(entry["id"], entry["kind"], state_of(word), word, entry.get("at"))


@dataclass(frozen=True, slots=True)
class Job:
    """An operation: a job that says how it goes, and a row that has the last word."""

    operation_id: str

    offer: ClassVar[str] = "shelf 7"
    portal: ClassVar[str] = "the counter"
    support: ClassVar[str] = "the caretaker"
    list_in_words: ClassVar[str] = "the shelf's ledger"
    usual_interval: ClassVar[float] = 30.0
    ends_at_signoff: ClassVar[bool] = False

    @property
    def url(self) -> str:
        return f"{ORIGIN}/jobs/{self.operation_id}"

    @property
    def ids(self) -> str:
        return f"Job {self.operation_id}."

    def __str__(self) -> str:
        return f"job {self.operation_id} on {self.offer}"

    def _call(self, what: str) -> Call:
        return Call(
            f"Get {what}", self.offer, "GET", f"/{what}/{self.operation_id}", operation_id=self.operation_id
        )

    def look(self, before: Seen | None = None, *, patient: bool = False) -> Procedure[Look]:
        job = self._call("jobs")
        reading, _ = yield from sent(job, patient=patient)
        look = looked(job, reading, read, before)
        if not isinstance(look, Seen) or not look.operation.is_terminal:
            return look
        # At the job's end its row confirms it.
        row = self._call("rows")
        confirmed, _ = yield from sent(row, patient=patient)
        end = looked(row, confirmed, read)
        return replace(end, mark=b"") if isinstance(end, Seen) else end

    def look_in_list(self, *, patient: bool = False) -> Procedure[Found]:
        rows = yield from _list(patient=patient)
        if isinstance(rows, Unlisted):
            return rows
        return next((row for row in rows.entries if row.id == self.operation_id), NotListed())

    def to_cancel(self, notification_emails: tuple[str, ...] = ()) -> Call | str:
        if self.operation_id.startswith("sealed"):
            return "it is sealed, which nobody can undo"
        return Call("Stop", self.offer, "POST", f"/jobs/{self.operation_id}/stop")

    def needs_no_cancel(self, refusal: Reading) -> bool:
        return isinstance(refusal, Answer) and b"stopping" in refusal.body

    def is_too_far_on(self, refusal: Reading) -> bool:
        return isinstance(refusal, Answer) and b"painted" in refusal.body

    def seen_by_customers(self) -> Procedure[CustomerView]:
        yield from ()
        return NOT_ASKED


def _list(*, patient: bool = True) -> Procedure[Listed[Row] | Unlisted]:
    call = Call("Read ledger", "shelf 7", "GET", "/rows")
    return (yield from listed(call, ORIGIN, read_row, patient=patient))


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens the shelf: by a key that has to be fetched first, and that a second request can be known by."""

    kind: str = "opening"

    offer: ClassVar[str] = Job.offer
    portal: ClassVar[str] = Job.portal
    list_in_words: ClassVar[str] = Job.list_in_words
    row_in_words: ClassVar[str] = "line"
    why_not_canceled: ClassVar[str] = ""
    is_keyed: ClassVar[bool] = False
    may_repeat: ClassVar[bool] = True
    to_do: ClassVar[str] = "to open it"
    happening: ClassVar[str] = "is being opened"

    def __str__(self) -> str:
        return f"Open of {self.offer}"

    @property
    def subject(self) -> str:
        return f"{self.kind} {ORIGIN}"

    @property
    def meets_others(self) -> bool:
        return self.kind == "closing"

    def rows(self, *, patient: bool = True) -> Procedure[Listed[Row] | Unlisted]:
        return (yield from _list(patient=patient))

    def at(self, row: Row) -> Job:
        return self.located(f"{ORIGIN}/jobs/{row.id}")

    def located(self, text: object) -> Job:
        head = f"{ORIGIN}/jobs/"
        if not isinstance(text, str) or not text.startswith(head) or "/" in text.removeprefix(head):
            raise UntrustedLocation(f"{text!r} is no job.")
        return Job(text.removeprefix(head))

    def row_of(self, rows: Sequence[Row], watched: Watched) -> Row | None:
        return next((row for row in rows if row.id == watched.operation_id), None)

    def seen_by_customers(self) -> Procedure[CustomerView]:
        yield from ()
        return NOT_ASKED

    def prepared(self) -> Procedure[Prepared]:
        # A request has to be prepared: by its key, and by what the ledger says.
        call = Call("Fetch key", self.offer, "GET", "/key")
        reading, _ = yield from sent(call)
        if reading.code != 200 or not isinstance(reading, Answer):
            raise error_of(call, reading)
        rows = yield from self.rows()
        if isinstance(rows, Unlisted):
            raise rows.error
        running = self.ours(rows.entries, None, or_running=True) if self.meets_others else None
        body: Any = parsed_body(reading)
        return Prepared({"key": body["key"], "lines": len(rows.entries)}, running=running)

    def is_other(self, prepared: Prepared, record: dict[str, object]) -> str:
        return "the key is another by now" if record.get("key", "brass") != prepared.record["key"] else ""

    def call(self, prepared: Prepared) -> Call:
        return Call("Open", self.offer, "POST", f"/open/{prepared.record['key']}", body=self.kind)

    def verdict(self, prepared: Prepared, call: Call, reading: Reading) -> Verdict:
        if was_refused_unread(call, reading):
            return Rejected(error_of(call, reading))
        if reading.is_conflict:
            return Conflict(error_of(call, reading))
        if reading.is_refusal:
            return Rejected(error_of(call, reading))
        body: Any = parsed_body(reading) if isinstance(reading, Answer) else None
        if reading.is_success and isinstance(body, dict) and "job" in body:
            return Accepted(Job(body["job"]))
        return Unclear(is_accepted=reading.is_success)

    def confirmed(self, watched: Watched) -> Procedure[Watched | Conflict]:
        # A conflict may come after it was accepted: in the job's first words.
        look = yield from watched.look()
        if isinstance(look, Seen) and look.operation.raw_status == "rejected":
            return Conflict(CppConflict(f"{self} failed: the job says that the shelf is busy."))
        if isinstance(look, Seen) and look.operation.raw_status == "moved":
            rows = yield from self.rows()
            assert isinstance(rows, Listed)
            return self.at(rows.entries[-1])
        return watched

    def ours(
        self, rows: Sequence[Row], record: dict[str, object] | None, *, or_running: bool = False
    ) -> Row | None:
        of_kind = [row for row in rows if row.kind == self.kind]
        lines = record.get("lines") if record else None
        found = [row for row in rows[lines:] if row.kind == self.kind] if isinstance(lines, int) else []
        return most_alive([*found, *(row for row in of_kind if row.is_running and or_running)])

    def is_known(self, record: dict[str, object]) -> bool:
        return isinstance(record.get("lines"), int)

    def is_new(self, row: Row, record: dict[str, object]) -> bool:
        return int(row.id.rpartition("-")[2]) >= int(str(record["lines"]))

    def since(self, rows: Sequence[Row], when: float, *, cleared: bool) -> tuple[Row | None, Row | None]:
        return changed_since([row for row in rows if row.kind == self.kind], when, cleared=cleared)

    def has_draft(self, watched: Watched) -> Procedure[HasDraft]:
        look = yield from watched.look(patient=True)
        is_same = isinstance(look, Seen) and not look.operation.steps
        return HasDraft(is_same, "" if is_same else "a step more")

    def done_already(self, rows: Sequence[Row]) -> Procedure[Row | None]:
        yield from ()
        return None

    def goes_live(self, watched: Watched) -> Procedure[bool]:
        yield from ()
        return False

    def due(self, *, required: bool) -> Procedure[Dueness]:
        rows = yield from self.rows()
        if isinstance(rows, Unlisted):
            raise rows.error
        if (running := self.ours(rows.entries, None, or_running=True)) is not None:
            return Runs(running)
        if required and any(row.state_word == "succeeded" for row in rows.entries[-1:]):
            return Live(f"{self} isn't due: it is open.")
        return Due("it is shut")

    def newer_draft(self) -> Procedure[str]:
        yield from ()
        return ""

    def is_there(self) -> Procedure[None]:
        yield from ()


@dataclass
class Shelf:
    """What stands behind it: answers calls, as a function of a call and the time.

    :param posts: what happens to each POST, one after the other: `job` (accepted), `lost` (accepted, and no
        answer), `swallowed` (no answer, and nothing done), `mute` (accepted without a job), `busy` (409), `late`
        (accepted, and refused in the job's first words), `moves` (accepted, and to be found under another name).
    """

    posts: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    #: Answers by path, before anything else is looked at.
    answers: dict[str, Reading] = field(default_factory=dict)
    #: Jobs that were accepted and refused after that.
    refused: list[str] = field(default_factory=list)
    #: How the jobs go, as long as their rows don't say that they have ended.
    steps: dict[str, str] = field(default_factory=dict)
    stops: int = 0

    def add(self, kind: str = "opening", state: str = "running", **more: Any) -> str:
        name = f"job-{len(self.rows)}"
        self.rows.append({"id": name, "kind": kind, "state": state, **more})
        return name

    def end(self, name: str, state: str) -> None:
        next(row for row in self.rows if row["id"] == name)["state"] = state

    def __call__(self, call: Call, now: float) -> Reading:
        if call.path in self.answers:
            return self.answers[call.path]
        if call.path == "/rows":
            return answered(200, self.rows)
        if call.path == "/key":
            return answered(200, {"key": "brass"})
        _, what, name, *rest = call.path.split("/")
        if what == "open":
            return self._open(name, call.body)
        if rest == ["stop"]:
            self.stops += 1
            self.end(name, "canceled")
            return answered(202)
        if name == "ticket":
            return answered(200, {"state": "moved"})
        if name in self.refused:
            return answered(200, {"state": "rejected"})
        row = next((row for row in self.rows if row["id"] == name), None)
        if row is None:
            return refused(404)
        steps = self.steps if what == "jobs" else {}
        return answered(200, {"state": row["state"], "steps": steps})

    def _open(self, key: str, kind: str) -> Reading:
        assert key == "brass", "the request isn't what was prepared"
        match self.posts.pop(0):
            case "job":
                return answered(202, {"job": self.add(kind)})
            case "lost":
                self.add(kind)
                return LOST
            case "swallowed":
                return LOST
            case "moves":
                self.add(kind)
                return answered(202, {"job": "ticket"})
            case "mute":
                self.add(kind)
                return answered(202)
            case "busy":
                return refused(409, "Busy", "Somebody is at it.")
            case "late":
                self.refused.append("job-late")
                return answered(202, {"job": "job-late"})
        raise AssertionError
