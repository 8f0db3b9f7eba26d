"""Which token a call goes out with, and what becomes of one that is refused or can't be had, without a socket."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.client.authorization import Attempt, GetToken, authorized
from airflow_provider_cpp.client.login import LoginUnavailable, LoginUntrusted
from airflow_provider_cpp.client.tokens import Token
from airflow_provider_cpp.exceptions import CppAuthError, CppConfigurationError, CppError
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered
from airflow_provider_cpp.wire.call import Call

CALL = Call("Read", "offer contoso/vm", "GET", "/offers/vm")
OLD, NEW = Token("old"), Token("new")

OK, REFUSED, FORBIDDEN, BROKEN = (Answer(status) for status in (200, 401, 403, 500))
LOST = Unanswered(Loss.UNCLEAR, "reset")
DOWN = LoginUnavailable("the login doesn't work just now.", "Asked was contoso.")
UNTRUSTED = LoginUntrusted("the certificate of the login isn't trusted.")
NO_FILE = CppConfigurationError("Field ca_file of connection 'cpp_default' is wrong.")


def run(*script: Token | Reading | CppError) -> tuple[Reading, list[GetToken | Attempt]]:
    """Give these to what is asked for, one after the other; return what it comes to, and what was asked."""
    steps, asked = authorized(CALL), []
    answers = iter(script)
    step = next(steps)
    try:
        while True:
            asked.append(step)
            given = next(answers)
            step = steps.throw(given) if isinstance(given, CppError) else steps.send(given)
    except StopIteration as end:
        assert next(answers, None) is None, "more was given than asked for"
        return end.value, asked


@pytest.mark.parametrize("reading", [OK, FORBIDDEN, BROKEN, LOST], ids=["200", "403", "500", "lost"])
def test_a_call_whose_token_isnt_refused_is_sent_once(reading: Reading) -> None:
    assert run(OLD, reading) == (reading, [GetToken(), Attempt(OLD)])


@pytest.mark.parametrize("second", [OK, REFUSED, BROKEN, LOST], ids=["200", "401", "500", "lost"])
def test_a_call_whose_token_is_refused_is_sent_a_second_time_with_another_and_no_third(second: Reading) -> None:
    asked = [GetToken(), Attempt(OLD), GetToken(instead_of=OLD), Attempt(NEW)]
    assert run(OLD, REFUSED, NEW, second) == (second, asked)


def test_a_token_that_comes_back_the_same_isnt_sent_again() -> None:
    assert run(OLD, REFUSED, Token("old")) == (REFUSED, [GetToken(), Attempt(OLD), GetToken(instead_of=OLD)])


@pytest.mark.parametrize("before", [(), (OLD, REFUSED)], ids=["at first", "after a refusal"])
@pytest.mark.parametrize(
    ("failure", "reading"),
    [
        (DOWN, Unanswered(Loss.NOT_SENT, DOWN.reason, DOWN.advice)),
        (UNTRUSTED, Unanswered(Loss.UNTRUSTED_PEER, UNTRUSTED.reason)),
    ],
    ids=["down", "not trusted"],
)
def test_without_a_login_the_call_wasnt_sent(
    before: tuple[Token | Reading, ...], failure: CppError, reading: Reading
) -> None:
    assert run(*before, failure)[0] == reading


@pytest.mark.parametrize("before", [(), (OLD, REFUSED)], ids=["at first", "after a refusal"])
def test_where_the_login_refuses_the_error_names_the_call(before: tuple[Token | Reading, ...]) -> None:
    refusal = CppAuthError("The login refused the principal: expired.", http_status=400, code="invalid_client")
    with pytest.raises(CppAuthError, match="Read of offer contoso/vm failed: the login refused") as caught:
        run(*before, refusal)
    assert (caught.value.http_status, caught.value.code) == (400, "invalid_client")


@pytest.mark.parametrize("before", [(), (OLD,), (OLD, REFUSED, NEW)], ids=["login", "call", "second call"])
def test_a_field_that_turns_out_wrong_is_no_reading(before: tuple[Token | Reading, ...]) -> None:
    with pytest.raises(CppConfigurationError) as caught:
        run(*before, NO_FILE)
    assert caught.value is NO_FILE
