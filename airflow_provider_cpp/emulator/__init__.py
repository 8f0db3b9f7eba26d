"""Azure Marketplace's publishing to run against: for a demo, for this project's tests, for the tests of its users.

The server answers on loopback over https, with a login host beside the API, and is written from
Microsoft's pages alone: it shares no code with the client. Nothing is imported before a name is used, as
pytest reads this package at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.answer import ApiError
    from airflow_provider_cpp.emulator.emulator import Emulator
    from airflow_provider_cpp.emulator.faults import Fault
    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.operations import Operation
    from airflow_provider_cpp.emulator.refused import Refused
    from airflow_provider_cpp.emulator.request_log import RecordedRequest
    from airflow_provider_cpp.emulator.settings import Settings

__all__ = ["ApiError", "Emulator", "Fault", "Offer", "Operation", "RecordedRequest", "Refused", "Settings"]

_HOMES = {
    "ApiError": "answer",
    "Emulator": "emulator",
    "Fault": "faults",
    "Offer": "offers",
    "Operation": "operations",
    "RecordedRequest": "request_log",
    "Refused": "refused",
    "Settings": "settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
