"""Decides which request meets which fault; what a fault does to an answer is decided in ``disturbance``."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.doors import ACTIONS
from airflow_provider_cpp.emulator.operations import GO_LIVE, PUBLISH
from airflow_provider_cpp.emulator.refusals import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Whether the portal acts upon a request that meets the fault; None: it's the fault's ``acts``, False by default.
KINDS: dict[str, bool | None] = {
    "lost-response": True,
    "reset-before": False,
    "reset-after": True,
    "cut-head": True,
    "cut-body": True,
    "hang": None,
    "slow": True,
    "drip": True,
    "throttled": None,
    "error": None,
    "html": None,
    "refusal": None,
    "empty": True,
    "array": True,
    "status-word": True,
    "no-status": True,
    "oversized": True,
    "gzip-bomb": True,
    "unauthorized": False,
    "revoked": True,
    "not-found": False,
    "gone": False,
    "redirect": False,
    "foreign-location": True,
    "no-location": True,
    "ignored": False,
    "overtaken": True,
}


@dataclass(frozen=True)
class Fault:
    """Describe something that goes wrong between the portal and a client.

    ====================  ======================================================================================
    ``lost-response``     acts, then closes the connection without an answer
    ``reset-before``      resets the connection (RST) without having acted
    ``reset-after``       acts, then resets the connection
    ``cut-head``          acts, then closes within the status line
    ``cut-body``          acts, then closes before the body is as long as the head said
    ``hang``              never answers, until the client goes; ``acts`` or not
    ``slow``              acts, and answers after ``delay`` seconds
    ``drip``              acts, and answers byte by byte, ``delay`` seconds apart
    ``throttled``         429, or ``status``, with ``retry_after``; ``acts`` or not
    ``error``             500, or ``status``; ``acts`` or not
    ``html``              a page in HTML with 200, or ``status``; ``acts`` or not
    ``refusal``           400, or ``status``, with a body in the form ``value``, see ``refusals``; ``acts`` or not
    ``empty``             acts, and answers without a body
    ``array``             acts, and answers with the body in an array
    ``status-word``       acts, and answers with the state ``value``, a word of no vocabulary
    ``no-status``         acts, and leaves the state out of the answer
    ``oversized``         acts, and pads the JSON with ``size`` spaces (default: 2 MiB)
    ``gzip-bomb``         the same, compressed (default: 64 MiB)
    ``unauthorized``      401 for this request only
    ``revoked``           revokes all tokens first, so that the answer is 401 until there is a new one
    ``not-found``         404: early with ``times``, late with ``skip``
    ``gone``              410
    ``redirect``          302, or ``status``, to the host ``value``
    ``foreign-location``  acts, and names the host ``value`` in the location header, and in links of the body
    ``no-location``       acts, and leaves out what leads to what was started: the location header, or the job's id
    ``ignored``           202 without having acted, such as a cancel that does nothing
    ``overtaken``         acts, after somebody else published the offer, or took it live (``value`` is ``golive``)
    ====================  ======================================================================================

    Python's ``http.client``, and so ``requests``, takes a cut head for a whole answer without headers.

    :param kind: one of the above
    :param action: requests that meet it: ``golive``, ``operation``, ``token``, ... or ``any``
    :param offer_id: of this offer only; None for all
    :param times: how many requests meet it; 1. None: all
    :param skip: how many matching requests go unharmed before; 0
    :param status: the answer's status code; None for the kind's own
    :param retry_after: value of ``Retry-After`` as it is sent; ``date:30`` for an HTTP date in 30 s; None for none
    :param acts: for ``hang``, ``throttled``, ``error``, ``html`` and ``refusal``: whether the portal acts upon it
    :param value: a word, a form or a host with its scheme, see the kind; None for the kind's own
    :param delay: seconds, for ``slow`` and ``drip``; 0.05
    :param size: bytes, for ``oversized`` and ``gzip-bomb``; None for the kind's own
    :raises ValueError: for what makes no sense
    """

    kind: str
    action: str = "any"
    offer_id: str | None = None
    times: int | None = 1
    skip: int = 0
    status: int | None = None
    retry_after: str | None = None
    acts: bool | None = None
    value: str | None = None
    delay: float = 0.05
    size: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it can be {', '.join(KINDS)}")
        if self.action not in ("any", *ACTIONS):
            raise ValueError(f"action is {self.action!r}; it can be any, {', '.join(ACTIONS)}")
        if self.acts is not None and KINDS[self.kind] not in (None, self.acts):
            raise ValueError(f"acts can't be {self.acts} for {self.kind}")
        if self.kind == "refusal" and self.value not in (None, *FORMS):
            raise ValueError(f"value is {self.value!r}; it can be {', '.join(FORMS)}")
        if self.kind == "overtaken" and self.value not in (None, PUBLISH, GO_LIVE):
            raise ValueError(f"value is {self.value!r}; it can be {PUBLISH}, {GO_LIVE}")
        if self.retry_after is not None and self.retry_after.startswith("date:"):
            float(self.retry_after.removeprefix("date:"))
        for name, least in (("times", 1), ("skip", 0), ("size", 0), ("delay", 0), ("status", 100)):
            number = getattr(self, name)
            if number is None and name in ("times", "size", "status"):
                continue
            if isinstance(number, bool) or not isinstance(number, (int, float)) or number < least:
                raise ValueError(f"{name} is {number!r}; it has to be a number, {least} or more")

    @property
    def accepts(self) -> bool:
        """Whether the portal acts upon the request."""
        own = KINDS[self.kind]
        return bool(self.acts) if own is None else own

    def matches(self, action: str, offer_id: str | None) -> bool:
        """Return whether a request could meet this fault.

        :param action: what it asks for
        :param offer_id: for which offer
        """
        return self.action in ("any", action) and self.offer_id in (None, offer_id)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Fault:
        """Make a fault of JSON values.

        :param values: fields by name
        :raises ValueError: for an unknown field or what makes no sense
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown or "kind" not in values:
            raise ValueError(f"a fault has no {', '.join(unknown)}" if unknown else "a fault needs a kind")
        given = dict(values)
        if given.get("retry_after") is not None:
            given["retry_after"] = str(given["retry_after"])
        return cls(**given)

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """Make a fault of a text such as ``throttled,action=operation,times=3,retry_after=5``.

        :param spec: the kind, then fields; ``times=all`` for every request
        :raises ValueError: for an unknown field or what makes no sense
        """
        kind, *settings = spec.split(",")
        values: dict[str, Any] = {"kind": kind.strip()}
        for setting in settings:
            name, equals, text = (part.strip() for part in setting.partition("="))
            if not equals:
                raise ValueError(f"{setting!r} in {spec!r} is not NAME=VALUE")
            values[name] = _READERS.get(name, str)(text)
        return cls.of(values)


def _times(text: str) -> int | None:
    return None if text == "all" else int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"acts is {text!r}; it has to be true or false")
    return text.lower() == "true"


_READERS: dict[str, Callable[[str], Any]] = {
    "times": _times,
    "skip": int,
    "status": int,
    "size": int,
    "delay": float,
    "acts": _truth,
}


class FaultList:
    """Keep the faults that are to come, in order; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Each with how many matching requests there were, and how many of them met it.
        self._entries: list[tuple[Fault, int, int]] = []

    def add(self, *faults: Fault) -> None:
        """Add faults; if several match a request, the first that isn't used up applies.

        :param faults: in order
        """
        with self._lock:
            self._entries += [(fault, 0, 0) for fault in faults]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._entries.clear()

    def pending(self) -> list[Fault]:
        """Return the faults that aren't used up."""
        with self._lock:
            return [fault for fault, _, met in self._entries if fault.times is None or met < fault.times]

    def take(self, action: str, offer_id: str | None) -> Fault | None:
        """Return the fault that a request meets, and count it; None if it meets none.

        :param action: what it asks for
        :param offer_id: for which offer
        """
        taken: Fault | None = None
        with self._lock:
            for number, (fault, seen, met) in enumerate(self._entries):
                if not fault.matches(action, offer_id):
                    continue
                applies = taken is None and seen >= fault.skip and (fault.times is None or met < fault.times)
                if applies:
                    taken = fault
                self._entries[number] = (fault, seen + 1, met + applies)
        return taken

    def to_list(self) -> list[dict[str, Any]]:
        """Return the pending faults as JSON values."""
        return [asdict(fault) for fault in self.pending()]
