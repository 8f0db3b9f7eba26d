"""Decides how an answer names its operation: in which header, absolute or relative, by which id."""

from __future__ import annotations

from airflow_provider_cpp.emulator.operations import GO_LIVE, Operation


def legacy_id(operation: Operation) -> str:
    """Return the id under ``/api/operations/``, for offers that weren't migrated ("Publish offer" page).

    The go-live page's sample ends in ``$preview`` too; ``$production`` is an inference.

    :param operation: which
    """
    slot = "production" if operation.kind == GO_LIVE else "preview"
    return f"{operation.publisher_id}${operation.offer_id}${operation.offer_version}${slot}"


def location_headers(operation: Operation, form: str, base_url: str, api_version: str) -> dict[str, str]:
    """Return the headers that lead to an operation.

    Every long-running call uses the chosen form, although the pages of 2018 mixed two of them.

    :param operation: where to
    :param form: a ``location_form`` of the settings
    :param base_url: scheme and host that the client used
    :param api_version: of the request that is answered
    """
    path = f"/api/publishers/{operation.publisher_id}/offers/{operation.offer_id}/operations/{operation.id}"
    version = f"?api-version={api_version}"
    absolute = {"Operation-Location": base_url + path}
    relative = {"Location": path + version}
    legacy = f"/api/operations/{legacy_id(operation)}{version}"
    return {
        "location-relative": relative,
        "location-legacy": {"Location": legacy},
        "operation-location-absolute": absolute,
        "operation-location-relative": {"Operation-Location": legacy},
        "both": absolute | relative,
        "none": {},
    }[form]
