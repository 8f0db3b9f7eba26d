"""Decides how an answer's bytes travel to a client that gets them whole, in part, late, or never."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.answer import Answer, Delivery

_SERVER = "cpp-emulator"


async def deliver(request: web.Request, delivery: Delivery) -> web.StreamResponse:
    """Send an answer, or what is to be seen of it.

    :param request: whose connection is used
    :param delivery: the answer, and the way that it goes
    """
    transport = request.transport
    if delivery.way == "slow":
        await asyncio.sleep(delivery.delay)
    if delivery.way in ("send", "slow") or transport is None:
        return _response(delivery.answer)
    match delivery.way:
        case "close":
            transport.close()
        case "reset":
            _reset(transport)
        case "cut-head":
            transport.write(_head(delivery.answer, 0)[: len("HTTP/1.1 202 Acc")])
            transport.close()
        case "cut-body":
            body = delivery.answer.body
            transport.write(_head(delivery.answer, len(body) + 100) + body[: len(body) // 2])
            transport.close()
        case "drip":
            data = _head(delivery.answer, len(delivery.answer.body)) + delivery.answer.body
            for number in range(len(data)):
                if transport.is_closing():
                    break
                transport.write(data[number : number + 1])
                await asyncio.sleep(delivery.delay)
            transport.close()
    # The runner cancels the handler once the connection is gone, be it by us or by the client.
    await asyncio.Event().wait()
    raise AssertionError("a connection without an end")


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    response.headers["Server"] = _SERVER
    return response


def _head(answer: Answer, length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Server: {_SERVER}",
        f"Content-Length: {length}",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reset(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    # Closing with a linger time of 0 sends RST in place of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
