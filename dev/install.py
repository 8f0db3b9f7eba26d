"""Install with uv, which takes seconds where pip takes a minute, from wherever pip is configured to install.

``python -m dev.install -c constraints/airflow-3.3.txt apache-airflow`` installs into the environment that runs it.
Where uv can't, pip does. Only the standard library is imported: a new environment has nothing else.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: uv's variable for each option of pip's, and what separates several values there.
_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
}
#: Where pip finds an option for an installation, each place over those before it.
_PLACES = ("global", "install", ":env:")


def uv() -> str:
    """Return the path of uv, which ``make`` puts beside the interpreter that runs this."""
    return str(Path(sys.executable).parent / "uv")


def pip_options(listed: str) -> dict[str, str]:
    """Return the options that hold for an installation, by name.

    :param listed: what ``pip config list`` prints
    """
    found: dict[str, dict[str, str]] = {place: {} for place in _PLACES}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        place, _, name = key.partition(".")
        if place in found:
            found[place][name.removeprefix("default-")] = str(ast.literal_eval(value))
    return {name: value for place in _PLACES for name, value in found[place].items()}


def uv_environment(options: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which uv installs from where pip does.

    :param options: pip's
    :param environ: the environment so far; what it tells uv itself is kept
    """
    said = {
        variable: separator.join(options[name].split())
        for name, (variable, separator) in _VARIABLES.items()
        if options.get(name)
    }
    # pip reads these where it has no such option. A folder is nothing that uv takes by that name.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if os.path.isfile(environ.get(name, "")):
            said.setdefault("SSL_CERT_FILE", environ[name])
    # To pip all indexes are one, and the machine's certificates are good.
    said |= {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_SYSTEM_CERTS": "true"}
    return {**environ, **{name: value for name, value in said.items() if not environ.get(name)}}


def environment() -> dict[str, str]:
    """Return the environment in which uv installs from where this interpreter's pip does."""
    return uv_environment(_configured(), os.environ)


def install(python: str, *wanted: str) -> None:
    """Install into an interpreter's environment, which needs neither uv nor pip itself.

    :param python: its path
    :param wanted: what both ``uv pip install`` and ``pip install`` take
    :raises subprocess.CalledProcessError: neither could; they have said why
    """
    options = _configured()
    # An option on the command line is the only one to uv, and one more to pip.
    more = [word for file in options.get("constraint", "").split() for word in ("-c", file)]
    command = [uv(), "pip", "install", "--quiet", "--python", python, *more, *wanted]
    if subprocess.run(command, env=uv_environment(options, os.environ), check=False).returncode != 0:
        print("uv can't install here; pip tries it.", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *wanted]
        subprocess.run(command, check=True)


def _configured() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and find_spec("pip") is None:  # whoever made the environment with uv has told uv
        return {}
    done.check_returncode()
    return pip_options(done.stdout)


def main(wanted: Sequence[str]) -> int:
    """Install what is named; return the exit code."""
    try:
        install(sys.executable, *wanted)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
