"""The example DAGs once more, under other names and for other offers, so that they run beside themselves.

What they do is what their files say: only the names differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG

EXAMPLES = Path(__file__).parents[3] / "dags"
#: Added to the names of DAGs and offers.
SUFFIX = "-newer"


def again(name: str) -> DAG:
    """Return an example DAG under its other name."""
    path = EXAMPLES / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    renamed = source.replace(f'dag_id="{name}"', f'dag_id="{name}{SUFFIX}"')
    assert renamed != source, "it has another name by now"
    renamed = renamed.replace('"offer_id": "contoso-release"', f'"offer_id": "contoso-release{SUFFIX}"')
    renamed = renamed.replace('windows.net/vhds/contoso-release"', f'windows.net/vhds/contoso-release{SUFFIX}"')
    known: dict[str, Any] = {"__name__": f"{name}{SUFFIX}"}
    exec(compile(renamed, str(path), "exec"), known)  # by the file's name its lines are found
    dag: DAG = known["go_live"].dag
    dag.fileloc = __file__
    return dag


go_live = again("go_live")
release_image = again("release_image")
