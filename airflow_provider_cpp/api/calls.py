"""Which calls there are: method, path, query and body of each, as a value.

Sources: the pages of the Cloud Partner Portal API reference named in each builder's docstring.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow_provider_cpp.api.identifiers import checked_identifier, path_segment

if TYPE_CHECKING:
    from airflow_provider_cpp.api.locations import OperationLocation


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, before a host, a token and an api-version are put to it.

    :param action: what the call does, in a user's words: "Go Live", "Get operation".
    :param subject: what it does it to: "offer contoso/vm".
    :param method: HTTP method.
    :param path: absolute path, already percent-encoded.
    :param query: query parameters besides `api-version`.
    :param body: JSON text to send, empty for none.
    """

    action: str
    subject: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = field(default=())
    body: str = ""

    @property
    def is_safe(self) -> bool:
        """Tell whether the call changes nothing, so that it may be repeated at will."""
        return self.method == "GET"

    def url(self, origin: str, api_version: str) -> str:
        """Return the absolute URL of the call.

        :param origin: scheme, host and port of the API, without a trailing slash.
        :param api_version: value of the `api-version` parameter, which every call needs.
        """
        return f"{origin}{self.path}?{_query(api_version, self.query)}"

    def __str__(self) -> str:
        """Return the call in words: "Go Live of offer contoso/vm"."""
        return f"{self.action} of {self.subject}"


@lru_cache(maxsize=16)  # it is the same for every poll, and took a tenth of a poll's CPU
def _query(api_version: str, query: tuple[tuple[str, str], ...]) -> str:
    return urlencode([("api-version", api_version), *query])


def _offer_call(action: str, method: str, publisher_id: str, offer_id: str, tail: str, body: str = "") -> Call:
    publisher = checked_identifier("publisher_id", publisher_id)
    offer = checked_identifier("offer_id", offer_id)
    return Call(
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


def list_submissions(publisher_id: str, offer_id: str) -> Call:
    """List the offer's operations, past and running (retrieve-operations page)."""
    return _offer_call("List submissions", "GET", publisher_id, offer_id, "/submissions/")


def list_offers(publisher_id: str) -> Call:
    """List the publisher's offers (retrieve-offers page)."""
    publisher = checked_identifier("publisher_id", publisher_id)
    return Call(
        "List offers", f"publisher {publisher}", "GET", f"/api/publishers/{path_segment(publisher)}/offers"
    )


def get_operation(location: OperationLocation) -> Call:
    """Read one operation's status and steps (retrieve-operations page)."""
    return Call("Get operation", str(location), "GET", location.path)
