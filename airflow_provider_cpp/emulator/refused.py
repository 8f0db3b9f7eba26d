"""Decides for which reasons the portal refuses something; which status and words say so, each service decides."""

from __future__ import annotations

MISSING = "missing"
CONFLICT = "conflict"
INVALID = "invalid"
NOT_READY = "not ready"
NOT_SAVED = "not saved"


class Refused(Exception):
    """Refuse what was asked of the portal.

    :param reason: ``missing``, ``conflict``, ``invalid``, ``not ready`` or ``not saved``
    :param message: why, for people
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
