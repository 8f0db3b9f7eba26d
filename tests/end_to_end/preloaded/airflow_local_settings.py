"""What the tasks here import, imported before Airflow forks a process for each of some two hundred."""

from __future__ import annotations

from importlib import import_module

for name in (
    "aiohttp",
    "azure.identity",
    "requests",
    "tenacity",
    "airflow_provider_cpp.hooks.cloud_partner_portal",
    "airflow_provider_cpp.operators.offer",
    "airflow_provider_cpp.sensors.operation",
):
    import_module(name)
