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
    from airflow_provider_cpp.offers.comparison import Difference
    from airflow_provider_cpp.offers.document import Offer, Publisher
    from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
    from airflow_provider_cpp.offers.images import Image
    from airflow_provider_cpp.offers.overview import OfferOverview, Submitted
    from airflow_provider_cpp.offers.overview_report import (
        OverviewEntry,
        OverviewPart,
        OverviewReport,
        in_markdown,
        overview_report,
    )
    from airflow_provider_cpp.offers.put_result import PutResult
    from airflow_provider_cpp.offers.submission import Submission

__all__ = [
    "Canceled",
    "Difference",
    "DryRun",
    "How",
    "Image",
    "ImageVersionResult",
    "Message",
    "NotStarted",
    "Offer",
    "OfferOverview",
    "Operation",
    "OverviewEntry",
    "OverviewPart",
    "OverviewReport",
    "Precheck",
    "Publisher",
    "PutResult",
    "Started",
    "Step",
    "Submission",
    "Submitted",
    "in_markdown",
    "overview_report",
    "result_of",
]

#: Where each is made.
_MADE_IN = {
    "Canceled": "lro.canceled",
    "Difference": "offers.comparison",
    "DryRun": "lro.prechecking",
    "How": "lro.records",
    "Image": "offers.images",
    "ImageVersionResult": "offers.image_version_result",
    "Message": "lro.operations",
    "NotStarted": "lro.prechecking",
    "Offer": "offers.document",
    "OfferOverview": "offers.overview",
    "Operation": "lro.operations",
    "OverviewEntry": "offers.overview_report",
    "OverviewPart": "offers.overview_report",
    "OverviewReport": "offers.overview_report",
    "Precheck": "lro.prechecking",
    "Publisher": "offers.document",
    "PutResult": "offers.put_result",
    "Started": "lro.records",
    "Step": "lro.operations",
    "Submission": "offers.submission",
    "Submitted": "offers.overview",
    "in_markdown": "offers.overview_report",
    "overview_report": "offers.overview_report",
    "result_of": "lro.ends",
}


def __getattr__(name: str) -> object:
    if name not in _MADE_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"airflow_provider_cpp.{_MADE_IN[name]}"), name)


def __dir__() -> list[str]:
    return __all__
