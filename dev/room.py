"""Decide whether a folder has room for what is about to be put there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def obstacle(folder: Path, megabytes: int) -> str:
    """Return why the folder can't take so much, and what to do about it; nothing if it can.

    :param folder: one that is there
    :param megabytes: that are needed
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} can't be written to: {owner_or_disk(folder)}"
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        return f"the disk of {folder} has {free} MB free, and {megabytes} are needed: remove something there"
    return ""


def owner_or_disk(folder: Path) -> str:
    """Return what to do about a folder that can't be written to."""
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return "its disk is mounted read-only; use a clone on another disk"
    return "it is another user's; use a clone of your own, such as below your home"


def temporary_obstacle(megabytes: int) -> str:
    """Return why the folder for temporary files can't take so much, and what to do; nothing if it can."""
    another = "name a folder on another disk: export TMPDIR=/path/to/folder"
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:  # the text of this error lists them
        return f"no folder for temporary files can be written to, neither /tmp nor /var/tmp; {another}"
    problem = obstacle(folder, megabytes)
    return problem and f"{problem}, or {another}"
