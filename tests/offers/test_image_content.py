"""Whether two images are the same: by what they hold, not by what they are signed with."""

from __future__ import annotations

from airflow_provider_cpp.offers.image_content import Sameness, sameness
from airflow_provider_cpp.offers.images import Image

HOST = "https://contoso.blob.core.windows.net"
COPY = "https://store.example/copy/os.vhd"
OS = f"{HOST}/vhds/os%201.vhd"


def os(url: str) -> Image:
    return Image("x64Gen2", url)


def disks(*pairs: tuple[int, str]) -> Image:
    return Image("x64Gen2", OS, pairs)


def shared(resource: str, tenant: str = "t") -> Image:
    return Image("x64Gen2", shared_image=resource, tenant_id=tenant)


SAME = [
    (os(f"{OS}?sv=1&sig=a"), os(f"{OS}?sv=2&se=2030&sig=b")),
    (os(f"{OS}?sig=a"), os(OS)),
    (os(OS), os(f"{HOST.upper().replace('HTTPS', 'https')}:443/vhds/os 1.vhd#x")),
    (os(f"{OS}?snapshot=1&sig=a"), os(f"{OS}?sig=b&Snapshot=1")),
    (disks((0, f"{HOST}/d?sig=a")), disks((0, f"{HOST}/d?sig=b"))),
    (shared("/Subscriptions/A", "T"), shared("/subscriptions/a", "t")),
]
OTHER = [
    (os(OS), os(f"{HOST}/vhds/os-2.vhd")),
    (os(OS), os(OS.upper().replace("HTTPS", "https"))),
    (os(OS), os(OS.replace("contoso", "fabrikam"))),
    (os(OS), os(OS.replace(".net", ".net:8443"))),
    (os(f"{OS}?snapshot=1"), os(f"{OS}?snapshot=2")),
    (os(f"{OS}?versionid=1"), os(OS)),
    (os(OS), os("")),
    (os(OS), os("https://[broken")),
    (os(OS), disks((0, OS))),
    (disks((0, OS)), disks((1, OS))),
    (disks((0, OS)), disks((0, f"{HOST}/other"))),
    (os(OS), shared("/subscriptions/a")),
    (shared("/subscriptions/a"), shared("/subscriptions/b")),
    (shared("/subscriptions/a", "t"), shared("/subscriptions/a", "u")),
    # What differs anyway counts, whatever else can't be compared.
    (disks((0, OS)), Image("x64Gen2", COPY, ((0, f"{HOST}/other"),))),
]
UNKNOWN = [
    (os(OS), os(COPY)),
    (disks((0, OS)), Image("x64Gen2", OS, ((0, COPY),))),
]


def is_copy(url: str) -> bool:
    return url.startswith("https://store.")


def test_only_content_counts() -> None:
    for expected, pairs in ((Sameness.SAME, SAME), (Sameness.OTHER, OTHER), (Sameness.UNKNOWN, UNKNOWN)):
        for wanted, there in pairs:
            assert sameness(wanted, there, lambda url: url.startswith("https://store.")) is expected, (
                wanted,
                there,
            )


def test_what_is_asked_for_at_the_services_own_address_can_be_compared() -> None:
    assert sameness(os(f"{COPY}?sig=a"), os(f"{COPY}?sig=b"), is_copy) is Sameness.SAME
    assert sameness(os("https://store.example/other"), os(COPY), is_copy) is Sameness.OTHER
