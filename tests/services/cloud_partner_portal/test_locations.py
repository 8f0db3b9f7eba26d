"""Which locations are believed, and what becomes of them."""

from __future__ import annotations

import string
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.services.cloud_partner_portal.locations import (
    OperationLocation,
    location_header,
    parse_location,
)

ORIGIN = "https://cloudpartner.azure.com"
GUID = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"
OFFER = "contoso-virtualmachineoffer"
PATH = f"/api/publishers/contoso/offers/{OFFER}/operations/{GUID}"
OLD_PATH = f"/api/operations/contoso${OFFER}$2$preview"
MIGRATED = OperationLocation(ORIGIN, "contoso", OFFER, GUID)
NOT_MIGRATED = OperationLocation(ORIGIN, "contoso", OFFER, f"contoso${OFFER}$2$preview")
VERSION = "2017-10-31"


def _with_version(location: OperationLocation) -> OperationLocation:
    return OperationLocation(
        location.origin, location.publisher_id, location.offer_id, location.operation_id, VERSION
    )


@pytest.mark.parametrize(
    ("text", "location"),
    [
        # The go-live page of 2018, and both commissioned translations of it: absolute, without api-version.
        (
            "https://cloudpartner.azure.com/api/publishers/contoso/offers/contoso-virtualmachineoffer/"
            "operations/56615b67-2185-49fe-80d2-c4ddf77bb2e8",
            MIGRATED,
        ),
        # Pages of 2020 and later, migrated offers.
        (
            "/api/publishers/contoso/offers/contoso-virtualmachineoffer/operations/"
            "56615b67-2185-49fe-80d2-c4ddf77bb2e8?api-version=2017-10-31",
            _with_version(MIGRATED),
        ),
        # The same pages, offers that weren't migrated; and publish of 2018.
        (
            "/api/operations/contoso$contoso-virtualmachineoffer$2$preview?api-version=2017-10-31",
            _with_version(NOT_MIGRATED),
        ),
        # The overview page's odd identifier.
        (
            f"/api/publishers/contoso/offers/{OFFER}/operations/408a4835-0000-1000-0000-000000000000",
            OperationLocation(ORIGIN, "contoso", OFFER, "408a4835-0000-1000-0000-000000000000"),
        ),
        (f"{ORIGIN}{OLD_PATH}", NOT_MIGRATED),
        (f"/api/operations/contoso%24{OFFER}%242%24preview", None),
        (PATH, MIGRATED),
        (f"{PATH}/", MIGRATED),  # pub asks for it with a slash at the end
        (f"{ORIGIN}:443{PATH}", MIGRATED),
        (f"HTTPS://CloudPartner.Azure.COM{PATH}", MIGRATED),
        (f"{PATH}?foo=bar&api-version=2017-10-31", _with_version(MIGRATED)),
        (f"{PATH}?api-version=%0d%0aX", MIGRATED),
        (f"{PATH}#fragment", MIGRATED),
        (
            f"/api/publishers/con%20toso/offers/%C3%BC/operations/{GUID}",
            OperationLocation(ORIGIN, "con toso", "ü", GUID),
        ),
    ],
)
def test_every_documented_form_of_a_location_is_understood(text: str, location: OperationLocation | None) -> None:
    if location is None:
        with pytest.raises(UntrustedLocation):
            parse_location(text, origin=ORIGIN)
    else:
        assert parse_location(text, origin=ORIGIN) == location


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_a_location_is_compared_with_the_connections_own_scheme_host_and_port(origin: str) -> None:
    assert parse_location(f"{origin}{PATH}", origin=origin).url == f"{origin}{PATH}"
    for other in (f"https{origin[4:]}", origin.replace("8080", "8081"), origin.removesuffix(":8080"), ORIGIN):
        with pytest.raises(UntrustedLocation):
            parse_location(f"{other}{PATH}", origin=origin)


HOSTILE = {
    "backslash before the host": f"http://127.0.0.1:8080\\@cloudpartner.azure.com{PATH}",
    "backslash, https": f"https://evil.example\\@cloudpartner.azure.com{PATH}",
    "backslash in the path": f"{PATH}\\..\\x",
    "user": f"https://user@cloudpartner.azure.com{PATH}",
    "user and password": f"https://user:hush@cloudpartner.azure.com{PATH}",
    "host as user": f"https://cloudpartner.azure.com@evil.example{PATH}",
    "host and port as user": f"https://cloudpartner.azure.com:443@evil.example{PATH}",
    "encoded at sign": f"https://cloudpartner.azure.com%40evil.example{PATH}",
    "other host": f"https://evil.example{PATH}",
    "host as prefix": f"https://cloudpartner.azure.com.evil.example{PATH}",
    "host as suffix": f"https://evilcloudpartner.azure.com{PATH}",
    "subdomain": f"https://x.cloudpartner.azure.com{PATH}",
    "other port": f"https://cloudpartner.azure.com:8443{PATH}",
    "port 0": f"https://cloudpartner.azure.com:0{PATH}",
    "port out of range": f"https://cloudpartner.azure.com:65536{PATH}",
    "port that is no number": f"https://cloudpartner.azure.com:x{PATH}",
    "plain http": f"http://cloudpartner.azure.com{PATH}",
    "plain http on the https port": f"http://cloudpartner.azure.com:443{PATH}",
    "scheme-relative": f"//cloudpartner.azure.com{PATH}",
    "scheme-relative, other host": f"//evil.example{PATH}",
    "three slashes": f"///evil.example{PATH}",
    "one slash": f"https:/evil.example{PATH}",
    "no slash": f"https:{PATH}",
    "trailing dot": f"https://cloudpartner.azure.com.{PATH}",
    "IDN look-alike": f"https://cloudp\u0430rtner.azure.com{PATH}",
    "IDN look-alike in punycode": f"https://xn--cloudprtner-5fg.azure.com{PATH}",
    "fullwidth dots": f"https://cloudpartner\uff0eazure\uff0ecom{PATH}",
    "ligature that normalises": f"https://cloudpartner.azure.\u33c7{PATH}",
    "IP literal": f"https://13.107.246.40{PATH}",
    "metadata service": "http://169.254.169.254/metadata/identity/oauth2/token",
    "metadata service with our path": f"http://169.254.169.254{PATH}",
    "IPv6": f"https://[::ffff:169.254.169.254]{PATH}",
    "broken IPv6": f"https://[::1{PATH}",
    "file": "file:///etc/passwd",
    "file with our path": f"file://{PATH}",
    "ftp": f"ftp://cloudpartner.azure.com{PATH}",
    "javascript": "javascript:alert(1)",
    "data": "data:application/json,{}",
    "dot segments": f"/api/publishers/contoso/offers/{OFFER}/operations/../../../../offerTypes",
    "dot segments as offer": f"/api/publishers/contoso/offers/../operations/{GUID}",
    "dot segments before": f"/x/../api/publishers/contoso/offers/{OFFER}/operations/{GUID}",
    "encoded dot segments": f"/api/publishers/contoso/offers/%2e%2e/operations/{GUID}",
    "encoded slash": f"/api/publishers/contoso/offers/a%2fb/operations/{GUID}",
    "encoded slash, upper case": f"/api/publishers/contoso%2F..%2Fother/offers/a/operations/{GUID}",
    "encoded backslash": f"/api/publishers/contoso/offers/a%5cb/operations/{GUID}",
    "encoded null": f"/api/publishers/contoso/offers/a%00b/operations/{GUID}",
    "encoded newline": f"/api/publishers/contoso/offers/a%0d%0ab/operations/{GUID}",
    "encoded slash, old form": "/api/operations/contoso$a%2fb$2$preview",
    "encoded separator, old form": "/api/operations/contoso%24a$b$2$preview",
    "double slash": f"/api//publishers/contoso/offers/{OFFER}/operations/{GUID}",
    "more behind": f"{PATH}/cancel",
    "another resource": f"/api/publishers/contoso/offers/{OFFER}/golive",
    "the offer itself": f"/api/publishers/contoso/offers/{OFFER}",
    "path parameter": f"{PATH};x=y",
    "identifier too long": PATH + "a" * 65,
    "identifier with a dot": f"/api/publishers/contoso/offers/{OFFER}/operations/..",
    "identifier with an escape": f"/api/publishers/contoso/offers/{OFFER}/operations/%61",
    "no identifier": f"/api/publishers/contoso/offers/{OFFER}/operations/",
    "old form, no offer": "/api/operations/contoso$$2$preview",
    "old form, three parts": "/api/operations/contoso$vm$2",
    "old form, five parts": "/api/operations/contoso$vm$2$preview$x",
    "old form, number that is none": "/api/operations/contoso$vm$x$preview",
    "relative without a slash": PATH[1:],
    "query only": "?api-version=2017-10-31",
    "space before": f" {PATH}",
    "space behind": f"{PATH} ",
    "space within": f"/api/publishers/con toso/offers/{OFFER}/operations/{GUID}",
    "newline": f"{PATH}\n",
    "header injection": f"{PATH}\r\nX-Evil: 1",
    "tab in the scheme": f"ht\ttps://evil.example{PATH}",
    "null": f"{PATH}\x00",
    "non-ASCII path": f"/api/publishers/contoso/offers/\u00fc/operations/{GUID}",
    "oversized": f"{PATH}?x=" + "a" * 2048,
    "two headers in one": f"{PATH}, {PATH}",
    "empty": "",
    "text": "accepted",
    "None": None,
    "number": 202,
    "bytes": PATH.encode(),
    "list": [PATH],
    "object": {"location": PATH},
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_location_that_isnt_ours_is_refused(text: object) -> None:
    with pytest.raises(UntrustedLocation) as caught:
        parse_location(text, origin=ORIGIN)

    told = str(caught.value)
    assert isinstance(caught.value, AirflowFailException)
    assert "hush" not in told
    assert told.isprintable(), "a location must not forge lines in a log"
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("publisher", "offer"), [("fabrikam", OFFER), ("contoso", "another-offer"), ("contoso", OFFER[:-1])]
)
@pytest.mark.parametrize("path", [PATH, OLD_PATH])
def test_a_location_of_another_offer_than_the_posted_one_is_refused(path: str, publisher: str, offer: str) -> None:
    with pytest.raises(UntrustedLocation, match="belongs to"):
        parse_location(path, origin=ORIGIN, publisher_id=publisher, offer_id=offer)


@pytest.mark.parametrize("look_alike", ["conto%C5%BFo", "contoso%20", "c%D0%BEntoso"])
def test_a_look_alike_of_an_identifier_is_another_one(look_alike: str) -> None:
    """The long s of the first one folds to "s"."""
    path = f"/api/publishers/{look_alike}/offers/{OFFER}/operations/{GUID}"
    with pytest.raises(UntrustedLocation, match="belongs to publisher"):
        parse_location(path, origin=ORIGIN, publisher_id="contoso", offer_id=OFFER)


def test_the_case_of_an_identifier_makes_no_other_offer() -> None:
    found = parse_location(PATH, origin=ORIGIN, publisher_id="Contoso", offer_id=OFFER.upper())
    assert found == MIGRATED


def test_the_operations_header_is_preferred_to_its_results() -> None:
    assert location_header({"operation-location": "/a", "location": "/b"}) == "/a"
    assert location_header({"location": "/b"}) == "/b"
    assert location_header({"operation-location": "  ", "location": " /b "}) == "/b"
    assert location_header({"content-location": "/c"}) is None


# "None" is what a template gives whose value isn't there.
identifiers = st.text(min_size=1, max_size=40).filter(
    lambda text: text.strip() not in {"", ".", "..", "None"} and text.isprintable() and not set(text) & set("/\\")
)
guids = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=64)
versions = st.none() | st.just(VERSION)
migrated = st.builds(OperationLocation, st.just(ORIGIN), identifiers, identifiers, guids, versions)


@st.composite
def not_migrated(draw: st.DrawFn) -> OperationLocation:
    publisher, offer = (draw(identifiers.filter(lambda text: "$" not in text)) for _ in range(2))
    number, slot = draw(st.integers(0, 10**19)), draw(st.text(string.ascii_letters, min_size=1, max_size=32))
    return OperationLocation(ORIGIN, publisher, offer, f"{publisher}${offer}${number}${slot}", draw(versions))


@given(migrated | not_migrated())
def test_a_location_survives_being_written_and_read(location: OperationLocation) -> None:
    assert parse_location(location.url, origin=ORIGIN) == location


pieces = st.sampled_from(
    [
        *"https:",
        "://",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "?",
        "#",
        "..",
        ".",
        "%2f",
        "%2e",
        "%00",
        "$",
        ";",
        "&",
        "[",
        "]",
        "cloudpartner.azure.com",
        "evil.example",
        "127.0.0.1",
        "[::1]",
        ":443",
        ":80",
        ":0",
        "http",
        "https",
        "/api",
        "/publishers",
        "/contoso",
        "/offers",
        f"/{OFFER}",
        "/operations",
        f"/{GUID}",
        PATH,
        OLD_PATH,
        "api-version=1",
        "\u0430",
        " ",
        "\n",
        "\t",
    ]
)


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=60) | st.just(f"{ORIGIN}{PATH}"))
def test_no_text_ever_leads_to_another_host_or_resource(text: str) -> None:
    try:
        location = parse_location(text, origin=ORIGIN)
    except UntrustedLocation:
        return
    for url in (location.url, location.to_read().url(ORIGIN, VERSION)):
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc) == ("https", "cloudpartner.azure.com")
        assert url.isascii()
        assert url.isprintable()
        assert ".." not in parts.path.split("/")
        segments = parts.path.split("/")
        assert (segments[:3] == ["", "api", "publishers"] and len(segments) == 8) or (
            segments[:3] == ["", "api", "operations"] and len(segments) == 4
        )
