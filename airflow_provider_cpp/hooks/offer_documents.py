"""What a hook reads of offers, and changes of their drafts, whichever service the connection's type names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.hooks.connection import ConnectionReader
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.offers.comparison import Difference
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
from airflow_provider_cpp.offers.images import image_version as checked_image_version
from airflow_provider_cpp.offers.overview import OfferOverview
from airflow_provider_cpp.offers.overview_reading import MAX_REQUESTS, Overview, checked_max_requests
from airflow_provider_cpp.offers.put_result import PutResult
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.services.by_connection_type import offer_of, service_of
from airflow_provider_cpp.services.protocol import Service
from airflow_provider_cpp.wire.arguments import checked_flag, listed
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure
from airflow_provider_cpp.wire.quoted_secrets import without_quoted_secrets

T = TypeVar("T")


class OfferDocumentsHook(ConnectionReader):
    """Read offers, and change their drafts.

    The constructor does no I/O: the connection is read at the first call.

    :param cpp_conn_id: id of the connection; ``cpp_default`` by default.
    :raises CppConfigurationError: if that can't be one, as a template that wasn't rendered.
    """

    @cached_property
    def client(self) -> BlockingClient:
        """The blocking client of the connection."""
        return BlockingClient(self.settings)

    @property
    def service(self) -> Service:
        """The service that the connection leads to."""
        return service_of(self.settings)

    def get_conn(self) -> BlockingClient:
        """Return the blocking client of the connection."""
        return self.client

    def _offer(self, publisher_id: str | None, offer_id: str) -> OfferRef:
        """Return an offer by the texts that its identifiers stand for."""
        return offer_of(self.settings, publisher_id, offer_id)

    def list_offers(self, publisher_id: str | None = None) -> list[Offer]:
        """List a publisher's offers; of their definitions only the names (retrieve-offers page).

        :param publisher_id: the publisher's identifier; the connection's by default.
        :raises CppNotFound: the service doesn't know the publisher.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the answer can't be had or read just now.
        """
        service = self.service
        return self._list(service.offers(self.settings.publisher(publisher_id, is_needed=service.needs_publisher)))

    def offers_overview(
        self,
        publisher_id: str | None = None,
        offer_ids: Iterable[str] | None = None,
        *,
        max_requests: int = MAX_REQUESTS,
    ) -> list[OfferOverview]:
        """Find out the state of many offers: what is live, in preview, running, and waiting for a person.

        One request lists the offers (further ones, if the list has pages). For each offer follow, on Cloud Partner
        Portal, its list of submissions and the operation that runs or else the offer's status; on the Product
        Ingestion API, its list of submissions. An offer that can't be read has a row that says why, and so has one
        that isn't asked for: as `max_requests` are used up, or as three in a row couldn't be had.

        :param publisher_id: whose offers; the connection's publisher by default.
        :param offer_ids: only these, in any case, or on the Product Ingestion API by their durable ids
            (`product/<guid>`); all by default. Templates may render them as a text.
        :param max_requests: requests at most; 500. Repetitions of a request that failed aren't counted.
        :returns: one row for each offer: in the list's order, or in that of `offer_ids`.
        :raises CppConfigurationError: an argument can't be; nothing was sent.
        :raises CppNotFound: the service doesn't know the publisher.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the offers can't be listed just now.
        """
        service = self.service
        publisher = self.settings.publisher(publisher_id, is_needed=service.needs_publisher)
        wanted = listed("offer_ids", offer_ids)
        overview = Overview(service, publisher, wanted, checked_max_requests(max_requests))
        return self.client.run(overview.rows(), say=self.say)

    def get_offer(
        self,
        offer_id: str,
        publisher_id: str | None = None,
        *,
        version: int | str | None = None,
        slot: str | None = None,
    ) -> Offer:
        """Read an offer with its definition (retrieve-specific-offer page): the latest by default.

        The service returns no values of secret fields, and of files (logos, disks) URLs of its own. On the Product
        Ingestion API the definition is a tree of resources. Either may hold signatures of shared-access URLs:
        don't store or print it as it is.

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param version: that version instead, 0 or more; the Product Ingestion API has none.
        :param slot: what is in that slot instead: `draft`, `preview` (or `staging`, `view`) or `production`
            (or `live`), in any case.
        :raises CppConfigurationError: an argument can't be, or version and slot are both given.
        :raises CppNotFound: the service doesn't know the offer, or it has no such version, or nothing in the slot.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the answer can't be had or read just now.
        """
        offer = self._offer(publisher_id, offer_id)
        return self.client.run(self.service.definition(offer, version, slot), say=self.say)

    def put_offer(
        self,
        offer_id: str,
        definition: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        publisher_id: str | None = None,
        *,
        if_match: str | None = None,
        dry_run: bool = False,
        ignore: Iterable[str] = (),
        exact: Iterable[str] = (),
        resend: Iterable[str] = (),
        create: bool = False,
        new_plans: bool = False,
    ) -> PutResult:
        """Bring an offer's draft to a wanted definition: change it, leave it if it is so already, or create it.

        The offer is read, compared, and sent back with what is wanted changed in it, under the condition that
        nobody else changed it meanwhile (create-or-modify and concurrency-control pages). An answer that gets
        lost is settled by reading again. On the Product Ingestion API the draft's tree is read, the resources that
        differ are sent whole in one request, and its job is waited for; there are no conditions.

        :param offer_id: the offer's identifier.
        :param definition: a document such as `get_offer` returns, or the PUT of the reference takes
            (`{"offerTypeId": ..., "definition": {...}}`), or a part of it: what it doesn't name stays, and
            `null` removes. On the Product Ingestion API a resource, a list of them, or what has them as
            `resources`.
        :param publisher_id: its publisher's identifier; the connection's by default.
        :param if_match: ETag of what may be replaced, or `*` for whatever is there; the one that is read by
            default. Offers that were migrated to Partner Center have none, so that they need `*`; the Product
            Ingestion API takes no other value.
        :param dry_run: log and return what differs, and send nothing.
        :param ignore: paths of what doesn't count, written as `offers.paths` says.
        :param exact: paths of objects and lists that are wanted as they stand: what they don't name goes.
        :param resend: paths of what is sent though it can't be compared, such as a changed secret.
        :param create: create the offer, with its plans, if there is none.
        :param new_plans: add plans that aren't there.
        :raises CppConfigurationError: an argument can't be, there is no ETag, a plan isn't there and `new_plans`
            doesn't allow for it, or a plan would go that `exact` doesn't say; nothing was sent.
        :raises CppBadRequest: the service refuses the definition (400), or the offer is another by now (412).
        :raises CppConflict: another operation runs on the offer, or it was changed while an answer was lost.
        :raises CppNotFound: there is no such offer, and `create` doesn't say to make one; or no such publisher.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the service can't be had just now; a later try compares anew.
        """
        put = self.service.put(
            self._offer(publisher_id, offer_id),
            definition,
            if_match=if_match,
            dry_run=dry_run,
            ignore=ignore,
            exact=exact,
            resend=resend,
            create=create,
            new_plans=new_plans,
        )
        return self.client.run(without_quoted_secrets(put), say=self.say)

    def add_image_version(
        self,
        offer_id: str,
        plan_id: str,
        image_version: str,
        images: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str,
        publisher_id: str | None = None,
        *,
        keep: int | str | None = None,
        dry_run: bool = False,
    ) -> ImageVersionResult:
        """Add an image version to a plan of an offer's draft, once, and retire the oldest where `keep` says so.

        The offer is read; where the version is there with the same images, nothing is sent. Otherwise it is sent
        as `put_offer` does: all that is there goes back as it is, a lost answer is settled by reading. Where the
        offer has an ETag and somebody else changes it meanwhile, it is read and decided on anew, and the change
        stays.

        :param offer_id: the offer's identifier.
        :param plan_id: the plan's identifier.
        :param image_version: the version's number, such as `1.0.2`; of a core virtual machine a date, such as
            `2026.11.30`.
        :param images: an image, or a list with one for each generation: `{"image_type": "x64Gen2", "os_disk":
            "<shared-access URL>", "data_disks": [{"lun": 0, "uri": "<shared-access URL>"}]}`, or `{"image_type":
            ..., "shared_image": "<resource id>", "tenant_id": ...}` on the Product Ingestion API; or JSON that
            says so. Types are `x64Gen1`, `x64Gen2` and `arm64Gen2`.
        :param publisher_id: the publisher's identifier; the connection's by default.
        :param keep: how many versions stay offered at most, 1 or more; None for all. The oldest are deprecated on
            the Product Ingestion API, and taken out on Cloud Partner Portal's; never a newer one than the one that
            is added, nor the newest of a generation.
        :param dry_run: log and return what would be sent, and send nothing.
        :raises CppConfigurationError: an argument can't be, the plan isn't there, it can't take such a version, or
            has it with other images; nothing was sent.
        :raises CppNotFound: there is no such offer, or no such publisher.
        :raises CppError: as `put_offer`.
        """
        asked = checked_image_version(plan_id, image_version, images, keep)
        offer = self._offer(publisher_id, offer_id)
        adding = self.service.add_image_version(offer, asked, dry_run=checked_flag("dry_run", dry_run))
        return self.client.run(without_quoted_secrets(adding), say=self.say)

    def changes(self, now: Offer, before: Offer) -> tuple[Difference, ...]:
        """Return what differs between two states of an offer, such as what is in preview and what is live.

        Asks nobody. What the service returns anew each time, such as a signature, is no difference.

        :param now: the newer one, as `get_offer` returns it.
        :param before: the older one.
        :returns: of each place: `path`, `before` and `after`, without secrets.
        :raises CppConfigurationError: one of them can't be compared, as it names a plan twice.
        """
        return self.service.changes(now.definition, before.definition)

    def list_submissions(
        self, offer_id: str, publisher_id: str | None = None, status: str | None = None
    ) -> list[Submission]:
        """List an offer's operations, past and running (retrieve-operations page).

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param status: only those in this state, by the service's own word, such as `running`; all by default.
        :raises CppNotFound: the service doesn't know the offer.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the answer can't be had or read just now.
        """
        return self._list(self.service.submissions(self._offer(publisher_id, offer_id), status))

    def get_offer_status(self, offer_id: str, publisher_id: str | None = None) -> Operation:
        """Read an offer's status (retrieve-offer-status page), which has the form of an operation.

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :returns: its `raw_status` is the offer's, such as `neverPublished` or `waitingForPublisherReview`; the
            steps are those of the latest operation.
        :raises CppNotFound: the service doesn't know the offer.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the answer can't be had or read just now.
        """
        return self.client.run(self.service.status(self._offer(publisher_id, offer_id)), say=self.say)

    def _list(self, listing: Procedure[Listed[T] | Unlisted]) -> list[T]:
        found = self.client.run(listing, say=self.say)
        if isinstance(found, Unlisted):
            raise found.error
        return list(found.entries)

    def say(self, level: int, text: str) -> None:
        """Write a line into the task's log."""
        self.log.log(level, "%s", text)
