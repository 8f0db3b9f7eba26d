"""Decides where the document of an operation that failed has its reason.

The pages have it in messages. The other places are those of other services' documents, see ``refusals``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_cpp.emulator.refusals import said

#: Where an operation that failed has its reason: fields of it, and of the step that failed.
REASON_FORMS: dict[str, Callable[[str], tuple[dict[str, Any], dict[str, Any]]]] = {
    "message": lambda reason: ({"message": reason}, {}),
    "errors": lambda reason: ({"errors": [{"code": "ImageNotFound", "message": reason}]}, {}),
    "error-details": lambda reason: (said("details", reason), {}),
    "inner-error": lambda reason: ({"error": said("inner", reason)}, {}),
    "status-details": lambda reason: ({"statusDetails": {"errors": [{"message": reason}]}}, {}),
    "messages-text": lambda reason: ({"messages": reason}, {}),
    "step-error": lambda reason: ({}, {"error": {"code": "ImageNotFound", "message": reason}}),
    "step-message": lambda reason: ({}, {"message": reason}),
    "none": lambda _reason: ({}, {}),
}
