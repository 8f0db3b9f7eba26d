"""Decide what a file of Docker Compose asks for: its services, with each variable put in."""

from __future__ import annotations

import dataclasses
import re
import shlex
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

# $$, ${NAME}, ${NAME:?message}, ${NAME:-default}, and the two without a colon, which take an empty value.
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<how>:?[?-])(?P<rest>[^}]*))?\})")


class ComposeError(Exception):
    """The file can't be run as it is; the message says what is missing in it, or for it."""


@dataclasses.dataclass(frozen=True)
class Service:
    """One service.

    :param name: its name, which is its host name in the file's network
    :param image: what it runs in
    :param command: the program's arguments, or the program with them; none is the image's own
    :param environment: the variables that the file sets
    :param volumes: what is mounted where: a folder beside the file, or a volume's name
    :param waits_for: the services that come before it, each with the condition that it waits for
    :param replicas: how many there are of it
    :param comes_back: whether Compose starts it again when it has ended
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    volumes: tuple[tuple[str, str], ...]
    waits_for: Mapping[str, str]
    replicas: int
    comes_back: bool

    @property
    def replica_names(self) -> list[str]:
        """What each of it is called: by the service's name alone if it is the only one."""
        if self.replicas == 1:
            return [self.name]
        return [f"{self.name}-{number}" for number in range(1, self.replicas + 1)]


def read_services(text: str, variables: Mapping[str, str], scale: Mapping[str, int]) -> dict[str, Service]:
    """Return the services of a file, by name.

    :param text: the file's
    :param variables: what Compose would find in ``.env``
    :param scale: other numbers of replicas, as ``docker compose up --scale`` has them
    :raises ComposeError: a variable is missing, or the file scales a service that isn't there
    """
    services: dict[str, Any] = _put_in(yaml.safe_load(text)["services"], variables)
    if unknown := sorted(set(scale) - set(services)):
        raise ComposeError(f"There is no service {', '.join(unknown)} to scale")
    return {name: _service(name, said, scale.get(name)) for name, said in services.items()}


def in_order(services: Mapping[str, Service]) -> list[Service]:
    """Return the services so that each comes after those that it waits for.

    :raises ComposeError: some wait for one another, or for one that isn't there
    """
    ordered: dict[str, Service] = {}
    while left := [each for name, each in services.items() if name not in ordered]:
        ready = [each for each in left if ordered.keys() >= each.waits_for.keys()]
        if not ready:
            raise ComposeError(f"{', '.join(each.name for each in left)} can't start: they wait in vain")
        ordered |= {each.name: each for each in ready}
    return list(ordered.values())


def _service(name: str, said: Mapping[str, Any], replicas: int | None) -> Service:
    command = said.get("command", [])
    mounts = [volume.split(":") for volume in said.get("volumes", [])]
    return Service(
        name=name,
        image=said["image"],
        command=tuple(shlex.split(command) if isinstance(command, str) else command),
        environment={key: str(value) for key, value in said.get("environment", {}).items()},
        volumes=tuple((source, target) for source, target, *_ in mounts),
        waits_for={other: how["condition"] for other, how in said.get("depends_on", {}).items()},
        replicas=said.get("deploy", {}).get("replicas", 1) if replicas is None else replicas,
        comes_back=said.get("restart", "no") != "no",
    )


def _put_in(said: Any, variables: Mapping[str, str]) -> Any:
    match said:
        case str():
            return _VARIABLE.sub(lambda found: _value(found, variables), said)
        case list():
            return [_put_in(each, variables) for each in said]
        case dict():
            return {key: _put_in(each, variables) for key, each in said.items()}
        case _:
            return said


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    name, how = found["name"], found["how"] or "-"
    value = variables.get(name)
    if value or (value is not None and not how.startswith(":")):
        return value
    if how.endswith("?"):
        raise ComposeError(f"{name} has no value{': ' if found['rest'] else ''}{found['rest'] or ''}")
    return found["rest"] or ""
