"""Which image versions a plan has by its technical configuration, and the resource by which it has one more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.image_versions import Decision, PlanImages, VersionThere, no_plan, other_type
from airflow_provider_cpp.offers.images import IMAGE_TYPES, Image, ImageVersion
from airflow_provider_cpp.services.product_ingestion.trees import Resource, Tree
from airflow_provider_cpp.wire.plain_text import one_line

_CORE = "core-virtual-machine-plan-technical-configuration"
_CONFIGURATIONS = ("virtual-machine-plan-technical-configuration", _CORE)
_PRODUCTS = ("azureVirtualMachine", "coreVirtualMachine")

_OFFERED = "generallyAvailable"

#: A version that was published can't be removed: it stays, for those who run it, and is offered no more. One that
#: was not may be removed, but whether it was can't be told while a publish runs.
_RETIRED = "deprecated"

_FILES, _GALLERY = "sasUri", "sharedImageGallery"


@dataclass(frozen=True, slots=True)
class ConfiguredPlan:
    """A plan of a virtual machine offer.

    :param resource: its technical configuration.
    """

    resource: Resource = field(repr=False)

    def images(self, what: str) -> PlanImages:
        """Return what is there of its images.

        :param what: the plan in words.
        """
        document = self.resource.document
        types = dict.fromkeys(kind for sku in _objects(document.get("skus")) if (kind := _type(sku)))
        versions = {
            number: VersionThere(
                tuple(map(_image, _objects(each.get("vmImages")))),
                state=_state(each.get("lifecycleState")),
            )
            for each in _objects(document.get("vmImageVersions"))
            if isinstance(number := each.get("versionNumber"), str)
        }
        return PlanImages(
            what,
            tuple(types),
            versions,
            is_core=self.resource.type == _CORE,
            begins_with_date=False,
            retire=_RETIRED,
            is_copy=lambda url: False,
        )

    def definition(self, asked: ImageVersion, decision: Decision) -> dict[str, Any]:
        """Return the part of its technical configuration that brings its images to what was decided.

        :param asked: the version that is added.
        :param decision: what was decided.
        """
        new = {
            "versionNumber": asked.number,
            "vmImages": [{"imageType": image.image_type, "source": _source(image)} for image in decision.added],
            "lifecycleState": _OFFERED,
        }
        old = [{"versionNumber": number, "lifecycleState": _RETIRED} for number in decision.retired]
        return {"$schema": self.resource.type, "id": self.resource.id, "vmImageVersions": [*old, new]}


def plan_of(what: str, tree: Tree, asked: ImageVersion) -> ConfiguredPlan:
    """Return the plan of an offer that is to have an image version.

    :param what: the offer in words, as a sentence begins with it.
    :param tree: what is there.
    :param asked: the version.
    :raises CppConfigurationError: the offer is of another type, or has no such plan, or one without SKUs.
    """
    product = next((each for each in tree.resources if each.type == "product"), None)
    kind = product.document.get("type") if product is not None else None
    if isinstance(kind, str) and kind.casefold() not in map(str.casefold, _PRODUCTS):
        raise other_type(what, kind)
    if asked.plan_id not in tree.plans:
        raise no_plan(what, asked.plan_id, tuple(tree.plans))
    of_plan = [each for each in tree.resources if each.plan == asked.plan_id and each.type in _CONFIGURATIONS]
    if not of_plan or not _objects(of_plan[0].document.get("skus")):
        raise CppConfigurationError(
            f"{what} has a plan {asked.plan_id!r} without SKUs, so that it isn't known which generations it has: "
            "its technical configuration isn't filled in, or it takes over another plan's. Nothing was sent. Fill "
            "it in with PutOfferOperator or in Partner Center, or name the plan that has the images."
        )
    return ConfiguredPlan(of_plan[0])


def _objects(value: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _state(lifecycle: object) -> str:
    """Return the state of a version that isn't offered, in the service's word; empty for one that is.

    That is the default. A sample of the page on deprecating has a blank before the word.
    """
    word = one_line(lifecycle).strip() if isinstance(lifecycle, str) else ""
    return "" if word.casefold() in {"", _OFFERED.casefold()} else word


def _type(of: Mapping[str, Any]) -> str:
    """Return the generation of a SKU or an image; empty if it names none."""
    kind = of.get("imageType")
    same = kind.casefold() if isinstance(kind, str) else ""
    return next((each for each in IMAGE_TYPES if each.casefold() == same), str(kind) if same else "")


def _image(image: Mapping[str, Any]) -> Image:
    source = image.get("source")
    source = source if isinstance(source, Mapping) else {}
    kind = _type(image)
    shared, disk = source.get("sharedImage"), source.get("osDisk")
    if isinstance(shared, Mapping):
        return Image(
            kind, shared_image=str(shared.get("resourceId", "")), tenant_id=str(shared.get("tenantId", ""))
        )
    disks = [
        (lun if isinstance(lun := each.get("lunNumber"), int) else number, str(each.get("uri", "")))
        for number, each in enumerate(_objects(source.get("dataDisks")))
    ]
    if not isinstance(disk, Mapping):
        return Image(
            kind, data_disks=tuple(sorted(disks)), other_source=one_line(str(source.get("sourceType") or ""))
        )
    return Image(kind, str(disk.get("uri", "")), tuple(sorted(disks)))


def _source(image: Image) -> dict[str, Any]:
    if image.shared_image:
        shared = {"tenantId": image.tenant_id, "resourceId": image.shared_image}
        return {"sourceType": _GALLERY, "sharedImage": shared}
    disks = [{"lunNumber": lun, "uri": uri} for lun, uri in image.data_disks]
    return {"sourceType": _FILES, "osDisk": {"uri": image.os_disk}, "dataDisks": disks}
