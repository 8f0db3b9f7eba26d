"""What a refusal means, and what to do about it: by its status, the call, and the service's own words.

Of the cases below the first one that fits counts. What the service says goes before what its status usually
means: advice that contradicts the message beside it is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.wire.call import Call, usual_error


class Reason(Enum):
    """Why a PUT is refused, where that isn't plain from the status."""

    EXISTS = "the offer is there already, and no condition was given under which it may be replaced"
    ANOTHER_STATE = "the offer isn't the one that the condition names"


@dataclass(frozen=True, slots=True)
class Case:
    """A refusal that asks for advice of its own.

    :param statuses: HTTP status codes of it.
    :param advice: what it means and what to do; `{subject}` is what the call is about, `{action}` what it does.
    :param call: a pattern of the call's action, such as `Go Live`; any by default.
    :param says: a pattern of what the service says, in any case; anything by default, or nothing.
    :param reason: the same for rules that ask.
    """

    statuses: Container[int]
    advice: str
    call: str = ""
    says: str = ""
    reason: Reason | None = None

    def fits(self, status: int, action: str, heard: str) -> bool:
        """Return whether a refusal is this case."""
        return (
            status in self.statuses
            and (not self.call or _pattern(self.call).fullmatch(action) is not None)
            and (not self.says or _pattern(self.says).search(heard) is not None)
        )


@lru_cache(maxsize=128)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


_NOT_KNOWN = r"(?:n[o']t|no longer|un)\W*(?:be |been |a |any )?(?:exist|found|known|registered|valid|recognized)"
#: Not "offer x of publisher y doesn't exist", nor "publisher y: offer x not found".
_ABOUT_PUBLISHER = (
    rf"^(?:(?!\boffers?\b).)*?\bpublisher\b(?:(?!\boffers?\b)[^.]){{0,80}}?{_NOT_KNOWN}"
    r"|\b(?:no such|unknown|invalid) publisher\b|\bPublisher(?:Id)?(?:Not|DoesNot)(?:Found|Exist)"
)
_ABOUT_OFFER = (
    r"^(?!.*\b(?:slot|version|preview|production|operation|submission)\b).*"
    rf"(?:\boffer\b[^.]{{0,80}}?{_NOT_KNOWN}|\b(?:no such|unknown) offer\b"
    r"|\bOffer(?:Id)?(?:Not|DoesNot)(?:Found|Exist))"
)
_PUBLISHER = "The service doesn't know the publisher: check publisher_id."
_OFFER = (
    "The service doesn't know {subject}: check the identifiers (an offer's id, not its display name), and that "
    "the offer is one that Cloud Partner Portal's API serves."
)
_ETAG = r"\be-?tag|if-?match|precondition|optimistic|concurrency|was (?:changed|modified|updated) (?:since|by)"
_WANTED = r"(?:specif|requir|missing|must|need|provid|suppl)"
_WANTS_ETAG = rf"already exists|if-?match\b.{{0,60}}{_WANTED}|{_WANTED}\w*.{{0,40}}if-?match"
_ENDED = r"complet|finish|succe|fail|ended|publish|live\b|terminal|terminated|aborted"
_CHANGED = (
    "The offer isn't the one that If-Match names, so nothing was changed: look at what it is now, and run the "
    "task again to compare anew."
)
_GATEWAY = (
    "A gateway before the service had no answer from it: a later try may succeed. If that stays, look at the "
    "connection's host and proxy."
)
_ASK = "The same request would be refused again."
#: Nobody is sent to a message that isn't there.
_UNSAID = (
    "The service doesn't say why; the same request would be refused again. Look at the offer in Partner Center, "
    f"{PORTAL}, and ask its support, by the request id if there is one."
)

CASES = (
    # The principal
    Case(
        {401},
        "The token is for another service: set the connection's scope to this API's, which is "
        "https://cloudpartner.azure.com/.default where nothing is set.",
        says=r"audience|AADSTS500011|wrong resource",
    ),
    Case(
        {401},
        "By the service's clock the token's time is over, or hasn't come: check the clock of this machine.",
        says=r"expired|not yet valid|lifetime",
    ),
    Case(
        {401},
        "The token was refused. Check the connection's tenant_id, login (application id), password (secret; has "
        "it expired?) and scope, and that the app registration and its service principal exist.",
    ),
    Case(
        {403},
        "The account has something to settle before: let its owner do in Partner Center what the message names "
        f"({PORTAL}).",
        says=r"agreement|licen[cs]|terms (?:of|and)|accept the|enrol|legal|tax profile|payout|suspended",
    ),
    Case(
        {403, 406},
        "That is what a firewall or proxy before the service says: look at the connection's host and proxy.",
        says=r"firewall|web application|request (?:was |is )?blocked|<title>[^<]*(?:denied|blocked)|proxy",
    ),
    Case(
        {403},
        "The principal is known but not allowed. Check that it was added to this publisher's account in "
        "Partner Center (Account settings > Users > Microsoft Entra applications, role Manager or Developer), "
        "that the object id is the one of the enterprise application, and that publisher_id is right.",
    ),
    # What isn't there
    Case(
        {404, 410},
        "The service doesn't know {subject}: check publisher_id.",
        call="List offers",
    ),
    Case({404, 410, 400}, _PUBLISHER, says=_ABOUT_PUBLISHER),
    Case({404, 410}, _OFFER, says=_ABOUT_OFFER),
    Case(
        {404, 410},
        "Nothing is in that slot: the offer hasn't been published to preview. If it was, check the identifiers.",
        call="Get preview slot",
    ),
    Case(
        {404, 410},
        "Nothing is in that slot: the offer isn't live yet. If it is, check the identifiers.",
        call="Get production slot",
    ),
    Case(
        {404, 410},
        "There is no such version of the offer, whose version grows with every publish: leave it out for the "
        "latest one. If there should be one, check the identifiers.",
        call=r"Get version \d+",
    ),
    Case(
        {404, 410},
        "The service doesn't find the operation: it may have forgotten it, or it was never there. The offer's "
        "submissions (CloudPartnerPortalHook.list_submissions) name its operations.",
        call="Get operation",
    ),
    Case(
        {404, 410},
        "The service has no such call there: look at the connection's host.",
        call="List publishers",
    ),
    Case({404, 410}, _OFFER),
    # What is there, and is another
    Case(
        {400, 409, 412, 428},
        "The offer exists already, and is replaced only under a condition (If-Match): run the task again, which "
        "reads it and compares; if_match='*' replaces whatever is there.",
        call="PUT",
        says=_WANTS_ETAG,
        reason=Reason.EXISTS,
    ),
    Case({400, 409}, _CHANGED, call="PUT", says=_ETAG, reason=Reason.ANOTHER_STATE),
    Case({412, 428}, _CHANGED, call="PUT", reason=Reason.ANOTHER_STATE),
    # What can't be just now
    Case({409, 423}, "A cancellation is under way on it: wait for its end.", call="(?!Cancel).*", says="cancel"),
    Case(
        {409, 423},
        f"It is locked for now: see why at {PORTAL}; a later try may succeed.",
        says=r"\block",
    ),
    Case({409}, "It can't be canceled just now: a later try may succeed.", call="Cancel"),
    Case(
        {409},
        "It conflicts with what is there: look at the message; where another operation runs, wait for its end.",
        says=r"\bname\b|duplicate|already (?:exists|in use|used|taken)",
    ),
    Case({409}, "Another operation seems to run on it: wait for its end, or cancel it."),
    Case({423}, f"It is locked for now: see why at {PORTAL}; a later try may succeed."),
    # What is wrong with the request
    Case(
        {400},
        "Set the connection's api_version to one that the service takes.",
        says=r"api.?version",
    ),
    Case(
        {400, 422},
        "The offer isn't in a state from which it can go live: publish it to preview, and wait until that publish "
        "waits for its sign-off.",
        call="Go Live",
        says=r"\bstates?\b|\bstatus\b|sign.?off|not (?:yet )?(?:been )?(?:ready|published|due|in preview)"
        r"|\bno(?:thing)?\b.{0,30}\bpreview",
    ),
    Case({405}, "The service doesn't take such a call there: look at the connection's host and proxy."),
    Case(
        {406, 415},
        "The service doesn't take the form of the request, which the connection's headers and a proxy may change: "
        "look at both.",
    ),
    Case({413}, "The request is too large for the service, or a proxy before it: make the definition smaller."),
    Case({414, 431}, "The request's head is too large: look at the connection's headers."),
    Case({407}, "The proxy wants a login: look at the connection's proxy."),
    # What passes
    Case({408}, "The request didn't reach the service in time: a later try may succeed."),
    Case({429}, "The service is throttling: a later try may succeed."),
    Case(
        range(300, 400),
        "That is a page to sign in at, as people do: the connection's host isn't the API's, or something stands "
        "before it. Redirects are refused.",
        says=r"log-?in|sign-?in|oauth|saml|\bsso\b|/adfs/",
    ),
    Case(range(300, 400), "Redirects are refused: the API has none. Check the connection's host."),
    Case({511}, "The network wants a login before it lets anything through: look at the connection's proxy."),
    Case({502, 504}, _GATEWAY),
    Case({500, 503}, _GATEWAY, says=r"<html|<!doctype|gateway|nginx|front ?door"),
    Case(range(500, 1000), "The service has a problem of its own: a later try may succeed."),
    Case(range(300), "The answer isn't one that this call can have; look at host and proxy."),
)


def meaning(call: Call, status: int, heard: str, *, says_why: bool) -> tuple[type[CppError], str]:
    """Return which error a refusal is, and what to do about it.

    :param call: what was asked for.
    :param status: HTTP status code.
    :param heard: all that the answer says, in the service's words.
    :param says_why: whether a message of it is shown beside the advice.
    """
    case = _case(call, status, heard)
    if case is not None:
        advice = case.advice.format(subject=call.subject)
    elif says_why:
        advice = f"Correct what the message names. {_ASK}"
    else:
        advice = _UNSAID
    return usual_error(status), advice


def reason_of(call: Call, status: int, heard: str) -> Reason | None:
    """Return why a PUT is refused, where that isn't plain from the status.

    :param call: what was asked for.
    :param status: HTTP status code.
    :param heard: all that the answer says, in the service's words.
    """
    case = _case(call, status, heard)
    return case.reason if case else None


def _case(call: Call, status: int, heard: str) -> Case | None:
    return next((case for case in CASES if case.fits(status, call.action, heard)), None)


_CANT = _pattern(r"can\s?not|can't|unable|not possible|not allowed|not permitted|not cancell?able")
_CANCEL_GOES_ON = _pattern(
    r"\bcancel\w*(?:\W+\w+){0,4}\W+"
    r"(?:already|in progress|under\s?way|pending|requested|submitted|ongoing|running|initiated)"
    r"|already(?:\W+\w+){0,3}\W+cancel|(?:being|been|was|is) cancell?ed|cancell?ing\b"
    r"|(?:pending|duplicate) cancel|cancel\w*(?:\W+\w+){0,3}\W+(?:processed|accepted|received)"
    # As one word: `CancelInProgress`, `cancel_pending`.
    r"|cancel\w*?_?(?:in_?progress|pending|requested|running|under_?way)|alreadycancel"
    r"|\b(?:stop|abort)(?:\W+\w+){0,3}\W+(?:in progress|under\s?way|pending|requested)"
    r"|(?:is|being|already|currently)\W+(?:stopp(?:ing|ed)|abort(?:ing|ed))\b"
)
#: The same, of a text that says that something can't be: there it has to be the cancellation that goes on.
_CANCELLATION_GOES_ON = _pattern(
    r"(?:\bcancell?ation|\bcancel(?: request| operation)?)\W+(?:(?:is|was|has been|for\W+\w+)\W+){0,2}"
    r"(?:already|in progress|under\s?way|pending|requested)|being cancell?ed|already(?:\W+\w+){0,2}\W+cancell?ing"
)
_IS_OVER = _pattern(
    rf"(?:already|has|have|is|was|a|state|status)\W+(?:\w+\W+){{0,2}}(?:{_ENDED})"
    r"|(?:nothing|no\b[^.]{0,40})\Wto cancel"
    r"|(?:nothing|no\b[^.]{0,40}|not?\b[^.]{0,20})\W(?:running|in progress|active|ongoing|under\s?way)"
    r"|no (?:\w+ ){0,3}(?:operation|submission|publish|job)|(?:not|isn't|no longer) (?:running|active|in progress)"
    r"|already(?:\W+\w+){0,3}\W+cancel|(?:been|was|is) cancell?ed"
)


@lru_cache(maxsize=16)
def needs_no_cancel(heard: str) -> bool:
    """Return whether a cancel is refused because one is under way, or nothing is left to cancel.

    :param heard: all that the answer says, in the service's words.
    """
    if _CANT.search(heard):
        return any(each.search(heard) for each in (_IS_OVER, _CANCELLATION_GOES_ON))
    return _CANCEL_GOES_ON.search(heard) is not None or _IS_OVER.search(heard) is not None
