"""What a connection's fields mean: checked, with defaults filled in, before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.provider_info import CONNECTION_TYPES, DEFAULT_CONNECTION_TYPE, FIELDS
from airflow_provider_cpp.wire.identifiers import checked_identifier, is_api_version

#: Hosts to which plain http may go, as nobody can listen on the way.
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_TENANT = re.compile(r"[A-Za-z0-9.-]{1,100}")
_SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWN_HEADERS = frozenset({"authorization", "host", "content-length", "content-type", "transfer-encoding"})

#: Which fields each kind of authentication can't do without.
_REQUIRED = {
    "client_secret": ("tenant_id", "login", "password"),
    "certificate": ("tenant_id", "login", "certificate_path"),
    "managed_identity": (),
    "workload_identity": (),
    "default": (),
    "token": ("password",),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """A connection, checked. Compared by value, so that an edited connection is another one.

    :param conn_id: the connection's id, for messages.
    :param conn_type: its type, which names the service.
    :param origin: scheme, host and port of the API.
    :param auth: kind of authentication.
    :param client_id: application (client) id; empty where the kind needs none.
    :param secret: client secret, token, or the certificate's password.
    :param tenant_id: directory (tenant) id.
    :param publisher_id: default publisher; empty for none.
    :param timeout: seconds that one request may take.
    """

    conn_id: str
    conn_type: str
    origin: str
    auth: str
    client_id: str = ""
    secret: str = field(default="", repr=False)
    tenant_id: str = ""
    publisher_id: str = ""
    certificate_path: str = ""
    authority: str = ""
    scope: str = ""
    api_version: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    timeout: float = 60.0

    def publisher(self, given: str | None, *, is_needed: bool = True) -> str:
        """Return the publisher that a call is for: the one given, or else the connection's.

        :param is_needed: whether there has to be one; otherwise it may come out empty.
        :raises CppConfigurationError: if neither is there, or the identifier isn't one.
        """
        if given is None and not self.publisher_id:
            if not is_needed:
                return ""
            raise CppConfigurationError(
                f"publisher_id is missing: give it to the task, or set it in connection {self.conn_id!r}. "
                "Nothing was sent."
            )
        return checked_identifier("publisher_id", self.publisher_id if given is None else given)


def read_settings(
    conn_id: str,
    *,
    conn_type: str | None = None,
    host: str | None = None,
    login: str | None = None,
    password: str | None = None,
    port: int | None = None,
    extra: str | Mapping[str, object] | None = None,
) -> Settings:
    """Read an Airflow connection's fields.

    :param conn_id: the connection's id, for messages.
    :param conn_type: its type, which names the service and picks the defaults; `cpp` where it is empty.
    :param host: API base URL; `https://` may be left out.
    :param login: application (client) id.
    :param password: client secret, token, or the certificate's password, depending on `auth`.
    :param port: port of the API, where the host names none.
    :param extra: the other fields, as an object or its JSON text.
    :raises CppConfigurationError: if a field is missing or wrong; it names the field.
    """
    reader = _Fields(conn_id, conn_type, extra)
    auth = reader.text("auth")
    if auth not in _REQUIRED:
        raise reader.wrong("auth", f"{auth!r} is none of {', '.join(_REQUIRED)}")
    certificate_path = reader.text("certificate_path")
    tenant_id = reader.text("tenant_id")
    given = {
        "login": (login or "").strip(),
        "password": password or "",
        "tenant_id": tenant_id,
        "certificate_path": certificate_path,
    }
    if auth == "token":
        given["password"] = given["password"].strip()  # a file's last line break would split the header
        if not given["password"].isascii() or any(c.isspace() or not c.isprintable() for c in given["password"]):
            raise reader.wrong("password", "it is no token")
    for name in _REQUIRED[auth]:
        if not given[name]:
            raise reader.missing(name, f"auth={auth!r} needs it")
    if tenant_id and not _TENANT.fullmatch(tenant_id):
        raise reader.wrong("tenant_id", f"{tenant_id!r} is no directory (tenant) id or domain")
    if tenant_id.casefold() in _SHARED_TENANTS and auth in {"client_secret", "certificate"}:
        raise reader.wrong("tenant_id", f"{tenant_id!r} names no directory; give the tenant's own id")
    if auth == "certificate":
        reader.readable_file("certificate_path", certificate_path)
    publisher_id = reader.text("publisher_id")
    if publisher_id:
        checked_identifier("publisher_id", publisher_id)
    api_version = reader.text("api_version")
    if not is_api_version(api_version):
        raise reader.wrong("api_version", f"{api_version!r} is no version")
    ca_file = reader.text("ca_file")
    if ca_file:
        reader.readable_file("ca_file", ca_file, holding=b"-----BEGIN CERTIFICATE-----")
    return Settings(
        conn_id=conn_id,
        conn_type=reader.conn_type,
        origin=_origin(reader, "host", host or CONNECTION_TYPES[reader.conn_type]["host"], port),
        auth=auth,
        client_id=given["login"],
        secret=given["password"],
        tenant_id=tenant_id,
        publisher_id=publisher_id,
        certificate_path=certificate_path,
        authority=_authority(reader),
        scope=reader.text("scope"),
        api_version=api_version,
        headers=_headers(reader),
        ca_file=ca_file,
        proxy=_proxy(reader),
        timeout=_timeout(reader),
    )


class _Fields:
    """The extra fields of a connection, with the defaults of its type."""

    def __init__(self, conn_id: str, conn_type: str | None, extra: str | Mapping[str, object] | None) -> None:
        self.conn_id = conn_id
        self.conn_type = conn_type or DEFAULT_CONNECTION_TYPE
        if self.conn_type not in FIELDS:
            raise self.wrong("conn_type", f"{conn_type!r} names no service; it has to be {' or '.join(FIELDS)}")
        if isinstance(extra, str):
            try:
                extra = json.loads(extra) if extra.strip() else {}
            except ValueError:
                raise self.wrong("extra", "it is no JSON") from None
        if extra is not None and not isinstance(extra, Mapping):
            raise self.wrong("extra", "it is no JSON object")
        self._extra: Mapping[str, object] = extra or {}

    def value(self, name: str) -> object:
        value = self._extra.get(name)
        if value is None or value == "":
            return cast("Mapping[str, object]", FIELDS[self.conn_type][name]["schema"]).get("default", "")
        return value

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str):
            raise self.wrong(name, f"it is a {type(value).__name__}, not a text")
        return value.strip()

    def missing(self, name: str, why: str) -> CppConfigurationError:
        return CppConfigurationError(
            f"Field {name} of connection {self.conn_id!r} is missing: {why}. Nothing was sent."
        )

    def wrong(self, name: str, why: str) -> CppConfigurationError:
        where = f"connection {self.conn_id!r}"
        return CppConfigurationError(f"Field {name} of {where} is wrong: {why}. Nothing was sent.")

    def readable_file(self, name: str, path: str, holding: bytes = b"") -> None:
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise self.wrong(name, f"{path!r} can't be read ({why})") from None
        if holding not in content:
            raise self.wrong(name, f"{path!r} holds no {holding.decode().strip('-')}")


def _origin(fields: _Fields, name: str, text: str, port: int | None = None) -> str:
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    url = None
    with suppress(ValueError):  # whose text quotes what may be a password, and which no error is to carry along
        url, given = urlsplit(text), urlsplit(text).port
        port = port if given is None else given
    if url is None:
        raise fields.wrong(name, "it is no URL: its host or port can't be read")
    if port is not None and not 0 < port < 65536:
        raise fields.wrong("port" if url.port is None else name, f"{port} is no port")
    host = (url.hostname or "").lower()
    if not host or not host.isascii() or not text.isprintable() or any(c in text for c in "\\ "):
        raise fields.wrong(name, "it is no URL of a host")
    if "@" in url.netloc:
        raise fields.wrong(name, "it holds a user or a password; those go into login and password")
    if url.path.strip("/") or url.query or url.fragment:
        raise fields.wrong(name, "it has more than scheme, host and port")
    if url.scheme not in {"https", "http"}:
        raise fields.wrong(name, f"its scheme is {url.scheme!r}, not https")
    if url.scheme == "http" and host not in LOOPBACK_HOSTS:
        raise fields.wrong(name, "plain http is for loopback hosts only, as the token would go unprotected")
    shown = f"[{host}]" if ":" in host else host
    default = 443 if url.scheme == "https" else 80
    return f"{url.scheme}://{shown}" + (f":{port}" if port and port != default else "")


def _authority(fields: _Fields) -> str:
    authority = _origin(fields, "authority", fields.text("authority"))
    if not authority.startswith("https://"):
        raise fields.wrong("authority", "it has to be https")
    return authority


def _headers(fields: _Fields) -> tuple[tuple[str, str], ...]:
    given = fields.value("headers")
    if isinstance(given, str):
        try:
            given = json.loads(given) if given.strip() else {}
        except ValueError:
            raise fields.wrong("headers", "it is no JSON") from None
    if not isinstance(given, Mapping):
        raise fields.wrong("headers", "it is no JSON object")
    for name, value in given.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise fields.wrong("headers", f"{name!r} is no header's name")
        if name.casefold() in _OWN_HEADERS:
            raise fields.wrong("headers", f"{name} is set by the provider itself")
        if not isinstance(value, str) or not value.isprintable() or not value.isascii():
            raise fields.wrong("headers", f"the value of {name} is no printable ASCII text")
    return tuple(sorted((str(name), str(value)) for name, value in given.items()))


def _proxy(fields: _Fields) -> str:
    proxy = fields.text("proxy")
    if not proxy:
        return ""
    try:
        url = urlsplit(proxy)
        valid = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise fields.wrong("proxy", "it is no http or https URL")
    return proxy


def _timeout(fields: _Fields) -> float:
    value = fields.value("timeout")
    try:
        seconds = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600 or isinstance(value, bool):
        raise fields.wrong("timeout", f"{value!r} is no number of seconds from 1 to 3600")
    return seconds
