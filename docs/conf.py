"""How Sphinx builds these pages: ``make docs``. Nothing is fetched, and a warning is an error."""

from __future__ import annotations

import inspect
import os
import tempfile
from typing import Any

# Autodoc imports the package and with it Airflow, which makes a home for itself and speaks of it.
if "AIRFLOW_HOME" not in os.environ:
    home = tempfile.TemporaryDirectory(prefix="cpp-docs-")
    os.environ["AIRFLOW_HOME"] = home.name
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"

from airflow_provider_cpp import __version__

project = "airflow-provider-cpp"
author = "the authors of airflow-provider-cpp"
project_copyright = "the authors of airflow-provider-cpp; Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_show_sphinx = False
html_copy_source = False

# Links within a page, and from one page to a heading of another, as a forge resolves them.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True

# Every name that a docstring or a signature refers to has to be found here, but for those of others:
# their own references would have to be fetched.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(airflow|collections|datetime|jinja2|os|pathlib|ssl)\..*"),
    # Of others too, but imported for type checkers only, so that no more than the bare name is known.
    (r"py:class", r"[A-Z]\w*"),
    # Ours, but nobody's outside: what isn't an exception and isn't named as Airflow names what a DAG uses.
    (r"py:class", r"airflow_provider_cpp\.(?!exceptions)[\w.]+\.(?!\w*(Operator|Sensor|Trigger|Hook|Link)$)\w+"),
]


def setup(app: Any) -> None:
    """Leave constants of a module out of the reference: its classes are what it is for."""

    def skips(_app: Any, what: str, _name: str, member: object, *_rest: object) -> bool | None:
        is_constant = what == "module" and not inspect.isclass(member) and not inspect.isroutine(member)
        return True if is_constant else None

    app.connect("autodoc-skip-member", skips)
