"""Decides what tests get: an emulator as the connection ``cpp_default``, and the answers of a person.

Installed with the package, as ``airflow-provider-cpp[emulator]``; nothing is imported until a test asks.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from airflow_provider_cpp.emulator.emulator import Emulator


class Question:
    """What a task asked a person, as it was shown.

    :param task_id: the task that asked.
    :param subject: the headline, rendered.
    :param body: the text below it, rendered; None if there is none.
    :param options: what could be answered.
    :param map_index: of a mapped task its index, else -1.
    """

    def __init__(self, task_id: str, subject: str, body: str | None, options: list[str], map_index: int) -> None:
        self.task_id = task_id
        self.subject = subject
        self.body = body
        self.options = options
        self.map_index = map_index


class HitlAnswers(dict[str, "str | list[str] | dict[str, Any]"]):
    """A person's answers by task id: ``hitl_answers["approve"] = "Approve"``.

    A list where several options may be chosen; where a form has to be filled in, ``{"chosen_options": [...],
    "params_input": {...}}``, as Airflow's API takes it. ``questions`` has what was asked so far. A question
    without an answer, or with one that isn't among its options, fails its task at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[Question] = []

    def to(self, question: Question) -> dict[str, Any]:
        """Note a question, and return its answer as Airflow's API takes it.

        :raises AirflowFailException: the test has no answer, or one that can't be given.
        """
        from airflow.providers.common.compat.sdk import AirflowFailException

        self.questions.append(question)
        if question.task_id not in self:
            raise AirflowFailException(
                f"Task {question.task_id} asks a person, and the test has no answer: "
                f'hitl_answers["{question.task_id}"] = "{question.options[0]}"'
            )
        given = self[question.task_id]
        answer = (
            given if isinstance(given, dict) else {"chosen_options": [given] if isinstance(given, str) else given}
        )
        if unknown := [option for option in answer["chosen_options"] if option not in question.options]:
            raise AirflowFailException(
                f"Task {question.task_id} can't be answered with {', '.join(unknown)}; "
                f"its options are {', '.join(question.options)}."
            )
        return {"params_input": {}, **answer}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for those who run with ``--strict-markers``."""
    config.addinivalue_line(
        "markers",
        "cpp_offers(folder): cpp_emulator begins with a copy of this folder's offers; relative to the rootdir",
    )
    config.addinivalue_line(
        "markers",
        "cpp_api(name): the connection of cpp_emulator leads to this service, e.g. product_ingestion",
    )
    config.addinivalue_line(
        "markers",
        "cpp_settings(**settings): cpp_emulator behaves like this from the start, see the Settings class",
    )


@pytest.fixture
def cpp_emulator(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """Run an emulator with the offer ``contoso/contoso-virtualmachineoffer``, ready to go live.

    Operations take one second. ``AIRFLOW_CONN_CPP_DEFAULT`` leads to it. A test with the marker
    ``cpp_offers("folder")`` gets a copy of that folder's offers instead, so that what it puts changes no file
    of yours; with ``cpp_api("product_ingestion")`` the connection leads to the Product Ingestion API; and
    ``cpp_settings(row_delay=5)`` lets it behave so from the start.
    """
    from airflow_provider_cpp.emulator.emulator import Emulator

    offers = None
    if marker := request.node.get_closest_marker("cpp_offers"):
        (folder,) = marker.args
        offers = shutil.copytree(request.config.rootpath / folder, tmp_path / "cpp-offers")
    markers = list(request.node.iter_markers("cpp_settings"))
    settings = {name: value for marker in reversed(markers) for name, value in marker.kwargs.items()}
    marker = request.node.get_closest_marker("cpp_api")
    api = {} if marker is None else {"api": marker.args[0]}
    with Emulator(**{"duration": 1.0, **settings}, offers=offers) as emulator:
        if offers is None:
            emulator.add_offer("contoso-virtualmachineoffer")
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", emulator.connection_json(**api))
        yield emulator


@pytest.fixture
def hitl_answers(monkeypatch: pytest.MonkeyPatch) -> HitlAnswers:
    """Answer the questions that tasks ask people (Airflow 3.1 and later), so that ``dag.test()`` waits for nobody.

    ``hitl_answers["approve"] = "Approve"`` answers for the task ``approve``. The task asks as in a real run, its
    notifiers included, and then goes on with the answer at once, instead of waiting for somebody.
    """
    from airflow_provider_cpp import airflow_versions

    answers = HitlAnswers()
    operator = airflow_versions.operator_that_asks()
    ask: Callable[..., Any] = operator.execute

    def execute(task: Any, context: Any) -> Any:
        try:
            ask(task, context)
        except BaseException as wait:
            if not airflow_versions.waits_for_person(wait):
                raise
        instance = context["ti"]
        question = Question(task.task_id, task.subject, task.body, list(task.options), instance.map_index)
        return task.execute_complete(
            context,
            {
                **answers.to(question),
                "responded_at": datetime.now(UTC),
                "responded_by_user": {"id": "test", "name": "test"},
            },
        )

    monkeypatch.setattr(operator, "execute", execute)
    return answers
