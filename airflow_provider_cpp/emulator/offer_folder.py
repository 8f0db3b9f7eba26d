"""Decides which offers a folder of JSON files holds, and how a changed one is written back.

A file holds the document that GET returns and PUT takes. What becomes of an offer is decided in ``portal``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.offers import document_error, name_error

if TYPE_CHECKING:
    from pathlib import Path

#: In which state an offer begins, by the document's ``status``; a draft for any other word.
_STATES = {"published": "live", "succeeded": "live", "waitingforpublisherreview": "preview_ready"}

#: What a service says of a document; a file's own words stand, as they say how the offer begins.
_SERVICES_OWN = ("status", "version", "eTag", "changedTime")


@dataclass(frozen=True, kw_only=True)
class OfferFile:
    """Hold what a file says.

    :param publisher_id: whose offer
    :param offer_id: its name
    :param document: the file's content
    """

    publisher_id: str
    offer_id: str
    document: Mapping[str, Any]

    @property
    def state(self) -> str:
        """The state that the offer begins in: ``draft``, ``preview_ready`` or ``live``."""
        return _STATES.get(str(self.document.get("status", "")).casefold(), "draft")

    @property
    def version(self) -> int:
        """The version that the offer begins with."""
        version = self.document.get("version")
        return version if isinstance(version, int) and not isinstance(version, bool) and version > 0 else 1


class OfferFolder:
    """Read and write the offers of a folder: ``<publisher>/<offer>.json``, or ``<offer>.json``.

    In the second form the document names the publisher with ``publisherId``. What the document leaves out is
    taken from the path. Files and folders whose name begins with a dot aren't looked at.

    :param folder: the folder
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, str], Path] = {}

    def read(self, publisher_id: str | None = None) -> list[OfferFile]:
        """Return the offers.

        :param publisher_id: whose offers are those without a publisher
        :raises ValueError: for each file that can't be used, its name and the reason; or if there is no such
            folder
        """
        if not self._folder.is_dir():
            raise ValueError(f"{self._folder} is no folder")
        found: dict[tuple[str, str], OfferFile] = {}
        wrong = []
        for path in sorted(self._folder.rglob("*.json")):
            parts = path.relative_to(self._folder).parts
            if any(part.startswith(".") for part in parts):
                continue
            try:
                offer = _read(path, parts, publisher_id)
                names = offer.publisher_id, offer.offer_id
                if names in found:
                    raise ValueError(f"{self._files[names]} holds offer {'/'.join(names)} already")
                found[names], self._files[names] = offer, path
            except (OSError, ValueError) as error:
                wrong.append(f"{path}: {error}")
        if wrong:
            raise ValueError("\n".join(wrong))
        return list(found.values())

    def write(self, publisher_id: str, offer_id: str, document: Mapping[str, Any]) -> None:
        """Keep what PUT took; a reader sees the old file or the new one, never half of one.

        Properties of the old file that the new document doesn't have stay.

        :param publisher_id: whose offer
        :param offer_id: its name
        :param document: the request's body
        :raises OSError: if it can't be written
        """
        names = publisher_id, offer_id
        path = self._files.setdefault(names, self._folder / publisher_id / f"{offer_id}.json")
        old = json.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
        taken = {name: value for name, value in document.items() if name not in _SERVICES_OWN}
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        text = json.dumps(
            {**old, **taken, "publisherId": publisher_id, "id": offer_id}, indent=2, ensure_ascii=False
        )
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)


def _read(path: Path, parts: tuple[str, ...], publisher_id: str | None) -> OfferFile:
    if len(parts) > 2:
        raise ValueError("it lies too deep; an offer is <publisher>/<offer>.json or <offer>.json")
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise ValueError("it holds no JSON object")
    publisher = parts[0] if len(parts) == 2 else document.get("publisherId", publisher_id)
    if not publisher:
        raise ValueError("publisherId is missing")
    offer = document.get("id", path.stem)
    for name in (publisher, offer):
        if why := name_error(name):
            raise ValueError(why)
    if why := document_error(document, publisher, offer):
        raise ValueError(why)
    return OfferFile(publisher_id=publisher, offer_id=offer, document=document)
