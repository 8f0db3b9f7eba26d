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
        "description": "Publisher of the offers for which a task names none, for example contoso",
        "schema": {"type": ["string", "null"]},
    },
    "tenant_id": {
        "label": "Tenant ID",
        "description": "Directory (tenant) ID of the app registration; client_secret and certificate need it",
        "schema": {"type": ["string", "null"]},
    },
    "auth": {
        "label": "Authentication",
        "description": "Where the access token comes from. For client_secret: Tenant ID, Client ID, Client secret",
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
        "description": "For certificate only: PEM or PFX file with certificate and private key",
        "schema": {"type": ["string", "null"]},
    },
    "authority": {
        "label": "Authority",
        "description": "Host of the login, https only",
        "schema": {"type": ["string", "null"], "default": "https://login.microsoftonline.com"},
    },
    "scope": {
        "label": "Scope",
        "description": "What the access token is asked for",
        "schema": {"type": ["string", "null"], "default": "https://cloudpartner.azure.com/.default"},
    },
    "api_version": {
        "label": "API version",
        "description": "Sent with every call",
        "schema": {"type": ["string", "null"], "default": "2017-10-31"},
    },
    "headers": {
        "label": "Headers",
        "description": "Further request headers, as a JSON object of texts. Whoever sees this form sees them",
        "schema": {"type": ["string", "null"], "format": "multiline"},
    },
    "ca_file": {
        "label": "CA file",
        "description": "PEM file with the CA certificates to trust for API and login; the system's if empty",
        "schema": {"type": ["string", "null"]},
    },
    "proxy": {
        "label": "Proxy",
        "description": "URL of an http or https proxy to the API and the login; the environment's if empty",
        # It may hold a password, and Airflow masks a field of this name anyway.
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "timeout": {
        "label": "Timeout",
        "description": "Seconds that one request may take, at most 3600",
        "schema": {"type": ["number", "null"], "default": 60, "minimum": 1, "maximum": 3600},
    },
}

UI_FIELD_BEHAVIOUR: dict[str, object] = {
    # Airflow 3.3.1 and 3.3.2 refuse to test a connection that has no port, so that it can be given.
    "hidden-fields": ["schema", "extra"],
    "relabeling": {"host": "API base URL", "login": "Client ID", "password": "Client secret"},
    "placeholders": {
        "host": DEFAULT_HOST,
        "port": "443",
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
