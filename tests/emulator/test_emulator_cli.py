from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from airflow_provider_cpp.emulator.cli import main


@pytest.fixture
def run(tmp_path):
    started = []

    def start(*arguments):
        ready = tmp_path / f"ready-{len(started)}.json"
        command = [
            sys.executable,
            "-m",
            "airflow_provider_cpp.emulator",
            "--ready-file",
            str(ready),
            *arguments,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process, json.loads(ready.read_text())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def golive(ready, offer, publisher="contoso"):
    session = requests.Session()
    session.trust_env = False
    session.verify = ready["ca_file"]
    connection = ready["connection"]
    token = session.post(
        f"{ready['authority']}/{connection['extra']['tenant_id']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": connection["login"],
            "client_secret": connection["password"],
            "scope": "https://cloudpartner.azure.com/.default",
        },
    ).json()["access_token"]
    answer = session.post(
        f"{ready['url']}/api/publishers/{publisher}/offers/{offer}/golive",
        params={"api-version": "2017-10-31"},
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer, token


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_a_connection_serves_and_stops_cleanly(run, stop):
    process, ready = run("--location-form", "location-legacy", "--duration", "5")
    answer, token = golive(ready, "contoso-virtualmachineoffer")
    assert answer.headers["Location"].startswith("/api/operations/contoso$")
    process.send_signal(stop)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    (line,) = [line for line in out.splitlines() if line.startswith("export ")]
    assert json.loads(shlex.split(line)[1].partition("=")[2]) == ready["connection"]
    assert "/golive 202 golive" in err
    assert token not in err
    assert ready["connection"]["password"] not in err


def test_its_state_survives_a_kill(run, tmp_path):
    arguments = (
        "--offer=contoso/one",
        "--offer=contoso/two:draft",
        f"--state-file={tmp_path / 'state.json'}",
        f"--ca-file={tmp_path / 'ca.pem'}",
    )
    process, ready = run(*arguments)
    assert ready["ca_file"] == str(tmp_path / "ca.pem")
    assert golive(ready, "one")[0].status_code == 202
    assert golive(ready, "two")[0].status_code == 400
    process.kill()
    process.wait()
    _, ready = run(*arguments)
    assert golive(ready, "one")[0].status_code == 409


def test_it_plays_the_offers_of_a_folder(run):
    folder = Path(__file__).parent / "offers"
    _, ready = run("--offers", str(folder))
    assert ready["connection"]["extra"]["publisher_id"] == "fabrikam"
    assert golive(ready, "sample", "fabrikam")[0].status_code == 202
    assert golive(ready, "contoso-virtualmachineoffer")[0].status_code == 404


def test_a_port_that_is_taken_is_said_in_one_line(run):
    _, ready = run()
    port = ready["url"].rsplit(":", 1)[1]
    again = subprocess.run(
        [sys.executable, "-m", "airflow_provider_cpp.emulator", "--port", port],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert again.stderr.startswith("cpp-emulator: ")
    assert again.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--offer", "no-publisher"], "PUBLISHER/OFFER"),
        (["--offer", "a/b:odd"], "state is 'odd'"),
        (["--duration", "-1"], "duration is -1.0"),
        (["--outcome", "explode"], "invalid choice"),
        (["--step-duration", "live=long"], "STEP=SECONDS"),
        (["--schema-minimum", "plan"], "TYPE=VERSION"),
        (["--schema-minimum", "plan=newest"], "schema_minimums['plan']"),
        (["--plans", "0"], "plans is 0"),
        (["--api", "graph"], "invalid choice"),
    ],
)
def test_a_wrong_option_is_said_with_the_usage(capsys, arguments, text):
    with pytest.raises(SystemExit) as exit_code:
        main(arguments)
    assert exit_code.value.code == 2
    assert text in capsys.readouterr().err


def exported(out):
    """Return the connections that the command line prints, by the variable's name."""
    lines = [shlex.split(line)[1] for line in out.splitlines() if line.startswith("export ")]
    return {line.partition("=")[0]: json.loads(line.partition("=")[2]) for line in lines}


@pytest.mark.parametrize(
    ("api", "types"),
    [
        ("product_ingestion", {"AIRFLOW_CONN_CPP_DEFAULT": "product_ingestion"}),
        ("both", {"AIRFLOW_CONN_CPP_DEFAULT": "cpp", "AIRFLOW_CONN_PRODUCT_INGESTION": "product_ingestion"}),
    ],
)
def test_it_prints_the_connection_to_the_service_that_is_asked_for(run, api, types):
    process, ready = run("--api", api)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    connections = exported(out)
    assert {name: connection["conn_type"] for name, connection in connections.items()} == types
    assert ready["connection"] == connections["AIRFLOW_CONN_CPP_DEFAULT"]
    assert list(ready["connections"]) == ["cloud_partner_portal", "product_ingestion"]


def test_settings_of_the_second_door_are_options(run):
    _, ready = run(
        *("--row-delay", "5", "--conflict-answer", "http", "--no-version-ceiling", "--extra-members"),
        *("--schema-minimum", "plan=2022-03-01-preview3", "--max-page-size", "7", "--plans", "3"),
    )
    settings = requests.get(f"{ready['plain_url']}/emulator/settings", timeout=10).json()
    wanted = {
        "row_delay": 5.0,
        "conflict_answer": "http",
        "version_ceiling": False,
        "extra_members": True,
        "retired_host_refused": True,
        "schema_minimums": {"plan": "2022-03-01-preview3"},
        "max_page_size": 7,
    }
    assert {name: settings[name] for name in wanted} == wanted
