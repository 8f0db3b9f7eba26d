"""How an offer is brought to a wanted definition: read, compared, and sent only where something differs.

A PUT may get lost like any request. It is never repeated blindly: what is there then tells what became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.api import calls
from airflow_provider_cpp.api.answers import Answer, Loss, Reading, Unanswered, content, describe, error_of
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.differences import Difference, differences, merged
from airflow_provider_cpp.api.offers import SET_BY_SERVICE, Offer, read_offer
from airflow_provider_cpp.api.procedures import Procedure, Say, Wait, sent
from airflow_provider_cpp.api.retries import was_refused_unread
from airflow_provider_cpp.exceptions import CppConfigurationError, CppConflict, CppError, CppUnavailable

#: Seconds between looks at an offer after a PUT whose answer got lost: half a minute in all. If it comes into
#: effect later still, a second one is refused, as the ETag is another then, and settled in the same way.
SETTLE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)

#: Differences that are told in the log one by one.
TOLD = 50


@dataclass(frozen=True, slots=True)
class PutResult:
    """What came of a PUT.

    :param changed: whether the offer is another now.
    :param created: whether it wasn't there before.
    :param version: the offer's version, as far as the service says.
    :param etag: the offer's ETag, as far as the service says.
    :param differences: what differed from what was wanted, whether or not it was sent.
    """

    changed: bool
    created: bool = False
    version: int | None = None
    etag: str | None = None
    differences: tuple[Difference, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON primitives."""
        return {
            "changed": self.changed,
            "created": self.created,
            "version": self.version,
            "etag": self.etag,
            "differences": [difference.to_dict() for difference in self.differences],
        }


@dataclass(frozen=True, slots=True)
class Put:
    """A definition to bring an offer to (create-or-modify page).

    :param publisher_id: publisher of the offer.
    :param offer_id: the offer.
    :param document: what is wanted: the body of the page's PUT, or a part of it, or what a GET answered. What
        the service sets (`offers.SET_BY_SERVICE`) doesn't count in it, and what it doesn't name stays.
    :param if_match: ETag of what may be replaced, `*` for whatever is there; the one that is read by default.
    :param dry_run: only tell what differs.
    :param ignore: paths of what doesn't count: `differences` says how they are written.
    :raises CppConfigurationError: if it is no definition of this offer.
    """

    publisher_id: str
    offer_id: str
    document: Mapping[str, Any] = field(repr=False)
    if_match: str | None = None
    dry_run: bool = False
    ignore: Iterable[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "document", self._checked(self.document))
        if not isinstance(self.ignore, str):  # that is refused below
            object.__setattr__(self, "ignore", tuple(self.ignore))
        # What can't be sent is refused before anything is read.
        calls.put_offer(self.publisher_id, self.offer_id, self.document, self.if_match)
        differences(self.document, self.document, self.ignore)

    def once(self) -> Procedure[PutResult]:
        """Bring the offer to what is wanted.

        :raises CppConfigurationError: there is no ETag to compare with, or too little for a new offer; nothing
            was sent.
        :raises CppBadRequest: the service refuses the definition, or the offer was changed since it was read.
        :raises CppConflict: another operation runs on the offer, or it was changed while an answer was lost.
        :raises CppUnavailable: the service can't be had just now. A later try compares anew.
        """
        before = yield from self._read()
        found = self._differences(before)
        if not found:
            yield Say(f"{self._what} is as wanted: nothing is sent.")
            return self._result(before, changed=False)
        yield from self._tell(found, is_new=before is None)
        if self.dry_run:
            yield Say(f"{self._what}: dry run, nothing is sent.")
            return self._result(before, changed=False, found=found)
        call = self._call(before)
        was_lost = False
        for is_last in (False, True):
            reading, _ = yield from sent(call)
            if isinstance(reading, Answer) and reading.status in {200, 201}:
                return (yield from self._done(reading, before, found))
            if not self._is_unclear(reading) and not (was_lost and _is_precondition(reading)):
                raise self._refusal(call, reading, before)
            was_lost = True
            applied = yield from self._settle(call, reading, before)
            if applied is not None:
                yield Say(f"{self._what} is as wanted: the request was carried out, though its answer got lost.")
                return self._result(applied, changed=True, created=before is None, found=found)
            if is_last:
                raise self._refusal(call, reading, before)
            yield Say(f"{self._what} is as it was: sending once more.", logging.WARNING)
        raise AssertionError

    # What is wanted

    def _checked(self, document: object) -> dict[str, Any]:
        if not isinstance(document, Mapping):
            raise CppConfigurationError(
                f"The definition of offer {self.publisher_id}/{self.offer_id} is a {type(document).__name__}; it "
                "has to be a JSON object, as the body of a PUT or the answer of a GET."
            )
        for name, given in (("publisherId", self.publisher_id), ("id", self.offer_id)):
            named = document.get(name, given)
            if named != given:
                raise CppConfigurationError(
                    f"The definition is of another offer than {self.publisher_id}/{self.offer_id}: its {name} is "
                    f"{named!r}."
                )
        wanted = {key: value for key, value in document.items() if key not in SET_BY_SERVICE}
        if "definition" in wanted:
            if not isinstance(wanted["definition"], Mapping):
                raise CppConfigurationError("The definition's field 'definition' is no JSON object.")
            # In the sample of the page on retrieving an offer it stands in there.
            inner = {key: value for key, value in wanted["definition"].items() if key != "changedTime"}
            wanted["definition"] = inner
        elif {"displayText", "offer", "plans"} & set(wanted):
            raise CppConfigurationError(
                "displayText, offer and plans belong into the field 'definition' of the document: give "
                '{"definition": {...}}, as the body of a PUT has it.'
            )
        return {**wanted, "publisherId": self.publisher_id, "id": self.offer_id}

    def _differences(self, there: Offer | None) -> tuple[Difference, ...]:
        if there is None:
            return differences(self.document, {})
        # An offer that was found by its name is this one, whatever it calls itself: pages have GUIDs there.
        own = {"publisherId", "id"}
        wanted = {key: value for key, value in self.document.items() if key not in own}
        return differences(wanted, there.document, self.ignore)

    def _call(self, before: Offer | None) -> Call:
        if before is None:
            for name in ("offerTypeId", "definition"):
                if not self.document.get(name):
                    raise CppConfigurationError(
                        f"{self._what} doesn't exist, and the definition names no {name}, which a new one needs. "
                        "Nothing was sent. If it should exist, check offer_id and publisher_id."
                    )
            # Documented without the header; any state ("*") includes none.
            if_match = None if self.if_match == "*" else self.if_match
            return calls.put_offer(self.publisher_id, self.offer_id, self.document, if_match)
        if_match = self.if_match or before.etag
        if if_match is None:
            raise CppConfigurationError(
                f"{self._what} differs from what is wanted, but the service names no ETag for it (it doesn't "
                "since the migration to Partner Center), so that a change by somebody else couldn't be noticed. "
                "Nothing was sent. Set if_match='*' to replace what is there all the same."
            )
        own = {
            key: before.document.get(key, value)
            for key, value in self.document.items()
            if key in {"publisherId", "id"}
        }
        document = merged({**self.document, **own}, before.document, self.ignore)
        return calls.put_offer(self.publisher_id, self.offer_id, document, if_match)

    # Exchanges

    @property
    def _what(self) -> str:
        return f"Offer {self.publisher_id}/{self.offer_id}"

    def _read(self) -> Procedure[Offer | None]:
        """Return the offer, or None if there is none."""
        call = calls.get_offer(self.publisher_id, self.offer_id)
        reading, _ = yield from sent(call)
        if isinstance(reading, Answer) and reading.status == 404:
            return None
        return content(call, reading, read_offer)

    def _tell(self, found: tuple[Difference, ...], *, is_new: bool) -> Procedure[None]:
        yield Say(
            f"{self._what} doesn't exist yet: it is created."
            if is_new
            else f"{self._what} differs from what is wanted in {len(found)} place{'s' if len(found) > 1 else ''}:"
        )
        for difference in found[:TOLD]:
            yield Say(f"  {difference}")
        if len(found) > TOLD:
            yield Say(f"  and {len(found) - TOLD} more")

    def _done(self, answer: Answer, before: Offer | None, found: tuple[Difference, ...]) -> Procedure[PutResult]:
        offer = read_offer(answer)
        created = before is None or answer.status == 201
        yield Say(f"{self._what} was {'created' if created else 'changed'}.")
        if isinstance(offer, str):  # it was accepted, which is what counts
            yield Say(f"The answer's offer can't be read: {offer}.", logging.WARNING)
            return self._result(None, changed=True, created=created, found=found)
        return self._result(offer, changed=True, created=created, found=found)

    @staticmethod
    def _result(
        offer: Offer | None, *, changed: bool, created: bool = False, found: tuple[Difference, ...] = ()
    ) -> PutResult:
        if offer is None:
            return PutResult(changed, created, differences=found)
        return PutResult(changed, created, offer.version, offer.etag, found)

    @staticmethod
    def _is_unclear(reading: Reading) -> bool:
        """Tell whether the service may have carried out the request, though it doesn't say so."""
        if was_refused_unread(reading):
            return False
        if isinstance(reading, Unanswered):
            return reading.loss is Loss.UNCLEAR
        return reading.status == 408 or reading.status >= 500 or 200 <= reading.status < 300

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
                offer = yield from self._read()
            except CppUnavailable as error:
                raise CppUnavailable(
                    f"{call}: {describe(reading)}, and whether it was carried out can't be read: {error} A later "
                    "try compares anew, and sends only what is missing.",
                    http_status=error.http_status,
                    request_id=error.request_id,
                ) from error
            if offer is not None and not self._differences(offer):
                return offer
            if not _is_as_before(offer, before):
                break
        else:
            return None
        if _is_precondition(reading):
            return None  # its refusal says it better
        left = "; ".join(str(difference) for difference in self._differences(offer)[:3])
        raise CppConflict(
            f"{call}: {describe(reading)}, and the offer is neither what it was nor what is wanted ({left}). "
            "Either somebody else changed it meanwhile, or the service writes these fields in its own way: then "
            "name them in `ignore`. Nothing was sent again; a later try compares anew."
        )

    def _refusal(self, call: Call, reading: Reading, before: Offer | None) -> CppError:
        error = error_of(call, reading)
        status = reading.status if isinstance(reading, Answer) else None
        if status == 412:
            advice = (
                f"Offer {self.publisher_id}/{self.offer_id} isn't what if_match names, "
                if self.if_match
                else "Somebody changed the offer since it was read, "
            ) + "so nothing was changed. Look at what it is now, and run the task again to compare anew."
        elif status == 409 and before is None:
            advice = "Or somebody created the offer since: run the task again to compare with what is there."
        elif self._is_unclear(reading):
            advice = "The offer is as it was. A later try compares anew."
        else:
            return error
        return type(error)(
            f"{error} {advice}", http_status=error.http_status, code=error.code, request_id=error.request_id
        )


def _is_precondition(reading: Reading) -> bool:
    return isinstance(reading, Answer) and reading.status in {409, 412}


def _is_as_before(offer: Offer | None, before: Offer | None) -> bool:
    if offer is None or before is None:
        return offer is before
    if offer.etag and before.etag:
        return offer.etag == before.etag
    # Without an ETag all counts but the status, which moves by itself while the offer is published.
    return _apart_from_status(offer) == _apart_from_status(before)


def _apart_from_status(offer: Offer) -> dict[str, Any]:
    return {key: value for key, value in offer.document.items() if key != "status"}
