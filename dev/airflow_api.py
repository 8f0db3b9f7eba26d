"""Talk to a running Airflow through its own REST API, as its UI does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import requests

#: Seconds that an answer may take: on SQLite a write waits for all others.
PATIENCE = 120


class AirflowApiError(Exception):
    """Airflow refused a call; the message has the call, the status code and Airflow's words."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


class AirflowApi:
    """Airflow's REST API v2.

    :param url: the API server's address
    :param login: user name and password; None where everybody is admin
    """

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        self.url = url
        self._login = login
        self._session = requests.Session()
        # A proxy or a .netrc of this machine is no business of a loopback call.
        self._session.trust_env = False

    def call(self, method: str, path: str, json: Any = None, params: Any = None) -> Any:
        """Send one request and return the parsed answer (None if it is empty).

        :param path: below ``/api/v2``, such as ``/dags/go_live``
        :raises AirflowApiError: on a status of 400 and above
        """
        if "Authorization" not in self._session.headers:
            self._session.headers["Authorization"] = f"Bearer {self._token()}"
        url = f"{self.url}/api/v2{path}"
        answer = self._session.request(method, url, json=json, params=params, timeout=PATIENCE)
        if answer.status_code >= 400:
            said = f"{method} {path}: {answer.status_code} {answer.text}"
            raise AirflowApiError(said, answer.status_code)
        return answer.json() if answer.content else None

    def health(self) -> dict[str, str]:
        """Return each component's status; empty as long as the server doesn't answer."""
        try:
            # The part that workers talk to is built on its first request, which takes 4 s: a task would wait.
            self._session.get(f"{self.url}/execution/health", timeout=30)
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=30)
            return {name: part["status"] for name, part in answer.json().items()} if answer.ok else {}
        except requests.RequestException:
            return {}

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _token(self) -> str:
        url = f"{self.url}/auth/token"
        if self._login is None:
            answer = self._session.get(url, timeout=30)
        else:
            name, password = self._login
            answer = self._session.post(url, json={"username": name, "password": password}, timeout=30)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token


def run_path(dag_id: str, run_id: str, *rest: str) -> str:
    """Return the path of a DAG run, or of what is below it."""
    return "/".join(["/dags", quote(dag_id, safe=""), "dagRuns", quote(run_id, safe=""), *rest])


def log_lines(answer: dict[str, Any]) -> list[str]:
    """Return a task's log as the UI shows it, one string per entry."""
    return [_log_line(entry) for entry in answer["content"]]


def folded(lines: Iterable[str]) -> list[str]:
    """Return a log with Airflow's groups folded, as the UI shows them at first."""
    shown: list[str] = []
    in_group = False
    for line in lines:
        if "::group::" in line:
            in_group = True
            shown.append(line.replace("::group::", "> "))
        elif "::endgroup::" in line:
            in_group = False
        elif not in_group:
            shown.append(line)
    return shown


# What is shown elsewhere, and what is the same in every entry of a log.
_NOT_SHOWN = {
    *("timestamp", "level", "event", "logger", "filename", "lineno", "loc", "error_detail"),
    *("dag_id", "run_id", "task_id", "ti_id", "map_index", "try_number"),
}


def _log_line(entry: dict[str, Any] | str) -> str:
    if isinstance(entry, str):
        return entry
    extras = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _NOT_SHOWN)
    errors = [f"{each.get('exc_type')}: {each.get('exc_value')}" for each in entry.get("error_detail") or []]
    parts = [
        str(entry.get("timestamp") or "")[:19].replace("T", " "),
        str(entry.get("level") or "").upper(),
        str(entry.get("event") or ""),
        extras,
        *errors,
    ]
    return " ".join(part for part in parts if part)
