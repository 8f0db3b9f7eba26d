"""What of a list of resources is asked for: which submission a job made."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_cpp.services.product_ingestion.products import GUID
from airflow_provider_cpp.services.product_ingestion.schemas import schema_of

_SUBMISSION = re.compile(rf"submission/({GUID})/([1-9]\d{{0,19}})")


def submission_in(document: object) -> tuple[str, str, str] | str | None:
    """Return product, submission and target of the submission among a job's resources; None if there is none.

    Where it isn't understood, that is returned in words: a job that publishes isn't one that publishes nothing.

    :param document: what the service says of the job's resources.
    """
    resources = document.get("resources") if isinstance(document, Mapping) else None
    if not isinstance(resources, list):
        return "the body has no resources"
    unclear = None
    for resource in resources:
        if not isinstance(resource, Mapping):
            unclear = "a resource of the job isn't understood"
            continue
        schema = schema_of(resource) or schema_of({"id": resource.get("id")})
        if schema is None or schema.type != "submission":
            continue
        match = _SUBMISSION.fullmatch(str(resource.get("id")))
        target = resource.get("target")
        kind = str(target.get("targetType") if isinstance(target, Mapping) else "").casefold()
        if match is not None and kind in {"preview", "live"}:
            return match[1].lower(), match[2], kind
        if kind != "draft":
            unclear = "the submission of the job isn't understood"
    return unclear
