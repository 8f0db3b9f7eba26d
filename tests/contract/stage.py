"""What the contract's tests ask of a service's model: to arrange something, and what there is.

A test arranges, runs the engine, and looks. What it arranges is said in words that hold of any service; where two
services have to differ, the intent says so (`is_keyed`, `may_repeat`), and what is expected follows from that.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.cancelling import Cancel, CancelOffer
from airflow_provider_cpp.lro.ends import End
from airflow_provider_cpp.lro.goals import COMPLETED
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.lro.seam import Intent, Watched
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.protocol import Service
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import NOW, Runner, WorkerDied

DAY = 86400.0

#: What can be started, by the name of the service's method.
GOING_LIVE = "going_live"
PUBLISHING = "publishing"


@dataclass
class Stage(ABC):
    """A service with one offer."""

    #: What happens, and after how many seconds of the present run.
    script: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    #: What becomes of the next reads, of whatever it is; and of all reads of the list, or of anything else.
    reads: list[Reading | CppError] = field(default_factory=list)
    list_reads: Reading | CppError | None = None
    looks: Reading | CppError | None = None
    now: float = NOW
    began: float = NOW
    before_the_next_post: Callable[[], object] | None = None

    service: Service = field(init=False)
    offer: OfferRef = field(init=False)
    #: The offer as the list of offers shows it.
    listed: Offer = field(init=False)
    #: What the service says while something else is in the way.
    conflict_words: str = field(init=False)

    # What stands on the stage

    @abstractmethod
    def never_published(self) -> None:
        """Nobody published the offer yet."""

    @abstractmethod
    def ready(self) -> None:
        """What is in preview waits for its sign-off; something older is live."""

    @abstractmethod
    def live(self) -> None:
        """What was in preview last is live."""

    @abstractmethod
    def preview_failed(self) -> None:
        """The last publish has come to nothing."""

    @abstractmethod
    def go_live_failed(self) -> None:
        """The last go-live has come to nothing."""

    # What somebody else does

    @abstractmethod
    def somebody_publishes(self) -> str:
        """Begin a publish of an older draft; return what a message names it by."""

    @abstractmethod
    def somebody_goes_live(self) -> str:
        """Take live what is in preview; return what a message names it by."""

    # What the service does

    @abstractmethod
    def posts(self, *names: str) -> None:
        """Say what becomes of the next POSTs that start something: names of `tests.services.faults.POSTS`."""

    @abstractmethod
    def cancels(self, *names: str) -> None:
        """Say the same of the next cancels."""

    @abstractmethod
    def lags(self, seconds: float) -> None:
        """Say how long what was accepted isn't to be seen in the list."""

    @abstractmethod
    def end(self, outcome: str = "succeeded", reason: str = "") -> None:
        """End what runs: `succeeded`, `failed` or `canceled`."""

    @abstractmethod
    def reach_preview(self) -> None:
        """Have what is being published wait for its sign-off."""

    @abstractmethod
    def sign_off(self) -> None:
        """Have somebody take live what waits, and have that be live at once."""

    @abstractmethod
    def forget(self) -> None:
        """Have the operation not be found by itself any more; the list has it still."""

    @abstractmethod
    def vanish(self) -> None:
        """Have neither name it any more."""

    @abstractmethod
    def refuse_cancels(self) -> None:
        """Have each cancel come too late, as the operation ends well right before it."""

    @abstractmethod
    def go_too_far(self) -> None:
        """Have what runs be so far on that it can't be canceled any more."""

    @abstractmethod
    def _serve(self, call: Call, now: float) -> Reading:
        """Answer."""

    @abstractmethod
    def is_list(self, call: Call) -> bool:
        """Tell whether a call reads the list of operations."""

    @property
    @abstractmethod
    def started(self) -> list[str]:
        """What our requests brought about, by name."""

    @abstractmethod
    def names(self, watched: Watched) -> str:
        """Return the name of what a location leads to."""

    # What any service does

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something happen so many seconds after the present run begins."""
        self.script.append((seconds, action))

    def __call__(self, call: Call, now: float) -> Reading:
        self.now = now
        due = [action for seconds, action in self.script if now - self.began >= seconds]
        self.script = [each for each in self.script if now - self.began < each[0]]
        for action in due:
            action()
        if call.method == "POST":
            if self.before_the_next_post is not None:
                action, self.before_the_next_post = self.before_the_next_post, None
                action()
            return self._serve(call, now)
        reading = self.reads.pop(0) if self.reads else self.list_reads if self.is_list(call) else self.looks
        if isinstance(reading, CppError):
            raise reading
        return self._serve(call, now) if reading is None else reading

    def intent(self, act: str) -> Intent:
        """Return what is to be started."""
        intent: Intent = getattr(self.service, act)(self.offer)
        return intent

    def run(self, procedure: Any, **more: Any) -> tuple[Any, Runner]:
        """Run a procedure from now on; return what it came to, or its error, and the runner."""
        self.began = self.now
        runner = Runner(self, now=self.now, latency=more.pop("latency", 0.0), **more)
        outcome: Any
        try:
            outcome = runner.run(procedure)
        except WorkerDied:
            outcome = None
        except CppError as error:
            outcome = error
        self.now = runner.now
        return outcome, runner

    def start(self, act: str, *, if_running: str = "fail", dies_after: int | None = None, **more: Any) -> Any:
        """Start, as one try of a task does."""
        outcome, runner = self.run(Start(self.intent(act), if_running).once(**more), dies_after=dies_after)
        assert json.loads(json.dumps(runner.kept)) == runner.kept
        return outcome, runner

    def watch(
        self, watched: Watched, goal: Any = COMPLETED, *, days: float = 14, **more: Any
    ) -> tuple[End, Runner]:
        """Watch from now on, as the triggerer does that has the location alone."""
        located = self.service.located(watched.url)
        started_at = self.now - more.pop("age", 0.0)
        plan = Watch(located, started_at, self.now + days * DAY, PollSchedule(60, 600), goal=goal, **more)
        end, runner = self.run(plan.follow(at_once=True, draw=lambda: 0.5))
        return end, runner

    def cancel(self, watched: Watched | None = None, **more: Any) -> Any:
        """Cancel an operation, or what runs on the offer."""
        cancel: Cancel | CancelOffer = CancelOffer(self.service.operations_of(self.offer), **more)
        if watched is not None:
            cancel = Cancel(self.service.located(watched.url), **more)
        return self.run(cancel.confirmed(draw=lambda: 0.5))
