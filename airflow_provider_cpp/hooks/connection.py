"""An Airflow connection becomes settings: read at once, or in an event loop once for all who ask.

Airflow says that a connection "isn't defined" also when it can't be read: each of its secrets backends, its own
database and API server included, is passed over when it fails (`_get_connection` of 3.x,
`Connection.get_connection_from_secrets` of 2.11). So a connection that is said not to be there is read on for a
while, and the error in the end leaves both open, and is one that Airflow retries.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_cpp.client.settings import Settings, read_settings
from airflow_provider_cpp.exceptions import CppError, CppUnavailable
from airflow_provider_cpp.lro.repeated_failures import RepeatedFailure, often
from airflow_provider_cpp.lro.story import duration_in_words
from airflow_provider_cpp.wire.identifiers import checked_name
from airflow_provider_cpp.wire.plain_text import one_line, said_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Connection

#: Seconds for which a connection that isn't there is read on in the triggerer: a rollout of Airflow or of a
#: secrets backend takes minutes, and a wait of days loses nothing by five.
PATIENCE_IN_TRIGGERER = 300.0
#: The same on a worker, whose slot is held meanwhile, and where somebody may wait who mistyped the connection's
#: id. Airflow's own retries have the minutes.
PATIENCE_ON_WORKER = 30.0

#: Seconds between two tries.
PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)

#: The connections that are being read just now, by event loop, class of the hook and connection id.
_being_read: WeakKeyDictionary[
    asyncio.AbstractEventLoop, dict[tuple[type[BaseHook], str], asyncio.Task[Settings]]
] = WeakKeyDictionary()


class ConnectionReader(BaseHook):
    """Read a connection: all of a hook that the triggerer needs, whose event loop the rest would hold up.

    The constructor does no I/O: the connection is read at the first call.

    :param cpp_conn_id: id of the connection; ``cpp_default`` by default.
    :raises CppConfigurationError: if that can't be one, as a template that wasn't rendered.
    """

    conn_name_attr = "cpp_conn_id"
    default_conn_name = "cpp_default"

    def __init__(self, cpp_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.cpp_conn_id = checked_name("cpp_conn_id", cpp_conn_id)

    @cached_property
    def settings(self) -> Settings:
        """The connection, read and checked.

        :raises CppConfigurationError: if a field is missing or wrong; it names the field.
        :raises CppUnavailable: it isn't defined, or couldn't be read for half a minute.
        """
        return read_connection(self, self.cpp_conn_id)

    async def aget_settings(self) -> Settings:
        """Read and check the connection without blocking the event loop, as a trigger has to.

        Whoever asks while it is being read gets the same: a restart brings a thousand triggers at once.

        :raises CppConfigurationError: if a field is missing or wrong; it names the field.
        """
        return await aread_connection(self, self.cpp_conn_id)


class ReadingOn:
    """How long, and at which pauses, a connection is read on that can't be read; one line says so, not one a try.

    :param conn_id: its id.
    :param say: writes a line into the log.
    :param patience: seconds for which it may be missing.
    :param deadline: until when any other failure is read on, in seconds since 1970 (UTC); as long as for a
        missing one by default.
    """

    def __init__(
        self, conn_id: str, say: Callable[[int, str], object], patience: float, deadline: float | None = None
    ) -> None:
        self._conn_id = conn_id
        self._say = say
        self._patience = patience
        self._deadline = deadline
        self._pauses = chain(PAUSES, repeat(PAUSES[-1]))
        self._trouble = RepeatedFailure()

    def pause(self, error: Exception, now: float) -> float:
        """Return the seconds until the next try.

        :param error: what this one came to.
        :param now: seconds since 1970 (UTC).
        :raises CppUnavailable: it was tried for long enough.
        """
        is_due = self._trouble.again(type(error).__name__, now)
        end = self._trouble.since + self._patience
        if self._deadline is not None and not _is_missing(error):
            end = self._deadline
        if now >= end:
            raise unreadable(self._conn_id, error, now - self._trouble.since) from None
        if is_due:
            self._say(
                logging.WARNING,
                f"{_what_is_wrong(self._conn_id, error)} It is read on"
                f"{often(self._trouble, now) or f' for {duration_in_words(end - now)} at most'}.",
            )
        return min(next(self._pauses), end - now)

    def done(self) -> None:
        """Say that it can be read, if that it couldn't was said."""
        if failures := self._trouble.over():
            self._say(logging.INFO, f"Connection {self._conn_id!r} can be read, after {failures} failures.")


def unreadable(conn_id: str, error: Exception, tried_for: float = 0.0) -> CppUnavailable:
    """Return the error of a connection that Airflow doesn't give.

    :param conn_id: its id.
    :param error: what Airflow raised.
    :param tried_for: seconds for which it was tried.
    """
    tried = f" It was tried for {duration_in_words(tried_for)}." if tried_for else ""
    advice = (
        "Create it if it isn't there, for this process too (worker and triggerer read it alike); if it is, look "
        "whether Airflow's database, its API server and the secrets backend work."
    )
    return CppUnavailable(f"{_what_is_wrong(conn_id, error)}{tried} Nothing was sent. {advice}")


def _what_is_wrong(conn_id: str, error: Exception) -> str:
    if _is_missing(error):
        return (
            f"Connection {conn_id!r} isn't defined, or couldn't be read: Airflow says the same of both, "
            f'"{one_line(str(error))}".'
        )
    said = str(error) if isinstance(error, CppError) else said_by(error)
    return f"Connection {conn_id!r} can't be read: {said}."


def _is_missing(error: Exception) -> bool:
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    return isinstance(error, AirflowNotFoundException)


def read_connection(hook: BaseHook, conn_id: str, patience: float | None = None) -> Settings:
    """Read and check a connection, and read on for a while if it can't be read.

    :param hook: asks Airflow for it.
    :param conn_id: its id.
    :param patience: seconds for which it is read on, 0 for a single try; `PATIENCE_ON_WORKER` by default.
    :raises CppConfigurationError: if a field is missing or wrong; it names the field.
    :raises CppUnavailable: it isn't defined, or couldn't be read.
    """
    patience = PATIENCE_ON_WORKER if patience is None else patience
    reading_on = ReadingOn(conn_id, lambda level, text: hook.log.log(level, "%s", text), patience)
    while True:
        try:
            connection = hook.get_connection(conn_id)
        except Exception as error:  # noqa: BLE001 - Airflow's own trouble, of whatever kind, may pass
            time.sleep(reading_on.pause(error, time.time()))
        else:
            reading_on.done()
            return _settings_of(conn_id, connection)


async def aread_connection(hook: BaseHook, conn_id: str) -> Settings:
    """Read and check a connection without blocking the event loop.

    Whoever asks while it is being read gets the same: a restart brings a thousand triggers at once.

    :param hook: asks Airflow for it.
    :param conn_id: its id.
    :raises CppConfigurationError: if a field is missing or wrong; it names the field.
    """
    reading = _being_read.setdefault(asyncio.get_running_loop(), {})
    key = type(hook), conn_id
    if key not in reading:
        reading[key] = asyncio.ensure_future(_read(hook, conn_id))
        reading[key].add_done_callback(lambda _: reading.pop(key))
    # One trigger's cancellation must not take the connection from the others.
    return await asyncio.shield(reading[key])


async def _read(hook: BaseHook, conn_id: str) -> Settings:
    from airflow.providers.common.compat.connection import get_async_connection

    connection = await get_async_connection(conn_id, hook=hook)
    # In a thread, as it looks into the CA file and the certificate.
    return await asyncio.to_thread(_settings_of, conn_id, connection)


def _settings_of(conn_id: str, connection: Connection) -> Settings:
    # `extra_dejson` would ask Airflow's supervisor to mask secrets, synchronously; the text itself does.
    return read_settings(
        conn_id,
        conn_type=connection.conn_type,
        host=connection.host,
        login=connection.login,
        password=connection.password,
        port=connection.port,
        extra=connection.extra,
    )
