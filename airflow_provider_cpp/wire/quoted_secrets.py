"""What was sent in confidence isn't shown, wherever in a sentence the service quotes it.

`confidential` knows a secret by what stands before it. "The signature found in the request 'x' isn't the expected
one" has nothing there; but whoever sent it knows it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TypeVar

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.wire.confidential import HIDDEN, secrets_in
from airflow_provider_cpp.wire.procedures import Procedure, Say, Send

T = TypeVar("T")


def without_quoted_secrets(procedure: Procedure[T]) -> Procedure[T]:
    """Run a procedure; its lines, and the error that it ends by, have no secret of a body that it sent.

    :param procedure: what is to be run.
    :raises CppError: as the procedure.
    """
    bodies = _Bodies()
    try:
        request = next(procedure)
        while True:
            if isinstance(request, Send):
                bodies.add(request.call.body)
            elif isinstance(request, Say):
                request = replace(request, text=bodies.without_secrets(request.text))
            try:
                reply = yield request
            except BaseException as error:  # noqa: BLE001 - it is the procedure's
                request = procedure.throw(error)
            else:
                request = procedure.send(reply)
    except StopIteration as end:
        value: T = end.value
        return value
    except CppError as error:
        bodies.clean(error)
        raise


@dataclass(slots=True)
class _Bodies:
    sent: list[str] = field(default_factory=list)
    _secrets: list[str] | None = None

    def add(self, body: str) -> None:
        if body:
            self.sent.append(body)
            self._secrets = None

    def without_secrets(self, text: str) -> str:
        if self._secrets is None:
            found = {secret for body in self.sent for secret in secrets_in(json.loads(body))}
            # A longer one first: it may hold a shorter one.
            self._secrets = sorted(found, key=len, reverse=True)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def clean(self, error: BaseException | None) -> None:
        """Blank the secrets in an error and in those that it came of, which a traceback shows, too."""
        seen: set[int] = set()
        while isinstance(error, CppError) and id(error) not in seen:
            seen.add(id(error))
            error.args = (self.without_secrets(error.message), *error.args[1:])
            if error.failed_call is not None:
                action, subject, came_back = error.failed_call
                error.failed_call = action, subject, self.without_secrets(came_back)
            error = error.__cause__ or error.__context__
