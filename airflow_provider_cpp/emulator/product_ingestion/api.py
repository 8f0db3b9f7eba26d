"""Decides how each call of the API is answered: what is checked in which order, and which status says what.

What a POST starts is decided in ``configuring``; how results are printed, in ``printing``.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, json_answer
from airflow_provider_cpp.emulator.product_ingestion.catalogue import Catalogue
from airflow_provider_cpp.emulator.product_ingestion.configuring import JobBook
from airflow_provider_cpp.emulator.product_ingestion.errors import (
    NotConfigured,
    error_answer,
    gateway_answer,
    identified,
)
from airflow_provider_cpp.emulator.product_ingestion.ids import SUPPORTED, product_id, product_type
from airflow_provider_cpp.emulator.product_ingestion.pages import collection
from airflow_provider_cpp.emulator.product_ingestion.printing import Printer
from airflow_provider_cpp.emulator.product_ingestion.resources import Resources, kind_of
from airflow_provider_cpp.emulator.product_ingestion.routes import AUDIENCE
from airflow_provider_cpp.emulator.product_ingestion.schemas import is_version, url
from airflow_provider_cpp.emulator.refused import CONFLICT, INVALID, MISSING, NOT_READY, NOT_SAVED, Refused

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.login import Login
    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.product_ingestion.rows import Row
    from airflow_provider_cpp.emulator.routing import Route

_STATUSES = {MISSING: 404, CONFLICT: 409, INVALID: 400, NOT_READY: 400, NOT_SAVED: 500}
_TARGETS = ("draft", "preview", "live")


class ProductIngestion:
    """Answer the calls of the Product Ingestion API.

    :param portal: offers and operations
    :param login: tells which tokens are good
    :param publisher_id: the account that the application belongs to
    """

    def __init__(self, portal: Portal, login: Login, publisher_id: str) -> None:
        self._portal = portal
        self._login = login
        self._catalogue = Catalogue(portal, publisher_id)
        self._jobs = JobBook(portal, self._catalogue)
        self._trees = itertools.count()

    # -- what any door has

    def named(self, call: Call, route: Route) -> Route:
        """Return what a request asks for, with its offer, and what its body starts.

        :param call: the request
        :param route: what its path says
        """
        if route.action == "configure":
            return self._named_by_body(call, route)
        offer_id: str | None = None
        if route.action in ("operation", "cancel", "job-detail"):
            job = self._jobs.job(route.item or "")
            offer_id = job.offer_id if job else None
        elif route.item is not None:
            found = (self._catalogue.by_guid(part) for part in _parts(route.item)[:2])
            offer_id = next((offer.offer_id for offer in found if offer is not None), None)
        elif route.action == "products":
            offer_id = _query(call).get("externalid")
        return replace(route, publisher_id=self._catalogue.publisher_id, offer_id=offer_id)

    def answer(self, call: Call, route: Route) -> Answer:
        """Answer a request.

        :param call: the request
        :param route: what it asks for
        :raises ApiError: for what is refused
        :raises Refused: for what the portal refuses
        """
        authorization = call.headers.get("authorization")
        if not authorization:
            return gateway_answer("Access token is empty.", self._portal.clock())
        audience = self._login.audience(authorization)
        if audience is None:
            return self.unauthorized()
        if audience != AUDIENCE:
            return gateway_answer("Access token validation failure. Invalid audience.", self._portal.clock())
        if {self._catalogue.publisher_id, "*"} & set(self._portal.settings.forbidden_publishers):
            raise NotConfigured(403, "The application is not registered with the account.")
        query = _query(call)
        if "$version" in query and not is_version(query["$version"]):
            raise NotConfigured(400, f"'{query['$version']}' is no version.")
        return identified(self._answered(call, route, query))

    def _answered(self, call: Call, route: Route, query: Mapping[str, str]) -> Answer:
        match route.action:
            case "products":
                return self._products(call, query)
            case "plans":
                return self._plans(call, query)
            case "submissions":
                return self._submissions(call, query, self._offer(route.item or ""))
            case "submission":
                return self._submission(query, *_parts(route.item or "")[1:])
            case "resource-tree":
                return self._tree(query, self._offer(_parts(route.item or "")[1]))
            case "operation" | "cancel" | "job-detail":
                return self._job(query, route.action, route.item or "")
            case "resource":
                return self._resource(query, "/".join(_parts(route.item or "")))
            case _:
                return self._configure(call, query, route.offer_id)

    def in_its_words(self, refused: Refused) -> ApiError:
        """Return what the portal refuses, with the service's status.

        :param refused: what and why
        """
        return NotConfigured(_STATUSES[refused.reason], refused.message)

    def refusal(self, error: ApiError) -> Answer:
        """Return an error in the service's form.

        :param error: status and message
        """
        return error_answer(error, self._portal.settings.empty_details)

    def unauthorized(self) -> Answer:
        """Return the answer to a request whose token isn't good, which is Graph's own."""
        return gateway_answer("Access token has expired or is not yet valid.", self._portal.clock())

    # -- calls

    def _products(self, call: Call, query: Mapping[str, str]) -> Answer:
        printer = self._printer(query)
        entries = [
            printer.resource((self._catalogue.resources(offer) or {})[product_id(offer)])
            for offer in self._catalogue.offers()
            if query.get("externalid", offer.offer_id) == offer.offer_id
            and query.get("type", product_type(offer.offer_type_id)) == product_type(offer.offer_type_id)
        ]
        return collection(call, query, entries, self._portal.settings.max_page_size)

    def _plans(self, call: Call, query: Mapping[str, str]) -> Answer:
        if "product" not in query:
            raise NotConfigured(400, "The query parameter 'product' is required.")
        offer = self._catalogue.referred(query["product"])
        if offer is None:
            raise _missing(query["product"])
        plans = [
            self._printer(query).resource(resource)
            for name, resource in (self._catalogue.resources(offer) or {}).items()
            if kind_of(name) == "plan"
        ]
        wanted = query.get("externalid")
        entries = [plan for plan in plans if wanted in (None, plan["identity"]["externalId"])]
        return collection(call, query, entries, self._portal.settings.max_page_size)

    def _submissions(self, call: Call, query: Mapping[str, str], offer: Offer) -> Answer:
        printer = self._printer(query)
        documents = [printer.draft_row(offer), *(printer.row(offer, row) for row in self._rows(offer))]
        target = query.get("targettype")
        entries = [row for row in documents if target in (None, row["target"]["targetType"])]
        return collection(call, query, entries, self._portal.settings.max_page_size)

    def _submission(self, query: Mapping[str, str], product: str, number: str) -> Answer:
        offer = self._offer(product)
        printer = self._printer(query)
        if number == "0":
            return json_answer(200, printer.draft_row(offer))
        for row in self._rows(offer):
            if row.number == number:
                return json_answer(200, printer.row(offer, row))
        raise _missing(f"submission/{product}/{number}")

    def _tree(self, query: Mapping[str, str], offer: Offer) -> Answer:
        target = query.get("targettype", "draft")
        if target not in _TARGETS:
            raise NotConfigured(400, f"'{target}' is no target.")
        if product_type(offer.offer_type_id) not in SUPPORTED:
            kind = product_type(offer.offer_type_id)
            raise NotConfigured(400, f"Type {kind[:1].upper()}{kind[1:]} is not supported.")
        there = self._catalogue.resources(offer, target)
        if there is None:
            raise _missing(f"The {target} of product/{offer.product_id}")
        printer = self._printer(query)
        resources = [*map(printer.resource, there.values()), printer.row_of_tree(offer, target)]
        # The order differs between reads, and between targets.
        random.Random(next(self._trees)).shuffle(resources)  # noqa: S311 - nothing is kept secret by it
        return json_answer(
            200,
            {
                "$schema": url("resource-tree", query.get("$version")),
                "root": product_id(offer),
                "target": {"targetType": target},
                "resources": resources,
            },
        )

    def _resource(self, query: Mapping[str, str], durable_id: str) -> Answer:
        offer = self._offer(durable_id.split("/")[1])
        there = self._catalogue.resources(offer) or {}
        if durable_id not in there or not self._is_pending(offer, durable_id, there):
            raise _missing(durable_id)
        return json_answer(200, self._printer(query).resource(there[durable_id]))

    def _configure(self, call: Call, query: Mapping[str, str], offer_id: str | None) -> Answer:
        job = self._jobs.configure(call.body, query.get("$version"), offer_id)
        return json_answer(202, self._printer(query).begun(job))

    def _job(self, query: Mapping[str, str], action: str, job_id: str) -> Answer:
        job = self._jobs.job(job_id)
        if job is None:
            raise _missing(f"configure/{job_id}")
        printer = self._printer(query)
        if action == "job-detail":
            view = self._jobs.view(job)
            if view.status != "completed":
                # The pages only say that it fails.
                raise NotConfigured(400, "The job has not completed yet.")
            if view.result == "failed":
                raise _missing(f"configure/{job_id}")
            return json_answer(200, printer.job_detail(job))
        return json_answer(200, printer.job(self._jobs.cancel(job) if action == "cancel" else job))

    # -- within

    def _named_by_body(self, call: Call, route: Route) -> Route:
        action, offer_id = "configure", None
        try:
            resources = json.loads(call.body)["resources"]
        except (ValueError, KeyError, TypeError):
            resources = []
        for resource in resources if isinstance(resources, list) else []:
            if not isinstance(resource, Mapping):
                continue
            if "/submission/" in str(resource.get("$schema")):
                target = resource.get("target")
                word = target.get("targetType") if isinstance(target, Mapping) else None
                action = {"preview": "publish", "live": "golive"}.get(str(word), action)
            offer_id = offer_id or self._name_in(resource)
        return replace(route, action=action, publisher_id=self._catalogue.publisher_id, offer_id=offer_id)

    def _name_in(self, resource: Mapping[str, Any]) -> str | None:
        reference = resource.get("product", resource.get("id"))
        identity = resource.get("identity")
        if "product" not in resource and isinstance(identity, Mapping):
            reference = identity
        if isinstance(reference, Mapping) and isinstance(reference.get("externalId"), str):
            return str(reference["externalId"])
        offer = self._catalogue.referred(reference)
        return offer.offer_id if offer else None

    def _offer(self, guid: str) -> Offer:
        offer = self._catalogue.by_guid(guid)
        if offer is None:
            raise _missing(f"product/{guid}")
        return offer

    def _printer(self, query: Mapping[str, str]) -> Printer:
        return Printer(self._portal, self._catalogue, self._jobs, query.get("$version"))

    def _rows(self, offer: Offer) -> list[Row]:
        return self._catalogue.rows(offer, self._jobs.started())

    def _is_pending(self, offer: Offer, durable_id: str, draft: Resources) -> bool:
        if self._portal.settings.draft_reads == "always":
            return True
        live = self._catalogue.resources(offer, "live") or {}
        return live.get(durable_id) != draft[durable_id]


def _parts(item: str) -> list[str]:
    return [part.lower() for part in re.split("/+", item) if part]


def _query(call: Call) -> dict[str, str]:
    return {name.lower(): value for name, value in call.query.items()}


def _missing(what: str) -> NotConfigured:
    return NotConfigured(404, f"{what} was not found.")
