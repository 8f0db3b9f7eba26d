"""Find this machine's interpreters by version: on PATH, in pyenv's folder, and in uv's."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent

_WHICH = """
import sys, sysconfig
print("%d.%d" % sys.version_info[:2] + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
"""


def supported() -> list[str]:
    """Return the versions of Python that the package declares, oldest first."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return re.findall(r"Python :: (3\.\d+)$", "\n".join(project["classifiers"]), flags=re.MULTILINE)


def find(version: str) -> str | None:
    """Return the path of an interpreter that runs here; None if there is none.

    :param version: such as ``3.12``
    """
    return next((str(path) for path in _candidates(version) if _is(path, version)), None)


def _candidates(version: str) -> list[Path]:
    name = f"python{version}"
    on_path = [Path(folder, name) for folder in os.get_exec_path()]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    elsewhere = [*pyenv.glob(f"{version}.*"), *uv.glob(f"cpython-{version}.*")]
    return [*on_path, *(folder / "bin" / name for folder in elsewhere)]


def _is(path: Path, version: str) -> bool:
    """Tell whether it runs, and has the GIL; pyenv's shim of a version that isn't switched on doesn't run."""
    command = [str(path), "-c", _WHICH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version
