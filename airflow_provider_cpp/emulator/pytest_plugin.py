"""Decides what tests get: one emulator per test, known to Airflow as the connection ``cpp_default``.

Installed with the package, as ``airflow-provider-cpp[emulator]``; nothing is imported until a test asks.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_cpp.emulator.emulator import Emulator


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for those who run with ``--strict-markers``."""
    config.addinivalue_line(
        "markers",
        "cpp_offers(folder): cpp_emulator begins with a copy of this folder's offers; relative to the rootdir",
    )


@pytest.fixture
def cpp_emulator(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """Run a Cloud Partner Portal with the offer ``contoso/contoso-virtualmachineoffer``, ready to go live.

    Operations take one second. ``AIRFLOW_CONN_CPP_DEFAULT`` leads to it. A test with the marker
    ``cpp_offers("folder")`` gets a copy of that folder's offers instead, so that what it puts changes no file
    of yours.
    """
    from airflow_provider_cpp.emulator.emulator import Emulator

    offers = None
    if marker := request.node.get_closest_marker("cpp_offers"):
        (folder,) = marker.args
        offers = shutil.copytree(request.config.rootpath / folder, tmp_path / "cpp-offers")
    with Emulator(duration=1.0, offers=offers) as emulator:
        if offers is None:
            emulator.add_offer("contoso-virtualmachineoffer")
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", emulator.connection_json())
        yield emulator
