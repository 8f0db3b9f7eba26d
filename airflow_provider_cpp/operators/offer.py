"""Operators that act on an offer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Unpack, cast

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.links.operation import TASK_LINKS, push_link
from airflow_provider_cpp.lro.schedule import (
    CANCEL_TIMEOUT,
    DEFAULT_INTERVAL,
    DEFAULT_MAX_INTERVAL,
    DEFAULT_TIMEOUT,
    seconds,
)
from airflow_provider_cpp.operators._definitions import GetOfferOperator, ListOffersOperator, PutOfferOperator
from airflow_provider_cpp.operators._image_versions import AddImageVersionOperator
from airflow_provider_cpp.tasks.calling import CallsPortal
from airflow_provider_cpp.tasks.starting_operator import StartsOperation
from airflow_provider_cpp.tasks.wait_arguments import Waiting
from airflow_provider_cpp.tasks.waiting import time_limit
from airflow_provider_cpp.wire.arguments import (
    FAIL,
    IfRunning,
    Until,
    checked_flag,
    checked_if_running,
    flag_or_template,
    rendered_flag,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from airflow.providers.common.compat.sdk import BaseOperatorLink, Context

    from airflow_provider_cpp.lro.prechecking import NotStarted
    from airflow_provider_cpp.lro.records import Started
    from airflow_provider_cpp.lro.settling import Memory

__all__ = [
    "AddImageVersionOperator",
    "CancelOperator",
    "GetOfferOperator",
    "GoLiveOperator",
    "ListOffersOperator",
    "PublishOperator",
    "PutOfferOperator",
]

#: Keys of the records in Airflow's task state store. Deployed tasks in flight depend on them: never rename.
RECORD_KEY = "airflow_provider_cpp.go_live"
PUBLISH_RECORD_KEY = "airflow_provider_cpp.publish"


class GoLiveOperator(StartsOperation):
    """Take an offer live, and return the operation's location.

    Asks first whether that is due (``precheck``), then sends one POST and no second one, whatever happens to
    its answer. The work behind it takes hours to days: watch it with
    :class:`~airflow_provider_cpp.sensors.operation.OperationSensor`, or let this task wait itself.

    A retry of the task first settles what the last try did: an operation that still runs is taken up
    again, one that succeeded isn't repeated, after one that failed a new one is started.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param wait_for_completion: succeed when the offer is live, not when the request was accepted.
    :param deferrable: wait in the triggerer; otherwise on the worker.
    :param poll_interval: seconds, or a ``timedelta``, between two looks at the operation at least.
    :param max_poll_interval: the same, at most: in between, a tenth of the time since the last change.
    :param timeout: seconds, or a ``timedelta``, after which waiting is given up; 14 days by default.
    :param cancel_on_kill: cancel the operation when a user marks the task failed or succeeded while it
        waits. Deferred tasks can do so from Airflow 3.3 on. A task that is cleared takes it up again.
    :param stuck_after: seconds, or a ``timedelta``, without a change of step after which a warning is
        logged, once; off by default.
    :param precheck: send nothing unless a version in preview waits for going live; an error says why it
        doesn't. A go-live of this offer that runs already is taken up.
    :param skip_if_live: skip the task if the version in preview is live already.
    :param dry_run: log what would be done and return None; send nothing that changes anything. Where the
        task would fail or be skipped, it does. The waits after it are skipped. (templated)
    :raises OperationFailed: the operation failed; a retry goes live anew.
    :raises OperationCanceled: somebody canceled it.
    :raises OperationTimeout: it didn't end in time.
    :raises OperationStatusUnknown: its status couldn't be read for too long.
    :raises CppConflict: another operation runs on the offer.
    :raises CppBadRequest: nothing in preview waits for going live, or the service refuses.
    :raises CppError: what else the hook's ``go_live`` raises.
    """

    record_key = RECORD_KEY

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None = None,
        cpp_conn_id: str = "cpp_default",
        wait_for_completion: bool = False,
        deferrable: bool = True,
        poll_interval: float | timedelta = DEFAULT_INTERVAL,
        max_poll_interval: float | timedelta = DEFAULT_MAX_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        cancel_on_kill: bool = False,
        stuck_after: float | timedelta | None = None,
        precheck: bool = True,
        skip_if_live: bool = False,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            offer_id=offer_id,
            publisher_id=publisher_id,
            cpp_conn_id=cpp_conn_id,
            wait_for_completion=wait_for_completion,
            waiting=Waiting.of(
                "poll",
                deferrable=deferrable,
                interval=poll_interval,
                max_interval=max_poll_interval,
                timeout=timeout,
                cancel_on_kill=cancel_on_kill,
                stuck_after=stuck_after,
            ),
            dry_run=dry_run,
            **kwargs,
        )
        self.precheck = checked_flag("precheck", precheck)
        self.skip_if_live = checked_flag("skip_if_live", skip_if_live)

    def _subject(self) -> str:
        return f"the go-live of offer {self.offer_id}"

    def _start(
        self, keep: Callable[[dict[str, object]], object], **memory: Unpack[Memory]
    ) -> Started | NotStarted:
        asks = self.precheck or self.skip_if_live or self.is_dry_run
        from airflow_provider_cpp.lro.prechecking import Precheck

        check = Precheck(self.precheck, self.skip_if_live, self.is_dry_run) if asks else None
        return self.hook.start_go_live(self.offer_id, self.publisher_id, check=check, keep=keep, **memory)


class PublishOperator(StartsOperation):
    """Publish an offer's draft to preview, and return the operation's location.

    Sends one POST and no second one, by the same rules as :class:`GoLiveOperator`, and a retry settles what the
    last try did. The operation goes on running while it waits for its publisher's sign-off, which is what
    :class:`GoLiveOperator` gives: wait for the sign-off to be due, and not for the operation's end.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param notification_emails: to whom the service writes how it goes; ignored for offers that were migrated to
        Partner Center. A list, or one comma-separated text. (templated)
    :param if_running: what becomes of a publish of this offer that runs already, where it lacks the draft as it
        is now, or nobody can know: ``fail`` (default), ``adopt`` (take it up all the same) or ``restart``
        (cancel it, confirmed, and publish anew). One that has the draft is always taken up.
    :param wait_for_completion: succeed when ``until`` is reached, not when the request was accepted.
    :param until: ``signoff``: the version is in preview and waits for going live; ``completed``: somebody has
        gone live, and the operation has ended.
    :param deferrable: wait in the triggerer; otherwise on the worker.
    :param poll_interval: seconds, or a ``timedelta``, between two looks at the operation at least.
    :param max_poll_interval: the same, at most: in between, a tenth of the time since the last change.
    :param timeout: seconds, or a ``timedelta``, after which waiting is given up; 14 days by default.
    :param cancel_on_kill: cancel the operation when a user marks the task failed or succeeded while it
        waits. Deferred tasks can do so from Airflow 3.3 on. A task that is cleared takes it up again.
    :param stuck_after: seconds, or a ``timedelta``, without a change of step after which a warning is
        logged, once; off by default.
    :param dry_run: log what would be done and return None; send nothing that changes anything. Where the
        task would fail, it does. The waits after it are skipped. (templated)
    :raises OperationFailed: the operation failed; a retry publishes anew.
    :raises OperationCanceled: somebody canceled it.
    :raises OperationTimeout: it wasn't reached in time.
    :raises OperationStatusUnknown: its status couldn't be read for too long.
    :raises CppConflict: another operation runs on the offer.
    :raises CppError: what else the hook's ``publish`` raises.
    """

    record_key = PUBLISH_RECORD_KEY
    template_fields: Sequence[str] = (*StartsOperation.template_fields, "notification_emails")

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None = None,
        cpp_conn_id: str = "cpp_default",
        notification_emails: Sequence[str] = (),
        if_running: IfRunning = FAIL,
        wait_for_completion: bool = False,
        until: Until = "signoff",
        deferrable: bool = True,
        poll_interval: float | timedelta = DEFAULT_INTERVAL,
        max_poll_interval: float | timedelta = DEFAULT_MAX_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        cancel_on_kill: bool = False,
        stuck_after: float | timedelta | None = None,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            offer_id=offer_id,
            publisher_id=publisher_id,
            cpp_conn_id=cpp_conn_id,
            wait_for_completion=wait_for_completion,
            waiting=Waiting.of(
                "poll",
                deferrable=deferrable,
                interval=poll_interval,
                max_interval=max_poll_interval,
                timeout=timeout,
                cancel_on_kill=cancel_on_kill,
                stuck_after=stuck_after,
            ),
            dry_run=dry_run,
            **kwargs,
        )
        self.notification_emails = notification_emails
        self.if_running = checked_if_running(if_running)
        self.until = until
        self._goal()  # an unknown word is refused while the DAG is parsed

    def _subject(self) -> str:
        return f"the publish of offer {self.offer_id}"

    def _start(
        self, keep: Callable[[dict[str, object]], object], **memory: Unpack[Memory]
    ) -> Started | NotStarted:
        from airflow_provider_cpp.lro.prechecking import DryRun

        check = DryRun() if self.is_dry_run else None
        return self.hook.start_publish(
            self.offer_id,
            self.publisher_id,
            self.notification_emails,
            if_running=self.if_running,
            check=check,
            keep=keep,
            **memory,
        )


class CancelOperator(CallsPortal, BaseOperator):
    """Cancel an operation, or whatever runs on an offer, and confirm it.

    Asks first which operation runs, and sends nothing where none does. Then it watches that one to its end,
    on the worker: a cancel takes one to three minutes.

    A connection of type ``product_ingestion`` needs ``operation_location``: that API cancels jobs, and doesn't say
    which one runs on an offer.

    XCom ``return_value``: a ``dict`` of ``status``, ``location`` (of the operation, or None) and ``message``.
    The task succeeds with status ``canceled``; with ``nothing_running``; and with ``failed``, for an operation
    that failed before the cancel came. With any other one the cancel had no effect, and the task fails.

    :param offer_id: the offer's identifier; None (default) where ``operation_location`` says which operation.
        (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param operation_location: the operation's location, as GoLiveOperator and PublishOperator return it; only that
        one is canceled. None (default) for whatever runs on the offer. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param notification_emails: to whom the service writes; ignored for offers that were migrated to Partner
        Center. (templated)
    :param timeout: seconds, or a ``timedelta``, in which the cancel has to be confirmed; 5 minutes by default.
    :param fail_if_not_canceled: fail where the cancel had no effect. If False, the task succeeds, and its
        XCom says what became of it: ``succeeded``, ``not_cancelable``, ``timeout`` or ``unknown``.
    :param dry_run: log what would be canceled, and send nothing that changes anything: the status is ``dry_run``
        where an operation runs. (templated)
    :raises NotCanceled: the operation succeeded before the cancel came, or can't be canceled any more.
    :raises OperationTimeout: the cancel wasn't confirmed in time.
    :raises OperationStatusUnknown: what became of the operation can't be learned.
    :raises CppError: what the hook's ``cancel`` raises.
    """

    template_fields: Sequence[str] = (
        "offer_id",
        "publisher_id",
        "operation_location",
        "cpp_conn_id",
        "notification_emails",
        "is_dry_run",
    )
    operator_extra_links: Collection[BaseOperatorLink] = TASK_LINKS

    def __init__(
        self,
        *,
        offer_id: str | None = None,
        publisher_id: str | None = None,
        operation_location: str | None = None,
        cpp_conn_id: str = "cpp_default",
        notification_emails: Sequence[str] = (),
        timeout: float | timedelta = CANCEL_TIMEOUT,
        fail_if_not_canceled: bool = True,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.operation_location = operation_location
        #: A location that renders to nothing doesn't mean whatever runs on the offer.
        self._by_location = operation_location is not None
        if offer_id is None and operation_location is None:
            raise CppConfigurationError(
                "CancelOperator needs offer_id, for whatever runs on the offer, or operation_location, for one "
                "operation."
            )
        self.cpp_conn_id = cpp_conn_id
        self.notification_emails = notification_emails
        self.timeout = seconds("timeout", timeout)
        self.fail_if_not_canceled = checked_flag("fail_if_not_canceled", fail_if_not_canceled)
        self.is_dry_run = flag_or_template("dry_run", dry_run)  # `dry_run` is a method of Airflow's own

    def execute(self, context: Context) -> dict[str, object]:
        """Cancel what runs, and watch it to its end."""
        within = time_limit(self.timeout, self.execution_timeout)
        dry_run = rendered_flag("dry_run", self.is_dry_run)
        if self._by_location:
            location = self.operation_location
            if self.offer_id is not None:
                location = self.hook.location_on(self.offer_id, location, self.publisher_id).url
            result = self.hook.cancel_operation(location, within, self.notification_emails, dry_run=dry_run)
        else:
            offer_id = cast("str", self.offer_id)  # what a template rendered to nothing is refused there
            result = self.hook.cancel(
                offer_id, self.publisher_id, self.notification_emails, within, dry_run=dry_run
            )
        if result.location:
            push_link(context, self.hook.location(result.location), self.hook)
        error = result.error
        if error is not None:
            if self.fail_if_not_canceled:
                raise error
            self.log.warning("%s", error)
        return result.to_dict()
