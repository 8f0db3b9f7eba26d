"""Which calls there are: method, path, query, headers and body of each, as a value.

Sources: the pages of the Cloud Partner Portal API reference named in each builder's docstring.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.slots import checked_slot
from airflow_provider_cpp.services.cloud_partner_portal.advice import meaning
from airflow_provider_cpp.wire.arguments import digits_of, holds_template, is_missing, shown
from airflow_provider_cpp.wire.call import MAX_BODY, Call
from airflow_provider_cpp.wire.identifiers import checked_identifier, path_segment

#: Bytes that an offer may have: one with prices of its own for each of 140 regions has some 100 KiB for each plan.
MAX_OFFER = 16 * MAX_BODY

_call = partial(Call, version_parameter="api-version", meaning=meaning)


def _offer_call(action: str, method: str, publisher_id: str, offer_id: str, tail: str, body: str = "") -> Call:
    publisher = checked_identifier("publisher_id", publisher_id)
    offer = checked_identifier("offer_id", offer_id)
    return _call(
        action=action,
        subject=f"offer {publisher}/{offer}",
        method=method,
        path=f"/api/publishers/{path_segment(publisher)}/offers/{path_segment(offer)}{tail}",
        body=body,
    )


def go_live(publisher_id: str, offer_id: str) -> Call:
    """Start moving the offer's previewed version to production (go-live page). Has no body."""
    return _offer_call("Go Live", "POST", publisher_id, offer_id, "/golive")


def publish(publisher_id: str, offer_id: str, notification_emails: tuple[str, ...] = ()) -> Call:
    """Start moving the offer's draft to preview (publish-offer page).

    :param notification_emails: sent as one comma-separated string; ignored for migrated offers.
    """
    return _offer_call("Publish", "POST", publisher_id, offer_id, "/publish", _metadata(notification_emails))


def cancel(publisher_id: str, offer_id: str, notification_emails: tuple[str, ...] = ()) -> Call:
    """Cancel whatever operation runs on the offer (cancel-operations page)."""
    return _offer_call("Cancel", "POST", publisher_id, offer_id, "/cancel", _metadata(notification_emails))


def _metadata(notification_emails: tuple[str, ...]) -> str:
    return json.dumps({"metadata": {"notification-emails": ",".join(notification_emails)}})


def get_offer_status(publisher_id: str, offer_id: str) -> Call:
    """Read the offer's status and steps (retrieve-offer-status page)."""
    return _offer_call("Get status", "GET", publisher_id, offer_id, "/status")


def list_submissions(publisher_id: str, offer_id: str, status: str | None = None) -> Call:
    """List the offer's operations, past and running (retrieve-operations page).

    :param status: only those in this state, by the service's own word; all by default.
    """
    call = _offer_call("List submissions", "GET", publisher_id, offer_id, "/submissions/")
    return call if status is None else replace(call, query=(("status", status),))


def list_publishers() -> Call:
    """List the publishers that the principal can see. On no page of the reference; a client uses it."""
    return _call("List publishers", "this principal", "GET", "/api/publishers")


def list_offers(publisher_id: str) -> Call:
    """List the publisher's offers (retrieve-offers page)."""
    publisher = checked_identifier("publisher_id", publisher_id)
    path = f"/api/publishers/{path_segment(publisher)}/offers"
    return _call("List offers", f"publisher {publisher}", "GET", path)


def get_offer(
    publisher_id: str, offer_id: str, *, version: int | str | None = None, slot: str | None = None
) -> Call:
    """Read an offer's definition (retrieve-specific-offer page): the latest, or that of a version or a slot.

    :param version: a number, 0 or more.
    :param slot: `draft`, `preview` or `production`, in any case; the words that other pages have for them,
        `staging`, `view` and `live`, are understood too.
    :raises CppConfigurationError: if one of them can't be, or both are given.
    """
    if version is not None and slot is not None:
        raise CppConfigurationError(f"version={version!r} and slot={slot!r} exclude each other: give one of them.")
    if version is not None:
        number = _checked_version(version)
        return _whole_offer(f"Get version {number}", publisher_id, offer_id, f"/versions/{number}")
    if slot is not None:
        name = checked_slot(slot)
        return _whole_offer(f"Get {name} slot", publisher_id, offer_id, f"/slot/{name.capitalize()}")
    return _whole_offer("Get definition", publisher_id, offer_id, "")


def _whole_offer(action: str, publisher_id: str, offer_id: str, tail: str) -> Call:
    return replace(_offer_call(action, "GET", publisher_id, offer_id, tail), max_answer=MAX_OFFER)


def _checked_version(version: object) -> int:
    digits = version.strip() if isinstance(version, str) else digits_of(version)
    if digits is not None and digits.isascii() and digits.isdecimal():
        return int(digits)  # migrated offers have been seen with version 0
    raise CppConfigurationError(f"version={version!r} is none: it has to be a number, 0 or more.")


def put_offer(publisher_id: str, offer_id: str, document: Mapping[str, Any], if_match: str | None = None) -> Call:
    """Create or change an offer (create-or-modify page).

    :param document: the whole offer, as JSON primitives. It is sent as UTF-8 without any escapes that JSON
        doesn't ask for: an `&` in a shared-access URL has to arrive as one.
    :param if_match: ETag of what is to be replaced, `*` to replace anything; None to create.
    :raises CppConfigurationError: if the document is no JSON, or `if_match` can't be a header.
    """
    headers = () if if_match is None else (("If-Match", _checked_etag(if_match)),)
    call = _offer_call("PUT", "PUT", publisher_id, offer_id, "", _json(document))
    return replace(call, headers=headers, max_answer=MAX_OFFER)


def _json(document: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        # Without the value, which may be a secret: an encoding error quotes the whole text.
        why = "a text that isn't Unicode" if isinstance(error, UnicodeError) else str(error)
        raise CppConfigurationError(f"The offer's definition can't be sent as JSON: {why}.") from None
    return text


def _checked_etag(if_match: object) -> str:
    if is_missing(if_match):
        raise CppConfigurationError(
            f"if_match is empty, or says None ({if_match!r}): give an ETag, or '*' to replace whatever is there, "
            "or leave it out."
        )
    text = if_match.strip() if isinstance(if_match, str) else ""
    if not text or holds_template(text) or not (text.isascii() and text.isprintable()):
        raise CppConfigurationError(f"if_match={shown(if_match)} can't be an ETag.")
    return text


def get_operation(path: str, offer: str, operation_id: str) -> Call:
    """Read one operation's status and steps (retrieve-operations page).

    :param path: where it is.
    :param offer: the offer in words.
    :param operation_id: its identifier.
    """
    return _call("Get operation", offer, "GET", path, operation_id=operation_id)
