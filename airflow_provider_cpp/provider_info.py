"""Plain data for Airflow: what this distribution provides. Imports nothing.

Every Airflow process calls `get_provider_info` at start and guards against nothing, so that an error in
here, or a heavy import, would stop or slow down all of them.
"""

from __future__ import annotations

DEFAULT_HOST = "https://cloudpartner.azure.com"

#: The connection form's extra fields, in the form's order. Read by three sides: Airflow 3.2 and later
#: (`conn-fields`), the hook's methods for Airflow before it, and `client.settings` for the defaults.
CONNECTION_FIELDS: dict[str, dict[str, object]] = {
    "publisher_id": {
        "label": "Publisher ID",
        "description": "Default publisher of the offers, for example contoso",
        "schema": {"type": ["string", "null"]},
    },
    "tenant_id": {
        "label": "Tenant ID",
        "description": "Directory (tenant) ID of the app registration",
        "schema": {"type": ["string", "null"]},
    },
    "auth": {
        "label": "Authentication",
        "description": "Where the access token comes from",
        "schema": {
            "type": ["string", "null"],
            "default": "client_secret",
            "enum": [
                "client_secret",
                "certificate",
                "managed_identity",
                "workload_identity",
                "default",
                "token",
            ],
        },
    },
    "certificate_path": {
        "label": "Certificate path",
        "description": "PEM or PFX file with certificate and private key, where authentication is certificate",
        "schema": {"type": ["string", "null"]},
    },
    "authority": {
        "label": "Authority",
        "description": "Login host (https)",
        "schema": {"type": ["string", "null"], "default": "https://login.microsoftonline.com"},
    },
    "scope": {
        "label": "Scope",
        "description": "Scope of the access token",
        "schema": {"type": ["string", "null"], "default": "https://cloudpartner.azure.com/.default"},
    },
    "api_version": {
        "label": "API version",
        "description": "Sent with every call",
        "schema": {"type": ["string", "null"], "default": "2017-10-31"},
    },
    "headers": {
        "label": "Headers",
        "description": "Further request headers, as a JSON object",
        "schema": {"type": ["string", "null"], "format": "multiline"},
    },
    "ca_file": {
        "label": "CA file",
        "description": "CA bundle for the API and the login host; the system's if empty",
        "schema": {"type": ["string", "null"]},
    },
    "proxy": {
        "label": "Proxy",
        "description": "Proxy URL",
        "schema": {"type": ["string", "null"]},
    },
    "timeout": {
        "label": "Timeout",
        "description": "Seconds that one request may take",
        "schema": {"type": ["number", "null"], "default": 60, "minimum": 1},
    },
}

UI_FIELD_BEHAVIOUR: dict[str, object] = {
    "hidden-fields": ["port", "schema", "extra"],
    "relabeling": {"host": "API base URL", "login": "Client ID", "password": "Client secret"},
    "placeholders": {
        "host": DEFAULT_HOST,
        "login": "Application (client) ID",
        "password": "Client secret, token, or the certificate's password",
        "publisher_id": "contoso",
    },
}


def get_provider_info() -> dict[str, object]:
    """Return the provider's metadata in the form of Airflow's `provider_info.schema.json`."""
    integration = "Azure Cloud Partner Portal"
    return {
        "package-name": "airflow-provider-cpp",
        "name": integration,
        "description": "Take Azure Marketplace offers live through the Cloud Partner Portal API.",
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": (
                    "https://learn.microsoft.com/partner-center/marketplace-offers/"
                    "cloud-partner-portal-api-overview"
                ),
                "tags": ["azure"],
            }
        ],
        "hooks": [
            {
                "integration-name": integration,
                "python-modules": ["airflow_provider_cpp.hooks.cloud_partner_portal"],
            }
        ],
        "operators": [
            {
                "integration-name": integration,
                "python-modules": [
                    "airflow_provider_cpp.operators.offer",
                    "airflow_provider_cpp.operators.definition",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": integration,
                "python-modules": [
                    "airflow_provider_cpp.sensors.offer_status",
                    "airflow_provider_cpp.sensors.operation",
                ],
            }
        ],
        "triggers": [
            {
                "integration-name": integration,
                "python-modules": [
                    "airflow_provider_cpp.triggers.offer_live",
                    "airflow_provider_cpp.triggers.offer_status",
                    "airflow_provider_cpp.triggers.operation",
                ],
            }
        ],
        "asset-uris": [{"schemes": ["cpp"], "handler": "airflow_provider_cpp.assets.offer.sanitize_uri"}],
        "extra-links": [
            "airflow_provider_cpp.links.operation.PartnerCenterLink",
            "airflow_provider_cpp.links.operation.OperationLink",
        ],
        "connection-types": [
            {
                "connection-type": "cpp",
                "hook-class-name": ("airflow_provider_cpp.hooks.cloud_partner_portal.CloudPartnerPortalHook"),
                "hook-name": integration,
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR,
                "conn-fields": CONNECTION_FIELDS,
            }
        ],
    }
