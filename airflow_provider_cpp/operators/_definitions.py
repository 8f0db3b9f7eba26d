"""The operators of `operators.offer` that read offers' definitions, and the one that changes them.

Each says that it is of that module: so it is called wherever Airflow, or who listens to it, names a task's class.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.paths import Paths
from airflow_provider_cpp.tasks.calling import CallsPortal
from airflow_provider_cpp.tasks.definition_field import TakesDefinition
from airflow_provider_cpp.tasks.json_field import mask_secrets
from airflow_provider_cpp.wire.arguments import flag_or_template, is_missing, listed, rendered_flag, shown

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_PUBLIC = "airflow_provider_cpp.operators.offer"


class ListOffersOperator(CallsPortal, BaseOperator):
    """List a publisher's offers, for tasks to be mapped over.

    The result is a list of ``{"publisher_id", "offer_id", "offer_type_id", "status", "version",
    "display_text"}``, one for each offer.

    :param publisher_id: the publisher's identifier; the connection's by default. (templated)
    :param offer_type_id: only offers of this type, such as ``microsoft-azure-virtualmachines`` or
        ``azureVirtualMachine``, by the service's own word, or of one of several: a list, also as a template
        renders to it, or a text with commas in between; all by default, and where it is empty or None. (templated)
    :param status: the same with statuses, such as ``neverPublished``, in any case; refused where the service lists
        none, as the Product Ingestion API does. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :raises CppError: what the hook's ``list_offers`` raises.
    """

    __module__ = _PUBLIC

    template_fields: Sequence[str] = ("publisher_id", "offer_type_id", "status", "cpp_conn_id")

    def __init__(
        self,
        *,
        publisher_id: str | None = None,
        offer_type_id: str | Collection[str] | None = None,
        status: str | Collection[str] | None = None,
        cpp_conn_id: str = "cpp_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.publisher_id = publisher_id
        self.offer_type_id = offer_type_id
        self.status = status
        self.cpp_conn_id = cpp_conn_id

    def execute(self, context: Context) -> list[dict[str, object]]:
        """List the offers."""
        types, statuses = listed("offer_type_id", self.offer_type_id), listed("status", self.status)
        offers = self.hook.list_offers(self.publisher_id)
        if statuses and offers and not any(offer.status for offer in offers):
            raise CppConfigurationError(
                f"status={shown(self.status)}: the service doesn't say an offer's status in its list. Leave "
                "status out, and ask for one offer's status with OfferStatusSensor, or with the hook's "
                "get_offer_status."
            )
        found = [
            offer.summary()
            for offer in offers
            if _is_among(offer.offer_type_id, types) and _is_among(offer.status, statuses)
        ]
        wanted = "".join(
            f", {what} {' or '.join(words)}" for what, words in (("type", types), ("status", statuses)) if words
        )
        level = logging.WARNING if offers and not found else logging.INFO
        self.log.log(level, "%d of the publisher's %d offers are listed%s.", len(found), len(offers), wanted)
        return found


def _is_among(word: str, wanted: tuple[str, ...]) -> bool:
    from airflow_provider_cpp.lro.words import same_word

    return not wanted or any(same_word(word, each) for each in wanted)


class GetOfferOperator(CallsPortal, BaseOperator):
    """Read an offer with its definition, and return the document as the service wrote it, without secrets.

    Each signature of a shared-access URL and any other secret in it is a blank (``***``), as XComs aren't
    encrypted; the hook's ``get_offer`` returns them. :class:`PutOfferOperator` takes the document back: a blank
    means the value that is there. It has its ETag as ``eTag``, where the service names one; on the Product
    Ingestion API it is a tree of resources.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param version: read that version, 0 or more, instead of the latest; refused on the Product Ingestion API,
        which keeps none. (templated)
    :param slot: read what is in that slot instead: ``draft``, ``preview`` or ``production``. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :raises CppError: what the hook's ``get_offer`` raises.
    """

    __module__ = _PUBLIC

    template_fields: Sequence[str] = ("offer_id", "publisher_id", "version", "slot", "cpp_conn_id")

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None = None,
        version: int | str | None = None,
        slot: str | None = None,
        cpp_conn_id: str = "cpp_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.version = version
        self.slot = slot
        self.cpp_conn_id = cpp_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the offer."""
        from airflow_provider_cpp.offers.blanks import blanked

        version = None if is_missing(self.version) else self.version
        slot = None if is_missing(self.slot) else self.slot
        offer = self.hook.get_offer(self.offer_id, self.publisher_id, version=version, slot=slot)
        self.log.info("Read %s.", offer)
        document: dict[str, Any] = blanked(offer.to_dict())
        return document


class PutOfferOperator(TakesDefinition, BaseOperator):
    """Bring an offer's draft to a wanted definition, and log what differs from what is there.

    Where nothing differs nothing is sent, so that the task can run with every release. What the definition
    doesn't name stays as it is, ``null`` removes.

    The result is ``{"changed", "created", "version", "etag", "differences", "kept", "ignored", "not_compared"}``;
    of the differences each is ``{"path", "before", "after"}``, without secrets, and the last three are paths: of
    plans and image versions that stay though they aren't named, of what is ignored and differs, and of what the
    service doesn't return as it was sent.

    :param offer_id: the offer's identifier. (templated)
    :param definition: what is wanted: the body of the reference's PUT (``{"offerTypeId": ..., "definition":
        {...}}``), or a part of it, or what :class:`GetOfferOperator` returned; on the Product Ingestion API a
        resource, a list of them, or a tree. A ``dict`` or a list, JSON as text, or the path of a JSON file:
        absolute, or relative to the DAG file's folder or the DAG's ``template_searchpath``. A file's content is a
        template, too. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param if_match: ETag of what may be replaced, or ``*`` for whatever is there; by default the one that is
        read. Offers that were migrated to Partner Center have none, so that they need ``*``; the Product Ingestion
        API has none at all, and takes no other value than ``*``. (templated)
    :param dry_run: log and return what differs, and send nothing. (templated)
    :param ignore: paths of what doesn't count, such as ``**/*.smallLogo``.
    :param exact: paths of objects and lists that are wanted as they stand, such as
        ``definition/plans/*/*.vmImages`` or ``definition/plans``: what they don't name is removed.
    :param resend: paths of what is sent with each run, though the service doesn't return it so that it could be
        compared, such as ``**/clientSecret``: a list, or a template that renders to one. (templated)
    :param create: create the offer, with its plans, if there is none. (templated)
    :param new_plans: add plans that the offer doesn't have yet. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :raises CppError: what the hook's ``put_offer`` raises.
    """

    __module__ = _PUBLIC

    template_fields: Sequence[str] = (
        "offer_id",
        "definition",
        "publisher_id",
        "if_match",
        "cpp_conn_id",
        "is_dry_run",
        "resend",
        "create",
        "new_plans",
    )
    template_fields_renderers = {"definition": "json"}  # noqa: RUF012 - as Airflow's operators have it
    # Not `template_ext`: Airflow would take every text in a definition that ends so for a file's name.

    def __init__(
        self,
        *,
        offer_id: str,
        definition: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | os.PathLike[str],
        publisher_id: str | None = None,
        if_match: str | None = None,
        dry_run: bool | str = False,
        ignore: Collection[str] = (),
        exact: Collection[str] = (),
        resend: Collection[str] = (),
        create: bool | str = False,
        new_plans: bool | str = False,
        cpp_conn_id: str = "cpp_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.definition = definition
        self.publisher_id = publisher_id
        self.if_match = if_match
        self.is_dry_run = flag_or_template("dry_run", dry_run)  # `dry_run` is a method of Airflow's own
        self.ignore = Paths("ignore", ignore).given
        self.exact = Paths("exact", exact).given
        self.resend = resend
        self.create = flag_or_template("create", create)
        self.new_plans = flag_or_template("new_plans", new_plans)
        self.cpp_conn_id = cpp_conn_id
        mask_secrets(definition)

    def execute(self, context: Context) -> dict[str, object]:
        """Compare, and send what differs."""
        return self.hook.put_offer(
            self.offer_id,
            self._document(context),
            self.publisher_id,
            if_match=self.if_match,
            dry_run=rendered_flag("dry_run", self.is_dry_run),
            ignore=self.ignore,
            exact=self.exact,
            resend=listed("resend", self.resend),
            create=rendered_flag("create", self.create),
            new_plans=rendered_flag("new_plans", self.new_plans),
        ).to_dict()
