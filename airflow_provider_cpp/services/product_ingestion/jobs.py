"""What the document of a configure job says: how far it is, what came of it, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airflow_provider_cpp.lro.operations import Message, Operation
from airflow_provider_cpp.lro.words import FAILED, SUCCEEDED, folded, state_of
from airflow_provider_cpp.services.product_ingestion.advice import says_conflict
from airflow_provider_cpp.wire.answers import Answer, no_json, parsed_body, unexpected
from airflow_provider_cpp.wire.confidential import without_secrets
from airflow_provider_cpp.wire.plain_text import one_line, plain_text
from airflow_provider_cpp.wire.refusals import words_of

#: What one tree of errors may have, so that a body of a megabyte makes no event of thirty.
MAX_ERRORS = 200

_JOB_ID = re.compile(r"[A-Za-z0-9-]{1,64}")

#: What the codes of a tree of errors are where another submission is in the way, and no resource is wrong.
_IN_THE_WAY = frozenset({"conflict", "locked", "productlocked", "invalidstate"})

#: Members of an error that have a place of their own.
_KNOWN = frozenset({"code", "message", "details", "resourceid"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One node of a tree of errors.

    :param code: the service's own code, without secrets, like all of it; empty if it gives none.
    :param text: its message as plain text.
    :param resource: the resource that it is about; empty if it names none.
    """

    code: str
    text: str
    resource: str = ""

    def __str__(self) -> str:
        """Return it in words, the message first."""
        more = ", ".join(part for part in (self.code, self.resource) if part and part not in self.text)
        return f"{self.text} ({more})" if self.text and more else self.text or more


@dataclass(frozen=True, slots=True)
class Job:
    """A configure job at one moment.

    :param id: its GUID; empty if the document names none.
    :param status: the service's word for how far it is: `notStarted`, `running`, `completed`.
    :param result: the service's word for what came of it: `pending`, `succeeded`, `failed`, `cancelled`.
    :param failures: why it failed, the innermost reason first.
    """

    id: str
    status: str
    result: str
    failures: tuple[Failure, ...] = ()

    @property
    def state(self) -> str:
        """`running`, `succeeded`, `failed` or `canceled`."""
        of_status = state_of(self.status)
        # Completed says only that it is over; how, the result says. Another word of an end says it by itself.
        return state_of(self.result) if of_status == SUCCEEDED else of_status

    @property
    def has_begun(self) -> bool:
        """Return whether it is known to have been started."""
        return folded(self.status) not in {"", "notstarted"}

    @property
    def met_conflict(self) -> bool:
        """Return whether it failed because of another submission, and not because of what it was to publish."""
        if self.state != FAILED:
            return False
        if any(says_conflict(failure.text) for failure in self.failures):
            return True
        codes = {folded(failure.code) for failure in self.failures if failure.code}
        return bool(codes & {"conflict", "locked", "productlocked"}) and codes <= _IN_THE_WAY

    @property
    def failed_certification(self) -> bool:
        """Return whether it failed in certification, which the same would fail in again.

        Its outer code looks as if that might pass (release-engineering/cloudpub): a node says so, at any depth.
        """
        return self.state == FAILED and any(
            folded(failure.code) == "invalidstate" and "certification" in failure.text.casefold()
            for failure in self.failures
        )

    @property
    def reason(self) -> str:
        """Return why it failed, in the service's words."""
        return "; ".join(map(str, self.failures))

    @property
    def operation(self) -> Operation:
        """The job as an operation."""
        messages = tuple(Message("error", str(failure)) for failure in self.failures)
        return Operation(self.state, self._word, messages=messages, is_refused=self.failed_certification)

    @property
    def _word(self) -> str:
        """Return the word that says most: with what is beside it, if it isn't one that is known."""
        match self.state:
            case "succeeded" | "failed" | "canceled":
                return self.result if state_of(self.result) == self.state else self.status
        if state_of(self.status) == SUCCEEDED:  # it is over, and how isn't known
            return "pending" if folded(self.result) in {"", "pending"} else f"{self.status}, {self.result}"
        return self.status if folded(self.status) in {"notstarted", "running"} else f"{self.status}, {self.result}"


def read_job(answer: Answer) -> Job | str:
    """Return the job that an answer describes, or in words why it describes none."""
    body = _document(answer)
    if isinstance(body, str):
        return body
    job_id = _member(body, "jobId")  # jobID, says the documentation
    return Job(
        job_id if isinstance(job_id, str) and is_job_id(job_id) else "",
        *_words_of(body),
        read_failures(_member(body, "errors")),
    )


def read_job_operation(answer: Answer) -> Operation | str:
    """Return the job that an answer describes as an operation, or in words why it describes none."""
    body = _document(answer)
    if isinstance(body, str):
        return body
    words, failures = _words_of(body), read_failures(_member(body, "errors"))
    return Job("", *words, failures).operation if failures else _without_failures(*words)


def _document(answer: Answer) -> Mapping[Any, Any] | str:
    """Return the document of a job, or in words why it is none."""
    if answer.damage:
        return answer.damage
    body = parsed_body(answer)
    if body is None:
        return no_json(answer)
    if not isinstance(body, dict):
        return unexpected(answer, "the body is no JSON object")
    status = _member(body, "jobStatus")
    if not isinstance(status, str) or not status.strip():
        return unexpected(answer, "the body has no jobStatus")
    return body


def _words_of(body: Mapping[Any, Any]) -> tuple[str, str]:
    """Return how far a job is, and what came of it."""
    result = _member(body, "jobResult")
    return plain_text(_member(body, "jobStatus"))[:100], plain_text(result)[:100] if isinstance(
        result, str
    ) else ""


@lru_cache(maxsize=64)
def _without_failures(status: str, result: str) -> Operation:
    """Return a job that names no error as an operation: the same object for all jobs that are as far."""
    return Job("", status, result).operation


def is_job_id(value: object) -> bool:
    """Return whether a value can be a job's identifier, and go into a path."""
    return isinstance(value, str) and _JOB_ID.fullmatch(value) is not None


def job_id_of(answer: Answer) -> str | None:
    """Return the id of the job that an answer to `POST configure` names, if it does."""
    body = parsed_body(answer)
    if not isinstance(body, dict):
        return None
    found = (value for name, value in body.items() if str(name).casefold() == "jobid")
    return next((value for value in found if isinstance(value, str) and is_job_id(value)), None)


def read_failures(errors: object) -> tuple[Failure, ...]:
    """Return what a tree of errors says, the innermost reason first, each once.

    :param errors: a list of errors, or one; each with `details` of the same form, which may be an object.
    """
    if not errors:
        return ()
    found: dict[Failure, None] = {}
    for failure in _walk(errors):
        found.setdefault(failure)
        if len(found) > MAX_ERRORS:
            break
    failures = tuple(found)
    if len(failures) > MAX_ERRORS:
        failures = (*failures[:MAX_ERRORS], Failure("", "and more errors"))
    return failures


def _walk(errors: object) -> Iterator[Failure]:
    """Yield each node after those below it; iteratively, as a tree may be as deep as a body is long."""
    stack: list[tuple[object, bool]] = [(errors, False)]
    while stack:
        node, is_below_done = stack.pop()
        if isinstance(node, list):
            stack += [(each, False) for each in reversed(node)]
        elif isinstance(node, Mapping):
            if is_below_done:
                failure = _failure(node)
                if failure is not None:
                    yield failure
                continue
            stack += [(node, True), (_member(node, "details"), False)]
        elif isinstance(node, str) and node.strip():
            yield Failure("", _words(node))


def _failure(node: Mapping[Any, Any]) -> Failure | None:
    code, message, resource = (_member(node, name) for name in ("code", "message", "resourceId"))
    text = _words(message) if isinstance(message, str) else ""
    others = {name: value for name, value in node.items() if str(name).casefold() not in _KNOWN}
    if not text and others:
        text = _words(words_of(others))
    failure = Failure(
        _words(one_line(code))[:100] if isinstance(code, str) else "",
        text,
        _words(one_line(resource))[:200] if isinstance(resource, str) else "",
    )
    return failure if failure.code or failure.text else None


def _member(node: Mapping[Any, Any], name: str) -> Any:
    """Return a member by its name, in whatever case the service writes it; None if there is none."""
    if name in node:
        return node[name]
    return next((value for key, value in node.items() if str(key).casefold() == name.casefold()), None)


def _words(text: str) -> str:
    return without_secrets(plain_text(text))
