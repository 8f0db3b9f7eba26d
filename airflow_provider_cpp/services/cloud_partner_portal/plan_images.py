"""Which image versions a plan has by its definition, and the definition by which it has one more.

A plan's own images are of one generation, those of each entry of its `diskGenerations` of another. Of core virtual
machines each says which (`generation` and `vmImagesArchitecture`, as answers have it that clients recorded). Of
others nothing does: a plan's own are `x64Gen1` then, or of whichever is its only generation; the others' ids may
say more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.image_numbers import is_date, order_of
from airflow_provider_cpp.offers.image_versions import Decision, PlanImages, VersionThere, no_plan, other_type
from airflow_provider_cpp.offers.images import Image, ImageVersion
from airflow_provider_cpp.services.cloud_partner_portal.returned import is_copy

_VM = "microsoft-azure-virtualmachines"
_CORE = "microsoft-azure-corevm"

#: Which field of a plan has its image versions, by the offer's type (create-or-modify page).
_IMAGES = {_VM: f"{_VM}.vmImages", _CORE: f"{_CORE}.vmImagesPublicAzure"}

_GENERATIONS = "diskGenerations"
_DISK, _DATA_DISKS = "osVhdUrl", "lunVhdDetails"

#: Fields of a data disk. No page and no public client names them: those of a version that is there count first.
_LUN, _DATA_DISK = "lun", "lunVhdUrl"


#: What publishers call SKUs of other generations than the plan's own.
_ARM = re.compile("(?<![a-z])arm|arm64|aarch64")
_GEN1 = re.compile("gen-?1(?![0-9])")


@dataclass(frozen=True, slots=True)
class Sku:
    """One of the SKUs of a plan: its own, or one of `diskGenerations`.

    :param id: its id.
    :param image_type: its generation.
    :param versions: its image versions by number.
    """

    id: str
    image_type: str
    versions: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlanOfSkus:
    """A plan of a virtual machine offer.

    :param id: its id.
    :param field: the field that has its image versions.
    :param skus: its SKUs, its own first.
    """

    id: str
    field: str
    skus: tuple[Sku, ...]

    @property
    def is_core(self) -> bool:
        """Whether it is one of a core virtual machine."""
        return self.field == _IMAGES[_CORE]

    def images(self, what: str) -> PlanImages:
        """Return what is there of its images.

        :param what: the plan in words.
        """
        numbers = {number: None for sku in self.skus for number in sku.versions}
        versions = {
            number: VersionThere(
                tuple(_image(sku.image_type, sku.versions[number]) for sku in self.skus if number in sku.versions)
            )
            for number in numbers
        }
        types = tuple(sku.image_type for sku in self.skus)
        return PlanImages(
            what,
            types,
            versions,
            is_core=self.is_core,
            begins_with_date=True,
            retire="taken out",
            is_copy=is_copy,
        )

    def definition(self, asked: ImageVersion, decision: Decision, names: tuple[str, str]) -> dict[str, Any]:
        """Return the part of the offer's definition that brings its images to what was decided.

        :param asked: the version that is added.
        :param decision: what was decided.
        :param names: the publisher's and the offer's, of which texts about an image are made.
        """
        new = {image.image_type: image for image in decision.added}
        own, *others = (
            {"planId": sku.id, **({self.field: versions} if versions else {})}
            for sku in self.skus
            for versions in [self._versions(sku, asked.number, new.get(sku.image_type), decision.retired, names)]
        )
        changed = [each for each in others if self.field in each]
        return {"definition": {"plans": [{**own, **({_GENERATIONS: changed} if changed else {})}]}}

    def _versions(
        self, sku: Sku, number: str, image: Image | None, retired: Sequence[str], names: tuple[str, str]
    ) -> dict[str, Any]:
        versions: dict[str, Any] = {each: None for each in retired if each in sku.versions}
        if image is not None:
            lun, uri = _disk_fields(sku.versions.values())
            disks = [{lun: each, uri: url} for each, url in image.data_disks]
            texts = _texts(sku, number, "_".join((*names, sku.id))) if self.is_core else {}
            versions[number] = {**texts, _DISK: image.os_disk, _DATA_DISKS: disks}
        return versions


def plan_of(what: str, offer: Offer, asked: ImageVersion) -> PlanOfSkus:
    """Return the plan of an offer that is to have an image version.

    :param what: the offer in words, as a sentence begins with it.
    :param offer: what is there.
    :param asked: the version.
    :raises CppConfigurationError: the offer is of another type, or has no such plan, or one with two SKUs of one
        generation.
    """
    name = _IMAGES.get(offer.offer_type_id.casefold())
    if name is None:
        raise other_type(what, offer.offer_type_id)
    plan = next((each for each in offer.plans if each.get("planId") == asked.plan_id), None)
    if plan is None:
        raise no_plan(
            what, asked.plan_id, tuple(str(each["planId"]) for each in offer.plans if each.get("planId"))
        )
    generations = plan.get(_GENERATIONS)
    entries = [plan, *(each for each in generations or () if isinstance(each, Mapping))]
    types = _types(entries, asked)
    skus = tuple(
        Sku(str(entry.get("planId", "")), kind, versions if isinstance(versions, Mapping) else {})
        for entry, kind in zip(entries, types, strict=True)
        for versions in [entry.get(name)]
    )
    twice = next((kind for kind in types if types.count(kind) > 1), None)
    if twice is not None and any(image.image_type == twice for image in asked.images):
        same = ", ".join(sku.id for sku in skus if sku.image_type == twice)
        raise CppConfigurationError(
            f"{what} has a plan {asked.plan_id!r} with more than one SKU of generation {twice}: {same}. Which one "
            "is meant can't be said by the image_type. Nothing was sent. Use PutOfferOperator."
        )
    return PlanOfSkus(asked.plan_id, name, skus)


def _types(entries: Sequence[Mapping[str, Any]], asked: ImageVersion) -> list[str]:
    said = [_said_type(entry) for entry in entries]
    if len(entries) == 1 and not said[0]:
        return [asked.images[0].image_type if len(asked.images) == 1 else "x64Gen1"]
    others = [
        one or _guessed_type(str(entry.get("planId", "")))
        for one, entry in zip(said[1:], entries[1:], strict=True)
    ]
    return [said[0] or ("x64Gen2" if "x64Gen1" in others else "x64Gen1"), *others]


def _guessed_type(sku_id: str) -> str:
    """Return the generation of a SKU below `diskGenerations` that doesn't say which, by its id."""
    if _ARM.search(sku_id.casefold()):
        return "arm64Gen2"
    return "x64Gen1" if _GEN1.search(sku_id.casefold()) else "x64Gen2"


def _said_type(entry: Mapping[str, Any]) -> str:
    """Return the generation that a SKU says it is of; empty if it doesn't say."""
    fields = {str(name).rpartition(".")[2].casefold(): value for name, value in entry.items()}
    generation = str(fields.get("generation") or "").strip().casefold().removeprefix("v")
    architecture = str(fields.get("vmimagesarchitecture") or "x64").strip().casefold()
    if architecture == "arm64":  # there is no other generation of it
        return "arm64Gen2"
    return f"{architecture}Gen{generation}" if generation in {"1", "2"} else ""


def _image(image_type: str, version: object) -> Image:
    entry = version if isinstance(version, Mapping) else {}
    details = entry.get(_DATA_DISKS)
    disks = [disk for disk in details if isinstance(disk, Mapping)] if isinstance(details, list) else []
    lun, uri = _disk_fields([entry])
    pairs = sorted((_whole(disk.get(lun), n), str(disk.get(uri, ""))) for n, disk in enumerate(disks))
    return Image(image_type, str(entry.get(_DISK) or ""), tuple(pairs))


def _whole(value: object, otherwise: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return otherwise


def _disk_fields(versions: Any) -> tuple[str, str]:
    """Return the names of a data disk's number and URL, as the versions that are there have them."""
    for version in versions:
        details = version.get(_DATA_DISKS) if isinstance(version, Mapping) else None
        for disk in details if isinstance(details, list) else ():
            if isinstance(disk, Mapping):
                uri = next((key for key, value in disk.items() if "://" in str(value)), None)
                lun = next((key for key, value in disk.items() if str(value).isdecimal()), None)
                if uri is not None and lun is not None:
                    return str(lun), str(uri)
    return _LUN, _DATA_DISK


def _texts(sku: Sku, number: str, name: str) -> dict[str, Any]:
    """Return what an image version of a core virtual machine has besides its disks.

    Texts are those of the newest version that is there, with this one's number. Names are as Debian's client makes
    them, where there is none.
    """
    ordered = sorted(filter(order_of, sku.versions), key=order_of)
    before = sku.versions[ordered[-1]] if ordered else {}
    texts: dict[str, Any] = {}
    for key, default in (("label", name), ("mediaName", f"{name}_{number}"), ("description", f"{name}_{number}")):
        text = before.get(key) if isinstance(before, Mapping) else None
        texts[key] = text.replace(ordered[-1], number) if isinstance(text, str) and text else default
        if key == "mediaName" and texts[key] == text:  # an image's own
            texts[key] = default
    is_shown = before.get("showInGui") if isinstance(before, Mapping) else None
    texts["showInGui"] = is_shown if isinstance(is_shown, bool) else True
    if is_date(number):
        texts["publishedDate"] = date(*map(int, number.split("."))).strftime("%m/%d/%Y")
    return texts
