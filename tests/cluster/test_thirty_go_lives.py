"""Thirty offers go live, by both APIs, while each part of the cluster is killed or restarted once."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.faults import Fault
from dev.airflow_api import AirflowApiError, run_path
from dev.local_cluster import LocalCluster, left_running
from tests.chaos.release import posts, states, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

HERE = Path(__file__).parent
COMPOSE = HERE.parent.parent / "docs" / "deployment" / "compose.yaml"

#: Where the parts' output and the tasks' logs of the last run are kept.
SAID = HERE.parent.parent / ".airflow" / "cluster"

CONNECTIONS = {"cpp_default": "cloud_partner_portal", "ingestion": "product_ingestion"}
DAGS = ("cluster_many", "cluster_one")

#: So many offers by each API go live in one run, and so many in a run of their own.
IN_ONE_RUN = 8
IN_RUNS_OF_THEIR_OWN = 7

#: Seconds that an answer to a POST is held back, longer than its worker lives.
LONG = 60.0

#: Seconds that Redis and PostgreSQL are away, and that the API server is.
AWAY = 5.0
GONE = 60.0

#: Airflow's defaults would have the test wait for minutes until it notices a lost worker or triggerer.
NOTICE_SOON = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}


def random_key(size: int = 48) -> str:
    return base64.urlsafe_b64encode(os.urandom(size)).decode()


class Story:
    """What is done to the cluster, what is seen, and when."""

    def __init__(self, cluster: LocalCluster, portal: Emulator) -> None:
        self.cluster = cluster
        self.portal = portal
        self.runs: dict[tuple[str, str], list[str]] = {}
        #: What the tasks' logs hold, each with the task instance that it is from.
        self.entries: list[dict[str, Any]] = []
        self._began = time.monotonic()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s  {what}", flush=True)

    def api(self, method: str, path: str, json: Any = None, params: Any = None) -> Any:
        return self.cluster.api.call(method, path, json, params)

    def read(self, path: str, params: Any = None) -> Any:
        """Read from Airflow's API, which fails for a while where the database or the API server is away."""
        for pause in (1, 2, 4, 8, 16):
            try:
                return self.api("GET", path, params=params)
            except (AirflowApiError, requests.RequestException) as error:
                if isinstance(error, AirflowApiError) and error.status_code < 500:
                    raise
                time.sleep(pause)
        return self.api("GET", path, params=params)

    # The offers

    def add_offers(self, kind: str, count: int) -> dict[str, list[str]]:
        """Add offers for each connection."""
        added = {
            conn_id: [f"{kind}-{conn_id.replace('_', '-')}-{number:02}" for number in range(1, count + 1)]
            for conn_id in CONNECTIONS
        }
        for offer_id in itertools.chain(*added.values()):
            self.portal.add_offer(offer_id, duration=3600)
        return added

    def wait_for_posts(self, offer_ids: list[str], seconds: float = 300) -> None:
        def are_accepted() -> bool:
            return all(any(posts(self.portal, each)) for each in offer_ids)

        wait_until(are_accepted, f"a go-live of each of {offer_ids}", seconds)

    def finish(self, offer_ids: list[str], how: str = "succeed") -> None:
        """End the operations in the portal."""
        self.wait_for_posts(offer_ids)
        for offer_id in offer_ids:
            self.portal.finish(offer_id, how)

    # The runs

    def trigger(self, dag_id: str, of_run: list[str], **conf: Any) -> str:
        body = {"conf": conf, "logical_date": None}
        run_id: str = self.api("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"]
        self.runs[dag_id, run_id] = of_run
        return run_id

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.read(run_path(dag_id, run_id, "taskInstances"))["task_instances"]
        return found

    def count(self, state: str, task_id: str | None = None) -> int:
        found = [each for run in self.runs for each in self.instances(*run)]
        return sum(each["state"] == state and task_id in (None, each["task_id"]) for each in found)

    def instance(self, offer_id: str) -> dict[str, Any]:
        """Return the task instance that takes an offer live."""
        ((run, number),) = [(run, ids.index(offer_id)) for run, ids in self.runs.items() if offer_id in ids]
        index = number if run[0] == "cluster_many" else -1
        (found,) = [
            each for each in self.instances(*run) if (each["task_id"], each["map_index"]) == ("go_live", index)
        ]
        return found

    def have_ended(self, offer_ids: list[str]) -> bool:
        """Return whether the tasks that take these offers live have ended."""
        return all(self.instance(each)["state"] in {"success", "failed"} for each in offer_ids)

    def run_states(self) -> Counter[str]:
        return Counter(self.read(run_path(*run))["state"] for run in self.runs)

    def read_logs(self) -> None:
        """Read the logs of all tries."""
        for run in self.runs:
            for instance in self.instances(*run):
                for number in range(1, instance["try_number"] + 1):
                    self.entries += self._entries(run, instance, number)

    def _entries(self, run: tuple[str, str], instance: dict[str, Any], try_number: int) -> list[dict[str, Any]]:
        path = run_path(*run, "taskInstances", instance["task_id"], "logs", str(try_number))
        query = {"full_content": "true", "map_index": instance["map_index"]}
        try:
            content = self.read(path, query)["content"]
        except AirflowApiError as error:
            if error.status_code != 404:
                raise
            content = []  # Airflow has counted a try that it never began.
        of = {"run": run, "task": instance["task_id"], "index": instance["map_index"], "try": try_number}
        return [{**of, "state": instance["state"], "entry": entry} for entry in content]

    # The parts

    def worker_of(self, instance: dict[str, Any]) -> str:
        """Return the worker that runs a task instance."""
        for name in ("worker-1", "worker-2"):
            for process in self.cluster.processes(name):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if instance["id"] in " ".join(process.cmdline()):
                        return name
        raise AssertionError(f"no worker runs {instance}")

    def connections_to_portal(self, name: str) -> int:
        """Return how many connections a part has to the portal."""
        port = int(self.portal.url.rpartition(":")[2])
        found = 0
        for process in self.cluster.processes(name):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += sum(bool(each.raddr) and each.raddr.port == port for each in process.net_connections())
        return found

    def wait_for_api(self) -> None:
        wait_until(self.cluster.api.health, "the API server", 120)


@pytest.fixture(scope="module")
def portal():
    with Emulator(duration=3600) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def story(portal):
    """The whole of it: the cluster, the offers, what was killed; the cluster is still there, and all has ended."""
    variables = {
        "FERNET_KEY": random_key(32),
        "JWT_SECRET": random_key(),
        "API_SECRET_KEY": random_key(),
        "POSTGRES_PASSWORD": "of-postgres",
        "REDIS_PASSWORD": "of-redis",
        "ADMIN_PASSWORD": "of-admin",
        "AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json(),
    }
    began = time.monotonic()
    with LocalCluster(COMPOSE, variables, scale={"worker": 2}, dags=HERE / "dags", env=NOTICE_SOON) as cluster:
        story = Story(cluster, portal)
        print()
        story.say(f"{', '.join(cluster.parts)} are up, after {time.monotonic() - began:.0f} s")
        prepare(story)
        SAID.mkdir(parents=True, exist_ok=True)
        try:
            play(story)
        finally:
            (SAID / "parts.txt").write_text(cluster.log_tails(100_000), encoding="utf-8")
        story.read_logs()
        (SAID / "tasks.txt").write_text("\n".join(map(json.dumps, story.entries)), encoding="utf-8")
        yield story
    story.say("the cluster has ended")
    assert left_running(cluster.folder) == []
    assert not cluster.folder.exists()


def prepare(story: Story) -> None:
    """The second connection, in Airflow's database, and the DAGs."""
    connection = story.portal.connection(api="product_ingestion")
    host, _, port = connection["host"].rpartition(":")
    fields = {**connection, "connection_id": "ingestion", "host": host, "port": int(port)}
    story.api("POST", "/connections", {**fields, "extra": json.dumps(connection["extra"])})

    def is_there(dag_id: str) -> bool:
        try:
            story.api("GET", f"/dags/{dag_id}/details")
        except AirflowApiError:
            return False
        return True

    for dag_id in DAGS:
        wait_until(lambda each=dag_id: is_there(each), f"the DAG {dag_id}", 120)
        story.api("PATCH", f"/dags/{dag_id}", {"is_paused": False})


def play(story: Story) -> None:
    many = story.add_offers("many", IN_ONE_RUN)
    alone = story.add_offers("alone", IN_RUNS_OF_THEIR_OWN)
    for conn_id, offer_ids in many.items():
        a_worker_is_killed_between_post_and_answer(story, conn_id, offer_ids)
    first, rest = parted(many)
    a_triggerer_is_killed(story, first, [*first, *rest])
    redis_is_restarted(story, alone)
    second, others = parted(alone)
    postgres_is_restarted(story, second)
    failing = [rest[0], others[-1]]
    the_api_server_is_gone_for_a_minute(story, [each for each in (*rest, *others) if each not in failing], failing)
    began = time.monotonic()
    wait_until(lambda: set(story.run_states()) <= {"success", "failed"}, "each run to end", 420)
    story.say(f"all runs have ended, {time.monotonic() - began:.0f} s later: {dict(story.run_states())}")
    story.say(f"ended by themselves and were started again: {story.cluster.came_back or 'none'}")


def parted(offers: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    """Return the first half of each connection's offers, and the rest."""
    halves = [(ids[: len(ids) // 2], ids[len(ids) // 2 :]) for ids in offers.values()]
    return [each for half, _ in halves for each in half], [each for _, half in halves for each in half]


def a_worker_is_killed_between_post_and_answer(story: Story, conn_id: str, offer_ids: list[str]) -> None:
    held = offer_ids[-1]
    story.portal.faults.add(Fault("slow", action="golive", offer_id=held, delay=LONG))
    story.trigger("cluster_many", offer_ids, offer_ids=offer_ids, conn_id=conn_id)
    story.wait_for_posts([held])
    worker = story.worker_of(story.instance(held))
    story.cluster.kill(worker)
    story.say(f"{worker} killed -9: {held} was accepted, and not answered yet")
    story.cluster.start(worker)
    story.wait_for_posts(offer_ids)


def a_triggerer_is_killed(story: Story, ended: list[str], watched: list[str]) -> None:
    wait_until(lambda: story.count("deferred", "wait") == len(watched), "all sensors deferred", 300)
    story.say(f"{len(watched)} sensors wait in the triggerers")
    triggerer = max(("triggerer-1", "triggerer-2"), key=story.connections_to_portal)
    story.cluster.kill(triggerer)
    story.finish(ended)
    story.say(f"{triggerer} killed -9; {len(ended)} operations have ended")
    began = time.monotonic()
    wait_until(lambda: story.count("success", "wait") == len(ended), "the other triggerer's outcomes", 120)
    story.say(f"their outcomes arrived by the other one, {time.monotonic() - began:.0f} s later")
    story.cluster.start(triggerer)


def redis_is_restarted(story: Story, alone: dict[str, list[str]]) -> None:
    for conn_id, offer_ids in alone.items():
        for offer_id in offer_ids:
            story.trigger("cluster_one", [offer_id], offer_id=offer_id, conn_id=conn_id)
    wait_until(lambda: story.count("queued"), "a task in Redis")
    queued, running = story.count("queued"), story.count("running")
    story.cluster.stop("redis")
    time.sleep(AWAY)
    story.cluster.start("redis")
    story.say(f"Redis restarted, {AWAY:g} s away; {queued} tasks were queued, {running} ran")
    began = time.monotonic()
    story.wait_for_posts([each for offer_ids in alone.values() for each in offer_ids], 900)
    story.say(f"all of them have sent their go-live, {time.monotonic() - began:.0f} s later")


def postgres_is_restarted(story: Story, ended: list[str]) -> None:
    story.cluster.stop("postgres")
    story.finish(ended)
    time.sleep(AWAY)
    story.cluster.start("postgres")
    story.say(f"PostgreSQL restarted, {AWAY:g} s away; {len(ended)} operations have ended meanwhile")
    began = time.monotonic()
    story.wait_for_api()
    wait_until(lambda: story.have_ended(ended), "their outcomes", 300)
    story.say(f"their outcomes arrived {time.monotonic() - began:.0f} s later")


def the_api_server_is_gone_for_a_minute(story: Story, ended: list[str], failed: list[str]) -> None:
    story.cluster.kill("api-server")
    story.say(f"API server killed -9 for {GONE:g} s")
    story.finish(ended)
    story.finish(failed, "fail")
    time.sleep(GONE)
    story.cluster.start("api-server")
    story.say(f"{len(ended)} operations succeeded meanwhile, {len(failed)} failed; API server started")
    story.wait_for_api()


def all_offers(story):
    return [offer_id for offer_ids in story.runs.values() for offer_id in offer_ids]


def test_every_outcome_arrives(story):
    assert len(all_offers(story)) == 30
    for run, offer_ids in story.runs.items():
        ended = {(each["task_id"], each["map_index"]): each["state"] for each in story.instances(*run)}
        for number, offer_id in enumerate(offer_ids):
            (said,) = states(story.portal, offer_id)
            expected = "success" if said == "succeeded" else "failed"
            if run[0] == "cluster_many":
                assert ended["go_live", number] == "success", offer_id
                assert ended["wait", number] == expected, offer_id
            else:
                assert ended["go_live", -1] == expected, offer_id


def test_each_offer_went_live_exactly_once(story):
    for offer_id in all_offers(story):
        assert sum(posts(story.portal, offer_id)) == 1, offer_id
        assert story.portal.requests_for("cancel", offer_id) == []
    sent = sum(len(posts(story.portal, offer_id)) for offer_id in all_offers(story))
    story.say(f"{sent} POSTs arrived for 30 offers; 30 were accepted, one for each")


def test_no_line_of_a_log_misleads(story):
    ours = [each for each in story.entries if is_ours(each["entry"])]
    assert len(ours) > 10 * len(all_offers(story))
    misleading = [
        each
        for each in ours
        if each["state"] == "success"
        and (each["entry"]["level"] in {"error", "critical"} or "fail" in json.dumps(each["entry"]).lower())
    ]
    assert misleading == []
    # The end that is in the log is the operation's. A try that was cut off after it has said so says it again.
    for offer_id in all_offers(story):
        (state,) = states(story.portal, offer_id)
        said = any(f"Offer contoso/{offer_id} succeeded." in each["entry"]["event"] for each in ours)
        assert said == (state == "succeeded"), offer_id
    story.say(f"{len(story.entries)} entries of tasks' logs were read, {len(ours)} of them ours: none misleads")


def is_ours(entry: dict[str, Any] | str) -> bool:
    """Whether the provider wrote it, or an error came through its code."""
    return not isinstance(entry, str) and (
        "airflow_provider_cpp" in str(entry.get("logger"))
        or "airflow_provider_cpp" in json.dumps(entry.get("error_detail"))
    )


def test_metrics_arrived(story):
    lines = story.cluster.statsd.lines
    assert lines["airflow.triggerer_heartbeat"] > 0
    assert any(name.startswith("airflow.cpp.polls") for name in lines)
    story.say(f"{lines.total()} lines of {len(lines)} metrics arrived over StatsD")


def test_tasks_whose_messages_redis_has_lost_are_sent_again(story):
    # After all others, as it adds to the offers.
    workers = ("worker-1", "worker-2")
    offer_ids = [f"lost-{number}" for number in range(4)]
    for worker in workers:
        story.cluster.stop(worker)
    for offer_id, conn_id in zip(offer_ids, [*CONNECTIONS, *CONNECTIONS], strict=True):
        story.portal.add_offer(offer_id, duration=3)
        story.trigger("cluster_one", [offer_id], offer_id=offer_id, conn_id=conn_id)
    wait_until(lambda: story.count("queued") == len(offer_ids), "the tasks in Redis")
    story.cluster.kill("redis")
    for part in ("redis", *workers):
        story.cluster.start(part)
    story.say(f"Redis killed -9 while both workers were away: it has lost {len(offer_ids)} queued tasks")
    began = time.monotonic()
    wait_until(lambda: story.have_ended(offer_ids), "their end", 300)
    story.say(f"they were queued anew and have ended, {time.monotonic() - began:.0f} s later")
    assert [story.instance(each)["state"] for each in offer_ids] == ["success"] * len(offer_ids)
    assert [posts(story.portal, each) for each in offer_ids] == [[True]] * len(offer_ids)
