"""Whether an image that is there is the one that is asked for: by its content, whatever it is signed with."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from urllib.parse import parse_qs, unquote, urlsplit

from airflow_provider_cpp.offers.images import CONTENT, Image


class Sameness(Enum):
    """What a comparison of two images says."""

    SAME = auto()
    OTHER = auto()
    #: The service shows an address of its own copy, so that nobody knows where it came from.
    UNKNOWN = auto()


def sameness(wanted: Image, there: Image, is_copy: Callable[[str], bool]) -> Sameness:
    """Compare two images by their content: signatures don't count.

    :param wanted: the one that is asked for.
    :param there: the one that the service shows.
    :param is_copy: tells whether an address is one of the service's own copies.
    """
    if wanted.shared_image or there.shared_image:
        names = [(each.shared_image.casefold(), each.tenant_id.casefold()) for each in (wanted, there)]
        return Sameness.SAME if names[0] == names[1] else Sameness.OTHER
    if [lun for lun, _ in wanted.data_disks] != [lun for lun, _ in there.data_disks]:
        return Sameness.OTHER
    files = [(wanted.os_disk, there.os_disk)]
    files += [(one, other) for (_, one), (_, other) in zip(wanted.data_disks, there.data_disks, strict=True)]
    found = {_same_file(one, other, is_copy) for one, other in files}
    return next(each for each in (Sameness.OTHER, Sameness.UNKNOWN, Sameness.SAME) if each in found)


def _same_file(wanted: str, there: str, is_copy: Callable[[str], bool]) -> Sameness:
    if _file(wanted) == _file(there):
        return Sameness.SAME
    return Sameness.UNKNOWN if is_copy(there) and not is_copy(wanted) else Sameness.OTHER


def _file(url: str) -> tuple[str, str, tuple[list[str], ...]]:
    try:
        parts = urlsplit(url)
        query = {name.casefold(): value for name, value in parse_qs(parts.query).items()}
        port = parts.port if parts.port not in (None, 443) else ""
        return f"{parts.hostname}:{port}", unquote(parts.path), tuple(query.get(name, []) for name in CONTENT)
    except ValueError:
        return url, "", ()
