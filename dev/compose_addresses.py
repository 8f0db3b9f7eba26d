"""Decide where on the loopback interface the services of a Compose file find one another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

LOOPBACK = "127.0.0.1"

#: The port that a URL without one means.
USUAL_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "redis": 6379}

_URL = re.compile(
    r"(?P<scheme>[a-z][\w+.-]*)://(?P<user>[^/?#@]*@)?(?P<host>[\w.-]+)(?::(?P<port>\d+))?(?P<rest>[/?#].*)?"
)


def on_loopback(
    environment: Mapping[str, str], services: Collection[str], port_of: Callable[[str, int], int]
) -> dict[str, str]:
    """Return a service's environment with each address of another one on the loopback interface.

    :param environment: as the Compose file has it: a URL, or two variables ``..._HOST`` and ``..._PORT``
    :param services: their names, each of which is a host in the file
    :param port_of: the port of the loopback interface that stands for a service's port
    """
    moved = {name: _moved_url(value, services, port_of) for name, value in environment.items()}
    for name, value in environment.items():
        port = f"{name.removesuffix('_HOST')}_PORT"
        if name.endswith("_HOST") and value in services and port in environment:
            moved |= {name: LOOPBACK, port: str(port_of(value, int(environment[port])))}
    return moved


def _moved_url(value: str, services: Collection[str], port_of: Callable[[str, int], int]) -> str:
    url = _URL.fullmatch(value)
    if url is None or url["host"] not in services:
        return value
    # db+postgresql, postgresql+psycopg2: a driver before or after.
    usual = [USUAL_PORTS[part] for part in url["scheme"].split("+") if part in USUAL_PORTS]
    port = int(url["port"]) if url["port"] else usual[0]
    return f"{url['scheme']}://{url['user'] or ''}{LOOPBACK}:{port_of(url['host'], port)}{url['rest'] or ''}"
