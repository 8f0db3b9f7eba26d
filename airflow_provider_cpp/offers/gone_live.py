"""Which go-lives of a publisher have completed, and which of them are news to somebody who looked before.

What shows a go-live is the offer's list of submissions: one with the slot `production` that succeeded
(retrieve-operations page), whoever started it. Its identifier distinguishes it from every other, so that neither a
changed time nor a list in another order makes news of what isn't.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from airflow_provider_cpp.lro.words import SUCCEEDED
from airflow_provider_cpp.offers.submission import GO_LIVE, Submission


@dataclass(frozen=True, slots=True)
class GoneLive:
    """A go-live that completed.

    :param offer_id: the offer that went live.
    :param operation_id: the operation that took it there.
    :param version: the version that is live since; None if the service doesn't say.
    :param changed_at: when it completed, by the service's clock, in seconds since 1970 (UTC); None if the
        service doesn't say.
    :param location: the operation's absolute location; empty if it can't be had.
    """

    offer_id: str
    operation_id: str
    version: int | None = None
    changed_at: float | None = None
    location: str = ""

    @property
    def changed_time(self) -> str | None:
        """When it completed, as a text in ISO 8601, UTC."""
        if self.changed_at is None:
            return None
        return datetime.fromtimestamp(self.changed_at, UTC).isoformat()


#: What a look at a publisher showed: by offer, the go-lives that completed; None for an offer that couldn't
#: be read so far.
Look = Mapping[str, tuple[GoneLive, ...] | None]


def completed_go_lives(
    offer_id: str, submissions: tuple[Submission, ...], locate: Callable[[Submission], str] = lambda _: ""
) -> tuple[GoneLive, ...]:
    """Return the go-lives among an offer's submissions that completed.

    :param offer_id: the offer.
    :param submissions: its submissions.
    :param locate: returns where the operation of one is.
    """
    return tuple(
        GoneLive(offer_id, submission.id, submission.offer_version, submission.changed_at, locate(submission))
        for submission in submissions
        if submission.kind == GO_LIVE and submission.state == SUCCEEDED
    )


@dataclass(frozen=True, slots=True)
class Reported:
    """What somebody has had reported already.

    :param since: go-lives that completed before are old, in seconds since 1970 (UTC), where nothing else
        says so: for an offer that was there at the first look.
    :param offers: by offer, the identifiers of the go-lives that were reported or are old; None for an offer that
        was there at the first look, but couldn't be read so far.
    """

    since: float
    offers: Mapping[str, frozenset[str] | None] = field(default_factory=dict)

    @classmethod
    def before(cls, look: Look, since: float) -> Reported:
        """Return what counts as reported at the first look: all that completed before a time."""
        return cls(since, dict.fromkeys(look))

    def news(self, look: Look) -> tuple[GoneLive, ...]:
        """Return the go-lives of a look that weren't reported, in the order in which they completed."""
        news = [
            go_live
            for offer_id, go_lives in look.items()
            for go_live in go_lives or ()
            if self._is_news(offer_id, go_live)
        ]
        return tuple(sorted(news, key=lambda go_live: go_live.changed_at or 0.0))

    def after(self, look: Look) -> Reported:
        """Return what is reported once the news of a look are."""
        # What isn't listed any more stays: it may be listed again.
        offers = dict(self.offers)
        for offer_id, go_lives in look.items():
            if go_lives is not None:
                known = offers.get(offer_id) or frozenset()
                offers[offer_id] = known | {go_live.operation_id for go_live in go_lives}
        return Reported(self.since, offers)

    def _is_news(self, offer_id: str, go_live: GoneLive) -> bool:
        if offer_id not in self.offers:
            return True  # the offer wasn't there when we looked first, so that all of it is news
        known = self.offers[offer_id]
        if known is None:
            return go_live.changed_at is not None and go_live.changed_at >= self.since
        return go_live.operation_id not in known

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON primitives."""
        return {
            "since": self.since,
            "offers": {offer: None if ids is None else sorted(ids) for offer, ids in self.offers.items()},
        }


def read_reported(record: object) -> Reported | None:
    """Return what `Reported.to_dict` wrote, or None if it is nothing of the kind."""
    if not isinstance(record, Mapping):
        return None
    since, offers = record.get("since"), record.get("offers")
    if not isinstance(since, int | float) or not isinstance(offers, Mapping):
        return None
    if not all(ids is None or isinstance(ids, list) for ids in offers.values()):
        return None
    known = {str(offer): None if ids is None else frozenset(map(str, ids)) for offer, ids in offers.items()}
    return Reported(float(since), known)
