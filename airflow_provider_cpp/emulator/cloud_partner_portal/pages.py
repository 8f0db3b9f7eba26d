"""Decides which part of a list comes at once, and how the answer says where the rest is.

No page of the reference mentions a second page. The forms are those of OData (server-driven paging), of Azure's
guidelines, of the Product Ingestion API, and of RFC 8288.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, json_answer

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.cloud_partner_portal.forms import CloudPartnerPortalForms


def paged(call: Call, forms: CloudPartnerPortalForms, entries: Sequence[Any]) -> Answer:
    """Return the part of a list that a call asks for.

    :param call: the request
    :param forms: size and form of a page
    :param entries: the whole list
    """
    form = forms.page_form
    parameter = "continuationToken" if form == "continuationToken" else "$skiptoken"
    start = _position(call.query.get(parameter))
    if not forms.page_size:
        return json_answer(200, list(entries[start:]))
    end = start + forms.page_size
    page = list(entries[start:end])
    rest = end < len(entries)
    token = base64.b64encode(f"skip={end}".encode()).decode()
    query = {**call.query, parameter: token}
    base_url = "https://elsewhere.example" if form == "foreign" else call.base_url
    link = f"{base_url}{quote(call.path)}?{urlencode(query, safe='$')}"
    if form == "Link":
        return json_answer(
            200, page, {"Link": f'<{call.base_url}>; rel="up", <{link}>; rel="next"'} if rest else {}
        )
    value = token if form == "continuationToken" else link
    name = "nextLink" if form == "foreign" else form
    return json_answer(200, {"value": page, **({name: value} if rest else {})})


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode().removeprefix("skip="))
    except (ValueError, binascii.Error):
        raise ApiError(400, "BadRequest", "The continuation token is not valid.") from None
