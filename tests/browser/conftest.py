"""A browser, a real Airflow for it to look at, with a Cloud Partner Portal, and pictures where they are wanted."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, FloatRect, Locator, Page

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
PICTURES = REPOSITORY / "docs" / "pictures"

#: Debian's name, and those of others.
NAMES = ("chromium", "chromium-browser", "google-chrome")

#: Milliseconds that anything may take to appear; a machine with much else to do takes its time.
PATIENCE = 60_000

#: Milliseconds in which something that moves has moved.
SETTLING = 300

#: Bytes of a picture; each is in the repository for ever.
LARGEST_PICTURE = 100_000


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> str:
    """The path of the system's Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is not None:
        return path
    why = f"no browser: none of {', '.join(NAMES)} is installed (on Debian: apt install chromium)"
    if request.config.getoption("--require-browser"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # Without its sandbox, as that refuses to run for root, and shows nothing but what runs here.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def portal() -> Iterator[Emulator]:
    """A Cloud Partner Portal whose operations go on when a test lets time pass."""
    with Emulator(duration=1000) as emulator:
        emulator.add_offer("contoso-virtualmachineoffer")
        yield emulator


@pytest.fixture(scope="session")
def local_airflow(chromium: str, portal: Emulator) -> Iterator[LocalAirflow]:
    """A real Airflow whose connection ``cpp_default`` leads to the portal, and which tests connections."""
    env = {"AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json(), "AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    with LocalAirflow(HERE / "dags", env=env, pythonpath=[REPOSITORY]) as airflow:
        yield airflow


@pytest.fixture
def page(browser: Browser, local_airflow: LocalAirflow) -> Iterator[Page]:
    """A page of its own for each test: nothing is stored from the one before."""
    context = browser.new_context(
        base_url=local_airflow.url,
        viewport={"width": 1200, "height": 1000},
        locale="en-GB",
        timezone_id="UTC",
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Write a picture of parts of a page for the documentation, if ``--write-pictures`` says so."""

    def write(name: str, *parts: Locator, margin: int = 12) -> None:
        if not request.config.getoption("--write-pictures"):
            return
        from PIL import Image

        page = parts[0].page
        clip = around(*parts, margin=margin)
        page.wait_for_timeout(SETTLING)
        while (later := around(*parts, margin=margin)) != clip:  # what slides in would be cut
            clip = later
            page.wait_for_timeout(SETTLING)
        shot = BytesIO(page.screenshot(animations="disabled", caret="hide", clip=clip))
        file = PICTURES / f"{name}.png"
        file.parent.mkdir(exist_ok=True)
        # A user interface has few colours; so each picture is a third as large.
        Image.open(shot).convert("RGB").quantize(64).save(file, optimize=True)
        assert file.stat().st_size < LARGEST_PICTURE

    return write


def around(*parts: Locator, margin: int) -> FloatRect:
    """Return the rectangle that holds some parts of a page, and some pixels around them."""
    boxes = [box for part in parts if (box := part.bounding_box())]
    left, top = (min(box[side] for box in boxes) - margin for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + margin
    bottom = max(box["y"] + box["height"] for box in boxes) + margin
    return {"x": max(left, 0), "y": max(top, 0), "width": right - max(left, 0), "height": bottom - max(top, 0)}


@pytest.fixture
def add_connection(local_airflow: LocalAirflow, portal: Emulator) -> Callable[..., str]:
    """Add a connection to the portal through Airflow's API, with some fields changed; return its id."""

    def add(conn_id: str, **changes: Any) -> str:
        connection = portal.connection()
        extra = connection.pop("extra") | changes.pop("extra", {})
        local_airflow.add_connection(conn_id, {**connection, **changes, "extra": extra})
        return conn_id

    return add
