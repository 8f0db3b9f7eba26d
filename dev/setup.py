"""Make the environment that everything here runs in: ``python3.11 -m dev.setup``, which ``make`` calls.

Only the standard library is imported: there is nothing else yet. Where the environment can't be made, the last
line says what to do about it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dev.room import obstacle, temporary_obstacle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).parent.parent
OLDEST = (3, 11)
#: What the environment takes on the disk.
MEGABYTES = 700
#: What pip keeps in the folder for temporary files meanwhile.
TEMPORARY_MEGABYTES = 100
#: Lines of a failed command's output that are shown.
SHOWN = 12

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_NO_ROOM = re.compile(r"no space left|disk quota exceeded|errno (28|122)\b|os error (28|122)\b", re.IGNORECASE)
_NOT_OURS = re.compile(r"permission denied|read-only file system", re.IGNORECASE)
_CERTIFICATE = re.compile(r"certificate.?verify.?failed|invalid peer certificate|unknownissuer", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"failed to establish a new connection|connection refused|cannot connect to proxy|proxyerror|tunnel"
    r"|name resolution|name or service not known|dns error|timed out|network is unreachable|error sending request"
    r"|\(from versions: none\)",
    re.IGNORECASE,
)


def main(arguments: Sequence[str]) -> int:
    """Make the environment; return the exit code.

    :param arguments: its folder and the constraints file; ``.venv`` and the newest by default
    """
    folder, constraints = arguments or (".venv", _newest_constraints())
    problem = (
        _lacks() or obstacle(Path(folder).absolute().parent, MEGABYTES) or temporary_obstacle(TEMPORARY_MEGABYTES)
    )
    if problem:
        print(f"{folder} can't be made: {problem}.")
        return 1
    if os.path.islink(folder):
        os.unlink(folder)
    shutil.rmtree(folder, ignore_errors=True)
    output = _failure(folder, constraints)
    if output:
        # Half of it is of no use, and may be what has filled the disk.
        shutil.rmtree(folder, ignore_errors=True)
        print("\n".join(output.splitlines()[-SHOWN:]))
        print(f"\n{folder} can't be made: {advice(output, os.environ)}.")
        return 1
    return 0


def advice(output: str, environ: Mapping[str, str]) -> str:
    """Return why a command failed, and what to do about it.

    :param output: what it printed
    :param environ: the environment that it ran in
    """
    if "ensurepip is not available" in output or "No module named ensurepip" in output:
        return (
            "this Python has no ensurepip; install it (on Debian: apt install python3-venv), or use another Python"
        )
    if _NO_ROOM.search(output):
        return "the disk is full; free some room in this folder, in your home and in TMPDIR (/tmp), or name others"
    if _CERTIFICATE.search(output):
        return "the package index's certificate isn't trusted; name your CA: PIP_CERT=/path/to/ca.pem"
    if _UNREACHABLE.search(output):
        if name := next((name for name in _PROXIES if environ.get(name)), None):
            proxy = f"{name}={_address(environ[name])}"
            return f"no package index was reached by the proxy {proxy}; correct it, or unset it"
        return (
            "no package index was reached; name yours (pip config set global.index-url ...), or your proxy "
            "(export HTTPS_PROXY=http://host:port)"
        )
    if _NOT_OURS.search(output):
        return "a file can't be written; use a clone of your own, and a HOME and a TMPDIR that you can write to"
    return "see above; with more of it: python -m pip install --verbose"


def _lacks() -> str:
    """Return what this interpreter lacks, and what to do about it; nothing if it can make environments."""
    if sys.version_info < OLDEST:
        return f"{sys.executable} is Python {sys.version.split()[0]}; use 3.11, 3.12 or 3.13"
    if find_spec("ensurepip") is None or find_spec("venv") is None:
        return f"{sys.executable} has no venv and ensurepip; install them (on Debian: apt install python3-venv)"
    return ""


def _address(proxy: str) -> str:
    """Return a proxy's address without user and password."""
    parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().removeprefix("//")


def _newest_constraints() -> str:
    files = (REPOSITORY / "constraints").glob("airflow-*.txt")
    newest = max(files, key=lambda file: [int(part) for part in file.stem.removeprefix("airflow-").split(".")])
    return str(newest)


def _failure(folder: str, constraints: str) -> str:
    """Run what makes the environment; return the output of what failed, or nothing."""
    python = str(Path(folder) / "bin" / "python")
    # pip 25.1 is the first that knows --group; Python 3.11 brings an older one.
    pip = [python, "-m", "pip", "install", "-q", "-c", constraints, "--upgrade", "pip>=25.1", "uv"]
    more = [
        python,
        "-m",
        "dev.install",
        "-c",
        constraints,
        "-e",
        ".[emulator]",
        "apache-airflow",
        "--group",
        "dev",
    ]
    for command in ([sys.executable, "-m", "venv", folder], pip, more):
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "UV_COMPILE_BYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            return done.stdout or f"exit code {done.returncode} of {' '.join(command)}"
    return ""


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
