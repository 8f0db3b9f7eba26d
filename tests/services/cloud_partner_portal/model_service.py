"""A service that starts operations, in a few lines: it acts on a request or doesn't, and answers or doesn't."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.lro.words import state_of
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.services.cloud_partner_portal.intents import GoingLive, Publishing
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import answered, refused, utc
from tests.services import faults
from tests.services.cloud_partner_portal.offer_documents import GET_ANSWER
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER, step, submission

#: What becomes of a POST, with what only this service's answers may say.
POSTS: dict[str, faults.Fate] = {
    **faults.POSTS,
    "foreign location": (True, answered(202, Location="https://evil.example/api/operations/a$b$1$preview")),
    "other offer": (True, answered(202, Location=f"/api/publishers/{PUBLISHER}/offers/other/operations/1-2")),
}


@dataclass
class Other:
    """An operation that somebody else begins, unless another runs at that time.

    :param at: seconds after the first request at which it begins.
    :param lasts: seconds until it ends; None for never.
    """

    at: float
    lasts: float | None
    kind: str
    outcome: str
    begun: float | None = None
    canceled: bool = False

    def state(self, now: float) -> str:
        assert self.begun is not None
        if self.canceled:
            return "canceled"
        return "running" if self.lasts is None or now < self.begun + self.lasts else self.outcome


@dataclass
class ModelService:
    """One offer, on which one operation runs at a time.

    :param posts: what becomes of each POST, then `answered` for ever.
    :param reads: what becomes of each read, then `answered` for ever.
    :param listed: the same for the lists alone, before `reads`; `states` for an operation, `checks` for what
        else is read.
    :param ends_after: seconds from the start of an operation to its end; None for never.
    :param outcome: the word with which it ends.
    :param outcomes: the words with which the first ones end.
    :param kind: `golive` or `publish`: what it is asked for.
    :param lag: seconds until an operation is seen in the list, and under its location.
    :param gone: the status with which an operation answers; None if it tells its state.
    :param others: what somebody else begins.
    :param dated: whether the list says when an operation changed; a number n for each but the nth, 2nth, ... one.
    :param page: entries of the list that come at once; None for all.
    :param page_form: how it says that it goes on: a field beside the entries, or the header `Link`.
    :param newest_first: the order of the list.
    :param ahead: seconds by which the service's clock is ahead; None if its answers have no date.
    :param status: the offer's status document; None for a plain one.
    :param versions: of preview and production: a number, None for a 404, or a text for another body. Of a publish
        the preview has what the last one brought there.
    :param cancels: what becomes of each cancel, then `answered` for ever.
    :param signoff_after: seconds from the start of a publish until it waits for its sign-off; None for never.
    :param numbers: whether versions are `growing`, all `zero` or all the `same`.
    :param draft: the draft's revision, which a change of it raises.
    :param of: revisions of the drafts that publishes had which this service didn't start.
    """

    posts: Iterator[str] = field(default_factory=lambda: iter(()))
    reads: Iterator[str] = field(default_factory=lambda: iter(()))
    listed: Iterator[str] = field(default_factory=lambda: iter(()))
    states: Iterator[str] = field(default_factory=lambda: iter(()))
    checks: Iterator[str] = field(default_factory=lambda: iter(()))
    ends_after: float | None = None
    outcome: str = "succeeded"
    outcomes: Sequence[str] = ()
    lag: float = 0.0
    kind: str = GO_LIVE
    gone: int | None = None
    others: Sequence[Other] = ()
    dated: bool | int = True
    page: int | None = None
    page_form: str = "nextLink"
    newest_first: bool = False
    ahead: float | None = None
    status: object = None
    versions: tuple[object, object] = (None, None)
    cancels: Iterator[str] = field(default_factory=lambda: iter(()))
    signoff_after: float | None = None
    numbers: str = "zero"
    draft: int = 7
    of: dict[str, int] = field(default_factory=dict)
    canceled: list[str] = field(default_factory=list)
    #: What ran when a cancel came in, whatever became of that.
    asked_to_cancel: list[str] = field(default_factory=list)
    old: list[dict[str, Any]] = field(default_factory=lambda: [submission("old-1", "completed")])
    #: identifier and start of every operation that this service ever started.
    started: list[tuple[str, float]] = field(default_factory=list)
    first: float | None = None

    def __call__(self, call: Call, now: float) -> Reading:
        self._go_on(now)
        reading = self._post(call, now) if call.method == "POST" else self._read(call, now)
        if isinstance(reading, Answer) and self.ahead is not None:
            date = format_datetime(datetime.fromtimestamp(now + self.ahead, UTC), usegmt=True)
            return replace(reading, headers={**reading.headers, "date": date}, received_at=now)
        return reading

    def _post(self, call: Call, now: float) -> Reading:
        if call.path.endswith("/cancel"):
            return self._cancel(now)
        assert call.path == f"/api/publishers/{PUBLISHER}/offers/{OFFER}/{self.kind}"
        acts, reading = {**POSTS, **faults.PASSED_ON}[next(self.posts, "answered")]
        if isinstance(reading, CppError):
            raise reading
        answer = self._start(now) if acts else refused(500)
        if acts and answer.status == 409:
            # Whatever was to become of the answer, at best the conflict itself arrives.
            return answer if reading is None or isinstance(reading, Answer) else reading
        return answer if reading is None else reading

    def _cancel(self, now: float) -> Reading:
        acts, reading = POSTS[next(self.cancels, "answered")]
        if isinstance(reading, CppError):
            raise reading
        self.asked_to_cancel += [name for name in self._names() if self._state_of(name, now) == "running"]
        running = next((name for name in self._names() if self._state_of(name, now) == "running"), None)
        if acts and running is not None:
            assert running in self.of or running.startswith("publish"), "no go-live is canceled"
            self.canceled.append(running)
            for number, other in enumerate(self.others):
                other.canceled |= running == f"other-{number}"
            for entry in self.old:
                if entry["id"] == running:
                    entry |= {"submissionState": "canceled", "changedTime": utc(now)}
        return answered(202) if reading is None else reading

    # As the world of a task

    shows_canceled: ClassVar[bool] = True

    @property
    def taken(self) -> int:
        return len(self.started)

    @property
    def lasts(self) -> float:
        return self.ends_after or 0.0

    def go_on_to(self, now: float) -> None:
        """What goes on here is told by the time at which it is asked for."""

    def to_start(self, if_running: str) -> Start:
        ref = OfferRef(PUBLISHER, OFFER)
        return Start(GoingLive(ORIGIN, ref) if self.kind == GO_LIVE else Publishing(ORIGIN, ref), if_running)

    def name_of(self, watched: Watched) -> str:
        return watched.operation_id

    def state_of(self, name: str, now: float) -> str:
        return self._state_of(name, now)

    def all_states(self, now: float) -> list[str]:
        return [self._state_of(name, now) for name in self._names()]

    def may_be_taken(self, name: str, now: float) -> bool:
        if name.startswith("other-"):
            other = self.others[int(name.removeprefix("other-"))]
            return other.begun is not None and other.kind == self.kind
        return self._state_of(name, now) == "running"

    def was_begun_meanwhile(self, name: str) -> bool:
        return name.startswith("other-")

    def has_draft(self, name: str) -> bool:
        return self.of.get(name, self.draft) == self.draft

    def redraft(self) -> None:
        self.draft += 1

    def was_before(self, record: dict[str, Any], name: str) -> bool:
        return name in (record["before"] or ())

    def _names(self) -> list[str]:
        others = [f"other-{number}" for number, other in enumerate(self.others) if other.begun is not None]
        return [*(entry["id"] for entry in self.old), *others, *(name for name, _ in self.started)]

    def _state_of(self, name: str, now: float) -> str:
        if name.startswith("other-"):
            return self.others[int(name.removeprefix("other-"))].state(now)
        if any(name == known for known, _ in self.started):
            return self.state(name, now)
        return str(next(entry for entry in self.old if entry["id"] == name)["submissionState"])

    def _number(self, revision: int) -> int:
        return {"zero": 0, "same": 1}.get(self.numbers, revision)

    def _waits(self, name: str, now: float) -> bool:
        if name not in self.of or self.signoff_after is None or self._state_of(name, now) != "running":
            return False
        return now >= self._since(name) + self.signoff_after

    def _since(self, name: str) -> float:
        if name.startswith("other-"):
            return self.others[int(name.removeprefix("other-"))].begun or 0.0
        return dict(self.started).get(name, 0.0)

    def _definition(self, call: Call, now: float) -> Reading:
        """The draft, a version or what is in preview, where it is told by its revision."""
        revision: int | None = self.draft
        if call.path.endswith("/slot/Preview"):
            revision = next((self.of[name] for name in self.of if self._waits(name, now)), None)
        elif "/versions/" in call.path:
            wanted = int(call.path.rsplit("/", 1)[1])
            revision = next((each for each in self.of.values() if self._number(each) == wanted), None)
        elif call.path.endswith("/slot/Production"):
            ended = [name for name in self._names() if state_of(self._state_of(name, now)) == "succeeded"]
            revision = next((self.of[name] for name in reversed(ended) if name in self.of), None)
        if revision is None:
            return refused(404)
        # A publish makes the draft the next version.
        number = self._number(revision + (revision in self.of.values() and call.path.endswith(OFFER)))
        definition = {**GET_ANSWER["definition"], "displayText": f"revision {revision}"}
        return answered(200, {**GET_ANSWER, "version": number, "definition": definition})

    def _read(self, call: Call, now: float) -> Reading:
        is_list = call.path.endswith("/submissions/")
        is_state = "/operations/" in call.path
        own = self.listed if is_list else self.states if is_state else self.checks
        reading = faults.READS[next(own, None) or next(self.reads, "answered")]
        if isinstance(reading, CppError):
            raise reading
        if reading is not None:
            return reading
        if is_list:
            return self._page(call, self._list(now))
        if call.path.endswith("/status"):
            if self.status is not None:
                return answered(200, self.status)
            return answered(200, {"status": "running" if self.runs(now) else "waitingForPublisherReview"})
        if self.kind == PUBLISH and "/operations/" not in call.path:
            return self._definition(call, now)
        if call.path.endswith(OFFER):
            return answered(200, GET_ANSWER)
        if "/slot/" in call.path:
            version = self.versions[call.path.endswith("Production")]
            if version is None:
                return refused(404)
            return answered(200, version if isinstance(version, str) else {**GET_ANSWER, "version": version})
        return self._operation(call.path.rsplit("/", 1)[1], now)

    def _operation(self, name: str, now: float) -> Reading:
        if self.gone is None and any(name == known and now - at >= self.lag for known, at in self.started):
            return answered(200, {"status": self.state(name, now), "steps": [self._step(name, now)]})
        for number, other in enumerate(self.others):
            if name == f"other-{number}" and other.begun is not None:
                return answered(200, {"status": other.state(now), "steps": [self._step(name, now)]})
        if self.gone is None and self.kind == PUBLISH and name in self._names():
            return answered(200, {"status": self._state_of(name, now), "steps": [self._step(name, now)]})
        return refused(self.gone or 404)

    def _step(self, name: str, now: float) -> dict[str, Any]:
        return step("publisher-signoff", "waitingForPublisherReview") if self._waits(name, now) else step()

    def runs(self, now: float) -> bool:
        """Tell whether something runs that keeps another from beginning."""
        listed = (entry["submissionState"] for entry in self.old)
        return (
            "running" in listed
            or any(self.state(name, now) == "running" for name, _ in self.started)
            or any(other.begun is not None and other.state(now) == "running" for other in self.others)
        )

    def state(self, name: str, now: float) -> str:
        if name in self.canceled:
            return "canceled"
        at = dict(self.started)[name]
        ends = dict(zip((name for name, _ in self.started), self.outcomes, strict=False))
        return "running" if self.ends_after is None or now < at + self.ends_after else ends.get(name, self.outcome)

    def _list(self, now: float) -> list[dict[str, Any]]:
        seen: list[tuple[float, dict[str, Any]]] = []
        for name, at in self.started:
            state = self.state(name, now)
            if now - at >= self.lag:
                seen.append((at, self._entry(name, state, self.kind, at, self.ends_after)))
        for number, other in enumerate(self.others):
            if other.begun is not None:
                entry = self._entry(f"other-{number}", other.state(now), other.kind, other.begun, other.lasts)
                seen.append((other.begun, entry))
        seen.sort(key=lambda item: item[0])
        entries = self.old + [entry for _, entry in seen]
        return entries[::-1] if self.newest_first else entries

    def _page(self, call: Call, entries: list[dict[str, Any]]) -> Reading:
        if self.page is None:
            return answered(200, entries)
        query = dict(call.query)
        start = int(query.get("continuationToken", query.get("$skip", "0")))
        end = start + self.page
        page, is_last = entries[start:end], end >= len(entries)
        if self.page_form == "Link":
            return answered(200, page, **({} if is_last else {"Link": f'<?$skip={end}>; rel="next"'}))
        value = str(end) if self.page_form == "continuationToken" else f"{ORIGIN}{call.path}?$skip={end}"
        return answered(200, {"value": page, **({} if is_last else {self.page_form: value})})

    def _entry(self, name: str, state: str, kind: str, at: float, lasts: float | None) -> dict[str, Any]:
        slot = "production" if kind == GO_LIVE else "staging"
        changed = at if state == "running" or lasts is None else at + lasts
        moment = datetime.fromtimestamp(changed + (self.ahead or 0.0), UTC).isoformat()
        number = int(name.rsplit("-", 1)[1])
        is_dated = self.dated if isinstance(self.dated, bool) else number % self.dated != 0
        version = self._number(self.of.get(name, 2))
        return submission(name, state, slot, changedTime=moment if is_dated else None, offerVersion=version)

    def _go_on(self, now: float) -> None:
        self.first = now if self.first is None else self.first
        for other in self.others:
            if other.begun is None and now >= self.first + other.at and not self.runs(now):
                other.begun = now
                if other.kind == PUBLISH:
                    self.of[f"other-{self.others.index(other)}"] = self.draft

    def _start(self, now: float) -> Answer:
        if self.runs(now):
            return refused(409, "Conflict", "Another operation is already running.")
        name = f"{self.kind}-{len(self.started) + 1}"
        self.started.append((name, now))
        if self.kind == PUBLISH:
            self.of[name] = self.draft
        return answered(
            202, Location=f"/api/publishers/{PUBLISHER}/offers/{OFFER}/operations/{name}?api-version=2017-10-31"
        )
