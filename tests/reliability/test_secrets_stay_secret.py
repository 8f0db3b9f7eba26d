"""Token, secret, further headers and the proxy's password show up nowhere but in the requests themselves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
import traceback
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.emulator.cloud_partner_portal import documents
from airflow_provider_cpp.emulator.steps import STEP_IDS
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.reliability.gate import Gate
from tests.reliability.going_live import OFFER
from tests.reliability.raw_server import RawServer, whole
from tests.running import Store, context_of, event_of, run_task
from tests.wire.secret_texts import PART, QUOTING, WRITTEN, quoted

#: Secrets that a connection can hold, each with a character that a URL or a form would change.
SECRET = "s3cret~/+of=the&application"
WRONG = "wr0ng~/+secret"
KEY = "k3y-of-a-proxy-on-the-way"
PROXY_PASSWORD = "pr0xy-passw0rd"


@pytest.fixture
def everything_is_logged(capfd):
    """Let every logger speak, and return what all of them wrote, wherever they wrote it."""
    import aiohttp  # noqa: F401 - so that its loggers are there
    import msal  # noqa: F401
    from azure import identity  # noqa: F401

    written: list[str] = []
    handler = logging.Handler()
    formatter = logging.Formatter("%(name)s %(message)s")
    handler.emit = lambda record: written.append(formatter.format(record))
    loggers = [logging.getLogger(), *map(logging.getLogger, sorted(logging.root.manager.loggerDict))]
    before = [(logger, logger.level, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.level, logger.disabled = logging.DEBUG, False
    # All loggers forget what they let through when one is set, which takes long; so only this one is.
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield lambda: "\n".join(written) + "".join(capfd.readouterr())
    logging.getLogger().removeHandler(handler)
    for logger, level, disabled in before:
        logger.level, logger.disabled = level, disabled
    logging.getLogger().setLevel(before[0][1])


@pytest.fixture
def connected(portal, monkeypatch):
    """A function that sets the connection, with a secret in each place that may hold one."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    monkeypatch.setattr(portal._login, "client_secret", SECRET)

    def connect(password=SECRET, **extra):
        connection = portal.connection(timeout=5, headers={"X-Api-Key": KEY}, **extra)
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps({**connection, "password": password}))

    return connect


def shown(portal, run):
    """Run something, and return all that a user could see of it but for the log."""
    try:
        outcome = run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell
        texts = []
        cause: BaseException | None = error
        while cause is not None:
            texts += [str(cause), repr(cause), "".join(traceback.format_exception(cause)), repr(vars(cause))]
            cause = cause.__cause__ or cause.__context__
        return "\n".join(texts)
    return repr(outcome)


def go_live_and_wait(**arguments):
    store = Store()
    kept = []
    store.set = lambda key, value, **options: kept.append(json.dumps(value))
    task = GoLiveOperator(
        task_id="go_live",
        offer_id=OFFER,
        wait_for_completion=True,
        poll_interval=0.02,
        max_poll_interval=0.03,
        **arguments,
    )
    outcome = run_task(task, context_of(task, store=store))
    return outcome.result, [deferral.trigger for deferral in outcome.deferrals], kept


def trigger(location):
    now = time.time()
    return OperationTrigger(
        operation_location=location, started_at=now, deadline=now + 20, poke_interval=0.02, max_poke_interval=0.03
    )


def watched(location):
    it = trigger(location)
    return repr(it), it.serialize(), event_of(it)


def bad_reads(portal):
    portal.faults.add(Fault("error", action="operation", times=3), Fault("html", action="operation", times=2))


COURSES = {
    "a success": (lambda portal: None, {}),
    "a failed operation": (lambda portal: portal.configure(outcome="fail"), {}),
    "a lost answer": (lambda portal: portal.faults.add(Fault("lost-response", action="golive")), {}),
    "a foreign location": (lambda portal: portal.faults.add(Fault("foreign-location", action="golive")), {}),
    "a redirect": (lambda portal: portal.faults.add(Fault("redirect", action="golive")), {}),
    "bad reads": (bad_reads, {}),
    "revoked tokens": (lambda portal: portal.faults.add(Fault("revoked", action="operation")), {}),
    "401 twice": (lambda portal: portal.faults.add(Fault("unauthorized", action="golive", times=2)), {}),
    "403": (lambda portal: portal.configure(forbidden_publishers=("contoso",)), {}),
    "a wrong secret": (lambda portal: None, {"password": WRONG}),
    "an unknown tenant": (lambda portal: None, {"tenant_id": "0d9c4f1e-0000-4000-8000-00000000000f"}),
    "a login that answers in HTML": (
        lambda portal: portal.faults.add(Fault("html", action="token", times=None)),
        {},
    ),
    "a login that is down": (
        lambda portal: portal.faults.add(Fault("error", action="token", status=503, times=None)),
        {},
    ),
    "a token of one's own that is refused": (lambda portal: None, {"auth": "token"}),
    "a proxy that is down": (lambda portal: None, {"proxy": f"http://somebody:{PROXY_PASSWORD}@127.0.0.1:9"}),
}


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "on a worker"])
@pytest.mark.parametrize("course", COURSES)
def test_no_secret_is_shown_or_logged(portal, connected, pauses, everything_is_logged, course, deferrable):
    prepare, connection = COURSES[course]
    connected(**connection)
    prepare(portal)
    seen = shown(portal, lambda: go_live_and_wait(deferrable=deferrable))
    seen += repr(CloudPartnerPortalHook().settings) + repr(vars(CloudPartnerPortalHook()))
    check(portal, seen, everything_is_logged())


@pytest.mark.parametrize(
    "course", ["a wrong secret", "a login that is down", "revoked tokens", "a proxy that is down"]
)
def test_no_secret_is_in_the_triggers_arguments_or_event(
    portal, connected, pauses, everything_is_logged, monkeypatch, course
):
    monkeypatch.setattr("airflow_provider_cpp.lro.watching.BAD_READS_FOR", 0.0)
    connected()
    location = CloudPartnerPortalHook().go_live(OFFER)
    prepare, connection = COURSES[course]
    connected(**connection)
    prepare(portal)
    check(portal, shown(portal, lambda: watched(location)), everything_is_logged())


def check(portal, seen, log):
    tokens = {request.headers.get("authorization", "").partition(" ")[2] for request in portal.requests}
    tokens |= set(portal._login.tokens())
    for secret in {SECRET, WRONG, KEY, PROXY_PASSWORD, *tokens} - {""}:
        for form in {secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], secret[:12]}:
            assert form not in seen
            assert form not in log
    assert "urllib3" in log, "nothing was listened to"


def test_no_token_is_logged_of_a_logins_answer_that_cant_be_parsed(
    portal, connected, pauses, everything_is_logged, monkeypatch
):
    """As of a proxy that makes a page of it."""
    issue = portal._login._issue

    def spoilt(*arguments, **options):
        answer = issue(*arguments, **options)
        return replace(answer, headers={"Content-Type": "text/html"}, body=b"<html>" + answer.body)

    monkeypatch.setattr(portal._login, "_issue", spoilt)
    connected()
    seen = shown(portal, go_live_and_wait)
    assert portal._login.tokens()
    check(portal, seen, everything_is_logged())


@pytest.mark.parametrize("quoted", ["the message", "the request's id"])
def test_an_answer_that_quotes_the_request_tells_no_token(pauses, lines, monkeypatch, quoted):
    def quote_it(connection, request):
        token = next(line for line in request.decode().splitlines() if line.lower().startswith("authorization"))
        words, request_id = (f"No good: {token}", "1") if quoted == "the message" else ("No good.", token)
        body = json.dumps({"error": {"code": "BadRequest", "message": words}}).encode()
        connection.sendall(whole(body, f"x-ms-request-id: {request_id}", status="400 Bad Request"))

    with RawServer(quote_it) as portal:
        connection = {"conn_type": "cpp", "host": portal.url, "password": SECRET}
        extra = {"auth": "token", "publisher_id": "contoso"}
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps({**connection, "extra": extra}))
        location = f"{portal.url}/api/publishers/contoso/offers/{OFFER}/operations/1-2"
        seen = [
            *lines,
            shown(portal, lambda: CloudPartnerPortalHook().go_live(OFFER, precheck=False)),
            shown(portal, lambda: watched(location)),
        ]
        assert len(portal.requests) == 3
        assert all(SECRET.encode() in request for request in portal.requests)
    assert "No good" in "".join(seen)
    assert SECRET not in "".join(seen)


#: What a certification quotes of an image's URL, a connection or a configuration, in each form.
MESSAGES = [write(quoted(case)[0]) for case in QUOTING for write in WRITTEN.values()]


@pytest.fixture
def quoting(monkeypatch):
    """Let the portal's steps and links quote a secret in each form."""
    step_document, links = documents.step_document, documents._links
    signed = f"https://x.example/a?sv=1&sig={quote(quoted('one by itself')[0].partition('=')[2])}&sp=r"

    def quoting_step(step, forms):
        document = step_document(step, forms)
        number = STEP_IDS.index(step.id)
        mine = MESSAGES[number :: len(STEP_IDS)]
        messages = [{"messageHtml": text, "level": "error"} for text in mine]
        return {**document, "stepName": f"{document['stepName']} {mine[0]}"[:400], "messages": messages}

    def quoting_links(*arguments, **options):
        found = links(*arguments, **options)
        return {name: [{**link, "URI": signed} for link in each] for name, each in found.items()}

    monkeypatch.setattr(documents, "step_document", quoting_step)
    monkeypatch.setattr(documents, "_links", quoting_links)


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "on a worker"])
@pytest.mark.parametrize("outcome", ["succeed", "fail"])
def test_no_secret_that_an_operations_messages_quote_is_shown(
    portal, connected, pauses, everything_is_logged, quoting, outcome, deferrable
):
    connected()
    portal.configure(outcome=outcome)
    kept = []

    def run():
        result, triggers, records = go_live_and_wait(deferrable=deferrable)
        kept.extend(repr(trigger.serialize()) for trigger in triggers)
        return result, records

    seen = shown(portal, run) + repr(kept)
    event = repr(watched(CloudPartnerPortalHook().go_live(OFFER, precheck=False)))
    for where in (seen, event, everything_is_logged()):
        assert PART not in where
    assert "a.vhd?sv=2018" in event, "what is around it stays"
    assert "&se=2019" in event


@pytest.mark.parametrize("outer", WRITTEN)
def test_no_secret_that_a_refusal_quotes_is_shown(pauses, lines, monkeypatch, everything_is_logged, outer):
    texts = [WRITTEN[outer](quoted(case)[0]) for case in QUOTING]

    def refuse(connection, request):
        text = texts[len(portal.requests) % len(texts)]
        body = json.dumps({"error": {"code": text, "message": f"Refused: {text}", "details": [text]}}).encode()
        connection.sendall(whole(body, "x-ms-request-id: sig=" + PART, status="400 Bad Request"))

    with RawServer(refuse) as portal:
        connection = {"conn_type": "cpp", "host": portal.url, "password": "x" * 20}
        extra = {"auth": "token", "publisher_id": "contoso"}
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps({**connection, "extra": extra}))
        location = f"{portal.url}/api/publishers/contoso/offers/{OFFER}/operations/1-2"
        hook = CloudPartnerPortalHook()
        while len(portal.requests) < len(texts):
            for read in (hook.get_operation, hook.cancel_operation):
                seen = shown(portal, lambda read=read: read(location))
                assert "HTTP 400" in seen
                assert PART not in seen
        seen = shown(portal, lambda: watched(location)) + repr(hook.test_connection())
    assert PART not in seen + "\n".join(lines) + everything_is_logged()


@pytest.mark.parametrize(
    "location",
    [
        f"https://me:{PART}/x@host/api",
        f"https://me:{PART}@host/api",
        f"https://host/api?sig={PART}",
        f"https://host/sig={PART}/" + "x" * 5000,
        f"https://me:{'9' * 190}{PART}@host/api",
    ],
)
def test_no_secret_in_a_location_that_is_refused_is_shown(portal, connected, lines, location):
    connected()
    seen = shown(portal, lambda: CloudPartnerPortalHook().get_operation(location))
    assert "UntrustedLocation" in seen
    event = shown(portal, lambda: event_of(trigger(location)))
    told = seen.replace(location, "") if location in seen else seen  # of a traceback's own line
    assert PART not in told + event + "\n".join(lines)


@pytest.mark.parametrize("field", ["authority", "proxy"])
@pytest.mark.parametrize("url", [f"https://me:{PART}/x@host", f"https://me:{PART}@ho\u2100st"])
def test_no_password_in_a_field_that_is_refused_is_shown(portal, connected, field, url):
    connected(**{field: url})
    seen = shown(portal, lambda: CloudPartnerPortalHook().settings)
    assert field in seen
    assert PART not in seen


TOKEN = b"eyJ0eXAiOiJKV1Q+iLCJhbGciOiJSUzI1NiIsIng1dCI"

#: What comes in place of an answer, and quotes the token where an HTTP library may quote it in turn.
NO_ANSWERS = {
    "a line that is no header": b"HTTP/1.1 200 OK\r\nBearer @ is no header\r\nX: y\r\n\r\n{}",
    "such a line before an answer": b"HTTP/1.1 103 Early\r\nno: @\r\n@\r\n\r\nHTTP/1.1 200 OK\r\n@\r\n\r\n",
    "a header with a space in its name": b"HTTP/1.1 200 OK\r\nAuthorization : Bearer @\r\n\r\n{}",
    "a status line that is none": b"HTTP/1.1 Bearer @\r\n\r\n",
    "the header as the status line": b"Authorization: Bearer @\r\n\r\n",
    "a version that is none": b"HTTP/@ 200 OK\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: @\r\n\r\n{}",
    "a chunk that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nBearer @\r\n",
    "a packing that is none": b"HTTP/1.1 200 OK\r\nContent-Encoding: @\r\nContent-Length: 2\r\n\r\n{}",
    "a header that is too long": b"HTTP/1.1 200 OK\r\nX: " + b"@ " * 2000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "a header with a NUL": b"HTTP/1.1 200 OK\r\nX: \0@\r\nContent-Length: 2\r\n\r\n{}",
    "colours for a terminal": b"HTTP/1.1 \x1b[31m@ \r\n\r\n",
}


@pytest.mark.parametrize("colour", ["blocking", "asynchronous"])
@pytest.mark.parametrize("case", NO_ANSWERS)
def test_what_comes_in_place_of_an_answer_is_not_quoted(
    pauses, lines, monkeypatch, everything_is_logged, case, colour
):
    monkeypatch.setattr("airflow_provider_cpp.lro.watching.BAD_READS_FOR", 0.0)
    answer = NO_ANSWERS[case].replace(b"@", TOKEN)
    with RawServer(lambda connection, request: connection.sendall(answer)) as portal:
        connection = {"conn_type": "cpp", "host": portal.url, "password": TOKEN.decode()}
        extra = {"auth": "token", "publisher_id": "contoso", "timeout": 3}
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps({**connection, "extra": extra}))
        location = f"{portal.url}/api/publishers/contoso/offers/{OFFER}/operations/1-2"
        if colour == "asynchronous":
            seen = shown(portal, lambda: watched(location))
        else:
            seen = shown(portal, lambda: CloudPartnerPortalHook().go_live(OFFER))
            seen += repr(CloudPartnerPortalHook().test_connection())
        assert all(TOKEN in request for request in portal.requests)
    everywhere = "\n".join([seen, *lines, everything_is_logged()])
    for form in (TOKEN[:16].decode(), TOKEN[:16].decode().lower(), "\x1b"):
        assert form not in everywhere


GRANT = {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN.decode()}

#: Answers of a login that quote the secret, or with which nothing can be done; and whether it is a refusal.
LOGINS = {
    "a refusal that quotes the secret": (
        400,
        {"error": "invalid_client", "error_description": f"{SECRET} \x1b[31m"},
    ),
    "a list": (200, [GRANT]),
    "a text": (200, TOKEN.decode()),
    "a token in an object": (200, {**GRANT, "access_token": {"x": TOKEN.decode()}}),
    "a token that is a number": (200, {**GRANT, "access_token": 5}),
    "a token of two lines": (200, {**GRANT, "access_token": f"{TOKEN.decode()}\r\nX: y"}),
    "a token beyond ASCII": (200, {**GRANT, "access_token": f"{TOKEN.decode()}\u00e9"}),
    "an empty token": (200, {**GRANT, "access_token": ""}),
    "a life without end": (200, {**GRANT, "expires_in": 10**400}),
    "a life in words": (200, {**GRANT, "expires_in": "long"}),
    "a client_info that is none": (200, {**GRANT, "client_info": TOKEN.decode()}),
    "an id_token that is none": (200, {**GRANT, "id_token": TOKEN.decode()}),
}


@pytest.mark.parametrize("colour", ["blocking", "asynchronous"])
@pytest.mark.parametrize("case", LOGINS)
def test_a_logins_answer_is_not_quoted_and_one_without_a_token_is_a_failed_read(
    portal, connected, pauses, everything_is_logged, monkeypatch, case, colour
):
    monkeypatch.setattr("airflow_provider_cpp.lro.watching.BAD_READS_FOR", 0.0)
    status, body = LOGINS[case]
    connected()
    location = CloudPartnerPortalHook().go_live(OFFER)
    issue = portal._login._issue
    monkeypatch.setattr(
        portal._login,
        "_issue",
        lambda *a, **b: replace(issue(*a, **b), status=status, body=json.dumps(body).encode()),
    )
    if colour == "asynchronous":
        seen = shown(portal, lambda: event_of(trigger(location)))
        assert ("CppAuthError" if status == 400 else "10 reads in a row failed") in seen
    else:
        seen = shown(portal, lambda: CloudPartnerPortalHook().get_operation(location))
        assert ("CppAuthError" if status == 400 else "CppUnavailable") in seen
    everywhere = seen + everything_is_logged()
    for form in (TOKEN.decode(), SECRET, "\x1b"):
        assert form not in everywhere


def test_the_task_hands_over_no_secret_in_its_fields(portal, connected):
    connected()
    for task in (
        GoLiveOperator(task_id="go_live", offer_id=OFFER),
        OperationSensor(task_id="wait", operation_location="x"),
    ):
        with contextlib.suppress(Exception):
            task.execute(context_of(task))
        rendered = {name: getattr(task, name) for name in task.template_fields}
        assert SECRET not in repr(rendered) + repr(task)
        assert not {"password", "secret", "token"} & set(rendered)


def test_a_netrc_file_can_not_replace_the_token(portal, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password n3trc\ndefault login anybody password n3trc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    location = CloudPartnerPortalHook().go_live(OFFER)
    assert event_of(trigger(location))["status"] == "succeeded"
    calls = [request for request in portal.requests if request.action not in {"token", "discovery"}]
    assert {request.headers["authorization"].partition(" ")[0] for request in calls} == {"Bearer"}


def test_nothing_of_a_secret_goes_to_a_host_that_refuses_connections(portal, connected, pauses):
    with Gate(0) as gate:
        gate.shut()
        connected(authority=gate.url.replace("http:", "https:"))
        seen = shown(portal, lambda: CloudPartnerPortalHook().go_live(OFFER))
    assert "authority" in seen
    assert SECRET not in seen


def test_debugging_the_event_loop_shows_no_token(portal, connected, caplog):
    connected()
    caplog.set_level(logging.DEBUG)
    location = CloudPartnerPortalHook().go_live(OFFER)

    async def watch():
        asyncio.get_running_loop().set_debug(True)
        asyncio.get_running_loop().slow_callback_duration = 0.0
        return [event async for event in trigger(location).run()]

    assert asyncio.run(watch())[0].payload["status"] == "succeeded"
    assert "Executing <Task" in caplog.text
    for token in portal._login.tokens():
        assert token not in caplog.text
