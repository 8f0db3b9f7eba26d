"""How a task takes the images of a version: one or several, as data or as JSON, with templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.tasks.json_field import TakesJson

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import Context


class TakesImages(TakesJson):
    """What a task needs that has a template field `images`; mixed into an operator."""

    images: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str

    json_field = "images"

    def _taken(self, context: Context, jinja_env: jinja2.Environment) -> Any:
        from airflow_provider_cpp.offers.images import given_images  # DAG files pay for what is above

        return given_images(self.images)
