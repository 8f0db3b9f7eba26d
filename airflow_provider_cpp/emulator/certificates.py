"""Decides which certificate the https listener shows, and where clients find the CA that signed it."""

from __future__ import annotations

import functools
import os
import ssl
import tempfile
from dataclasses import dataclass
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
    if ca_file is None:
        ca_path = folder / "ca.pem"
        ca_path.write_bytes(issue(name).ca_pem)
        return ca_path, _context(issue(name))
    server_path = ca_file.with_name(f"{ca_file.stem}-server.pem")
    if not (ca_file.exists() and server_path.exists()):
        certificate = issue(name)
        ca_file.parent.mkdir(parents=True, exist_ok=True)
        _write_key(server_path, certificate)
        ca_file.write_bytes(certificate.ca_pem)
    return ca_file, _context_of(server_path)


@functools.cache
def _context(certificate: Certificate) -> ssl.SSLContext:
    """Return the TLS context of a certificate; once per process, as to read a key takes a millisecond."""
    with tempfile.TemporaryDirectory(prefix="cpp-emulator-") as folder:
        path = Path(folder) / "server.pem"
        _write_key(path, certificate)
        return _context_of(path)


def _context_of(server_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_path)
    return context


def _write_key(path: Path, certificate: Certificate) -> None:
    """Write a server's key and certificate, for nobody else to read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(certificate.server_pem)
