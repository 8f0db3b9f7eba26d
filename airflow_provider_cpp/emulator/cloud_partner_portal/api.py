"""Decides how each call of the API is answered: what is checked in which order, and which status says what.

What a call does is decided in ``portal``; how results are printed, in ``documents`` and ``locations``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, json_answer
from airflow_provider_cpp.emulator.cloud_partner_portal.definitions import decorated, shown
from airflow_provider_cpp.emulator.cloud_partner_portal.documents import (
    offer_document,
    operation_document,
    status_document,
    submission_document,
)
from airflow_provider_cpp.emulator.cloud_partner_portal.locations import legacy_id, location_headers
from airflow_provider_cpp.emulator.cloud_partner_portal.pages import paged
from airflow_provider_cpp.emulator.cloud_partner_portal.routes import AUDIENCE
from airflow_provider_cpp.emulator.cloud_partner_portal.words import display_word, meaning
from airflow_provider_cpp.emulator.offers import VM_OFFER_TYPE, document_error
from airflow_provider_cpp.emulator.operations import GO_LIVE, Operation
from airflow_provider_cpp.emulator.refused import CONFLICT, INVALID, MISSING, NOT_READY, NOT_SAVED, Refused
from airflow_provider_cpp.emulator.states import SUCCEEDED

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.login import Login
    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.routing import Route

#: Which status and code say why the portal refuses something.
_REFUSED = {
    MISSING: (404, "NotFound"),
    CONFLICT: (409, "Conflict"),
    INVALID: (422, "ValidationFailed"),
    NOT_READY: (400, "BadRequest"),
    NOT_SAVED: (500, "InternalServerError"),
}
_FILTER = re.compile(r"\s*offerTypeId\s+eq\s+'([^']*)'\s*")


class CloudPartnerPortal:
    """Answer the calls of Cloud Partner Portal.

    :param portal: offers and operations
    :param login: tells which tokens are good
    """

    def __init__(self, portal: Portal, login: Login) -> None:
        self._portal = portal
        self._login = login
        self._answers = itertools.count()

    def answer(self, call: Call, route: Route) -> Answer:
        """Answer a request.

        :param call: the request
        :param route: what it asks for
        :raises ApiError: for what is refused
        :raises Refused: for what the portal refuses
        """
        if not self._login.accepts(call.headers.get("authorization"), AUDIENCE):
            return self.unauthorized()
        settings = self._portal.settings
        if call.query.get("api-version") not in settings.api_versions:
            allowed = ", ".join(settings.api_versions)
            message = f"Invalid api version. Allowed values are [{allowed}]"
            raise ApiError(400, "InvalidAPIVersion", message)
        if route.publisher_id is not None and {route.publisher_id, "*"} & set(settings.forbidden_publishers):
            # Not listed for status, publish and go-live, but access is checked on every call (overview page).
            raise ApiError(403, "Forbidden", "User does not have the required permissions")
        if route.publisher_id is None:
            return self._publishers(call)
        if route.offer_id is None:
            return self._offers(call, route.publisher_id)
        return self._on_offer(call, route, route.publisher_id, route.offer_id)

    def named(self, call: Call, route: Route) -> Route:
        """Return what a request asks for: all of it is in the path.

        :param call: the request
        :param route: what its path says
        """
        return route

    def in_its_words(self, refused: Refused) -> ApiError:
        """Return what the portal refuses, with the pages' status and code.

        :param refused: what and why
        """
        return ApiError(*_REFUSED[refused.reason], refused.message)

    def refusal(self, error: ApiError) -> Answer:
        """Return an error in the form of the pages ("API considerations" page).

        :param error: status, code and message
        """
        return error.answer()

    def unauthorized(self) -> Answer:
        """Return the answer to a request whose token isn't good."""
        # A client reads this text from a top-level "Message", unlike every other error.
        body = {"Message": "Authorization has been denied for this request."}
        return json_answer(401, body, {"WWW-Authenticate": "Bearer"})

    def _on_offer(self, call: Call, route: Route, publisher_id: str, offer_id: str) -> Answer:
        if route.action == "put-offer":
            return self._put_offer(call, publisher_id, offer_id)
        offer = self._portal.offer(publisher_id, offer_id)
        match route.action:
            case "publish" | "golive" | "cancel":
                return self._long_running(call, route.action, offer)
            case "operation":
                return self._operation(offer, route.item or "")
            case "status":
                return self._status(offer)
            case "submissions":
                return self._submissions(call, offer)
            case _:
                return self._offer(route, offer)

    def _long_running(self, call: Call, action: str, offer: Offer) -> Answer:
        names = offer.publisher_id, offer.offer_id
        operation: Operation | None
        if action == "cancel":
            # The prose has the location in the body, the table in a header; it leads to what is canceled.
            operation, done = self._portal.cancel(*names)
            if done or operation is None:
                return Answer(200 if done else 202)
        elif action == "publish":
            operation = self._portal.publish(*names, _emails(call))
        else:
            operation = self._portal.go_live(*names)
        form = self._portal.settings.location_form
        return Answer(202, location_headers(operation, form, call.base_url, call.query["api-version"]))

    def _operation(self, offer: Offer, operation_id: str) -> Answer:
        for operation in reversed(self._portal.operations(offer.publisher_id, offer.offer_id)):
            if operation_id in (operation.id, legacy_id(operation)):
                break
        else:
            raise Refused(MISSING, f"Operation {operation_id} of offer {offer.offer_id} does not exist.")
        settings = self._portal.settings
        document = operation_document(operation, self._portal.view(operation), settings)
        return json_answer(200, [document] if settings.body_form == "array" else document)

    def _publishers(self, call: Call) -> Answer:
        return paged(
            call,
            self._portal.settings,
            [
                {
                    "version": 1,
                    "id": publisher,
                    "definition": {"displayText": publisher, "offerTypeCategories": [], "sellerId": 0},
                }
                for publisher in sorted(self._portal.publishers)
            ],
        )

    def _offers(self, call: Call, publisher_id: str) -> Answer:
        offers = self._portal.offers(publisher_id)
        if "$filter" in call.query:
            match = _FILTER.fullmatch(call.query["$filter"])
            if match is None:
                raise ApiError(400, "BadRequest", "The query option $filter is not supported in this form.")
            offers = [offer for offer in offers if offer.offer_type_id == match[1]]
        return paged(
            call,
            self._portal.settings,
            [
                offer_document(
                    offer,
                    self._listed_status(offer),
                    offer.definition,
                    self._portal.settings.shown_version(offer.version),
                    whole=False,
                    migrated=self._portal.settings.migrated,
                )
                for offer in offers
            ],
        )

    def _offer(self, route: Route, offer: Offer) -> Answer:
        definition, version = self._version(route, offer)
        document = self._printed(offer, definition, version)
        # The concurrency page promises an ETag; since the migration a GET has none (pub issue 22).
        headers = {"ETag": offer.etag} if self._portal.settings.etag_on_get else {}
        return json_answer(200, document, headers)

    def _version(self, route: Route, offer: Offer) -> tuple[Mapping[str, object], int]:
        version: int | None = offer.version
        if route.action == "offer-version":
            if not (route.item or "").isdecimal():
                raise ApiError(400, "BadRequest", "The argument: 'Version' is not an integer.")
            version = int(route.item or "")
            if self._portal.settings.offer_versions != "growing":
                is_latest = version == self._portal.settings.shown_version(offer.version)
                version = offer.version if is_latest else None
        elif route.action == "offer-slot":
            slot = (route.item or "").lower()
            if slot not in ("draft", "preview", "production"):
                raise ApiError(400, "BadRequest", "The argument: 'SlotId' is none of Draft, Preview, Production.")
            if slot == "preview":
                version = self._portal.preview_version(offer)
            elif slot == "production":
                version = self._portal.live_version(offer)
        if version == offer.version:
            return offer.definition, version
        if version is None or version not in offer.published:
            raise ApiError(404, "NotFound", f"Offer {offer.offer_id} has nothing at {route.item}.")
        return offer.published[version], version

    def _put_offer(self, call: Call, publisher_id: str, offer_id: str) -> Answer:
        document = call.json()
        if not isinstance(document, Mapping):
            raise ApiError(400, "BadRequest", "The request body is not an offer.")
        if why := document_error(document, publisher_id, offer_id):
            raise ApiError(400, "BadRequest", why)
        old = next((each for each in self._portal.offers(publisher_id) if each.offer_id == offer_id), None)
        _check_if_match(call.headers.get("if-match"), None if old is None else old.etag)
        offer = self._portal.put_offer(publisher_id, offer_id, document)
        document = self._printed(offer, offer.definition, offer.version)
        return json_answer(201 if old is None else 200, {**document, "eTag": offer.etag}, {"ETag": offer.etag})

    def _printed(self, offer: Offer, definition: Mapping[str, object], version: int) -> dict[str, object]:
        settings = self._portal.settings
        if settings.migrated and offer.offer_type_id == VM_OFFER_TYPE:
            definition = decorated(definition)
        moment = str(next(self._answers))
        visible = shown(definition, settings.secret_fields, settings.copied_fields, moment)
        number = settings.shown_version(version)
        return offer_document(offer, self._listed_status(offer), visible, number, migrated=settings.migrated)

    def _status(self, offer: Offer) -> Answer:
        operations = self._portal.operations(offer.publisher_id, offer.offer_id)
        latest = operations[-1] if operations else None
        document = status_document(
            offer,
            self._offer_status(offer),
            self._portal.view(latest) if latest else None,
            self._portal.settings,
            in_preview=self._portal.preview_version(offer) is not None,
            is_live=self._portal.live_version(offer) is not None,
        )
        return json_answer(200, document)

    def _submissions(self, call: Call, offer: Offer) -> Answer:
        # The page's parameter is "status"; pub sends "submissionState". An unknown word matches nothing.
        words = [call.query[name] for name in ("status", "submissionState") if call.query.get(name)]
        wanted = {meaning(word) for word in words}
        operations = self._portal.operations(offer.publisher_id, offer.offer_id)
        views = [(operation, self._portal.view(operation)) for operation in operations]
        return paged(
            call,
            self._portal.settings,
            [
                submission_document(offer, operation, view, self._portal.settings)
                for operation, view in views
                if all(state == view.state for state in wanted)
            ],
        )

    def _offer_status(self, offer: Offer) -> str:
        operations = self._portal.operations(offer.publisher_id, offer.offer_id)
        if not operations:
            return "neverPublished"
        view = self._portal.view(operations[-1])
        if view.state == SUCCEEDED and operations[-1].kind == GO_LIVE:
            return self._portal.settings.live_status
        return self._portal.settings.signoff_status if view.waits_for_signoff else view.state

    def _listed_status(self, offer: Offer) -> str:
        status = self._offer_status(offer)
        operations = self._portal.operations(offer.publisher_id, offer.offer_id)
        if status == SUCCEEDED and operations[-1].kind == GO_LIVE:
            # Whatever the status page says, the sample of the list says so, although the word is in no table.
            status = "published"
        return display_word(status, self._portal.settings.vocabulary)


def _check_if_match(if_match: str | None, etag: str | None) -> None:
    """Refuse to overwrite what isn't known ("Create or modify" page).

    :param if_match: the header's value; ``*`` overwrites without comparing
    :param etag: the offer's tag; None for one that isn't there yet
    """
    if etag is not None and if_match is None:
        # The pages say 400. This code and text are what pub's users got (pub issue 22).
        raise ApiError(
            409,
            "InvalidResourceId",
            "Offer ID already exists. If you wanted to update an existing offer, please ensure "
            "If-Match header is specified as per documentation.",
        )
    if if_match not in (None, "*", etag):
        raise ApiError(412, "PreconditionFailed", "The ETag of the offer is another one.")


def _emails(call: Call) -> str:
    """Read publish's address list, which may be missing: the newest publish page has no body at all."""
    document = call.json() or {}
    metadata = document.get("metadata", {}) if isinstance(document, Mapping) else None
    emails = metadata.get("notification-emails", "") if isinstance(metadata, Mapping) else None
    if not isinstance(emails, str):
        raise ApiError(400, "BadRequest", "metadata.notification-emails is not a comma-separated string.")
    return emails
