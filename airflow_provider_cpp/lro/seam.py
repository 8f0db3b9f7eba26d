"""The seam: what the engine asks of a service that runs long-running operations on offers.

Nobody subclasses these protocols: each service has classes of this shape. Every verb that talks to the service is
a procedure, as one look may take two exchanges, a request may have to be prepared, and a conflict may come only
after the request was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.looks import CustomerView, Found, Look, Seen
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure


class Watched(Protocol):
    """Something that is looked at until it is what is waited for: an operation, or an offer's status."""

    @property
    def url(self) -> str:
        """What goes into XCom: on the connection's own host, without any secret."""

    @property
    def offer(self) -> str:
        """The offer in words: "offer contoso/vm"."""

    @property
    def ids(self) -> str:
        """What a message ends with, so that the service's support finds it; empty if there is nothing."""

    @property
    def operation_id(self) -> str:
        """The operation's own identifier; empty for an offer."""

    @property
    def portal(self) -> str:
        """Where a person looks at offers."""

    @property
    def support(self) -> str:
        """Who helps where the service gives no reason: "the service's support"."""

    @property
    def list_in_words(self) -> str:
        """What the service calls the list of operations, after "among"."""

    @property
    def ends_at_signoff(self) -> bool:
        """Whether nothing runs any more once it waits for its sign-off, so that there is nothing to cancel."""

    @property
    def usual_interval(self) -> float:
        """Seconds between two looks at least, where nobody asks for fewer: as the service's pages have it."""

    def look(self, before: Seen | None = None, *, patient: bool = False) -> Procedure[Look]:
        """Look once.

        :param before: what the last look saw. Where the service's answer is the same, that is returned.
        :param patient: as in `Send`.
        """

    def look_in_list(self, *, patient: bool = False) -> Procedure[Found]:
        """Look for it in the list of operations, as it isn't found by itself. Never asked of an offer.

        :param patient: as in `Send`.
        """

    def to_cancel(self, notification_emails: tuple[str, ...] = ()) -> Call | str:
        """Return the call that cancels it, or in words why none can.

        :param notification_emails: whom the service notifies, if it does.
        """

    def needs_no_cancel(self, refusal: Reading) -> bool:
        """Return whether a cancel is refused because one is under way, or nothing is left to cancel."""

    def is_too_far_on(self, refusal: Reading) -> bool:
        """Return whether a cancel of what runs is refused because it can't be canceled any more."""

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""


# What a request came to, and what the list says of it


@dataclass(frozen=True, slots=True)
class Prepared:
    """What has to be known before a request.

    :param record: the same as JSON primitives, for a retry.
    :param is_known: whether what there was before it is known; otherwise a lost answer can't be cleared up.
    :param running: an operation of this kind that runs already, or has come to what this one would, where that
        isn't to be left to the service.
    """

    record: dict[str, object] = field(default_factory=dict)
    is_known: bool = True
    running: Row | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service accepted the request, and says where its operation is.

    :param watched: the operation.
    """

    watched: Watched


@dataclass(frozen=True, slots=True)
class Conflict:
    """The service refused the request, because of something else that runs.

    :param error: the error that it means.
    """

    error: CppError


@dataclass(frozen=True, slots=True)
class Rejected:
    """The service provably did nothing about the request.

    :param error: the error that it means.
    """

    error: CppError


@dataclass(frozen=True, slots=True)
class Unclear:
    """Whether the service accepted the request, or what came of it, isn't known.

    :param is_accepted: whether it was accepted, and only its operation isn't known.
    :param note: what was odd about the answer, as a line for the log.
    :param error: the error that it means where the list shows that nothing came of it, and it can't be sent again.
    """

    is_accepted: bool = False
    note: str = ""
    error: CppError | None = None


Verdict = Accepted | Conflict | Rejected | Unclear


@dataclass(frozen=True, slots=True)
class HasDraft:
    """Whether an operation that runs, or just ended well, has the offer's draft as it is now.

    :param is_so: None if that isn't known.
    :param why: why it isn't, or what differs, in words.
    """

    is_so: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """The operation is due.

    :param why: the reason, in words.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Runs:
    """It runs already.

    :param row: as the list names it.
    """

    row: Row


@dataclass(frozen=True, slots=True)
class Live:
    """What would go live is live already.

    :param message: the same in words.
    """

    message: str


#: How to send a request all the same.
FORCED = "precheck=False sends it all the same."

#: What an inquiry before a request came to. That it isn't due is raised.
Dueness = Due | Runs | Live


class OperationsOf(Protocol):
    """The operations on one offer, past and running."""

    @property
    def why_not_canceled(self) -> str:
        """Why what runs can't be canceled by the offer's name alone, and what to do instead; empty if it can."""

    @property
    def offer(self) -> str:
        """The offer in words: "offer contoso/vm"."""

    @property
    def portal(self) -> str:
        """Where a person looks at offers."""

    @property
    def list_in_words(self) -> str:
        """What the service calls the list of operations, after "among"."""

    @property
    def row_in_words(self) -> str:
        """What the service calls one of them."""

    def rows(self, *, patient: bool = True) -> Procedure[Listed[Row] | Unlisted]:
        """List the operations on the offer.

        :param patient: as in `Send`.
        """

    def at(self, row: Row) -> Watched:
        """Return the operation of a row.

        :raises UntrustedLocation: if its id is none that leads to one.
        """

    def row_of(self, rows: Sequence[Row], watched: Watched) -> Row | None:
        """Return the row of an operation, if the list has it."""

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""

    def located(self, text: object) -> Watched:
        """Return the operation at a location that a record names.

        :raises UntrustedLocation: if it isn't one on this offer and host.
        """


class Intent(OperationsOf, Protocol):
    """An operation that is to be started once."""

    @property
    def subject(self) -> str:
        """What a record is about: the next try may be for another offer, or on another host."""

    @property
    def to_do(self) -> str:
        """What is to be done, in words: "to go live"."""

    @property
    def happening(self) -> str:
        """What the offer does then, in words: "is going live"."""

    @property
    def meets_others(self) -> bool:
        """Whether one of somebody else's that runs may be another than this: a publish of an older draft."""

    @property
    def is_keyed(self) -> bool:
        """Whether it has a key: a row that has it is the answer to the request, whoever sent it."""

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again after an unclear answer that left no trace for minutes.

        False where the list may lag behind for longer, and a second request could bring about what the first did.
        """

    def __str__(self) -> str:
        """Return it in words: "Go Live of offer contoso/vm"."""

    def prepared(self) -> Procedure[Prepared]:
        """Find out what must be known before the request.

        :raises CppError: it can't be had just now; nothing may be sent.
        """

    def is_other(self, prepared: Prepared, record: dict[str, object]) -> str:
        """Return in words why a request would be about something else than an earlier try's; empty if it isn't.

        :param prepared: what a request would be about now.
        :param record: what an earlier try kept.
        """

    def call(self, prepared: Prepared) -> Call:
        """Return the request."""

    def verdict(self, prepared: Prepared, call: Call, reading: Reading) -> Verdict:
        """Return what the answer to the request means, or that there is none.

        :param prepared: what there was before it.
        :param call: the request.
        :param reading: what it came to.
        """

    def confirmed(self, watched: Watched) -> Procedure[Watched | Conflict]:
        """Return the operation that was accepted, or the conflict that it met after that."""

    def ours(
        self, rows: Sequence[Row], record: dict[str, object] | None, *, or_running: bool = False
    ) -> Row | None:
        """Return the row that came of the request, if there is one.

        :param record: of what was prepared before it; None if that isn't known.
        :param or_running: take one of this kind that runs, too, whenever it began.
        """

    def is_known(self, record: dict[str, object]) -> bool:
        """Return whether a record says what there was before its request."""

    def is_new(self, row: Row, record: dict[str, object]) -> bool:
        """Return whether a row of any kind wasn't there before the request of a record."""

    def since(self, rows: Sequence[Row], when: float, *, cleared: bool) -> tuple[Row | None, Row | None]:
        """Return the row that counts, and the one that changed last, of those of this kind since a time.

        :param when: seconds since 1970 (UTC) by the service's clock; infinity for what runs only.
        :param cleared: whether the task was cleared since then.
        """

    def has_draft(self, watched: Watched) -> Procedure[HasDraft]:
        """Find out whether an operation that runs, or just ended well, has the draft as it is now.

        Only asked where it `meets_others`.

        :raises CppUnavailable: that can't be asked just now.
        """

    def done_already(self, rows: Sequence[Row]) -> Procedure[Row | None]:
        """Return a row that has come to what the request would bring about, though nothing of it runs any more.

        None where the service counts such a one as running, or has no such thing.

        :param rows: what the list says.
        :raises CppError: that can't be asked just now.
        """

    def goes_live(self, watched: Watched) -> Procedure[bool]:
        """Return whether an operation has come to where customers get what it brings."""

    def due(self, *, required: bool) -> Procedure[Dueness]:
        """Find out whether it is due.

        :param required: raise where it isn't, and not only where that can't be found out.
        :raises CppError: it isn't due, or that can't be found out.
        """

    def newer_draft(self) -> Procedure[str]:
        """Return what of the draft isn't taken along, as a sentence with a warning; empty if nothing."""

    def is_there(self) -> Procedure[None]:
        """Ask whether there is such an offer.

        :raises CppError: if there isn't.
        """
