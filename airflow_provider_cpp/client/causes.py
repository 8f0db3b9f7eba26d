"""What an error of `requests` wraps, and whether that is a certificate which isn't trusted."""

from __future__ import annotations

import ssl
from collections.abc import Iterator


def is_untrusted(error: BaseException) -> bool:
    """Tell whether a request failed because the host's certificate isn't trusted: nothing was sent."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes_of(error))


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with all that it wraps: requests and urllib3 put causes into arguments."""
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        item = todo.pop(0)
        if not isinstance(item, BaseException) or any(item is known for known in seen):
            continue
        seen.append(item)
        yield item
        # Not __context__: that may be an error of the caller's own, which says nothing about this request.
        todo += [getattr(item, "reason", None), item.__cause__, *item.args]
