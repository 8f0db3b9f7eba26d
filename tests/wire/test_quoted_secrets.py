"""What was sent in confidence isn't shown, wherever in a sentence the service quotes it."""

from __future__ import annotations

import json
import traceback

import pytest

from airflow_provider_cpp.exceptions import CppBadRequest, CppError, CppUnavailable
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import Procedure, Say, sent
from airflow_provider_cpp.wire.quoted_secrets import without_quoted_secrets
from tests.runner import LOST, Runner

SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"
DECODED = "hUsh9Zk+w/3Qd=="
BODY = json.dumps({"osDisk": {"uri": f"https://contoso.blob.core.windows.net/os.vhd?sv=2023&sig={SIGNATURE}"}})
SENTENCES = (
    "The MAC signature found in the HTTP request '{}' is not the same as any computed signature.",
    "Signature did not match. String to sign used was rl {}",
    "{} isn't the one that was expected",
)


def procedure(text: str, error: type[CppError] | None) -> Procedure[str]:
    yield Say("before")
    yield from sent(Call("PUT", "offer contoso/vm", "PUT", "/x", body=BODY))
    yield Say(text)
    if error is None:
        return "done"
    try:
        raise CppUnavailable(text)
    except CppUnavailable as cause:
        raised = error(f"PUT failed: {text}", http_status=400, code="Bad", request_id="7")
        raised.failed_call = "PUT", "offer contoso/vm", text
        raise raised from cause


def test_no_line_and_no_error_has_it_as_it_was_sent_or_as_storage_reads_it() -> None:
    for sentence in SENTENCES:
        for secret in (SIGNATURE, DECODED):
            runner = Runner([LOST])
            with pytest.raises(CppBadRequest) as raised:
                runner.run(without_quoted_secrets(procedure(sentence.format(secret), CppBadRequest)))
            error = raised.value
            shown = "".join(traceback.format_exception(error)) + repr(error.failed_call) + repr(runner.lines())
            assert SIGNATURE not in shown, sentence
            assert DECODED not in shown, sentence
            assert error.message == f"PUT failed: {sentence.format('***')}"
            assert (error.http_status, error.code, error.request_id) == (400, "Bad", "7")


def test_all_else_stays() -> None:
    runner = Runner([LOST])
    assert runner.run(without_quoted_secrets(procedure("os.vhd can't be read", None))) == "done"
    assert runner.lines() == ["before", "os.vhd can't be read"]


def test_what_the_procedure_is_thrown_reaches_it() -> None:
    def refused() -> Procedure[str]:
        try:
            yield from sent(Call("GET", "offer", "GET", "/x"))
        except CppUnavailable as error:
            return error.message
        return ""

    running = without_quoted_secrets(refused())
    next(running)
    with pytest.raises(StopIteration) as end:
        running.throw(CppUnavailable("no token"))
    assert end.value.value == "no token"
