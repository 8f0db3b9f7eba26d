"""How an offer is brought to a wanted definition: read, compared, and sent only where something differs.

A PUT may get lost like any request. It is never repeated blindly: what is there then says what became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppConflict,
    CppError,
    CppUnavailable,
)
from airflow_provider_cpp.offers import put_log
from airflow_provider_cpp.offers.blanks import refuse_blanks
from airflow_provider_cpp.offers.comparing import without_nulls
from airflow_provider_cpp.offers.comparison import ABSENT, Comparison, Finding, Kind
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.new_plans import check_new_plans
from airflow_provider_cpp.offers.paths import Paths
from airflow_provider_cpp.offers.put_log import LISTED, counted
from airflow_provider_cpp.offers.put_result import PutResult
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.advice import Reason, reason_of
from airflow_provider_cpp.services.cloud_partner_portal.differences import (
    compare,
    differences,
    places,
    plan_ids,
    without_masks,
)
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_offer
from airflow_provider_cpp.services.cloud_partner_portal.reading import in_words, no_offer, read_there
from airflow_provider_cpp.services.cloud_partner_portal.wanted import wanted_document
from airflow_provider_cpp.wire.answers import Answer, Reading, describe, error_of, heard
from airflow_provider_cpp.wire.arguments import checked_flag
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import Procedure, Say, Wait, sent
from airflow_provider_cpp.wire.retries import may_have_been_taken

#: Seconds between looks at an offer after a PUT whose answer got lost: half a minute in all. If it comes into
#: effect later still, a second one is refused, as the ETag is another then, and settled in the same way.
SETTLE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)

_PLANS = ("definition", "plans")

#: The arguments that are paths.
_PATHS = ("exact", "resend", "ignore")


@dataclass(frozen=True, slots=True)
class Put:
    """A definition to bring an offer to (create-or-modify page).

    :param publisher_id: publisher of the offer.
    :param offer_id: the offer.
    :param document: what is wanted: the body of the page's PUT, or a part of it, or what a GET answered. What
        the service sets (`offers.SET_BY_SERVICE`) doesn't count in it, what it doesn't name stays, and `null`
        removes: `differences` says the whole.
    :param if_match: ETag of what may be replaced, `*` for whatever is there; the one that is read by default.
    :param dry_run: only report what differs.
    :param ignore: paths of what doesn't count: `paths` says how they are written.
    :param exact: paths of objects and lists that are wanted as they stand: what they don't name goes.
    :param resend: paths of what is sent though it can't be compared, such as a secret.
    :param create: create the offer if there is none, with its plans.
    :param new_plans: add plans that aren't there.
    :param origin: scheme, host and port of the API, for lists that go on on another page.
    :param by_hand: whether a person wrote the document, who may have slipped: then what stays though it isn't
        named, and which fields are new, is told.
    :raises CppConfigurationError: if it is no definition of this offer.
    """

    publisher_id: str
    offer_id: str
    document: Mapping[str, Any] = field(repr=False)
    if_match: str | None = None
    dry_run: bool = False
    ignore: Iterable[str] = ()
    exact: Iterable[str] = ()
    resend: Iterable[str] = ()
    create: bool = False
    new_plans: bool = False
    origin: str = ""
    by_hand: bool = True

    def __post_init__(self) -> None:
        document = wanted_document(self.publisher_id, self.offer_id, self.document)
        object.__setattr__(self, "document", document)
        for name in ("dry_run", "create", "new_plans"):
            checked_flag(name, getattr(self, name))
        for name in _PATHS:
            paths = getattr(self, name)
            Paths(name, paths)  # a text is refused before it is taken for a list
            object.__setattr__(self, name, tuple(paths))
        # What can't be sent is refused before anything is read.
        calls.put_offer(self.publisher_id, self.offer_id, self.document, self.if_match)
        compare(self.document, self.document)

    def once(self) -> Procedure[PutResult]:
        """Bring the offer to what is wanted.

        :raises CppConfigurationError: there is no ETag to compare with, or too little for a new offer, or a
            plan that isn't there, or one would go that isn't meant to; nothing was sent.
        :raises CppNotFound: there is no such offer, and none is to be created; or no such publisher.
        :raises CppBadRequest: the service refuses the definition, or the offer was changed since it was read.
        :raises CppConflict: another operation runs on the offer, or it was changed while an answer was lost.
        :raises CppUnavailable: the service can't be had just now. A later try compares anew.
        """
        before = yield from read_there(self.publisher_id, self.offer_id)
        if before is None and not self.create:
            raise (yield from no_offer(self.publisher_id, self.offer_id, self.origin, may_create=True))
        return (yield from self.onto(before))

    def onto(self, before: Offer | None) -> Procedure[PutResult]:
        """Bring the offer to what is wanted, from what was read of it; raises what `once` does.

        :param before: what is there; None where it is to be created.
        """
        paths = {name: getattr(self, name) for name in _PATHS}
        known = list(places(before.document)) if before and self.ignore else []
        yield from put_log.idle_paths(paths, list(places(self.document)), known)
        comparison = self._compared(before, self.resend)
        if before is not None:
            self._check_plans(before, comparison)
        found = comparison.differences
        if not found:
            yield Say(f"{self._what} is as wanted: nothing is sent.")
            yield from put_log.left_aside(comparison, by_hand=self.by_hand)
            return self._result(before, comparison, changed=False)
        refuse_blanks(self._what, comparison.merged, before.document if before else {})
        gone = self._plans_gone(before, comparison) if before is not None else None
        yield from put_log.differing(self._what, comparison, gone, by_hand=self.by_hand)
        if self.dry_run:
            yield Say(f"{self._what}: dry run, nothing is sent.")
            return self._result(before, comparison, changed=False)
        call = self._call(before, comparison)
        was_lost = False
        for is_last in (False, True):
            reading, _ = yield from sent(call)
            if isinstance(reading, Answer) and reading.status in {200, 201}:
                return (yield from self._done(reading, before, comparison))
            if not may_have_been_taken(call, reading) and not (was_lost and _is_precondition(reading)):
                raise self._refusal(call, reading, before)
            was_lost = True
            applied = yield from self._settle(call, reading, before)
            if applied is not None:
                yield Say(f"{self._what} is as wanted: the request was carried out, though its answer got lost.")
                rewritten = yield from self._rewritten(applied)
                return self._result(applied, comparison, changed=True, created=before is None, rewritten=rewritten)
            if is_last:
                raise self._refusal(call, reading, before)
            yield Say(f"{self._what} is as it was: sending once more.", logging.WARNING)
        raise AssertionError

    def _compared(self, there: Offer | None, resend: Iterable[str] = ()) -> Comparison:
        if there is None:
            return compare(self.document, {})
        # An offer that was found by its name is this one, whatever it calls itself: pages have GUIDs there.
        own = {"publisherId", "id"}
        wanted = {key: value for key, value in self.document.items() if key not in own}
        # What isn't in an answer of an offer that is there is in none: offerTypeVersions, for one.
        not_returned = [key for key in wanted.keys() - {"offerTypeId", "definition"} if key not in there.document]
        return compare(
            wanted,
            there.document,
            self.ignore,
            exact=self.exact,
            resend=resend,
            not_returned=not_returned,
        )

    def _check_plans(self, before: Offer, comparison: Comparison) -> None:
        check_new_plans(self._what, comparison, are_meant=self.new_plans, id_field="planId")
        gone = self._plans_gone(before, comparison)
        exact = Paths("exact", self.exact)
        if gone and not (exact.name(_PLANS) or exact.name(_PLANS[:1])):
            raise CppConfigurationError(
                f"{self._what} would lose {counted('plan', gone)}: {', '.join(gone[:LISTED])}. Nothing was sent. "
                "To remove plans, name definition/plans in exact."
            )

    @staticmethod
    def _plans_gone(before: Offer, comparison: Comparison) -> tuple[str, ...]:
        left = plan_ids((comparison.merged.get("definition") or {}).get("plans"))
        return tuple(name for name in plan_ids(before.definition.get("plans")) if name not in left)

    def _call(self, before: Offer | None, comparison: Comparison) -> Call:
        if before is None:
            document = without_masks(without_nulls(self.document))
            for name in ("offerTypeId", "definition"):
                if not document.get(name):
                    raise CppConfigurationError(
                        f"{self._what} doesn't exist, and the definition names no {name}, which a new one needs. "
                        "Nothing was sent. If it should exist, check offer_id and publisher_id."
                    )
            # Documented without the header; any state ("*") includes none.
            if_match = None if self.if_match == "*" else self.if_match
            return calls.put_offer(self.publisher_id, self.offer_id, document, if_match)
        if_match = self.if_match or before.etag
        if if_match is None:
            raise CppConfigurationError(
                f"{self._what} differs from what is wanted, but the service names no ETag for it (it doesn't "
                "since the migration to Partner Center), so that a change by somebody else couldn't be noticed. "
                "Nothing was sent. Set if_match='*' to replace what is there all the same."
            )
        own = {"publisherId": self.publisher_id, "id": self.offer_id}
        return calls.put_offer(self.publisher_id, self.offer_id, {**own, **comparison.merged}, if_match)

    # Exchanges

    @property
    def _what(self) -> str:
        return in_words(self.publisher_id, self.offer_id)

    def _rewritten(self, offer: Offer) -> Procedure[tuple[str, ...]]:
        """Return where what was sent isn't there as it was sent."""
        after = self._compared(offer)
        yield from put_log.rewritten(after, by_hand=self.by_hand)
        return (*after.paths(Kind.NOT_COMPARED), *after.paths(Kind.DIFFERS))

    def _done(self, answer: Answer, before: Offer | None, comparison: Comparison) -> Procedure[PutResult]:
        offer = read_offer(answer)
        created = before is None or answer.status == 201
        yield Say(
            f"{'Created' if created else 'Changed the draft of'} {self._what[:1].lower()}{self._what[1:]}; "
            "customers see no difference until it is published."
        )
        if isinstance(offer, str):  # it was accepted, which is what counts
            yield Say(f"The answer's offer can't be read: {offer}.", logging.WARNING)
            return self._result(None, comparison, changed=True, created=created)
        rewritten = yield from self._rewritten(offer)
        return self._result(offer, comparison, changed=True, created=created, rewritten=rewritten)

    @staticmethod
    def _result(
        offer: Offer | None,
        comparison: Comparison,
        *,
        changed: bool,
        created: bool = False,
        rewritten: tuple[str, ...] = (),
    ) -> PutResult:
        return PutResult(
            changed,
            created,
            offer.version if offer else None,
            offer.etag if offer else None,
            comparison.differences,
            kept=comparison.paths(Kind.KEPT),
            ignored=comparison.paths(Kind.IGNORED),
            not_compared=tuple(dict.fromkeys((*comparison.paths(Kind.NOT_COMPARED), *rewritten))),
        )

    def _settle(self, call: Call, reading: Reading, before: Offer | None) -> Procedure[Offer | None]:
        """Find out by reading what became of a request: return the offer if it is as wanted, None if as before.

        :raises CppConflict: it is neither.
        :raises CppUnavailable: it can't be read.
        """
        yield Say(
            f"{call}: {describe(reading)}. It may have been carried out: reading the offer before anything is "
            "sent again.",
            logging.WARNING,
        )
        offer: Offer | None = None
        for pause in (0.0, *SETTLE_PAUSES):
            yield Wait(pause)
            try:
                offer = yield from read_there(self.publisher_id, self.offer_id)
            except CppUnavailable as error:
                raise CppUnavailable(
                    f"{call}: {describe(reading)}, and whether it was carried out can't be read: "
                    f"{error.message} A later try compares anew, and sends only what is missing.",
                    http_status=error.http_status,
                    request_id=error.request_id,
                ) from error
            if offer is not None and self._is_applied(offer, before):
                return offer
            if not _is_as_before(offer, before):
                break
        else:
            return None
        if _is_precondition(reading):
            return None  # its refusal says it better
        left = "; ".join(str(difference) for difference in self._compared(offer).differences[:3])
        raise CppConflict(
            f"{call}: {describe(reading)}, and the offer is neither what it was nor what is wanted ({left}). "
            "Either somebody else changed it meanwhile, or the service writes these fields in its own "
            f"way{put_log.TO_IGNORE if self.by_hand else ''}. Nothing was sent again; a later try compares anew."
        )

    def _is_applied(self, offer: Offer, before: Offer | None) -> bool:
        """Return whether an offer is what was sent, as the service returns it."""
        left = self._compared(offer).of(Kind.DIFFERS)
        if not left:
            return True
        if before is None or _is_as_before(offer, before):
            return False
        # A PUT is taken whole or not at all: what was wanted and is there by now says that it was taken. Then a
        # single value that still isn't there is one that the service doesn't return.
        were = {each.path: each for each in self._compared(before).of(Kind.DIFFERS)}
        done = were.keys() - {each.path for each in left}
        return (bool(done) or len(were) == len(left)) and all(
            each.path in were and _is_single(each) and _is_single(were[each.path]) for each in left
        )

    def _refusal(self, call: Call, reading: Reading, before: Offer | None) -> CppError:
        refused_for = reason_of(call, reading.status, heard(reading)) if isinstance(reading, Answer) else None
        if refused_for is Reason.ANOTHER_STATE:
            which = (
                f"Offer {self.publisher_id}/{self.offer_id} isn't what if_match names"
                if self.if_match
                else "Somebody changed the offer since it was read"
            )
            return error_of(call, reading, f"{which}, {_UNCHANGED}")
        if before is None and refused_for is Reason.EXISTS:
            return error_of(
                call,
                reading,
                "Somebody created the offer since it was read: run the task again to compare with what is there.",
            )
        error = error_of(call, reading)
        if before is None and error.http_status == 409:
            advice = "Or somebody created the offer since: run the task again to compare with what is there."
        elif may_have_been_taken(call, reading):
            advice = "The offer is as it was. A later try compares anew."
        else:
            return error
        return error.with_more(advice)


_UNCHANGED = "so nothing was changed. Look at what it is now, and run the task again to compare anew."


def _is_precondition(reading: Reading) -> bool:
    return isinstance(reading, Answer) and reading.status in {409, 412}


def _is_as_before(offer: Offer | None, before: Offer | None) -> bool:
    if offer is None or before is None:
        return offer is before
    if offer.etag and before.etag:
        return offer.etag == before.etag
    # Without an ETag all counts but the status, which moves by itself while the offer is published, and the
    # signatures of files, which each answer has anew.
    one, other = (
        {key: value for key, value in each.document.items() if key != "status"} for each in (offer, before)
    )
    return not differences(one, other) and not differences(other, one)


def _is_single(finding: Finding) -> bool:
    """Return whether a single value is wanted where nothing is."""
    return finding.there is ABSENT and not isinstance(finding.wanted, Mapping | list)
