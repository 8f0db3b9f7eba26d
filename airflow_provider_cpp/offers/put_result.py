"""What came of bringing an offer to a wanted definition."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.offers.comparison import Difference


@dataclass(frozen=True, slots=True)
class PutResult:
    """What came of a PUT.

    :param changed: whether the offer is another now.
    :param created: whether it wasn't there before.
    :param version: the offer's version, as far as the service says.
    :param etag: the offer's ETag, as far as the service says.
    :param differences: what differed from what was wanted, whether or not it was sent.
    :param kept: where a plan or an image version stays that what is wanted doesn't name, though it names others.
    :param ignored: where something is ignored that differs, or can't be compared.
    :param not_compared: where the service doesn't say what is there: no difference by itself.
    """

    changed: bool
    created: bool = False
    version: int | None = None
    etag: str | None = None
    differences: tuple[Difference, ...] = ()
    kept: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON primitives."""
        return {
            "changed": self.changed,
            "created": self.created,
            "version": self.version,
            "etag": self.etag,
            "differences": [difference.to_dict() for difference in self.differences],
            "kept": list(self.kept),
            "ignored": list(self.ignored),
            "not_compared": list(self.not_compared),
        }
