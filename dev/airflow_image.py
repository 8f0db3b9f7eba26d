"""Decide what a container of Airflow's official image runs, from its command and its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOME = "/opt/airflow"

#: The settings of the ports that its parts listen on beside the API server's, each in a container of its own.
OWN_PORTS = (
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT",
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT",
    "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT",
)


def commands(command: Sequence[str], environment: Mapping[str, str]) -> list[list[str]]:
    """Return the arguments to ``airflow``, one command after the other, as the image's entry point has them.

    :param command: the container's
    :param environment: the container's
    """
    found = []
    if environment.get("_AIRFLOW_DB_MIGRATE"):
        found.append(["db", "migrate"])
    if environment.get("_AIRFLOW_WWW_USER_CREATE"):
        user = {
            "username": environment.get("_AIRFLOW_WWW_USER_USERNAME", "admin"),
            "firstname": environment.get("_AIRFLOW_WWW_USER_FIRSTNAME", "Airflow"),
            "lastname": environment.get("_AIRFLOW_WWW_USER_LASTNAME", "Admin"),
            "email": environment.get("_AIRFLOW_WWW_USER_EMAIL", "airflowadmin@example.com"),
            "role": environment.get("_AIRFLOW_WWW_USER_ROLE", "Admin"),
            "password": environment["_AIRFLOW_WWW_USER_PASSWORD"],
        }
        found.append(["users", "create", *(word for name, value in user.items() for word in (f"--{name}", value))])
    return [*found, list(command)]
