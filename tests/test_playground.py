"""What `make airflow` offers to a newcomer: an address of one's choice, and a connection that can be looked at."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_cpp.hooks.offers import OffersHook
from dev import scene, serve
from dev.airflow_settings import is_free
from dev.local_airflow import LocalAirflow, LocalAirflowError

ROOT = Path(__file__).parent.parent


class Shown:
    """Stands for Airflow: what it was told to be, and the connections in its database."""

    url, parts = "http://127.0.0.1:8080", ()
    add_connection = LocalAirflow.add_connection

    def __init__(self, dags, **settings):
        self.settings = settings
        self.connections = []

    def api(self, method, path, json=None):
        assert (method, path) == ("POST", "/connections")
        self.connections.append(json)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def playground(monkeypatch):
    monkeypatch.setattr(scene, "LocalAirflow", Shown)
    with scene.scene(lambda *_: None, duration=1, port=8080) as (portal, airflow):
        yield portal, airflow


def test_its_connection_is_in_the_database_with_a_port_so_that_its_test_works(playground):
    portal, airflow = playground
    (connection,) = airflow.connections
    assert connection["connection_id"] == "cpp_default"
    assert f"{connection['host']}:{connection['port']}" == portal.url
    assert isinstance(connection["port"], int)
    assert isinstance(connection["extra"], str)
    assert airflow.settings["env"] == {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled", **scene.SIGNATURE}


def test_a_second_connection_leads_to_the_same_portal_by_the_newer_api(playground):
    portal, airflow = playground
    serve.connect_by_newer_api(portal, airflow)
    older, newer = airflow.connections
    assert (newer["connection_id"], newer["conn_type"]) == (serve.NEWER_API, "product_ingestion")
    assert (newer["host"], newer["port"]) == (older["host"], older["port"])
    assert older["connection_id"] in serve.HOW_TO
    assert "{newer}" in serve.HOW_TO


def test_the_images_that_it_prints_can_be_released_by_either_api(playground, monkeypatch):
    portal, _ = playground
    scene.add_catalogue(portal)
    assert "{plans}" in serve.HOW_TO
    wanted = scene.images_of("1.0.1")
    for number, api in enumerate(scene.APIS):
        monkeypatch.setenv(f"AIRFLOW_CONN_API{number}", portal.connection_json(api=api))
        for each in wanted["plans"]:
            result = OffersHook(f"api{number}").add_image_version(
                scene.RELEASED, each["plan_id"], wanted["image_version"], each["images"], "contoso", dry_run=True
            )
            assert len(result.added) == 2, api


def test_its_address_is_the_one_that_was_asked_for(playground):
    assert playground[1].settings["port"] == 8080


def test_make_hands_the_port_over():
    said = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "-o", ".venv/made-from-3.3", "airflow", "PORT=8080"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[-1].endswith("-m dev.serve 8080")


def test_a_word_that_is_no_port_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["serve", "eighty"])
    with pytest.raises(SystemExit):
        serve.main()
    assert "eighty" in capsys.readouterr().err


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_port_that_cant_be_one_is_refused(port):
    assert not is_free(port)


def test_a_port_that_is_taken_is_reported_before_anything_is_started(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        airflow = LocalAirflow(tmp_path, home=tmp_path / "home", port=port)
        with pytest.raises(LocalAirflowError, match=f"port {port} is taken"), airflow:
            pytest.fail("it can't have started")
    assert not (tmp_path / "home").exists()


def test_the_steps_name_the_port_that_airflow_needs_for_its_test():
    for text in (serve.HOW_TO, *((ROOT / page).read_text() for page in ("README.md", "docs/quickstart.md"))):
        words = " ".join(text.split())
        assert "443" in words
        assert "3.3.1 and 3.3.2" in words
