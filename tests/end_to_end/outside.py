"""An XCom backend that stores outside of Airflow's database, for the one DAG whose test is about that."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.io.xcom.backend import XComObjectStorageBackend
from airflow.sdk.bases.xcom import BaseXCom

#: The DAG whose XComs are stored outside.
DAG_ID = "told_once"


class StoresOutside(XComObjectStorageBackend):
    """Airflow's own backend for object storage, here a local folder."""

    @staticmethod
    def serialize_value(value: Any, **coordinates: Any) -> Any:  # type: ignore[override]
        """Store the value, and return where it is."""
        backend = XComObjectStorageBackend if coordinates.get("dag_id") == DAG_ID else BaseXCom
        return backend.serialize_value(value, **coordinates)
