"""The benchmark's server, and a connection that leads to it."""

from __future__ import annotations

import pytest

from benchmarks.portal import Portal


@pytest.fixture(scope="module")
def server():
    with Portal() as portal:
        yield portal


@pytest.fixture
def portal(server, monkeypatch):
    for name, value in server.connections().items():
        monkeypatch.setenv(name, value)
    server.counted(latency=0.0, changing=False)
    return server
