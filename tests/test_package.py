"""The package as others get it: what wheel and sdist hold, and that the wheel alone takes an offer live."""

from __future__ import annotations

import email.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from airflow_provider_cpp import __version__
from airflow_provider_cpp.emulator import Emulator
from dev import install as dev_install

ROOT = Path(__file__).parent.parent
BESIDE = Path(sys.executable).parent
CONSTRAINTS = ROOT / "constraints" / "airflow-3.3.txt"
OFFER = "contoso-virtualmachineoffer"
pytestmark = pytest.mark.timeout(300)

#: What nobody who installs the package needs.
NOT_FOR_USERS = re.compile(r"(^|/)(tests|dev|benchmarks|constraints|\.\w[^/]*)(/|$)|\.pyc$")


def run(*command, **options):
    options = {"capture_output": True, "text": True, "timeout": 500, **options}
    done = subprocess.run([str(each) for each in command], check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both from what is under version control or about to be, as a release would."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--installer", "uv", "--outdir", folder, ROOT]
    run(*build, env=dev_install.environment())
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def metadata(built):
    with zipfile.ZipFile(built[0]) as wheel:
        (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
        return email.parser.Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_the_package_with_its_types_and_nothing_else(built):
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    package = {name for name in names if name.startswith("airflow_provider_cpp/")}
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "airflow_provider_cpp").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package == sources
    assert "airflow_provider_cpp/py.typed" in package
    assert all(".dist-info/" in name for name in names - package)


def test_the_sdist_holds_what_a_packager_needs_and_no_tests(built):
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "airflow_provider_cpp/py.typed"} <= names
    assert {name for name in names if NOT_FOR_USERS.search(name)} <= {".gitignore"}


def test_the_manual_can_be_built_from_the_sdist(built, tmp_path):
    """What its pages include is there."""
    with tarfile.open(built[1]) as sdist:
        sdist.extractall(tmp_path)
    (docs,) = tmp_path.glob("*/docs")
    included = {
        page.parent / name
        for page in docs.rglob("*.md")
        for name in re.findall(r"^```\{(?:literal)?include\} (\S+)", page.read_text(), re.MULTILINE)
    }
    assert len(included) > 20
    assert [str(file) for file in included if not file.exists()] == []


def test_the_index_would_take_both(built):
    """A readme that doesn't render is an error, too."""
    assert (
        run(BESIDE / "twine", "check", "--strict", *built, env={**os.environ, "NO_COLOR": "1"}).count("PASSED")
        == 2
    )


def test_the_metadata_say_where_it_runs_and_what_the_extras_bring(metadata):
    assert metadata["Name"] == "airflow-provider-cpp"
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_all("Provides-Extra") == ["emulator"]
    assert "Framework :: Apache Airflow :: Provider" in metadata.get_all("Classifier")


def test_no_requirement_has_an_upper_bound(metadata):
    """A bound that no known break asks for keeps others from installing the package beside theirs."""
    requirements = metadata.get_all("Requires-Dist")
    assert len(requirements) >= 7
    assert [each for each in requirements if re.search(r"<|==|~=", each.partition(";")[0])] == []


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """An environment with the wheel and what it requires, and a folder of its own to run things in."""
    folder = tmp_path_factory.mktemp("somebodys")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv" / "bin" / "python"

    def install(*wanted):
        dev_install.install(str(python), "-c", str(CONSTRAINTS), *map(str, wanted))

    install(built[0], "apache-airflow")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    kept.pop("PYTHONPATH", None)
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # each of Airflow's commands would compile all of it anew
    (folder / "dags").mkdir()
    shutil.copy(ROOT / "dags" / "go_live.py", folder / "dags")
    env = {
        **kept,
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
    }

    def run_there(*command, **more):
        return run(python, "-m", *command, cwd=folder, env={**env, **more})

    run_there("airflow", "db", "migrate")
    return run_there, install


@pytest.mark.airflow
@pytest.mark.timeout(600)
class TestInstalledAlone:
    """In a clean environment, with nothing but the wheel and what it requires."""

    def test_airflow_lists_the_provider(self, installed):
        run_there, _ = installed
        shown = run_there("airflow", "providers", "get", "airflow-provider-cpp", "--output", "json")
        (provider,) = json.loads(shown[shown.index("[") :])
        assert (provider["Provider"], provider["Version"]) == ("airflow-provider-cpp", __version__)

    def test_a_connection_of_its_type_can_be_added(self, installed):
        run_there, _ = installed
        added = json.dumps(
            {"conn_type": "cpp", "login": "app", "password": "s", "extra": {"publisher_id": "contoso"}}
        )
        run_there("airflow", "connections", "add", "theirs", "--conn-json", added)
        shown = run_there("airflow", "connections", "get", "theirs", "--output", "json")
        (connection,) = json.loads(shown[shown.index("[") :])
        assert connection["conn_type"] == "cpp"
        assert "contoso" in str(connection["extra_dejson"])

    def test_an_offer_goes_live(self, installed):
        """Its connection is in the environment: in `dags test` no trigger can read the database (3.3.2)."""
        run_there, _ = installed
        with Emulator(duration=1) as portal:
            portal.add_offer(OFFER)
            run_there("airflow", "dags", "test", "go_live", AIRFLOW_CONN_CPP_DEFAULT=portal.connection_json())
            assert len(portal.requests_for("golive")) == 1
            assert portal.portal.live_version(portal.offer(OFFER)) is not None

    def test_the_fixture_is_there_with_the_extra_alone(self, installed, built, tmp_path):
        """Somebody else's test: one argument, and no line of set-up."""
        run_there, install = installed
        install(f"{built[0]}[emulator]", "pytest")
        test = tmp_path / "test_theirs.py"
        test.write_text("def test_it_is_reachable(cpp_emulator):\n    assert cpp_emulator.url\n")
        assert "1 passed" in run_there("pytest", "-q", "-p", "no:cacheprovider", str(test))
