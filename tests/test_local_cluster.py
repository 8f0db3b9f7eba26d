"""What `make cluster` does about a part that ends, a metric that arrives, and what isn't installed."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from dev.airflow_settings import free_ports
from dev.compose_file import read_services
from dev.kept_process import KeptProcess
from dev.local_cluster import LocalCluster, LocalClusterError, Part, left_running
from dev.statsd_receiver import StatsdReceiver
from tests.test_compose_file import EXAMPLE, VARIABLES

FOR_EVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def wait_until(is_so, seconds=20):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def kept(tmp_path):
    started = []

    def keep(*command):
        process = KeptProcess("part", command, os.environ, tmp_path / "output.log", 5, tmp_path)
        started.append(process)
        process.start()
        return process

    yield keep
    for process in started:
        process.kill()


def test_a_part_that_ends_is_started_again_as_its_service_says(kept):
    part = Part(kept(sys.executable, "-c", "raise SystemExit(1)"), comes_back=True)

    def came_back_twice():
        part.start_again_if_due()
        return part.restarts == 2

    wait_until(came_back_twice)


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_part_that_was_ended_or_is_to_end_stays_down(kept, comes_back):
    process = kept(*FOR_EVER)
    part = Part(process, comes_back)
    if comes_back:
        part.end(process.kill)
    else:
        process.kill()
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        part.start_again_if_due()
    assert (part.restarts, process.has_ended) == (0, True)


def test_what_is_left_running_is_found_by_its_folder(kept, tmp_path):
    process = kept(*FOR_EVER)
    wait_until(lambda: len(left_running(tmp_path)) == 2)  # with the keeper
    process.kill()
    assert left_running(tmp_path) == []


def test_each_line_of_a_metric_is_counted():
    (port,) = free_ports(1)
    with StatsdReceiver(port) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"airflow.ours:1|c\nairflow.ours:2|c", ("127.0.0.1", port))
        sender.sendto(b"airflow.other:0.5|ms", ("127.0.0.1", port))
        wait_until(lambda: receiver.lines.total() == 3)
        assert receiver.lines == {"airflow.ours": 2, "airflow.other": 1}


def test_where_redis_is_missing_it_says_what_to_install(monkeypatch):
    services = read_services(EXAMPLE.read_text(encoding="utf-8"), VARIABLES, {})
    cluster = LocalCluster(EXAMPLE, VARIABLES, scale={}, dags=Path(), env={})
    monkeypatch.setenv("PATH", "")
    with contextlib.ExitStack() as stack, pytest.raises(LocalClusterError, match="apt install redis-server"):
        cluster._start_redis(services["redis"], stack)


@pytest.mark.airflow
def test_postgres_at_a_port_asks_for_the_password_and_keeps_its_data_over_a_restart():
    import psycopg2

    from dev.postgres import LocalPostgres

    (port,) = free_ports(1)
    at = {"host": "127.0.0.1", "port": port, "user": "airflow", "dbname": "airflow"}
    with LocalPostgres(port=port, password="of-test", database="airflow") as postgres:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(**at, password="another")
        before = psycopg2.connect(**at, password="of-test")
        with before, before.cursor() as cursor:
            cursor.execute("create table kept (number int); insert into kept values (1)")
        postgres.stop()
        assert postgres.has_ended
        postgres.start()
        after = psycopg2.connect(**at, password="of-test")
        with after, after.cursor() as cursor:
            cursor.execute("select number from kept")
            assert cursor.fetchall() == [(1,)]
        before.close()
        after.close()
    assert postgres.has_ended
