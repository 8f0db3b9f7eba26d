"""Plain data for Airflow: what this distribution provides. Imports nothing.

Every Airflow process calls `get_provider_info` at start and guards against nothing, so that an error in
here, or a heavy import, would stop or slow down all of them.
"""

from __future__ import annotations

#: What the types of connections differ in: each names a service, and so picks the one that answers a DAG. A
#: further service is one more entry in here, and its hook.
CONNECTION_TYPES: dict[str, dict[str, str]] = {
    "cpp": {
        "name": "Azure Cloud Partner Portal",
        "pages": "https://learn.microsoft.com/partner-center/marketplace-offers/cloud-partner-portal-api-overview",
        "hook_module": "airflow_provider_cpp.hooks.cloud_partner_portal",
        "hook_class": "CloudPartnerPortalHook",
        "host": "https://cloudpartner.azure.com",
        "scope": "https://cloudpartner.azure.com/.default",
        "api_version": "2017-10-31",
    },
    "product_ingestion": {
        "name": "Azure Marketplace (Product Ingestion API)",
        "pages": "https://learn.microsoft.com/partner-center/marketplace-offers/product-ingestion-api",
        "hook_module": "airflow_provider_cpp.hooks.product_ingestion",
        "hook_class": "ProductIngestionHook",
        "host": "https://graph.microsoft.com",
        "scope": "https://graph.microsoft.com/.default",
        "api_version": "2022-07-01",
    },
}

#: The type of a connection that names none: JSON in an environment variable or a secrets backend may leave it out.
DEFAULT_CONNECTION_TYPE = "cpp"

#: What the extra fields that are empty at first may hold.
_EXAMPLES = {
    "publisher_id": "contoso",
    "tenant_id": "0d9c4f1e-0000-4000-8000-000000000001",
    "certificate_path": "/etc/airflow/cpp.pem",
    "headers": '{"X-Team": "release"}',
    "ca_file": "/etc/ssl/company.pem",
    "proxy": "http://proxy.example.com:3128",
}


def _field(label: str, about: str, *, example: str = "", **schema: object) -> dict[str, object]:
    # No place for an example is in every Airflow's form: the help begins with it; Airflow 3.2 and later suggest
    # it in the empty field, but for `headers` and `proxy`; in Airflow 2 it stands there.
    examples = [example or schema.get("default")]
    return {
        "label": label,
        "description": f"e.g. {example}: {about}" if example else about,
        "schema": {
            "type": ["string", "null"],
            **({} if "enum" in schema else {"examples": examples}),
            **schema,
        },
    }


def _extra_fields(service: dict[str, str]) -> dict[str, dict[str, object]]:
    return {
        "publisher_id": _field(
            "Publisher ID",
            "the publisher of the offers for which a task names none",
            example=_EXAMPLES["publisher_id"],
        ),
        "tenant_id": _field(
            "Tenant ID",
            "directory (tenant) ID of the app registration; client_secret and certificate need it",
            example=_EXAMPLES["tenant_id"],
        ),
        "auth": _field(
            "Authentication",
            "Where the access token comes from. For client_secret: Tenant ID, Client ID, Client secret",
            default="client_secret",
            enum=[
                "client_secret",
                "certificate",
                "managed_identity",
                "workload_identity",
                "default",
                "token",
            ],
        ),
        "certificate_path": _field(
            "Certificate path",
            "for certificate only, a PEM or PFX file with certificate and private key",
            example=_EXAMPLES["certificate_path"],
        ),
        "authority": _field(
            "Authority", "Host of the login, https only", default="https://login.microsoftonline.com"
        ),
        "scope": _field("Scope", "What the access token is asked for", default=service["scope"]),
        "api_version": _field("API version", "Sent with every call", default=service["api_version"]),
        "headers": _field(
            "Headers",
            "further request headers, as a JSON object of texts. Whoever sees this form sees them",
            example=_EXAMPLES["headers"],
            format="multiline",
        ),
        "ca_file": _field(
            "CA file",
            "PEM file with the CA certificates to trust for API and login; the system's if empty",
            example=_EXAMPLES["ca_file"],
        ),
        "proxy": _field(
            "Proxy",
            "an http or https proxy to the API and the login; the environment's if empty",
            example=_EXAMPLES["proxy"],
            # It may hold a password, and Airflow masks a field of this name anyway.
            format="password",
        ),
        "timeout": _field(
            "Timeout",
            "Seconds that one request may take, at most 3600",
            type=["number", "null"],
            default=60,
            minimum=1,
            maximum=3600,
        ),
    }


def _standard_fields(service: dict[str, str]) -> dict[str, object]:
    return {
        # Airflow 3.3.1 and 3.3.2 refuse to test a connection that has no port, so that it can be given.
        "hidden-fields": ["schema", "extra"],
        "relabeling": {"host": "API base URL", "login": "Client ID", "password": "Client secret"},
        "placeholders": {
            "host": service["host"],
            "port": "443",
            "login": "Application (client) ID",
            "password": "Client secret, token, or the certificate's password",
            # Airflow 2 alone shows these.
            **_EXAMPLES,
        },
    }


#: The connection form's extra fields by type of connection, in the form's order. Read by three sides: Airflow 3.2
#: and later (`conn-fields`), the hooks' methods for Airflow before it, and `client.settings` for the defaults.
FIELDS = {conn_type: _extra_fields(service) for conn_type, service in CONNECTION_TYPES.items()}

#: How the form shows the standard fields, by type of connection.
UI_FIELD_BEHAVIOUR = {conn_type: _standard_fields(service) for conn_type, service in CONNECTION_TYPES.items()}


def get_provider_info() -> dict[str, object]:
    """Return the provider's metadata in the form of Airflow's `provider_info.schema.json`."""
    integration = CONNECTION_TYPES["cpp"]["name"]
    return {
        "package-name": "airflow-provider-cpp",
        "name": "Azure Marketplace",
        "description": "Take Azure Marketplace offers live, by Cloud Partner Portal or the Product Ingestion API.",
        "integrations": [
            {"integration-name": service["name"], "external-doc-url": service["pages"], "tags": ["azure"]}
            for service in CONNECTION_TYPES.values()
        ],
        "hooks": [
            {"integration-name": service["name"], "python-modules": [service["hook_module"]]}
            for service in CONNECTION_TYPES.values()
        ],
        "operators": [
            {
                "integration-name": integration,
                "python-modules": ["airflow_provider_cpp.operators.offer"],
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
        ],
        "connection-types": [
            {
                "connection-type": conn_type,
                "hook-class-name": f"{service['hook_module']}.{service['hook_class']}",
                "hook-name": service["name"],
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR[conn_type],
                "conn-fields": FIELDS[conn_type],
            }
            for conn_type, service in CONNECTION_TYPES.items()
        ],
    }
