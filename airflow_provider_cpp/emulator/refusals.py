"""Decides in which form, and under which headers, services behind the portal say no.

The reference prints one form of an error. These are of real answers, with invented values: of test data of
az-partner-center-cli (``service``), of issues of azure-docs 93203 (``validations``), StoreBroker 174 (``inner``),
SDCM 46 (``flat``) and azure-cli 27679 (``empty``), and of what ASP.NET, OData and a gateway answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from airflow_provider_cpp.emulator.answer import JSON, Answer

REASON = "The image of plan contoso-plan could not be found."

_HTML = "text/html; charset=utf-8"


def _service(reason: str) -> Any:
    trace = "\r\n   at Contoso.Ingestion.Api.Variants.GetAsync() in D:\\a\\src\\Variants.cs:line 310"
    return {"Variant": {"serviceName": "Variant", "error": f"{reason}{trace}", "httpStatusCode": "NotFound"}}


def _inner(reason: str) -> Any:
    inner = {"code": "ImageNotFound", "data": [], "details": [], "message": reason}
    return {
        "code": "InternalServerError",
        "data": [],
        "details": [],
        "innererror": inner,
        "message": "An internal server error occurred while processing the operation.",
        "source": "Ingestion Api",
    }


def _validations(reason: str) -> Any:
    return {"value": [{"errorCode": "Plan-20007", "severity": "Error", "message": reason, "resource": "Plan"}]}


def _details(reason: str) -> Any:
    details = [{"code": "invalidResource", "message": reason, "target": "plans[0]"}]
    return {"error": {"code": "badRequest", "message": "The request is not valid.", "details": details}}


def _problem(reason: str) -> Any:
    return {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "traceId": "00-5f7a2c10000040008000000000000021-0000000000000021-00",
        "errors": {"$.definition.plans[0]": [reason]},
    }


def _odata(reason: str) -> Any:
    return {"odata.error": {"code": "Request_BadRequest", "message": {"lang": "en-US", "value": reason}}}


#: Form of the body; of those that are JSON, the value by the reason.
_VALUES: dict[str, Callable[[str], Any]] = {
    "service": _service,
    "validations": _validations,
    "description": lambda reason: {"code": "900420", "description": reason},
    "inner": _inner,
    "details": _details,
    "errors": lambda reason: {"errors": [reason]},
    "model-state": lambda reason: {
        "Message": "The request is invalid.",
        "ModelState": {"offer.plans[0]": [reason]},
    },
    "problem": _problem,
    "odata": _odata,
    "flat": lambda reason: {"statusCode": 500, "message": reason},
    "array": lambda reason: [{"message": reason}],
    "text": lambda reason: reason,
    "nested": lambda reason: {"error": {"code": "BadRequest", "message": json.dumps({"message": reason})}},
}
_TEXTS: dict[str, Callable[[str], tuple[str, str]]] = {
    "plain": lambda reason: ("text/plain", f"{reason}\r\n"),
    "page": lambda reason: (_HTML, f"<html><head><title>{reason}</title></head><body><hr></body></html>"),
    "xml": lambda reason: ("application/xml", f"<Error><Code>NotFound</Code><Message>{reason}</Message></Error>"),
    "empty": lambda reason: ("text/plain", ""),
}

FORMS = (*_VALUES, *_TEXTS)


def said(form: str, reason: str) -> Any:
    """Return the JSON value that says a reason in a form.

    :param form: one of ``FORMS`` that is JSON
    :param reason: why
    """
    return _VALUES[form](reason)


def refused(form: str, status: int) -> Answer:
    """Return an answer that says no in a form.

    :param form: one of ``FORMS``; ``empty`` says nothing
    :param status: the HTTP status code
    """
    if form in _VALUES:
        body = json.dumps(_VALUES[form](REASON)).encode()
        return Answer(status, {"Content-Type": JSON, "MS-CorrelationId": str(uuid4())}, body)
    content_type, text = _TEXTS[form](REASON)
    reference = f"20260301T120000Z-{uuid4().hex[:25]}"
    return Answer(status, {"Content-Type": content_type, "x-azure-ref": reference}, text.encode())
