"""Decides what tests get: one emulator per test, known to Airflow as the connection ``cpp_default``.

Installed with the package, as ``airflow-provider-cpp[emulator]``; nothing is imported until a test asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_cpp.emulator.emulator import Emulator


@pytest.fixture
def cpp_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Run a Cloud Partner Portal with the offer ``contoso/contoso-virtualmachineoffer``, ready to go live.

    Operations take one second. ``AIRFLOW_CONN_CPP_DEFAULT`` leads to it.
    """
    from airflow_provider_cpp.emulator.emulator import Emulator

    with Emulator(duration=1.0) as emulator:
        emulator.add_offer("contoso-virtualmachineoffer")
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", emulator.connection_json())
        yield emulator
