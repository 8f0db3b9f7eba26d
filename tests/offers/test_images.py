"""What a DAG asks for as an image version: refused in the words of its arguments, before anybody is asked."""

from __future__ import annotations

import json
from collections import UserList
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.images import Image, ImageVersion, image_version

SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"
SAS = f"?sv=2023-11-03&sp=rl&sig={SIGNATURE}"
OS_DISK = f"https://contoso.blob.core.windows.net/vhds/os.vhd{SAS}"
DATA_DISK = f"https://contoso.blob.core.windows.net/vhds/data.vhd{SAS}"
TENANT = "0d9c4f1e-0000-4000-8000-000000000001"
GALLERY = (
    "/subscriptions/0d9c4f1e-0000-4000-8000-000000000002/resourceGroups/images/providers/Microsoft.Compute"
    "/galleries/contoso/images/vm/versions/1.0.2"
)
GEN2: dict[str, Any] = {"image_type": "x64Gen2", "os_disk": OS_DISK}
SHARED: dict[str, Any] = {"image_type": "x64Gen2", "shared_image": GALLERY, "tenant_id": TENANT}


class Pushed(UserList[Any]):
    """What Airflow gives of all that a mapped task pushed: a sequence, and no list."""


def asked(images: Any = GEN2, number: Any = "1.0.2", keep: Any = None, plan_id: Any = "gold") -> ImageVersion:
    return image_version(plan_id, number, images, keep)


def test_images_are_taken_in_any_form_that_a_dag_has_them_in() -> None:
    with_disks = {**GEN2, "data_disks": [{"lun": "2", "uri": DATA_DISK}, {"lun": 0, "uri": DATA_DISK}]}
    one = (Image("x64Gen2", OS_DISK),)
    for given, images in (
        (GEN2, one),
        ([GEN2], one),
        ((GEN2,), one),
        (Pushed([GEN2]), one),
        (Pushed([GEN2, {**GEN2, "image_type": "arm64Gen2"}]), (*one, Image("arm64Gen2", OS_DISK))),
        (json.dumps(GEN2), one),
        (json.dumps([GEN2]), one),
        ({**GEN2, "image_type": " X64GEN2 ", "os_disk": f" {OS_DISK}\n"}, one),
        ({**GEN2, "data_disks": [], "shared_image": None, "tenant_id": ""}, one),
        (with_disks, (Image("x64Gen2", OS_DISK, ((0, DATA_DISK), (2, DATA_DISK))),)),
        ([GEN2, {**GEN2, "image_type": "arm64Gen2"}], (*one, Image("arm64Gen2", OS_DISK))),
        (SHARED, (Image("x64Gen2", shared_image=GALLERY, tenant_id=TENANT),)),
    ):
        assert asked(given) == ImageVersion("gold", "1.0.2", images), given
    assert asked(plan_id=7).plan_id == "7"


def test_keep_is_a_number_of_versions_in_any_form_that_a_template_renders_to() -> None:
    for given, keep in ((None, None), ("", None), ("None", None), (1, 1), ("3", 3), (" 95 ", 95)):
        assert asked(keep=given).keep == keep, given
    for given in (0, -1, "0", True, 1.5, "3.0", "some", [3], "9" * 30):
        with pytest.raises(CppConfigurationError, match=r"^keep=.* a whole number from 1 on.*Nothing was sent"):
            asked(keep=given)


def test_a_number_that_no_plan_takes_is_refused() -> None:
    for number in ("1.0.2", "2026.11.30", "0.20241230.1600"):
        assert asked(number=number).number == number
    for number in (
        "1.0",
        "1.0.2.3",
        "v1.0.2",
        "1.0.x",
        "1.0.-2",
        "1. 0.2",
        "\N{DEVANAGARI DIGIT ONE}.0.2",
        f"1.0.{'2' * 40}",
        "latest",
    ):
        with pytest.raises(CppConfigurationError, match=r"^image_version=.*such as 1\.0\.2; for a core"):
            asked(number=number)
    for number in (None, "", "None", 1.0, "{{ params.version }}"):
        with pytest.raises(CppConfigurationError, match=r"^image_version"):
            asked(number=number)


#: What is wrong, and the words that say so.
REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (None, "images is None: what it was rendered from isn't there"),
    "a text of None": ("None", "images is 'None'"),
    "no image": ([], "images is empty"),
    "nothing pushed": (Pushed(), "images is empty"),
    "bytes": (b"[]", "images is a bytes"),
    "no JSON": ("{'image_type': 1}", "images is no JSON"),
    "a URL": (OS_DISK, "images is no JSON"),
    "a number": (7, "images is an int"),
    "a list of texts": ([OS_DISK], "images is a list; it has to be"),
    "a template": ({**GEN2, "os_disk": "{{ params.url }}"}, "holds a template that wasn't rendered"),
    "a slip": ({**GEN2, "os_disc": OS_DISK}, "'os_disc' that isn't known; 'os_disk' is meant"),
    "a word of the other side": ({"imageType": "x64Gen2"}, "'image_type' is meant"),
    "a field nobody knows": ({**GEN2, "colour": "red"}, "It takes image_type, os_disk, data_disks"),
    "no type": ({"os_disk": OS_DISK}, "names no image_type; there are x64Gen1, x64Gen2, arm64Gen2"),
    "another type": ({**GEN2, "image_type": "arm64Gen1"}, "has the image_type 'arm64Gen1'; there are x64Gen1"),
    "a type that is no text": ({**GEN2, "image_type": 2}, "has the image_type 2"),
    "one type twice": ([GEN2, GEN2], "images has two of the image_type x64Gen2"),
    "no disk": ({"image_type": "x64Gen2"}, "names neither an os_disk"),
    "a disk of None": ({**GEN2, "os_disk": "None"}, "names neither an os_disk"),
    "no https": ({**GEN2, "os_disk": OS_DISK.replace("https", "http")}, "has to be the https URL of a file"),
    "no file": ({**GEN2, "os_disk": f"https://contoso.blob.core.windows.net/{SAS}"}, "has to be the https URL"),
    "no host": ({**GEN2, "os_disk": f"https:///os.vhd{SAS}"}, "has to be the https URL"),
    "a user": (
        {**GEN2, "os_disk": f"https://me:pass-w0rd@contoso.example/os.vhd{SAS}"},
        "has to be the https URL",
    ),
    "a space": ({**GEN2, "os_disk": f"https://contoso.example/my os.vhd{SAS}"}, "has to be the https URL"),
    "brackets": ({**GEN2, "os_disk": f"https://[contoso/os.vhd{SAS}"}, "has to be the https URL"),
    "a number as URL": ({**GEN2, "os_disk": 7}, "os_disk at 7; it has to be the https URL"),
    "a blank": (
        {**GEN2, "os_disk": "https://contoso.example/os.vhd?sig=***"},
        "a blank in place of its signature",
    ),
    "disks and a gallery": ({**GEN2, **SHARED}, "names disks and an image of a gallery"),
    "data disks and a gallery": ({**SHARED, "data_disks": [{"lun": 0, "uri": DATA_DISK}]}, "names disks and an"),
    "a gallery without tenant": ({**SHARED, "tenant_id": None}, "needs the GUID of the tenant"),
    "a tenant that is a name": ({**SHARED, "tenant_id": "contoso"}, "has the tenant_id 'contoso'"),
    "a tenant without gallery": ({"image_type": "x64Gen2", "tenant_id": TENANT}, "has the shared_image None"),
    "a gallery that is a URL": ({**SHARED, "shared_image": OS_DISK}, "no resource id of a gallery's image"),
    "another resource": ({**SHARED, "shared_image": "/subscriptions/x"}, "no resource id of a gallery's image"),
    "no list of disks": ({**GEN2, "data_disks": {"lun": 0}}, "data_disks that are a dict"),
    "a disk that is a text": ({**GEN2, "data_disks": [DATA_DISK]}, "a data disk that is a str"),
    "a slip in a disk": ({**GEN2, "data_disks": [{"lunn": 0, "uri": DATA_DISK}]}, "'lun' is meant"),
    "no lun": ({**GEN2, "data_disks": [{"uri": DATA_DISK}]}, "the lun None; a logical unit number"),
    "a lun too many": ({**GEN2, "data_disks": [{"lun": 16, "uri": DATA_DISK}]}, "the lun 16; .* from 0 to 15"),
    "a lun below": ({**GEN2, "data_disks": [{"lun": -1, "uri": DATA_DISK}]}, "the lun -1"),
    "a lun that is none": ({**GEN2, "data_disks": [{"lun": True, "uri": DATA_DISK}]}, "the lun True"),
    "a lun in words": ({**GEN2, "data_disks": [{"lun": "zero", "uri": DATA_DISK}]}, "the lun 'zero'"),
    "one lun twice": ({**GEN2, "data_disks": [{"lun": 1, "uri": DATA_DISK}] * 2}, "two data disks with the lun 1"),
    "a disk without URL": ({**GEN2, "data_disks": [{"lun": 0}]}, "data disk 0 at None; it has to be the https"),
}


def test_what_cant_be_an_image_is_refused_in_words_and_without_its_signature() -> None:
    for name, (images, words) in REFUSED.items():
        with pytest.raises(CppConfigurationError, match=words) as refused:
            asked(images)
        text = str(refused.value)
        assert "Nothing was sent" in text, name
        assert SIGNATURE not in text, name
        assert "pass-w0rd" not in text, name


def test_no_form_of_an_image_that_is_shown_has_a_signature() -> None:
    for given in ({**GEN2, "data_disks": [{"lun": 3, "uri": DATA_DISK}]}, SHARED):
        version = asked(given)
        (image,) = version.images
        shown = (repr(version), repr(image), str(image), json.dumps(image.to_dict()), repr(image.to_dict()))
        assert all(SIGNATURE not in text for text in shown)
        bare = image.without_signatures()
        assert SIGNATURE not in f"{bare.os_disk}{bare.data_disks}"
        assert asked(image.to_dict()).images == (bare,), "it is written as the argument is"
    assert str(asked({**GEN2, "os_disk": f"{OS_DISK}&snapshot=2026"}).images[0]) == (
        "x64Gen2 from https://contoso.blob.core.windows.net/vhds/os.vhd?snapshot=2026"
    )
    assert str(asked({**GEN2, "data_disks": [{"lun": 3, "uri": DATA_DISK}]}).images[0]) == (
        "x64Gen2 from https://contoso.blob.core.windows.net/vhds/os.vhd, "
        "disk 3 https://contoso.blob.core.windows.net/vhds/data.vhd"
    )
