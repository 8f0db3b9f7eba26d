"""Where the links on a task's page lead: to the offer's portal, and to the operation that the task is about.

Airflow 3 shows what stands in XCom under a link's key, and writes it there each time that a worker is done
with the task for now; Airflow 2 asks the link itself. So a task pushes the values as soon as it knows the
operation, and they are there while it waits, on a worker or deferred. Whoever may write XComs may have
put anything there: whenever Airflow asks a link, what it answers is built anew.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

from airflow_provider_cpp.airflow_versions import push_past_backend
from airflow_provider_cpp.offers.pages import PORTAL, offer_page

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey

    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
    from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation, OperationLocation

log = logging.getLogger(__name__)

#: XCom keys, by Airflow's own rule: `_link_` and the class's name.
PARTNER_CENTER_KEY = "_link_PartnerCenterLink"
OPERATION_KEY = "_link_OperationLink"


class PartnerCenterLink(BaseOperatorLink):
    """Leads to the offer in Partner Center, or to the list of offers where the service doesn't tell its page."""

    name = "Partner Center"
    xcom_key = PARTNER_CENTER_KEY

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page that the task pushed, or the list."""
        return offer_page(XCom.get_value(ti_key=ti_key, key=PARTNER_CENTER_KEY)) or PORTAL


class OperationLink(BaseOperatorLink):
    """Leads to the operation at the API, which answers with its status document to whoever has a token."""

    name = "Operation (API)"
    xcom_key = OPERATION_KEY

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the location that the task pushed, or nothing where it knows no operation."""
        return _operation_shown(XCom.get_value(ti_key=ti_key, key=OPERATION_KEY))


#: Attach to an operator as `operator_extra_links`, and call `push_links` as soon as the operation is known.
OPERATION_LINKS: tuple[BaseOperatorLink, ...] = (PartnerCenterLink(), OperationLink())


def link_values(location: OperationLocation | OfferLocation, page: str | None = None) -> dict[str, str]:
    """Return what has to stand in XCom for the links, by key.

    :param location: the operation; one that is reached without TLS, at a loopback host, gets no link, nor
        does an offer.
    :param page: the offer's page in Partner Center, as the service names it; None for the list.
    """
    from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation

    values = {PARTNER_CENTER_KEY: offer_page(page) or PORTAL}
    if isinstance(location, OperationLocation) and location.url.startswith("https://"):
        values[OPERATION_KEY] = location.url
    return values


def push_links(
    context: Context, location: OperationLocation | OfferLocation, hook: CloudPartnerPortalHook | None
) -> None:
    """Make the links of a running task lead to an operation and its offer, from now on.

    A link that can't be pushed is logged; it ends no task that watches a release.

    :param context: the task's.
    :param location: the operation, or the offer.
    :param hook: asks for the offer's page; None to leave the link at the list of offers.
    """
    task_instance: Any = context.get("ti")
    if task_instance is None:
        return
    try:
        page = hook.offer_page(location) if hook else None
        push = push_past_backend()
        for key, value in link_values(location, page).items():
            if push is None:
                task_instance.xcom_push(key=key, value=value)
            else:
                push(key, value, **coordinates(task_instance))
    except Exception as error:  # noqa: BLE001 - whatever Airflow's XCom backend raises
        log.warning("%s", cant_show_links(error))


def coordinates(task_instance: Any) -> dict[str, Any]:
    """Return what an XCom of a task is found by, besides its key."""
    return {
        "dag_id": task_instance.dag_id,
        "task_id": task_instance.task_id,
        "run_id": task_instance.run_id,
        "map_index": -1 if task_instance.map_index is None else task_instance.map_index,
    }


def cant_show_links(error: Exception) -> str:
    """Return what is said of links that Airflow didn't take."""
    from airflow_provider_cpp.wire.plain_text import said_by

    return f"The links of this task can't be shown: {said_by(error)}"


def _operation_shown(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("https://"):
        return ""
    from airflow_provider_cpp.exceptions import UntrustedLocation
    from airflow_provider_cpp.services.cloud_partner_portal.locations import parse_location

    try:
        return parse_location(value, origin=f"https://{urlsplit(value).netloc}").url
    except (UntrustedLocation, ValueError):
        return ""
