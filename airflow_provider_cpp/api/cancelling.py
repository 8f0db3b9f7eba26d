"""How a running operation is canceled, and the cancel watched to its end.

The service cancels whatever runs on the offer, and answers 202 whether or not anything does. So it is
asked first whether this operation still runs, and afterwards what became of it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_cpp.api import calls, outcomes
from airflow_provider_cpp.api.answers import Answer, describe, error_of
from airflow_provider_cpp.api.locations import OperationLocation
from airflow_provider_cpp.api.operations import CANCELED, Operation, read_operation
from airflow_provider_cpp.api.outcomes import Event
from airflow_provider_cpp.api.procedures import NOW, Procedure, Say, sent
from airflow_provider_cpp.api.retries import is_failed_read
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.api.watching import Watch

#: A cancel takes one to three minutes (seen by clients).
SCHEDULE = PollSchedule(2.0, 10.0)


@dataclass(frozen=True, slots=True)
class Cancel:
    """An operation to cancel.

    :param location: the operation.
    :param within: seconds in which the cancel has to be confirmed.
    """

    location: OperationLocation
    within: float = 300.0

    def confirmed(self, *, draw: Callable[[], float] = random.random) -> Procedure[Event]:
        """Cancel the operation if it still runs, and watch it to its end.

        Returns the event of that end: `canceled`, but also `succeeded` if the cancel came too late, or
        `timeout` if it wasn't confirmed in time.

        :param draw: gives random numbers from 0 to 1.
        :raises CppError: the error that the service's refusal means.
        """
        read = calls.get_operation(self.location)
        reading, _ = yield from sent(read)
        if isinstance(reading, Answer) and 400 <= reading.status < 500 and not is_failed_read(reading):
            raise error_of(read, reading)  # the cancel would hit whatever else runs on the offer
        operation = read_operation(reading) if isinstance(reading, Answer) and reading.status == 200 else None
        if isinstance(operation, Operation) and operation.is_terminal:
            yield Say(f"Nothing to cancel: {self.location} has ended ({operation.raw_status}).")
            return outcomes.ended(self.location.url, str(self.location), operation)
        if operation is None or isinstance(operation, str):
            # The cancel would hit whatever runs on the offer now.
            why = describe(reading) if operation is None else f"HTTP 200, but {operation}"
            yield Say(f"Not canceling {self.location}, as its status can't be read: {why}.", logging.WARNING)
            return outcomes.unreadable(self.location.url, str(self.location), None, why)
        call = calls.cancel(self.location.publisher_id, self.location.offer_id)
        reading, _ = yield from sent(call)
        if isinstance(reading, Answer) and 400 <= reading.status < 500 and reading.status != 408:
            raise error_of(call, reading)
        yield Say(f"{call}: {describe(reading)}. Watching {self.location} to see whether it is canceled.")
        now = (yield NOW).now
        watch = Watch(self.location, started_at=now, deadline=now + self.within, schedule=SCHEDULE)
        event = yield from watch.follow(at_once=True, draw=draw)
        if event["status"] == CANCELED:
            yield Say(f"Confirmed: {self.location} is canceled.")
        else:
            yield Say(f"The cancel isn't confirmed ({event['status']}). {event['message']}", logging.WARNING)
        return event
