"""Decide how a local Airflow is configured: alone, on free ports, and quick to notice things."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_free(port: int) -> bool:
    """Tell whether a server can listen on this port of the loopback interface now."""
    if not 0 < port < 65536:
        return False
    with socket.socket() as each:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do, after one that has just ended
        try:
            each.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def bundle_name(folder: Path, folders: Sequence[Path]) -> str:
    """Return the name of a DAG folder's bundle: the folder's own, or its place if there are two of a name."""
    same = [each for each in folders if each.name == folder.name]
    return folder.name if len(same) == 1 else f"{folder.name}-{folders.index(folder) + 1}"


def environment(
    home: Path,
    dags: Sequence[Path],
    port: int,
    *,
    database_url: str | None,
    pythonpath: Sequence[Path],
    extra: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of Airflow's processes.

    Nothing that configures another Airflow on this machine gets through.

    :param home: AIRFLOW_HOME
    :param dags: folders with DAG files, each a bundle
    :param port: the API server's
    :param database_url: the metadata database's SQLAlchemy URL; SQLite in the home if None
    :param pythonpath: folders to import from, before those of PYTHONPATH
    :param extra: further variables, which win over all others
    """
    url = f"http://127.0.0.1:{port}"
    bundles = [
        {
            "name": bundle_name(folder, dags),
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(folder)},
        }
        for folder in dags
    ]
    # No log server runs, as all is on one machine. Nor must another Airflow's be asked, hence the ports.
    worker_logs, trigger_logs = free_ports(2)
    settings = {
        "core": {
            "dags_folder": str(dags[0]),
            "load_examples": "False",
            "executor": "LocalExecutor",
            "parallelism": "4",
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_all_admins": "True",
            "fernet_key": _fernet_key(home),
            "execution_api_server_url": f"{url}/execution/",
            "min_serialized_dag_update_interval": "1",
        },
        # SQLite waits 5 s for whoever writes, and then the scheduler ends; on a busy machine that isn't enough.
        "database": {"sql_alchemy_conn": database_url or f"sqlite:///{home}/airflow.db?timeout=60"},
        "api": {
            "host": "127.0.0.1",
            "port": str(port),
            "base_url": url,
            "workers": "1",
            "secret_key": secrets.token_hex(32),
        },
        "api_auth": {"jwt_secret": secrets.token_hex(64), "jwt_issuer": "local-airflow"},
        "dag_processor": {
            "dag_bundle_config_list": json.dumps(bundles),
            "refresh_interval": "5",
            "bundle_refresh_check_interval": "1",
            "min_file_process_interval": "5",
            "parsing_processes": "1",
        },
        "scheduler": {"scheduler_idle_sleep_time": "0.2"},
        # A worker process notices the end of its task only when its next heartbeat is due.
        "workers": {"min_heartbeat_interval": "1"},
        # Nobody looks at a colour code in a log file.
        "logging": {
            "base_log_folder": str(home / "logs"),
            "colored_console_log": "False",
            "worker_log_server_port": str(worker_logs),
            "trigger_log_server_port": str(trigger_logs),
        },
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW_"))}
    env["AIRFLOW_HOME"] = str(home)
    for section, options in settings.items():
        env |= {f"AIRFLOW__{section}__{option}".upper(): value for option, value in options.items()}
    env["PYTHONPATH"] = os.pathsep.join([*map(str, pythonpath), *filter(None, [env.get("PYTHONPATH")])])
    env["PYTHONUNBUFFERED"] = "1"
    # Workers reach the API server on the loopback interface, whatever proxy the machine has.
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join([*filter(None, [env.get(name)]), "127.0.0.1", "localhost"])
    return {**env, **extra}


def _fernet_key(home: Path) -> str:
    # Deferred tasks' arguments are encrypted with it: in a home that is used again they must stay readable.
    file = home / "fernet.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(base64.urlsafe_b64encode(os.urandom(32)).decode())
    return file.read_text()
