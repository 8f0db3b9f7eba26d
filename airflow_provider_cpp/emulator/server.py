"""Decides how requests come in: the listeners, and the thread that runs them.

What is answered is decided by the function it is given; how the answer travels, in ``delivery``.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from aiohttp import web

from airflow_provider_cpp.emulator.answer import Call, Delivery
from airflow_provider_cpp.emulator.delivery import deliver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

_LARGEST_BODY = 64 * 1024 * 1024


class Server:
    """Run an https and a plain http listener in a thread of their own.

    :param answer: decides the answer; called on the server's thread, and must not block
    :param host: address to bind
    :param port: port of the https listener; 0 for a free one
    :param plain_port: port of the http listener; 0 for a free one, None for none
    :param tls: context of the https listener
    """

    def __init__(
        self,
        answer: Callable[[Call], Delivery],
        *,
        host: str,
        port: int,
        plain_port: int | None,
        tls: ssl.SSLContext,
    ) -> None:
        self._answer = answer
        self._host = host
        self._tls = tls
        self.port = port
        self.plain_port = plain_port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="cpp-emulator", daemon=True)

    def start(self) -> None:
        """Start to listen; returns once clients can connect.

        :raises OSError: if a port is taken
        """
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def stop(self) -> None:
        """Close the listeners and every connection."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised again by start
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self.port, ssl_context=self._tls)
            await site.start()
            self.port = runner.addresses[-1][1]
            if self.plain_port is not None:
                plain = web.TCPSite(runner, self._host, self.plain_port)
                await plain.start()
                self.plain_port = runner.addresses[-1][1]
            self._ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        delivery = self._answer(
            Call(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body.decode("utf-8", "replace"),
                base_url=f"{request.scheme}://{request.host}",
            )
        )
        return await deliver(request, delivery)
