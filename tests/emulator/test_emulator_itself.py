"""What the emulator offers beside the portal: its log, its control over HTTP, its settings, its life."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading

import pytest
import requests

from airflow_provider_cpp.emulator import Emulator

OFFER = "contoso-virtualmachineoffer"


def test_the_log_tells_what_was_asked_and_answered(emulator, client):
    client.golive(headers={"X-Trace": "1"}, data="{}")
    client.golive()
    client.on_offer("GET", "/status")
    first, second = emulator.requests_for("golive", OFFER)
    assert (first.method, first.status, second.status) == ("POST", 202, 409)
    assert (first.accepted, second.accepted) == (True, False)
    assert first.path == f"/api/publishers/contoso/offers/{OFFER}/golive"
    assert first.query == {"api-version": "2017-10-31"}
    assert (first.headers["x-trace"], first.body) == ("1", "{}")
    assert first.headers["authorization"].startswith("Bearer ")
    assert (first.publisher_id, first.offer_id) == ("contoso", OFFER)
    assert [record.number for record in emulator.requests] == [1, 2, 3, 4]
    assert emulator.requests_for("golive", "another") == []


def test_the_log_counts_token_requests_and_unknown_paths(emulator, client):
    client.token()
    client.get("/nothing/here")
    assert len(emulator.requests_for("token")) == 2
    assert [record.path for record in emulator.requests_for("unknown")] == ["/nothing/here"]


def test_clearing_the_log_keeps_the_count(emulator, client):
    client.token()
    emulator.clear_requests()
    client.token()
    assert [record.number for record in emulator.requests] == [2]


def test_a_record_cannot_be_changed(emulator, client):
    client.token()
    with pytest.raises(AttributeError):
        emulator.requests[0].status = 500


def control(client, method, path, **options):
    return client.session.request(method, f"{client.emulator.url}/emulator/{path}", timeout=10, **options)


def test_another_process_can_read_and_change_the_emulator(emulator, client):
    assert control(client, "POST", "offers", json={"offer_id": "seeded", "state": "draft"}).status_code == 200
    assert emulator.offer("seeded").version == 1
    settings = control(client, "POST", "settings", json={"outcome": "fail", "duration": 7}).json()
    assert (settings["outcome"], emulator.settings.duration) == ("fail", 7)
    assert control(client, "GET", "settings").json() == settings
    client.golive()
    (record,) = control(client, "GET", "requests", params={"action": "golive"}).json()
    assert record["status"] == 202
    assert control(client, "POST", "finish", json={"offer_id": OFFER}).status_code == 200
    offers = {offer["id"]: offer for offer in control(client, "GET", "offers").json()}
    assert (offers[OFFER]["liveVersion"], offers["seeded"]["liveVersion"]) == (1, None)
    assert [operation["kind"] for operation in offers[OFFER]["operations"]] == ["publish", "golive"]
    assert control(client, "POST", "revoke-tokens").json() == {"revoked": 1}
    assert client.on_offer("GET").status_code == 401
    assert control(client, "DELETE", "requests").status_code == 200
    assert control(client, "GET", "requests").json() == []


def test_time_can_be_let_pass_over_http(emulator, client):
    location = client.golive().headers["Location"]
    control(client, "POST", "advance", json={"seconds": 100})
    assert client.operation(location)["status"] == "completed"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("settings", {"outcome": "explode"}, 400),
        ("settings", {"colour": "red"}, 400),
        ("settings", [1], 400),
        ("offers", {"state": "draft"}, 400),
        ("offers", {"offer_id": "x", "state": "odd"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_a_wrong_control_request_is_refused(emulator, client, path, body, status):
    before = emulator.settings
    assert control(client, "POST", path, json=body).status_code == status
    assert emulator.settings == before


@pytest.mark.parametrize(
    "setting",
    [
        {"outcome": "explode"},
        {"duration": -1},
        {"duration": "long"},
        {"step_durations": {"odd": 1}},
        {"forbidden_publishers": "contoso"},
        {"copied_fields": "osVhdUrl"},
        {"strict_golive": "no"},
        {"colour": "red"},
    ],
)
def test_a_wrong_setting_is_refused_by_name(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        Emulator(**setting)


def test_only_some_settings_can_differ_per_offer(emulator):
    with pytest.raises(ValueError, match="vocabulary can't be set for one offer"):
        emulator.add_offer("odd", vocabulary="mash")


def test_an_offers_name_has_no_slash(emulator):
    with pytest.raises(ValueError, match="no name"):
        emulator.add_offer("a/b")


def test_it_can_be_stopped_and_started_on_the_same_ports(client):
    with Emulator() as emulator:
        url, plain = emulator.url, emulator.plain_url
    with pytest.raises(RuntimeError, match="isn't running"):
        _ = emulator.url
    with emulator:
        assert (emulator.url, emulator.plain_url) == (url, plain)
        assert emulator.ca_file.exists()


def test_a_port_that_is_taken_is_an_error():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="address already in use"),
    ):
        Emulator(port=taken.getsockname()[1]).start()


def test_without_a_plain_listener_there_is_no_plain_url():
    with Emulator(plain_port=None) as emulator, pytest.raises(RuntimeError, match="without a plain listener"):
        _ = emulator.plain_url


def test_a_hanging_client_does_not_keep_it_from_stopping():
    with Emulator() as emulator:
        port = int(emulator.plain_url.rsplit(":", 1)[1])
        idle = socket.create_connection(("127.0.0.1", port))
        idle.settimeout(5)
        idle.sendall(b"GET /emulator/requests HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        idle.sendall(b"POST /api/publishers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
    with idle:
        assert idle.recv(1) == b""


def test_the_connection_is_what_airflow_reads(emulator):
    connection = json.loads(emulator.connection_json(poll="x", tenant_id="other"))
    assert connection["conn_type"] == "cpp"
    assert connection["host"] == emulator.url
    assert (connection["login"], connection["password"]) == (emulator.client_id, emulator.client_secret)
    assert connection["extra"] == {
        "publisher_id": "contoso",
        "tenant_id": "other",
        "authority": emulator.authority,
        "ca_file": str(emulator.ca_file),
        "poll": "x",
    }


def test_operations_go_on_while_the_emulator_is_down(tmp_path, client):
    files = {"state_file": tmp_path / "state.json", "ca_file": tmp_path / "ca.pem"}
    now = [1_700_000_000.0]
    with Emulator(clock=lambda: now[0], duration=100, **files) as first:
        first.add_offer("kept", outcome="fail")
        client.emulator = first
        client.session.verify = str(first.ca_file)
        client._token = None
        location = client.golive("kept").headers["Location"]
        token, ca = client._token, first.ca_file.read_bytes()
    now[0] += 1000
    with Emulator(clock=lambda: now[0], duration=100, **files) as second:
        client.emulator = second
        assert client.operation(location)["status"] == "failed"
        assert (client._token, second.ca_file.read_bytes()) == (token, ca)
        assert second.offer("kept") == first.offer("kept")
        assert second.operations("kept") == first.operations("kept")


def test_a_state_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "state.json").write_text("[]")
    with pytest.raises(ValueError, match="is no state of the emulator"):
        Emulator(state_file=tmp_path / "state.json")


def test_many_golives_at_once_start_one_operation(emulator, client):
    client.get("/api/publishers")
    statuses = []

    def golive():
        url = f"{emulator.plain_url}/api/publishers/contoso/offers/{OFFER}/golive"
        headers = {"Authorization": f"Bearer {client._token}"}
        statuses.append(requests.post(url, params={"api-version": "2017-10-31"}, headers=headers).status_code)

    threads = [threading.Thread(target=golive) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202, *[409] * 9]


def test_the_ca_signs_no_other_host(emulator, client):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(emulator.url, verify=True, timeout=5)
    assert client.token().status_code == 200


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_plugin_and_the_package_import_nothing_heavy():
    code = (
        "import sys, airflow_provider_cpp.emulator.pytest_plugin;"
        "print([name for name in ('aiohttp', 'trustme', 'airflow', 'azure') if name in sys.modules])"
    )
    assert python(code).stdout.strip() == "[]"


def test_the_emulator_itself_imports_neither_airflow_nor_the_client():
    code = (
        "import sys; from airflow_provider_cpp.emulator import Emulator, cli;"
        "print([name for name in sys.modules if name == 'airflow' or name.startswith('airflow_provider_cpp.')"
        " and not name.startswith('airflow_provider_cpp.emulator')])"
    )
    assert python(code).stdout.strip() == "[]"


def test_without_trustme_it_says_what_to_install():
    code = (
        "import sys; sys.modules['trustme'] = None;"
        "from airflow_provider_cpp.emulator import Emulator; Emulator().start()"
    )
    run = python(code)
    assert "pip install trustme" in run.stderr


@pytest.mark.parametrize(("name", "value"), [("outcome", "fail"), ("duration", 7.0), ("page_size", 3)])
def test_a_setting_is_an_attribute_as_well(emulator, name, value):
    setattr(emulator, name, value)
    assert getattr(emulator, name) == value
    assert getattr(emulator.settings, name) == value


def test_an_attribute_that_is_no_setting_is_none_and_a_wrong_value_is_refused(emulator):
    with pytest.raises(AttributeError, match="outcom"):
        _ = emulator.outcom
    with pytest.raises(ValueError, match="outcome"):
        emulator.outcome = "explode"
