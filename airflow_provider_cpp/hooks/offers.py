"""What can be done about offers through a connection, whichever service its type names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Unpack

from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.client.driver import Keeper
from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.hooks.connection import read_connection
from airflow_provider_cpp.hooks.offer_documents import OfferDocumentsHook
from airflow_provider_cpp.lro.canceled import Canceled
from airflow_provider_cpp.lro.cancelling import Cancel, CancelOffer
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted, Precheck
from airflow_provider_cpp.lro.records import Started
from airflow_provider_cpp.lro.schedule import CANCEL_TIMEOUT, seconds
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.settling import Memory
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.services.by_connection_type import service_of
from airflow_provider_cpp.wire.arguments import FAIL, IfRunning, checked_flag, checked_if_running
from airflow_provider_cpp.wire.plain_text import said_by

#: Seconds that a request may take while a connection is tested.
TEST_TIMEOUT = 15.0


def forget(record: dict[str, object]) -> None:
    """Keep nothing: there will be no later try that could ask."""


class OffersHook(OfferDocumentsHook):
    """Take offers live, and whatever else there is to do about them.

    A hook for a service is a class of its own: its docstring, the type of its connections, its name, and its form
    for Airflow before 3.2 (see :class:`~airflow_provider_cpp.hooks.cloud_partner_portal.CloudPartnerPortalHook`).

    The constructor does no I/O: the connection is read at the first call.

    :param cpp_conn_id: id of the connection; ``cpp_default`` by default.
    :raises CppConfigurationError: if that can't be one, as a template that wasn't rendered.
    """

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
