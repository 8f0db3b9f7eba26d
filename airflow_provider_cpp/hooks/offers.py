"""What can be done about offers through a connection, whichever service its type names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar, Unpack

from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.client.driver import Keeper
from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.hooks.connection import ConnectionReader, read_connection
from airflow_provider_cpp.lro.canceled import Canceled
from airflow_provider_cpp.lro.cancelling import Cancel, CancelOffer
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted, Precheck
from airflow_provider_cpp.lro.records import Started
from airflow_provider_cpp.lro.schedule import CANCEL_TIMEOUT, seconds
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.settling import Memory
from airflow_provider_cpp.lro.starting import Start
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
from airflow_provider_cpp.wire.arguments import FAIL, IfRunning, checked_flag, checked_if_running, listed
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.plain_text import said_by
from airflow_provider_cpp.wire.procedures import Procedure

T = TypeVar("T")

#: Seconds that a request may take while a connection is tested.
TEST_TIMEOUT = 15.0


def forget(record: dict[str, object]) -> None:
    """Keep nothing: there will be no later try that could ask."""


class OffersHook(ConnectionReader):
    """Take offers live, and whatever else there is to do about them.

    A hook for a service is a class of its own: its docstring, the type of its connections, its name, and its form
    for Airflow before 3.2 (see :class:`~airflow_provider_cpp.hooks.cloud_partner_portal.CloudPartnerPortalHook`).

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

    def go_live(self, offer_id: str, publisher_id: str | None = None, *, precheck: bool = True) -> str:
        """Take an offer live: send one POST, safely, and return the operation's absolute location.

        The answer of a request that got lost is looked up among the offer's submissions; nothing is sent a
        second time unless the service provably did nothing about the first (go-live page).

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param precheck: ask first whether it is due, and send nothing if it isn't. A go-live of this offer that
            runs already is taken up.
        :raises CppConfigurationError: an identifier or the connection is wrong; nothing was sent.
        :raises CppAuthError: the principal isn't let in.
        :raises CppBadRequest: the service refuses, for example as no sign-off is due; or the precheck does.
        :raises CppNotFound: the service doesn't know publisher or offer.
        :raises CppConflict: another operation runs on the offer.
        :raises CppUnavailable: the service can't be reached or throttles; nothing was started. Where a first
            request had no clear answer and left no trace, the message says so: look before you call again.
        :raises AmbiguousOutcome: accepted or not, the service won't say.
        """
        check = Precheck() if checked_flag("precheck", precheck) else None
        return self._location_of(self.start_go_live(offer_id, publisher_id, check=check))

    def publish(
        self,
        offer_id: str,
        publisher_id: str | None = None,
        notification_emails: Iterable[str] = (),
        *,
        if_running: IfRunning = FAIL,
    ) -> str:
        """Publish an offer's draft to preview: send one POST, safely, and return the operation's location.

        As safely as `go_live`. The operation goes on running while it waits for the publisher's sign-off, by
        `go_live` (publish-offer page).

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param notification_emails: whom the service notifies how it goes; it ignores them for offers that were
            migrated to Partner Center, and notifies the account's seller contact.
        :param if_running: what becomes of a publish of this offer that runs already, where it lacks the draft
            as it is now, or where that isn't known: `fail` (default), `adopt` (take it up all the same) or
            `restart` (cancel it, and publish anew). One that has the draft is always taken up.
        :raises CppConflict: another operation runs on the offer; with `restart` also if a cancel isn't confirmed.
        :raises CppError: as `go_live`; `CppBadRequest` also for a draft that isn't valid (422).
        """
        started = self.start_publish(offer_id, publisher_id, notification_emails, if_running=if_running)
        return self._location_of(started)

    @staticmethod
    def _location_of(started: Started | NotStarted) -> str:
        assert isinstance(started, Started)  # noqa: S101 - only a skip or a dry run starts nothing
        return started.location

    def start_go_live(
        self,
        offer_id: str,
        publisher_id: str | None = None,
        *,
        check: Precheck | None = None,
        keep: Keeper = forget,
        **earlier: Unpack[Memory],
    ) -> Started | NotStarted:
        """Take an offer live as `go_live` does, unless an earlier try of the same task did.

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param check: what to ask before anything is sent; None for nothing.
        :param keep: keeps a record for a later try, before it returns.
        :param earlier: what is known of earlier tries, see `lro.settling.EarlierTries`.
        """
        intent = self.service.going_live(self._offer(publisher_id, offer_id))
        return self._start(Start(intent), keep, earlier, check)

    def start_publish(
        self,
        offer_id: str,
        publisher_id: str | None = None,
        notification_emails: Iterable[str] = (),
        *,
        if_running: IfRunning = FAIL,
        check: DryRun | None = None,
        keep: Keeper = forget,
        **earlier: Unpack[Memory],
    ) -> Started | NotStarted:
        """Publish an offer as `publish` does, unless an earlier try of the same task did.

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param notification_emails: as for `publish`.
        :param if_running: as for `publish`.
        :param check: what to ask instead of sending anything; None to send it.
        :param keep: keeps a record for a later try, before it returns.
        :param earlier: what is known of earlier tries, see `lro.settling.EarlierTries`.
        """
        if_running = checked_if_running(if_running)
        intent = self.service.publishing(self._offer(publisher_id, offer_id), notification_emails)
        return self._start(Start(intent, if_running), keep, earlier, check)

    def _offer(self, publisher_id: str | None, offer_id: str) -> OfferRef:
        """Return an offer by the texts that its identifiers stand for."""
        return offer_of(self.settings, publisher_id, offer_id)

    def _start(
        self, start: Start, keep: Keeper, earlier: Memory, check: Precheck | DryRun | None
    ) -> Started | NotStarted:
        return self.client.run(start.once(**earlier, check=check), say=self.say, keep=keep)

    def location(self, operation_location: str | None) -> Watched:
        """Parse an operation's location, as `go_live` returns it.

        :raises UntrustedLocation: if it isn't an operation on the connection's own host.
        """
        return self.service.located(operation_location)

    def location_on(self, offer_id: str, operation_location: object, publisher_id: str | None = None) -> Watched:
        """Parse the location of an operation that has to be on one offer.

        :param offer_id: the offer's identifier.
        :param operation_location: its location, as `go_live` returns it.
        :param publisher_id: its publisher's; the connection's by default.
        :raises UntrustedLocation: if it isn't an operation on that offer and on the connection's own host.
        """
        return self.service.operations_of(self._offer(publisher_id, offer_id)).located(operation_location)

    def offer_location(self, offer_id: str, publisher_id: str | None = None) -> Watched:
        """Return where an offer is.

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :raises CppConfigurationError: an identifier can't be one.
        """
        return self.service.status_of(self._offer(publisher_id, offer_id))

    def offer_page(self, location: Watched) -> str | None:
        """Look up the page of an offer in Partner Center in the list of offers, once, for 10 seconds at most.

        :param location: the offer, or an operation on it, as `location` and `offer_location` return them.
        :returns: its address; None if the service doesn't name it, as for an offer that was never migrated to
            Partner Center, or can't be asked.
        """
        return self.client.run(self.service.page_of(location), say=self.say)

    def get_operation(self, operation_location: str) -> Operation:
        """Read an operation once (retrieve-operations page).

        :param operation_location: its location, absolute or relative, as `go_live` returns it.
        :raises UntrustedLocation: if it isn't an operation on the connection's own host; nothing was sent.
        :raises CppNotFound: the service doesn't know the operation.
        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the answer can't be had or read just now.
        """
        return self.client.run(self.service.operation(operation_location), say=self.say)

    def cancel(
        self,
        offer_id: str,
        publisher_id: str | None = None,
        notification_emails: Iterable[str] = (),
        within: float | timedelta = CANCEL_TIMEOUT,
        *,
        dry_run: bool = False,
    ) -> Canceled:
        """Cancel whatever operation runs on an offer, and watch it to its end (cancel-operations page).

        :param offer_id: the offer's identifier.
        :param publisher_id: its publisher's; the connection's by default.
        :param notification_emails: whom the service notifies; ignored for migrated offers.
        :param within: seconds, or a `timedelta`, in which the cancel has to be confirmed; 5 minutes by default.
        :param dry_run: report what would be canceled, and send nothing that changes anything.
        :returns: what became of what ran: `status`, `location` and `message`.
        :raises CppConfigurationError: an identifier, an address or the connection is wrong; nothing was sent.
        :raises CppUnavailable: no cancel got through to the service, or its operations can't be listed; nothing
            was canceled.
        :raises CppError: the error that the service's refusal means.
        """
        cancel = CancelOffer(
            self.service.operations_of(self._offer(publisher_id, offer_id)),
            self.service.addresses(notification_emails),
            seconds("within", within),
            checked_flag("dry_run", dry_run),
        )
        return self.client.run(cancel.confirmed(), say=self.say)

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
        return self.client.run(put, say=self.say)

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
        return self.client.run(adding, say=self.say)

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

    def cancel_operation(
        self,
        operation_location: str | None,
        within: float | timedelta = CANCEL_TIMEOUT,
        notification_emails: Iterable[str] = (),
        *,
        dry_run: bool = False,
    ) -> Canceled:
        """Cancel an operation that still runs, and watch it to its end (cancel-operations page).

        :param operation_location: its location.
        :param within: seconds, or a `timedelta`, in which the cancel has to be confirmed; 5 minutes by default.
        :param notification_emails: as for `cancel`.
        :param dry_run: report whether it would be canceled, and send nothing that changes anything.
        :returns: what became of the operation, as of `cancel`.
        :raises UntrustedLocation: if it isn't an operation on the connection's own host; nothing was sent.
        :raises CppError: the error that the service's refusal means.
        """
        cancel = Cancel(
            self.location(operation_location),
            seconds("within", within),
            self.service.addresses(notification_emails),
            warns=False,
            dry_run=checked_flag("dry_run", dry_run),
        )
        return self.client.run(cancel.confirmed(), say=self.say)

    def test_connection(self) -> tuple[bool, str]:
        """Report in one line whether this principal can see this publisher's offers, or what to do. Never raises.

        Tries once and takes seconds, as somebody waits for it in front of a form.
        """
        try:
            works, message = self._can_see_offers()
        except CppError as error:
            works, message = False, str(error)
        except Exception as error:  # noqa: BLE001 - the contract of Airflow's button: it never raises
            works, message = False, said_by(error)
        # Airflow tests a copy under a random id, which means nothing to anybody.
        return works, " ".join(message.replace(f"connection {self.cpp_conn_id!r}", "this connection").split())

    def _can_see_offers(self) -> tuple[bool, str]:
        settings = read_connection(self, self.cpp_conn_id, patience=0.0)
        client = BlockingClient(replace(settings, timeout=min(settings.timeout, TEST_TIMEOUT)))
        asking = service_of(settings).can_see(settings.publisher_id)
        if isinstance(asking, str):
            client.check_login()
            return True, f"The login works. {asking}"
        return client.run(asking)

    def say(self, level: int, text: str) -> None:
        """Write a line into the task's log."""
        self.log.log(level, "%s", text)
