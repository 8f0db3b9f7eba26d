"""What a client sees of each fault on the wire, and whether the portal has acted."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from airflow_provider_cpp.emulator import Emulator, Fault

OFFER = "contoso-virtualmachineoffer"


@pytest.fixture
def raw(emulator, client):
    """Send a go-live on a raw socket; return what comes back, or the error in place of an end."""
    token = client.token().json()["access_token"]
    emulator.clear_requests()

    def golive(timeout=10.0):
        port = int(emulator.plain_url.rsplit(":", maxsplit=1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(
                f"POST /api/publishers/contoso/offers/{OFFER}/golive?api-version=2017-10-31 HTTP/1.1\r\n"
                f"Host: localhost:{port}\r\nAuthorization: Bearer {token}\r\n"
                "Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
            )
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except OSError as error:
                return received, error
            return received, None

    return golive


def golives(emulator):
    return sum(operation.kind == "golive" for operation in emulator.operations(OFFER))


def last(emulator):
    record = emulator.requests[-1]
    return record.fault, record.accepted, record.status


@pytest.fixture
def read(emulator, client):
    """Read an operation that runs, with faults on the reading."""
    location = client.golive().headers["Location"].split("?")[0]

    def operation(*faults, **options):
        emulator.faults.add(*faults)
        return client.get(location, **options)

    return operation


def test_a_lost_response_is_acted_upon_and_never_sent(emulator, raw):
    emulator.faults.add(Fault("lost-response", "golive"))
    assert raw() == (b"", None)
    assert (golives(emulator), last(emulator)) == (1, ("lost-response", True, None))


@pytest.mark.parametrize(("kind", "acted"), [("reset-before", False), ("reset-after", True)])
def test_a_reset_comes_before_or_after_the_acceptance(emulator, raw, kind, acted):
    emulator.faults.add(Fault(kind, "golive"))
    received, error = raw()
    assert received == b""
    assert isinstance(error, ConnectionResetError)
    assert (golives(emulator), last(emulator)) == (acted, (kind, acted, None))


def test_a_cut_head_ends_within_the_status_line(emulator, raw):
    emulator.faults.add(Fault("cut-head", "golive"))
    assert raw() == (b"HTTP/1.1 202 Acc", None)
    assert (golives(emulator), last(emulator)) == (1, ("cut-head", True, None))


def test_a_cut_body_is_shorter_than_its_head_says(emulator, raw, read):
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        read(Fault("cut-body", "operation"))
    assert last(emulator) == ("cut-body", True, 200)


@pytest.mark.parametrize("acts", [False, True])
def test_a_hanging_request_is_answered_by_silence_until_the_client_goes(emulator, raw, acts):
    emulator.faults.add(Fault("hang", "golive", acts=acts))
    started = time.monotonic()
    received, error = raw(timeout=1.5)
    assert time.monotonic() - started >= 1.5
    assert received == b""
    assert isinstance(error, TimeoutError)
    assert (golives(emulator), last(emulator)) == (acts, ("hang", acts, None))
    with_answer, _ = raw()
    assert with_answer.startswith(b"HTTP/1.1 409" if acts else b"HTTP/1.1 202")


def test_a_hanging_request_does_not_keep_the_emulator_from_stopping(emulator, raw):
    emulator.faults.add(Fault("hang", "golive"))
    raw(timeout=0.1)
    started = time.monotonic()
    emulator.stop()
    assert time.monotonic() - started < 5


def test_a_dripping_answer_arrives_whole_byte_by_byte(emulator, raw):
    emulator.faults.add(Fault("drip", "golive", delay=0.001))
    started = time.monotonic()
    received, error = raw()
    assert time.monotonic() - started > 0.1
    assert received.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert received.endswith(b"\r\n\r\n")
    assert error is None
    assert last(emulator) == ("drip", True, 202)


def test_a_slow_answer_comes_after_its_delay(emulator, raw):
    emulator.faults.add(Fault("slow", "golive", delay=0.4))
    started = time.monotonic()
    received, _ = raw()
    assert time.monotonic() - started > 0.4
    assert received.startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["7", "soon", None])
def test_a_throttled_request_is_not_acted_upon(emulator, client, status, retry_after):
    emulator.faults.add(Fault("throttled", "golive", status=status, retry_after=retry_after))
    answer = client.golive()
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry_after)
    assert (golives(emulator), last(emulator)) == (0, ("throttled", False, status))


def test_one_that_gives_up_too_soon_says_so_of_what_was_acted_upon(emulator, client):
    emulator.faults.add(Fault("throttled", "golive", status=503, retry_after="7", acts=True))
    answer = client.golive()
    assert (answer.status_code, answer.headers["Retry-After"], golives(emulator)) == (503, "7", 1)
    assert last(emulator) == ("throttled", True, 503)


def test_retry_after_may_be_an_http_date(emulator, read):
    answer = read(Fault("throttled", "operation", retry_after="date:30"))
    then = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
    assert then == pytest.approx(time.time() + 30, abs=3)


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize("acts", [False, True])
def test_an_error_may_come_although_the_portal_acted(emulator, client, status, acts):
    emulator.faults.add(Fault("error", "golive", status=status, acts=acts))
    assert client.golive().status_code == status
    assert (golives(emulator), last(emulator)) == (acts, ("error", acts, status))


def test_a_burst_ends_after_so_many_requests(emulator, read):
    emulator.faults.add(Fault("error", "operation", times=3, status=502))
    assert [read().status_code for _ in range(5)] == [502, 502, 502, 200, 200]


def test_each_answer_of_a_fault_has_a_request_id_of_its_own(emulator, read):
    for kind in ("error", "throttled", "html", "unauthorized"):
        emulator.faults.add(Fault(kind, times=2))
        answers = [read() for _ in range(2)]
        assert len({answer.headers["x-ms-request-id"] for answer in answers}) == 2, kind


def test_a_fault_can_wait_for_its_turn(emulator, read):
    emulator.faults.add(Fault("not-found", "operation", skip=2))
    assert [read().status_code for _ in range(4)] == [200, 200, 404, 200]


def test_faults_apply_one_after_the_other(emulator, read):
    answers = [read(Fault("not-found", "operation"), Fault("gone", "operation")), read(), read()]
    assert [answer.status_code for answer in answers] == [404, 410, 200]


def test_a_fault_without_an_end_stays_until_it_is_cleared(emulator, read):
    emulator.faults.add(Fault("error", times=None))
    assert [read().status_code for _ in range(3)] == [500] * 3
    emulator.faults.clear()
    assert read().status_code == 200


def test_a_fault_can_be_meant_for_one_offer_and_one_call(emulator, client):
    emulator.add_offer("other")
    emulator.faults.add(Fault("error", "golive", "other"))
    assert client.on_offer("GET", "/status", "other").status_code == 200
    assert client.golive().status_code == 202
    assert client.golive("other").status_code == 500


def test_the_login_host_can_be_throttled_too(emulator, client):
    emulator.faults.add(Fault("throttled", "token"))
    assert [client.token().status_code for _ in range(2)] == [429, 200]


def test_unauthorized_is_for_once_and_revoked_until_there_is_a_new_token(emulator, client, read):
    assert read(Fault("unauthorized", "operation")).status_code == 401
    assert read().status_code == 200
    assert read(Fault("revoked", "operation")).status_code == 401
    assert read().status_code == 401
    client._token = None
    assert read().status_code == 200


@pytest.mark.parametrize(("value", "word"), [(None, "reticulating"), ("Paused", "Paused")])
def test_a_status_word_may_be_unknown(client, read, value, word):
    operation = read(Fault("status-word", value=value)).json()
    assert operation["status"] == word
    assert operation["steps"][0]["status"] == "inProgress"


def test_the_words_of_submissions_drift_too(emulator, client):
    emulator.faults.add(Fault("status-word", "submissions"))
    (submission,) = client.on_offer("GET", "/submissions").json()
    assert submission["submissionState"] == "reticulating"


def test_a_body_may_come_in_an_array_or_without_a_status(read):
    assert read(Fault("array")).json()[0]["status"] == "running"
    without = read(Fault("no-status")).json()
    assert "status" not in without
    assert without["steps"]


@pytest.mark.parametrize("status", [200, 502])
def test_a_page_in_html_may_stand_in_for_json(emulator, read, status):
    answer = read(Fault("html", status=status))
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text
    assert last(emulator) == ("html", False, status)


def test_a_body_may_be_missing(read):
    answer = read(Fault("empty"))
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_redirect_leads_to_another_host(emulator, read):
    answer = read(Fault("redirect", value="https://elsewhere.example/"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://elsewhere.example/api/publishers/contoso/offers/")
    assert answer.headers["Location"].endswith("?api-version=2017-10-31")
    assert last(emulator) == ("redirect", False, 302)


@pytest.mark.parametrize("form", ["both", "location-legacy"])
def test_a_location_may_name_another_host(emulator, client, form):
    emulator.configure(location_form=form)
    emulator.faults.add(Fault("foreign-location", "golive", value="https://elsewhere.example"))
    answer = client.golive()
    names = [name for name in ("Location", "Operation-Location") if name in answer.headers]
    assert len(names) == (2 if form == "both" else 1)
    assert all(answer.headers[name].startswith("https://elsewhere.example/api/") for name in names)
    assert golives(emulator) == 1


def test_an_accepted_golive_may_come_without_a_location(emulator, client):
    emulator.faults.add(Fault("no-location", "golive"))
    answer = client.golive()
    assert (answer.status_code, "Location" in answer.headers) == (202, False)
    assert golives(emulator) == 1


def test_a_cancel_may_be_ignored(emulator, client, read):
    emulator.faults.add(Fault("ignored", "cancel"))
    assert client.on_offer("POST", "/cancel").status_code == 202
    assert last(emulator) == ("ignored", False, 202)
    emulator.advance(50)
    assert read().json()["cancellationRequestState"] == "canCancel"


def test_an_oversized_body_is_still_json(read):
    answer = read(Fault("oversized"))
    assert len(answer.content) > 2 * 1024 * 1024
    assert answer.json()["status"] == "running"


def test_a_gzip_bomb_is_small_on_the_wire(read):
    answer = read(Fault("gzip-bomb", size=20_000_001), stream=True)
    compressed = int(answer.headers["Content-Length"])
    assert compressed < 100_000
    # urllib3 reads concatenated gzip members.
    assert len(answer.content) > 20_000_000
    assert answer.json()["status"] == "running"


@pytest.mark.parametrize("kind", ["lost-response", "reset-before", "reset-after"])
def test_connections_break_over_https_as_well(emulator, client, kind):
    client.get("/api/publishers")
    emulator.faults.add(Fault(kind, "golive"))
    with pytest.raises(requests.exceptions.ConnectionError):
        client.golive()
    assert golives(emulator) == (kind != "reset-before")


def test_requests_takes_a_cut_head_for_an_answer_without_headers(emulator, client):
    emulator.faults.add(Fault("cut-head", "golive"))
    answer = client.golive()
    assert (answer.status_code, answer.reason, dict(answer.headers)) == (202, "Acc", {})


def test_faults_can_be_added_read_and_cleared_over_http(emulator, client):
    url = f"{emulator.url}/emulator/faults"
    fault = {"kind": "throttled", "action": "operation", "times": 2, "retry_after": 5}
    added = client.session.post(url, json=[fault, {"kind": "gone"}]).json()
    assert [entry["kind"] for entry in added] == ["throttled", "gone"]
    assert emulator.faults.pending()[0] == Fault("throttled", "operation", times=2, retry_after="5")
    assert client.session.get(url).json() == added
    assert client.session.delete(url).json() == []
    assert client.session.post(url, json={"kind": "odd"}).status_code == 400
    assert client.session.post(url, json={"kind": "gone", "colour": "red"}).status_code == 400
    assert client.session.post(url, json="gone").status_code == 400


def test_the_log_over_http_names_the_fault(emulator, client, read):
    read(Fault("gone"))
    (record,) = [
        record
        for record in client.session.get(f"{emulator.url}/emulator/requests").json()
        if record["fault"] is not None
    ]
    assert (record["fault"], record["action"], record["accepted"]) == ("gone", "operation", False)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("hang", Fault("hang")),
        (
            "throttled,action=operation,times=3,status=503,retry_after=date:5",
            Fault("throttled", "operation", times=3, status=503, retry_after="date:5"),
        ),
        ("error,acts=true,times=all,skip=1,offer_id=x", Fault("error", "any", "x", None, 1, acts=True)),
        ("drip, delay=0.5", Fault("drip", delay=0.5)),
    ],
)
def test_a_fault_can_be_written_as_a_text(spec, fault):
    assert Fault.parse(spec) == fault


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("odd", "kind is 'odd'"),
        ("hang,action=odd", "action is 'odd'"),
        ("hang,odd=1", "has no odd"),
        ("hang,times", "not NAME=VALUE"),
        ("hang,times=0", "times is 0"),
        ("hang,acts=maybe", "acts is 'maybe'"),
        ("throttled,retry_after=date:soon", "soon"),
        ("reset-before,acts=true", "acts can't be True"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(spec, text):
    with pytest.raises(ValueError, match=text):
        Fault.parse(spec)


def test_the_command_line_takes_faults(tmp_path):
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "airflow_provider_cpp.emulator", "--fault", "gone,action=publishers"]
    process = subprocess.Popen([*command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL)
    try:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.02)
        url = json.loads(ready.read_text())["plain_url"] + "/api/publishers"
        assert [requests.get(url, timeout=5).status_code for _ in range(2)] == [410, 401]
    finally:
        process.kill()
        process.wait()


def test_nothing_goes_wrong_by_default():
    assert Emulator().faults.pending() == []
