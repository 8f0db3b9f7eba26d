"""Decides what the paths under ``/emulator/`` do, by which another process reads and changes the emulator.

They carry no authentication: the emulator binds to loopback unless it is told otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, json_answer
from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.emulator.refused import MISSING, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_cpp.emulator.emulation import Emulation
    from airflow_provider_cpp.emulator.operations import Operation, View

PREFIX = "/emulator/"


def answer_control(emulator: Emulation, call: Call) -> Answer:
    """Answer a request under ``/emulator/``.

    :param emulator: what is read or changed
    :param call: the request
    """
    try:
        return json_answer(200, _do(emulator, call))
    except ApiError as error:
        return error.answer()
    except Refused as refused:
        missing = refused.reason == MISSING
        return ApiError(404 if missing else 409, "NotFound" if missing else "Conflict", refused.message).answer()
    except (TypeError, ValueError) as error:
        return ApiError(400, "BadRequest", str(error)).answer()


def _do(emulator: Emulation, call: Call) -> Any:
    command = _COMMANDS.get((call.method, call.path.removeprefix(PREFIX).rstrip("/")))
    if command is None:
        raise ApiError(404, "NotFound", f"The emulator has no {call.method} {call.path}.")
    return command(emulator, call)


def _requests(emulator: Emulation, call: Call) -> Any:
    records = emulator.requests_for(call.query.get("action"), call.query.get("offer_id"))
    return [record.to_dict() for record in records]


def _clear_requests(emulator: Emulation, _call: Call) -> Any:
    emulator.clear_requests()
    return {}


def _add_offer(emulator: Emulation, call: Call) -> Any:
    emulator.add_offer(**_object(call))
    return _offers(emulator, call)


def _finish(emulator: Emulation, call: Call) -> Any:
    emulator.finish(**_object(call))
    return _offers(emulator, call)


def _advance(emulator: Emulation, call: Call) -> Any:
    emulator.advance(**_object(call))
    return {}


def _add_faults(emulator: Emulation, call: Call) -> Any:
    document = call.json()
    faults = document if isinstance(document, list) else [document]
    if not all(isinstance(fault, dict) for fault in faults):
        raise ApiError(400, "BadRequest", "The request body is neither a fault nor a list of faults.")
    emulator.faults.add(*(Fault.of(fault) for fault in faults))
    return emulator.faults.to_list()


def _clear_faults(emulator: Emulation, _call: Call) -> Any:
    emulator.faults.clear()
    return emulator.faults.to_list()


def _object(call: Call) -> dict[str, Any]:
    document = call.json() or {}
    if not isinstance(document, dict):
        raise ApiError(400, "BadRequest", "The request body is not a JSON object.")
    return document


def _offers(emulator: Emulation, _call: Call) -> list[dict[str, Any]]:
    """Print offers and operations in words of the emulator's own, whichever service they came through."""
    portal = emulator.portal
    with portal.lock:
        return [
            {
                "publisherId": offer.publisher_id,
                "id": offer.offer_id,
                "productId": offer.product_id,
                "offerTypeId": offer.offer_type_id,
                "version": offer.version,
                "changedAt": offer.changed_at,
                "status": None if not operations else portal.view(operations[-1]).state,
                "previewVersion": portal.preview_version(offer),
                "liveVersion": portal.live_version(offer),
                "overrides": dict(offer.overrides),
                "operations": [_operation(operation, portal.view(operation)) for operation in operations],
            }
            for offer in portal.offers()
            for operations in [portal.operations(offer.publisher_id, offer.offer_id)]
        ]


def _operation(operation: Operation, view: View) -> dict[str, Any]:
    return {
        "id": operation.id,
        "kind": operation.kind,
        "offerVersion": operation.offer_version,
        "startedAt": operation.started_at,
        "changedAt": view.changed_at,
        "state": view.state,
        "waitsForSignoff": view.waits_for_signoff,
        "steps": [{"id": step.id, "status": step.status, "progress": step.progress} for step in view.steps],
    }


_COMMANDS: dict[tuple[str, str], Callable[[Emulation, Call], Any]] = {
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _clear_requests,
    ("GET", "offers"): _offers,
    ("POST", "offers"): _add_offer,
    ("POST", "finish"): _finish,
    ("POST", "advance"): _advance,
    ("GET", "settings"): lambda emulator, _call: emulator.settings.to_dict(),
    ("POST", "settings"): lambda emulator, call: emulator.configure(**_object(call)).to_dict(),
    ("GET", "faults"): lambda emulator, _call: emulator.faults.to_list(),
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "revoke-tokens"): lambda emulator, _call: {"revoked": emulator.revoke_tokens()},
}
