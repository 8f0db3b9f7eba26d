"""Decides which part of a collection comes at once, and how the answer says that it goes on."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow_provider_cpp.emulator.answer import Answer, Call, json_answer
from airflow_provider_cpp.emulator.product_ingestion.errors import NotConfigured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TOKEN = "continuationtoken"  # noqa: S105 - opens nothing
_SIZE = "$maxpagesize"


def collection(call: Call, query: Mapping[str, str], entries: Sequence[Any], most: int) -> Answer:
    """Return the part of a collection that a call asks for.

    :param call: the request
    :param query: its parameters, with names in lower case
    :param entries: the whole collection
    :param most: entries that come at once, whatever is asked for; 0 for all of them
    """
    start = _position(query.get(_TOKEN))
    size = query.get(_SIZE, "")
    if size and not (size.isdecimal() and int(size)):
        raise NotConfigured(400, f"'{size}' is no size of a page.")
    sizes = [each for each in (int(size or 0), most) if each]
    end = start + min(sizes) if sizes else len(entries)
    body: dict[str, Any] = {"value": list(entries[start:end])}
    if end < len(entries):
        token = base64.b64encode(f"from={end}".encode()).decode()
        others = {name: value for name, value in call.query.items() if name.lower() != _TOKEN}
        link = urlencode({**others, "continuationToken": token}, safe="$")
        body["@nextLink"] = f"{call.base_url}{quote(call.path)}?{link}"
    return json_answer(200, body)


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode().removeprefix("from="))
    except (ValueError, binascii.Error):
        raise NotConfigured(400, "The continuation token is not valid.") from None
