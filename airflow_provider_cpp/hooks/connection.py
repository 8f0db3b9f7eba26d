"""An Airflow connection becomes settings: read at once, or in an event loop once for all who ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_cpp.client.settings import Settings, read_settings

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseHook, Connection

#: The connections that are being read just now, by event loop, class of the hook and connection id.
_being_read: WeakKeyDictionary[
    asyncio.AbstractEventLoop, dict[tuple[type[BaseHook], str], asyncio.Task[Settings]]
] = WeakKeyDictionary()


def read_connection(hook: BaseHook, conn_id: str) -> Settings:
    """Read and check a connection.

    :param hook: asks Airflow for it.
    :param conn_id: its id.
    :raises CppConfigurationError: if a field is missing or wrong; it names the field.
    """
    return _settings_of(conn_id, hook.get_connection(conn_id))


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
        host=connection.host,
        login=connection.login,
        password=connection.password,
        port=connection.port,
        extra=connection.extra,
    )
