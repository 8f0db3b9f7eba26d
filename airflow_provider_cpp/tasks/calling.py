"""How a task calls the portal: through the hook of its connection."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_cpp.tasks.rendering import RendersFields

if TYPE_CHECKING:
    from airflow_provider_cpp.hooks.offers import OffersHook


class CallsPortal(RendersFields):
    """What a task needs to call the portal; mixed into an operator or a sensor."""

    cpp_conn_id: str

    @cached_property
    def hook(self) -> OffersHook:
        """The hook of the task's connection."""
        return self._new_hook()

    def _new_hook(self) -> OffersHook:
        from airflow_provider_cpp.hooks.offers import OffersHook

        return OffersHook(self.cpp_conn_id)
