"""Which core does what, and what this machine is."""

from __future__ import annotations

import gc
import os
import platform
import resource
import ssl
from pathlib import Path

#: The client that is measured, and the server that it talks to, must not take time from each other.
CLIENT_CORE = 0
SERVER_CORE = 1


def pin(core: int) -> None:
    """Keep this process on one core, if the machine has it and lets us."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def cpu_seconds() -> float:
    """Return the CPU time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_bytes() -> int:
    """Return how much memory this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def described() -> str:
    """Return the machine in one line."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores of {model}, {pages / 2**30:.0f} GB, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, {' '.join(ssl.OPENSSL_VERSION.split()[:2])}"
    )
