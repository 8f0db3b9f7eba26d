"""Which of the three states of an offer a word means: its draft, what is in preview, what customers have."""

from __future__ import annotations

from enum import StrEnum

from airflow_provider_cpp.exceptions import CppConfigurationError


class Slot(StrEnum):
    """A state of an offer that can be read."""

    DRAFT = "draft"
    PREVIEW = "preview"
    PRODUCTION = "production"


#: All words that the pages of both APIs have for them.
_WORDS = {
    "draft": Slot.DRAFT,
    **dict.fromkeys(("preview", "staging", "view"), Slot.PREVIEW),
    **dict.fromkeys(("production", "live"), Slot.PRODUCTION),
}


def checked_slot(slot: object) -> Slot:
    """Return the slot that a word means, in any case.

    :param slot: `draft`; `preview`, `staging` or `view`; `production` or `live`.
    :raises CppConfigurationError: if it means none.
    """
    found = _WORDS.get(slot.strip().casefold()) if isinstance(slot, str) else None
    if found is None:
        raise CppConfigurationError(f"slot={slot!r} is none: it can be draft, preview or production.")
    return found
