"""Whether a publish has the offer's draft as it is now, and what the draft has that isn't in preview.

By definitions alone. A version's number never proves that nothing was changed: no page says that it grows with a
change, and those of migrated offers may be 0 or all the same. It only leads to a definition: to that of the
version below the draft's, which nobody can change any more, if just one publish has that number. Otherwise what a
publish brings can be read only once it waits for its sign-off: then it is what is in preview. Once it has ended
well, it is what customers have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError, CppError
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.words import SUCCEEDED
from airflow_provider_cpp.offers.comparison import Difference, Kind
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.paths import Path, written
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import PUBLISH, Submission
from airflow_provider_cpp.services.cloud_partner_portal import calls, returned
from airflow_provider_cpp.services.cloud_partner_portal.differences import compare
from airflow_provider_cpp.services.cloud_partner_portal.finding import submissions_of
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_offer
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import find_submission
from airflow_provider_cpp.wire.answers import Answer, describe, error_of
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, sent
from airflow_provider_cpp.wire.retries import is_failed_read

#: Differences that one line of the log, or an error, lists.
LISTED = 3


@dataclass(frozen=True, slots=True)
class DraftCheck:
    """What is known of a publish.

    :param has_draft: whether it has the draft as it is now; None if that isn't known.
    :param why: why it can't, in words.
    :param differences: what the draft has that it hasn't, and the other way round.
    """

    has_draft: bool | None
    why: str = ""
    differences: tuple[Difference, ...] = ()


def changes(now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return what differs between two definitions that the service answered, whichever of them names it.

    :param now: the newer one.
    :param before: the older one.
    :raises CppConfigurationError: one of them names a plan twice, or one without a `planId`.
    """
    now, before = _wanted(now), _wanted(before)
    ahead = compare(now, before).differences
    known = {each.path for each in ahead}
    back = compare(before, now).differences
    gone = (Difference(each.path, each.after, each.before) for each in back if each.path not in known)
    return (*ahead, *gone)


def listed_changes(differences: Sequence[Difference]) -> str:
    """Return differences on one line; only the first few of many."""
    more = f"; and {len(differences) - LISTED} more" if len(differences) > LISTED else ""
    return "; ".join(map(str, differences[:LISTED])) + more


def has_draft(location: OperationLocation) -> Procedure[DraftCheck]:
    """Find out whether a publish that runs, or has ended well, has the draft as it is now.

    :param location: the publish.
    :raises CppUnavailable: it can't be asked just now.
    """
    draft = yield from _offer(calls.get_offer(location.publisher_id, location.offer_id))
    if isinstance(draft, str):
        return DraftCheck(None, draft)
    seen = yield from _operation(location)
    if isinstance(seen, Operation) and seen.is_being_canceled:
        return DraftCheck(None, "it is being canceled")
    listed = yield from submissions_of(location.ref, location.origin)
    if isinstance(listed, Unlisted):
        if listed.may_pass:
            raise listed.error
        return DraftCheck(
            None, f"without a list of the offer's submissions nobody knows what else runs: {listed.why}"
        )
    entries = listed.entries
    published: Offer | str | None = yield from _frozen(location, draft, entries)
    if published is None:
        published = yield from _brought(location, seen, entries)
    if isinstance(published, str):
        return DraftCheck(None, published)
    try:
        differences = changes(draft.definition, published.definition)
        hidden = _not_shown(draft.definition, published.definition)
    except CppConfigurationError as error:
        return DraftCheck(None, str(error))
    if differences:
        return DraftCheck(False, differences=differences)
    if hidden:
        return DraftCheck(
            None, f"the service doesn't show the value of {hidden[0]}, which may have been changed since"
        )
    return DraftCheck(True)


def not_in_preview(ref: OfferRef) -> Procedure[tuple[Difference, ...] | str]:
    """Return what the draft has that isn't in preview; in words why that isn't known. Asks once, never raises.

    :param ref: the offer.
    """
    read = []
    try:
        for slot in (None, "preview"):
            offer = yield from _offer(calls.get_offer(ref.publisher_id, ref.offer_id, slot=slot), patient=False)
            if isinstance(offer, str):
                return offer
            read.append(offer.definition)
        return changes(*read)
    except CppError as error:
        return str(error)


def _frozen(location: OperationLocation, draft: Offer, entries: tuple[Submission, ...]) -> Procedure[Offer | None]:
    """Return the version that a publish has, if its number leads to one that isn't the draft."""
    mine = find_submission(entries, location.operation_id)
    if mine is None or not mine.offer_version or mine.offer_version + 1 != draft.version:
        return None
    if any(s is not mine and s.kind == PUBLISH and s.offer_version == mine.offer_version for s in entries):
        return None
    call = calls.get_offer(location.publisher_id, location.offer_id, version=mine.offer_version)
    offer = yield from _offer(call)
    return offer if isinstance(offer, Offer) and offer.version == mine.offer_version else None


def _brought(
    location: OperationLocation, seen: Operation | str, entries: tuple[Submission, ...]
) -> Procedure[Offer | str]:
    """Return what a publish brought to preview, or to customers, or in words why it isn't known."""
    if isinstance(seen, str):
        return seen
    mine = find_submission(entries, location.operation_id)
    if seen.status == SUCCEEDED:
        slot = "production"  # a publish ends well once customers have what it brought
    elif not seen.waits_for_signoff:
        return "what it publishes can't be read before it waits for its sign-off"
    else:
        slot = "preview"
        if sum(s.kind == PUBLISH and s.is_running for s in entries) > 1:
            return "more than one publish runs, and any of them may be what is in preview"
    preview = yield from _offer(calls.get_offer(location.publisher_id, location.offer_id, slot=slot))
    numbers = {preview.version, mine.offer_version} if isinstance(preview, Offer) and mine is not None else set()
    if len(numbers - {0, None}) > 1:
        return f"what is in {slot} has another version's number"
    return preview


def _operation(location: OperationLocation) -> Procedure[Operation | str]:
    call = location.to_read()
    reading, _ = yield from sent(call)
    if not isinstance(reading, Answer) or is_failed_read(reading):
        raise error_of(call, reading)
    seen = read_operation(reading) if reading.status == 200 else describe(reading)
    return f"{call}: {seen}" if isinstance(seen, str) else seen


def _offer(call: Call, *, patient: bool = True) -> Procedure[Offer | str]:
    reading, _ = yield from sent(call, patient=patient)
    if not isinstance(reading, Answer) or is_failed_read(reading):
        raise error_of(call, reading)
    offer = read_offer(reading) if reading.status == 200 else describe(reading)
    return f"{call}: {offer}" if isinstance(offer, str) else offer


def _wanted(definition: Mapping[str, Any]) -> dict[str, Any]:
    # In the sample of the page on retrieving an offer the time of the change stands in there.
    return {"definition": {name: value for name, value in definition.items() if name != "changedTime"}}


def _not_shown(now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[str, ...]:
    """Return where two definitions that differ in nothing else may differ all the same."""
    now, before = _wanted(now), _wanted(before)
    found = [*compare(now, before).paths(Kind.NOT_COMPARED), *compare(before, now).paths(Kind.NOT_COMPARED)]
    for each in (now, before):
        found += [written(path) for path in _blank_secrets(each, ())]
    return tuple(dict.fromkeys(found))


def _blank_secrets(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _blank_secrets(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _blank_secrets(item, (*path, str(number)))
    elif returned.is_secret(path) and (value is None or value == "" or returned.is_mask(value)):
        yield path
