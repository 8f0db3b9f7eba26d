"""Decides which certificate the https listener shows, and where clients find the CA that signed it."""

from __future__ import annotations

import functools
import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificate:
    """Hold a server's certificate.

    :param ca_pem: the CA's certificate, for clients
    :param server_pem: the server's private key and certificate chain
    """

    ca_pem: bytes
    server_pem: bytes


@functools.cache
def issue(name: str = "localhost") -> Certificate:
    """Issue a certificate for loopback from a new CA; once per process, as it takes a tenth of a second.

    :param name: a further host name that clients use
    :raises RuntimeError: if trustme isn't installed
    """
    try:
        import trustme
    except ImportError:
        raise RuntimeError(
            'the emulator needs trustme for its certificate, the extra "emulator": pip install trustme'
        ) from None
    authority = trustme.CA()
    server = authority.issue_cert(*dict.fromkeys((*_NAMES, name)))
    return Certificate(authority.cert_pem.bytes(), server.private_key_and_cert_chain_pem.bytes())


def write(folder: Path, ca_file: Path | None, name: str) -> tuple[Path, ssl.SSLContext]:
    """Write the CA's certificate for clients; return its file and the server's TLS context.

    With a ``ca_file`` the server's key is kept beside it and used again at the next start, so that clients
    which have read the CA go on trusting a restarted emulator.

    :param folder: for the files if no ``ca_file`` is given
    :param ca_file: where clients expect the CA's certificate
    :param name: a further host name that clients use
    :raises RuntimeError: if trustme isn't installed
    """
    ca_path = folder / "ca.pem" if ca_file is None else ca_file
    server_path = ca_path.with_name(f"{ca_path.stem}-server.pem")
    if not (ca_path.exists() and server_path.exists()):
        certificate = issue(name)
        ca_path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(server_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.server_pem)
        ca_path.write_bytes(certificate.ca_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_path)
    return ca_path, context
