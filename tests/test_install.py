"""What pip is configured with, uv is told: the index that it installs from is the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dev.install import install, pip_options, uv_environment

LISTED = """\
:env:.default-timeout='180'
:env:.find-links='/opt/wheels /opt/more'
download.index-url='https://not-for-installing.example/simple'
global.cert='/etc/ssl/ours.pem'
global.index-url='https://index.example/it\\'s/simple'
global.find-links='/opt/older'
install.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
"""


def test_the_environment_wins_over_the_files_and_other_commands_options_dont_count():
    assert pip_options(LISTED) == {
        "timeout": "180",
        "find-links": "/opt/wheels /opt/more",
        "cert": "/etc/ssl/ours.pem",
        "index-url": "https://index.example/it's/simple",
        "extra-index-url": "https://one.example/simple\nhttps://two.example/simple",
    }


def test_uv_is_told_what_pip_is():
    told = uv_environment(pip_options(LISTED), {"HOME": "/home/someone"})
    assert told == {
        "HOME": "/home/someone",
        "UV_DEFAULT_INDEX": "https://index.example/it's/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_HTTP_TIMEOUT": "180",
        "SSL_CERT_FILE": "/etc/ssl/ours.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_SYSTEM_CERTS": "true",
    }


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_pip_finds_by_itself_are_found(name, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    assert uv_environment({}, {name: str(bundle)})["SSL_CERT_FILE"] == str(bundle)
    assert uv_environment({"cert": "/other.pem"}, {name: str(bundle)})["SSL_CERT_FILE"] == "/other.pem"
    assert "SSL_CERT_FILE" not in uv_environment({}, {name: str(tmp_path)})


def test_what_uv_was_told_by_somebody_is_kept():
    environ = {"UV_DEFAULT_INDEX": "https://theirs.example/simple", "UV_SYSTEM_CERTS": "false"}
    told = uv_environment({"index-url": "https://index.example/simple"}, environ)
    assert told.items() >= environ.items()


@pytest.fixture
def commands(monkeypatch):
    """The commands that are run; uv's fail."""
    ran = []

    def run(command, *, check, **options):
        if "list" in command:
            return subprocess.CompletedProcess(command, 0, "global.constraint='/etc/pip/constraints.txt'\n")
        ran.append(command)
        return subprocess.CompletedProcess(command, 2 if command[1] == "pip" else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return ran


def test_where_uv_cant_pip_does_with_the_same_words(commands, capsys):
    install("/their/python", "-c", "ours.txt", "apache-airflow")
    first, second = commands
    assert first[1:] == [
        *("pip", "install", "--quiet", "--python", "/their/python"),
        *("-c", "/etc/pip/constraints.txt", "-c", "ours.txt", "apache-airflow"),
    ]
    assert second == [
        *(sys.executable, "-m", "pip", "--python", "/their/python"),
        *("install", "--quiet", "-c", "ours.txt", "apache-airflow"),
    ]
    assert "pip tries it" in capsys.readouterr().err
