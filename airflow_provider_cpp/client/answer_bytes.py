"""What an answer's bytes become: its headers by name, its body unpacked and no larger than it may be."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from airflow_provider_cpp.client.redaction import LEAST_SECRET
from airflow_provider_cpp.wire.answers import Answer

#: A gzip body may have several parts; many tiny ones would take for ever.
_MAX_PARTS = 16


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their lower-case names; one that came several times as a list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, damage: str | None, received_at: float, limit: int
) -> Answer:
    """Return an answer, its body unpacked where the service packed it unasked.

    :param headers: with lower-case names.
    :param body: as it came; read no further than one piece beyond the limit.
    :param damage: what kept the body from coming whole, if anything did.
    :param limit: bytes that it may have, unpacked.
    """
    if not damage and len(body) <= limit:
        body, damage = _unpacked(body, headers.get("content-encoding", "").strip().lower(), limit)
    if not damage and len(body) > limit:
        damage = f"the body is larger than {limit} bytes"
    return Answer(status, headers, b"" if damage else body, damage, received_at)


def _unpacked(body: bytes, encoding: str, limit: int) -> tuple[bytes, str | None]:
    """Unpack a body, but no more of it than one byte beyond the limit; return it with its damage."""
    if encoding in {"", "identity"} or not body:
        return body, None
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        # What is cut here is shorter than any secret that it may quote.
        return b"", f"the body is packed as {encoding[: LEAST_SECRET - 1]!r}, which nobody asked for"
    unpacked = b""
    try:
        for _ in range(_MAX_PARTS):
            unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            unpacked += unpacker.decompress(body, limit + 1 - len(unpacked))
            body = unpacker.unused_data
            if len(unpacked) > limit or (unpacker.eof and not body):
                return unpacked, None
            if not unpacker.eof:
                return b"", "the body is cut"
    except zlib.error:
        pass
    return b"", "the body can't be unpacked"
