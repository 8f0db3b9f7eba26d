"""What a DAG asks for as an image version of a plan, checked in the words of its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.blanks import is_blank
from airflow_provider_cpp.offers.definitions import checked_definition, read_definition
from airflow_provider_cpp.offers.image_numbers import is_number
from airflow_provider_cpp.offers.retention import checked_keep
from airflow_provider_cpp.wire.arguments import digits_of, is_missing, kind_of, shown
from airflow_provider_cpp.wire.confidential import without_secrets
from airflow_provider_cpp.wire.identifiers import checked_name
from airflow_provider_cpp.wire.plain_text import one_line

#: Architecture and generation of a virtual machine, by the words of the Product Ingestion API's schemas.
IMAGE_TYPES = ("x64Gen1", "x64Gen2", "arm64Gen2")

#: Logical unit numbers that data disks can have (schema of a data disk).
LUNS = range(16)

#: What of a query says which content of a file is meant; all else is signature.
CONTENT = ("snapshot", "versionid")

_FIELDS = ("image_type", "os_disk", "data_disks", "shared_image", "tenant_id")
_DISK_FIELDS = ("lun", "uri")

#: What a shared-access URL has last (docs of Azure storage: `sig`).
_SIGNATURE = re.compile(r"[?&]sig=[^&#]", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GALLERY_IMAGE = re.compile(
    r"/subscriptions/[^/\s]+/resourceGroups/[^/\s]+/providers/Microsoft\.Compute/galleries/[^/\s]+/images/[^/\s]+"
    r"(?:/versions/[^/\s]+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Image:
    """The disks of one generation: as files, or as an image of a gallery.

    :param image_type: `x64Gen1`, `x64Gen2` or `arm64Gen2`; empty where nobody says.
    :param os_disk: URL of the disk that it boots from; empty for an image of a gallery.
    :param data_disks: logical unit number and URL of each data disk, by number.
    :param shared_image: resource id of the gallery's image; empty for files.
    :param tenant_id: the tenant that the gallery is in.
    :param other_source: what the service calls a source that is neither; empty for all others.
    """

    image_type: str
    os_disk: str = field(default="", repr=False)
    data_disks: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    shared_image: str = ""
    tenant_id: str = ""
    other_source: str = ""

    @property
    def is_signed(self) -> bool:
        """Whether each of its files comes with a signature; an image of a gallery has none."""
        urls = (self.os_disk, *(uri for _, uri in self.data_disks))
        return bool(self.shared_image) or all(_SIGNATURE.search(url) for url in urls)

    def without_signatures(self) -> Image:
        """Return the image with the addresses of its files alone."""
        disks = tuple((lun, _address(uri)) for lun, uri in self.data_disks)
        return replace(self, os_disk=_address(self.os_disk), data_disks=disks)

    def to_dict(self) -> dict[str, object]:
        """Return the image in the words of the argument `images`, without signatures."""
        if self.shared_image:
            return {
                "image_type": self.image_type,
                "shared_image": self.shared_image,
                "tenant_id": self.tenant_id,
            }
        plain = self.without_signatures()
        disks = [{"lun": lun, "uri": uri} for lun, uri in plain.data_disks]
        return {"image_type": self.image_type, "os_disk": plain.os_disk, "data_disks": disks}

    def __str__(self) -> str:
        """Return the image in words, without signatures."""
        if self.shared_image:
            return one_line(f"{self.image_type} from {without_secrets(self.shared_image)}")
        plain = self.without_signatures()
        disks = "".join(f", disk {lun} {uri}" for lun, uri in plain.data_disks)
        other = f"a source of type {self.other_source!r}" if self.other_source else "nothing"
        return one_line(f"{self.image_type} from {plain.os_disk or other}{disks}")


@dataclass(frozen=True, slots=True)
class ImageVersion:
    """The image version that a plan is to have.

    :param plan_id: the plan's id.
    :param number: the version's number.
    :param images: one for each generation.
    :param keep: how many versions are to stay offered; None for all.
    """

    plan_id: str
    number: str
    images: tuple[Image, ...]
    keep: int | None = None


def image_version(plan_id: object, number: object, images: object, keep: object = None) -> ImageVersion:
    """Return the image version that the arguments of a hook or a task ask for.

    :param plan_id: the plan's id.
    :param number: the argument `image_version`.
    :param images: an image, or a list with one for each generation, as data or as JSON.
    :param keep: as `retention.checked_keep` takes it.
    :raises CppConfigurationError: if it can't be one.
    """
    plan = checked_name("plan_id", digits_of(plan_id) or plan_id).strip()
    return ImageVersion(plan, _checked_number(number), _checked_images(images), checked_keep(keep))


def given_images(images: object) -> list[dict[str, Any]]:
    """Return images as a DAG gave them, as data that JSON can say, not checked any further.

    :raises CppConfigurationError: if they are none.
    """
    if isinstance(images, str) and not is_missing(images):
        images = read_definition(images, "images")
    if isinstance(images, Sequence) and not isinstance(images, str | bytes | bytearray):
        images = list(images)  # also what a mapped task pushed, of which Airflow gives a sequence of its own
    if isinstance(images, list) and not images:
        raise CppConfigurationError("images is empty: a version needs at least one image. Nothing was sent.")
    checked = checked_definition(images, "images")
    return [checked] if isinstance(images, Mapping) else list(checked["resources"])


def _checked_number(number: object) -> str:
    text = checked_name("image_version", number).strip()
    if not is_number(text):
        raise CppConfigurationError(
            f"image_version={shown(text)} isn't written as image versions are: three whole numbers with dots, "
            "such as 1.0.2; for a core virtual machine a date, such as 2026.11.30. Nothing was sent."
        )
    return text


def _checked_images(images: object) -> tuple[Image, ...]:
    found: list[Image] = []
    for number, entry in enumerate(given_images(images), 1):
        image = _checked_image(f"Image {number} of images", entry)
        if any(each.image_type == image.image_type for each in found):
            raise CppConfigurationError(
                f"images has two of the image_type {image.image_type}: a version has one image for each "
                "generation. Nothing was sent."
            )
        found.append(image)
    return tuple(found)


def _checked_image(what: str, entry: Mapping[str, Any]) -> Image:
    fields = _known(what, entry, _FIELDS)
    image_type = _checked_type(what, fields.get("image_type"))
    what = f"{what} ({image_type})"
    if "shared_image" in fields or "tenant_id" in fields:
        return _of_gallery(what, image_type, fields)
    if "os_disk" not in fields:
        raise CppConfigurationError(
            f"{what} names neither an os_disk, a shared-access URL, nor a shared_image of a gallery. Nothing was "
            "sent."
        )
    os_disk = _checked_url(f"{what} has an os_disk", fields["os_disk"])
    return Image(image_type, os_disk, tuple(sorted(_data_disks(what, fields.get("data_disks")))))


def _known(what: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of an object that say something; those that aren't known are refused."""
    for name in entry:
        if name not in names:
            likely = get_close_matches(name, names, 1)
            meant = f"; {likely[0]!r} is meant, likely" if likely else ""
            raise CppConfigurationError(
                f"{what} has a field {shown(name)} that isn't known{meant}. It takes {', '.join(names)}. Nothing "
                "was sent."
            )
    return {name: value for name, value in entry.items() if not is_missing(value)}


def _checked_type(what: str, image_type: object) -> str:
    same = str(image_type).strip().casefold() if isinstance(image_type, str) else ""
    found = next((each for each in IMAGE_TYPES if each.casefold() == same), None)
    if found is None:
        says = "names no image_type" if image_type is None else f"has the image_type {shown(image_type)}"
        raise CppConfigurationError(f"{what} {says}; there are {', '.join(IMAGE_TYPES)}. Nothing was sent.")
    return found


def _of_gallery(what: str, image_type: str, fields: Mapping[str, Any]) -> Image:
    if "os_disk" in fields or "data_disks" in fields:
        raise CppConfigurationError(
            f"{what} names disks and an image of a gallery: it is either os_disk with data_disks, or shared_image "
            "with tenant_id. Nothing was sent."
        )
    shared_image, tenant_id = fields.get("shared_image"), fields.get("tenant_id")
    if not (isinstance(shared_image, str) and _GALLERY_IMAGE.fullmatch(shared_image.strip())):
        raise CppConfigurationError(
            f"{what} has the shared_image {shown(shared_image)}, which is no resource id of a gallery's image: "
            "/subscriptions/.../resourceGroups/.../providers/Microsoft.Compute/galleries/.../images/... "
            "Nothing was sent."
        )
    if not (isinstance(tenant_id, str) and _GUID.fullmatch(tenant_id.strip())):
        raise CppConfigurationError(
            f"{what} has the tenant_id {shown(tenant_id)}; a shared_image needs the GUID of the tenant that its "
            "gallery is in. Nothing was sent."
        )
    return Image(image_type, shared_image=shared_image.strip(), tenant_id=tenant_id.strip())


def _data_disks(what: str, disks: object) -> Iterator[tuple[int, str]]:
    if disks is None:
        return
    if not isinstance(disks, list):
        raise CppConfigurationError(
            f"{what} has data_disks that are {kind_of(disks)}; they have to be a list, each with lun and uri. "
            "Nothing was sent."
        )
    taken: set[int] = set()
    for disk in disks:
        if not isinstance(disk, Mapping):
            raise CppConfigurationError(
                f"{what} has a data disk that is {kind_of(disk)}; each has to be an object with lun and uri. "
                "Nothing was sent."
            )
        fields = _known(f"A data disk of {what[:1].lower()}{what[1:]}", disk, _DISK_FIELDS)
        lun = fields.get("lun")
        digits = lun.strip() if isinstance(lun, str) else digits_of(lun)
        if digits is None or not (digits.isascii() and digits.isdecimal()) or int(digits[:3]) not in LUNS:
            raise CppConfigurationError(
                f"{what} has a data disk with the lun {shown(lun)}; a logical unit number is a whole number from "
                f"{LUNS[0]} to {LUNS[-1]}. Nothing was sent."
            )
        if int(digits) in taken:
            raise CppConfigurationError(f"{what} has two data disks with the lun {int(digits)}. Nothing was sent.")
        taken.add(int(digits))
        yield int(digits), _checked_url(f"{what} has a data disk {int(digits)}", fields.get("uri"))


def _checked_url(what: str, url: object) -> str:
    text = url.strip() if isinstance(url, str) else ""
    if is_blank(text):
        raise CppConfigurationError(
            f"{what} whose URL has a blank in place of its signature, {shown(text)}: whoever wrote it down took "
            "the signature out. Nothing was sent. Give the whole URL."
        )
    try:
        parts = urlsplit(text)
        is_url = parts.scheme == "https" and bool(parts.hostname) and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not text.isprintable() or " " in text or "@" in parts.netloc:
        raise CppConfigurationError(
            f"{what} at {shown(url)}; it has to be the https URL of a file, with its signature. Nothing was sent."
        )
    return text


def _address(url: str) -> str:
    address, _, query = url.partition("#")[0].partition("?")
    content = [pair for pair in query.split("&") if pair.partition("=")[0].casefold() in CONTENT]
    return without_secrets("?".join([address, *(["&".join(content)] if content else [])]))
