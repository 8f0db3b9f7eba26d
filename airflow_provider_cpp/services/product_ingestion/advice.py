"""What a refusal means, and what to do about it: by its status, and the service's own words."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict, CppError
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.wire.call import Call, usual_error


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


#: What a submission is refused with while another runs, and one in preview that isn't the newest any more: texts
#: that release-engineering/cloudpub knows the service by.
IN_PROGRESS = (
    r"\bin[ -]?progress\b.{0,40}\bsubmission\b.{0,40}\bexists|submission.{0,40}(?:in progress|is running)"
)
NOT_LATEST = (
    r"\bsubmission\b.{0,40}\bcan(?:not|'t| not) be pushed|\bsubmission\b.{0,60}\bnot the (?:latest|newest)\b"
)

#: What a cancel is refused with that comes too late (the page on configure jobs), or finds one under way.
_IS_OVER = (
    r"already (?:been )?(?:complet|finish|cancel|end)|has (?:been )?(?:complet|finish|cancel|end)"
    r"|being cancel|no longer running|not running"
)

_ASK = "The same request would be refused again."

_NO_SUCH_JOB = (
    "The service doesn't know the job, or not any more, which says nothing of what it did: look at the offer in "
    f"Partner Center, {PORTAL}."
)


@dataclass(frozen=True, slots=True)
class _Case:
    statuses: Container[int]
    advice: str
    says: str = ""
    error: type[CppError] | None = None

    def fits(self, status: int, heard: str) -> bool:
        return status in self.statuses and (not self.says or _pattern(self.says).search(heard) is not None)


_CASES = (
    _Case(
        {401},
        "The token is for another service: set the connection's scope to this API's, which is "
        "https://graph.microsoft.com/.default where nothing is set.",
        says=r"audience|AADSTS500011|wrong resource",
    ),
    _Case(
        {401},
        "By the service's clock the token's time is over, or hasn't come: check the clock of this machine.",
        says=r"expired|not yet valid|lifetime",
    ),
    _Case(
        {401},
        "The token was refused. Check the connection's tenant_id, login (application id), password (secret; has "
        "it expired?) and scope, and that the app registration and its service principal exist.",
    ),
    _Case(
        {403, 406},
        "That is what a firewall or proxy before the service says: look at the connection's host and proxy.",
        says=r"firewall|web application|request (?:was |is )?blocked|<title>[^<]*(?:denied|blocked)|proxy",
    ),
    _Case(
        {403},
        "The principal is known but not allowed. Check that it was added to the account of this offer in Partner "
        "Center (Account settings > User management > Microsoft Entra applications, role Manager). No permission "
        "of Microsoft Graph is needed.",
    ),
    _Case(range(400, 424), f"{_ASK} Wait until what runs has ended.", says=IN_PROGRESS, error=CppConflict),
    _Case(
        range(400, 424),
        "Something newer was published to preview since: look at that, and take it live if it is meant.",
        says=NOT_LATEST,
        error=CppConflict,
    ),
    _Case(
        range(400, 424),
        "The schema host product-ingestion.azureedge.net was taken down: let `$schema` name "
        "https://schema.mp.microsoft.com/schema/...",
        says=r"schema .{0,200}could not be accessed",
        error=CppBadRequest,
    ),
    _Case(
        {404, 410},
        "The service doesn't know {subject}, or not any more: check offer_id, and that the connection's principal "
        "belongs to the seller account whose offer it is.",
    ),
    _Case({409, 423}, "Something else runs on the offer: wait for its end."),
    _Case({429}, "The service throttles: a later try may succeed."),
    _Case({408}, "The service waited too long for the request: a later try may succeed."),
    _Case(
        {502, 504},
        "A gateway before the service had no answer from it: a later try may succeed. If that stays, look at the "
        "connection's host and proxy.",
    ),
    _Case(range(500, 1000), "The service has a problem of its own: a later try may succeed."),
    _Case(range(300), "The answer isn't one that this call can have; look at host and proxy."),
    _Case(range(300, 400), "Nothing is followed to another address: look at the connection's host and proxy."),
)


def meaning(call: Call, status: int, heard: str, *, says_why: bool) -> tuple[type[CppError], str]:
    """Return which error a refusal is, and what to do about it.

    :param call: what was asked for.
    :param status: HTTP status code.
    :param heard: all that the answer says, in the service's words.
    :param says_why: whether a message of it is shown beside the advice.
    """
    if status in {404, 410} and call.operation_id:
        return usual_error(status), _NO_SUCH_JOB
    case = next((case for case in _CASES if case.fits(status, heard)), None)
    if case is not None:
        return case.error or usual_error(status), case.advice.format(subject=call.subject)
    if says_why:
        return usual_error(status), f"Correct what the message names. {_ASK}"
    return usual_error(status), (
        "The service doesn't say why; the same request would be refused again. Look at the offer in Partner "
        f"Center, {PORTAL}, and ask its support, by the request id if there is one."
    )


def says_conflict(heard: str) -> bool:
    """Return whether a text says that another submission runs, or that what should go live isn't the newest."""
    return any(_pattern(each).search(heard) is not None for each in (IN_PROGRESS, NOT_LATEST))


def needs_no_cancel(heard: str) -> bool:
    """Return whether a cancel is refused because the job has ended, or is being canceled.

    :param heard: all that the answer says, in the service's words.
    """
    return _pattern(_IS_OVER).search(heard) is not None
