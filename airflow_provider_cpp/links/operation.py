"""Where the link on a task's page leads: to the offer's page in Partner Center.

Airflow 3 shows what stands in XCom under the link's key, and writes it there each time that a worker is done
with the task for now; Airflow 2 asks the link itself. So a task pushes the value as soon as it knows the
offer, and it is there while it waits, on a worker or deferred. Whoever may write XComs may have put anything
there: whenever Airflow asks the link, what it answers is built anew.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

from airflow_provider_cpp.airflow_versions import push_past_backend
from airflow_provider_cpp.offers.pages import PORTAL, offer_page

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey

    from airflow_provider_cpp.hooks.offers import OffersHook
    from airflow_provider_cpp.lro.seam import Watched

log = logging.getLogger(__name__)

#: XCom key, by Airflow's own rule: `_link_` and the class's name.
PARTNER_CENTER_KEY = "_link_PartnerCenterLink"


class PartnerCenterLink(BaseOperatorLink):
    """Leads to the offer in Partner Center, or to the list of offers where the service doesn't name its page."""

    name = "Partner Center"
    xcom_key = PARTNER_CENTER_KEY

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page that the task pushed, or the list."""
        return shown(XCom.get_value(ti_key=ti_key, key=PARTNER_CENTER_KEY))


#: Attach to an operator as `operator_extra_links`, and call `push_link` as soon as the offer is known.
TASK_LINKS: tuple[BaseOperatorLink, ...] = (PartnerCenterLink(),)


def shown(page: object) -> str:
    """Return where the link leads.

    :param page: the offer's page in Partner Center, as somebody named it; whatever else it is, the list is shown.
    """
    return offer_page(page) or PORTAL


def push_link(context: Context, location: Watched, hook: OffersHook | None) -> None:
    """Make the link of a running task lead to its offer, from now on.

    A link that can't be pushed is logged; it ends no task that watches a release.

    :param context: the task's.
    :param location: the operation, or the offer.
    :param hook: asks for the offer's page; None to leave the link at the list of offers.
    """
    task_instance: Any = context.get("ti")
    if task_instance is None:
        return
    try:
        value = shown(hook.offer_page(location) if hook else None)
        push = push_past_backend()
        if push is None:
            task_instance.xcom_push(key=PARTNER_CENTER_KEY, value=value)
        else:
            push(PARTNER_CENTER_KEY, value, **coordinates(task_instance))
    except Exception as error:  # noqa: BLE001 - whatever Airflow's XCom backend raises
        log.warning("%s", cant_show_link(error))


def coordinates(task_instance: Any) -> dict[str, Any]:
    """Return what an XCom of a task is found by, besides its key."""
    return {
        "dag_id": task_instance.dag_id,
        "task_id": task_instance.task_id,
        "run_id": task_instance.run_id,
        "map_index": -1 if task_instance.map_index is None else task_instance.map_index,
    }


def cant_show_link(error: Exception) -> str:
    """Return what is said of a link that Airflow didn't take."""
    from airflow_provider_cpp.wire.plain_text import said_by

    return f"This task's link to Partner Center can't be shown: {said_by(error)}"
