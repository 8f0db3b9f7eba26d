"""What of a list of resources is asked for: which submission a job made."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_cpp.services.product_ingestion.products import GUID

_SUBMISSION = re.compile(rf"submission/({GUID})/([1-9]\d{{0,19}})")


def submission_in(document: object) -> tuple[str, str, str] | None:
    """Return product, submission and target of the submission among a job's resources; None if there is none.

    :param document: what the service says of the job's resources.
    """
    resources = document.get("resources") if isinstance(document, Mapping) else None
    for resource in resources if isinstance(resources, list) else ():
        if not isinstance(resource, Mapping) or not isinstance(resource.get("id"), str):
            continue
        match = _SUBMISSION.fullmatch(resource["id"])
        if match is None:
            continue
        target = resource.get("target")
        kind = target.get("targetType") if isinstance(target, Mapping) else None
        if kind in {"preview", "live"}:
            return match[1].lower(), match[2], str(kind)
    return None
