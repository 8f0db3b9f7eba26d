"""One address for every value that a DAG's author may name: what the hook takes and returns.

All are frozen and compared by value. Where each is made is nobody's business, and may change. One is imported when
it is asked for, so that a DAG file pays for what it names only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_cpp.lro.canceled import Canceled
    from airflow_provider_cpp.lro.ends import result_of
    from airflow_provider_cpp.lro.operations import Message, Operation, Step
    from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted, Precheck
    from airflow_provider_cpp.lro.records import How, Started
    from airflow_provider_cpp.offers.submission import Submission
    from airflow_provider_cpp.services.cloud_partner_portal.differences import Difference
    from airflow_provider_cpp.services.cloud_partner_portal.drafts import changes
    from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation, OperationLocation
    from airflow_provider_cpp.services.cloud_partner_portal.offers import Offer, Publisher
    from airflow_provider_cpp.services.cloud_partner_portal.putting import PutResult

__all__ = [
    "Canceled",
    "Difference",
    "DryRun",
    "How",
    "Message",
    "NotStarted",
    "Offer",
    "OfferLocation",
    "Operation",
    "OperationLocation",
    "Precheck",
    "Publisher",
    "PutResult",
    "Started",
    "Step",
    "Submission",
    "changes",
    "result_of",
]

_CPP = "services.cloud_partner_portal"

#: Where each is made.
_MADE_IN = {
    "Canceled": "lro.canceled",
    "Difference": f"{_CPP}.differences",
    "DryRun": "lro.prechecking",
    "How": "lro.records",
    "Message": "lro.operations",
    "NotStarted": "lro.prechecking",
    "Offer": f"{_CPP}.offers",
    "OfferLocation": f"{_CPP}.locations",
    "Operation": "lro.operations",
    "OperationLocation": f"{_CPP}.locations",
    "Precheck": "lro.prechecking",
    "Publisher": f"{_CPP}.offers",
    "PutResult": f"{_CPP}.putting",
    "Started": "lro.records",
    "Step": "lro.operations",
    "Submission": "offers.submission",
    "changes": f"{_CPP}.drafts",
    "result_of": "lro.ends",
}


def __getattr__(name: str) -> object:
    if name not in _MADE_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"airflow_provider_cpp.{_MADE_IN[name]}"), name)


def __dir__() -> list[str]:
    return __all__
