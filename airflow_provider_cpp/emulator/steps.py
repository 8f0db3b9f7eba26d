"""Decides which steps an operation walks through, and for how long each lasts.

What becomes of an operation at a step is decided in ``operations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Step:
    """Describe one step of a publication ("Retrieve offer status" page).

    :param id: e.g. ``displaycertify``
    :param name: as the page prints it
    :param estimate: the page's estimate, in its words
    :param description: what the step is for
    :param weight: its part in an operation's duration, relative to the other steps
    """

    id: str
    name: str
    estimate: str
    description: str
    weight: float


SIGNOFF = "publisher-signoff"

STEPS = (
    Step("displaydummycertify", "Validate Pre-Requisites", "< 15 min", "Offer settings are validated", 1),
    Step("displaycertify", "Certification", "~2-3 days", "Offer is analyzed by our certification systems", 4),
    Step("displayprovision", "Provisioning", "< 1 day", "Virtual machine is being replicated", 3),
    Step(
        "displaypackage",
        "Packaging and Lead Generation Registration",
        "< 1 hour",
        "Offer is being packaged for customers",
        1,
    ),
    # The publisher's time, not the service's: a go-live is the sign-off, so that it takes no time.
    Step(SIGNOFF, "Publisher signoff", "< 1 hour", "Offer is available to preview", 0),
    Step("live", "Live", "~2-5 days", "Offer is publicly visible and available for purchase", 3),
)
STEP_IDS = tuple(step.id for step in STEPS)


def schedule(kind: str, duration: float, step_durations: Mapping[str, float]) -> tuple[float, ...]:
    """Spread an operation's duration over the six steps.

    :param kind: ``publish`` (ends before the sign-off) or ``golive``
    :param duration: seconds in all
    :param step_durations: seconds for single steps by id; the others share what is left
    """
    walked = [step for step in STEPS if kind == "golive" or step.id not in (SIGNOFF, "live")]
    free = [step for step in walked if step.id not in step_durations]
    left = max(0.0, duration - sum(step_durations.get(step.id, 0.0) for step in walked))
    share = left / (sum(step.weight for step in free) or 1)
    return tuple(
        0.0 if step not in walked else float(step_durations.get(step.id, step.weight * share)) for step in STEPS
    )
