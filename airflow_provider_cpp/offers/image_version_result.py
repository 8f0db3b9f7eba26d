"""What came of adding an image version to a plan."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.offers.images import Image


@dataclass(frozen=True, slots=True)
class ImageVersionResult:
    """What came of adding an image version to a plan.

    :param changed: whether the draft is another now.
    :param plan_id: the plan's id.
    :param image_version: the version's number.
    :param added: the images that were added, without signatures; none where the version was there. After a dry
        run those that would be.
    :param retired: numbers of the versions that were retired for it, the oldest first; after a dry run likewise.
    :param versions: numbers of the versions that the draft offers then, the oldest first.
    """

    changed: bool
    plan_id: str
    image_version: str
    added: tuple[Image, ...] = ()
    retired: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON primitives."""
        return {
            "changed": self.changed,
            "plan_id": self.plan_id,
            "image_version": self.image_version,
            "added": [image.to_dict() for image in self.added],
            "retired": list(self.retired),
            "versions": list(self.versions),
        }
