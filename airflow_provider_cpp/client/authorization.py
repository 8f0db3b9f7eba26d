"""Decides with which token a call goes out, and what it comes to where the token is refused or can't be had."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from airflow_provider_cpp.client.login import LoginUnavailable, LoginUntrusted
from airflow_provider_cpp.client.tokens import Token
from airflow_provider_cpp.exceptions import CppAuthError
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered, login_refused
from airflow_provider_cpp.wire.call import Call


class GetToken(NamedTuple):
    """Get a token.

    :param instead_of: the one that the service refused, if it refused one.
    """

    instead_of: Token | None = None


class Attempt(NamedTuple):
    """Send the call, once.

    :param token: what to send it with.
    """

    token: Token


def authorized(call: Call, at_hand: Token | None = None) -> Generator[GetToken | Attempt, Any, Reading]:
    """Send a call once, and a second time only if its token was refused and another can be had.

    Is sent a `Token` for `GetToken`, or the error of the login; a `Reading` for `Attempt`. Returns the last
    reading; one that wasn't sent, where the login is down.

    :param call: what is sent.
    :param at_hand: the token to begin with, if there is a fresh one.
    :raises CppAuthError: the login refuses the principal.
    """
    try:
        token: Token = at_hand or (yield GetToken())
        reading: Reading = yield Attempt(token)
        if isinstance(reading, Answer) and reading.status == 401:
            renewed: Token = yield GetToken(instead_of=token)
            if renewed.value != token.value:
                reading = yield Attempt(renewed)
    except LoginUnavailable as login_is_down:
        return Unanswered(Loss.NOT_SENT, login_is_down.reason, login_is_down.advice)
    except LoginUntrusted as untrusted:
        return Unanswered(Loss.UNTRUSTED_PEER, untrusted.reason)
    except CppAuthError as refusal:
        raise login_refused(call, refusal) from None
    return reading
