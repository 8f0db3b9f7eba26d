"""The connection's form for Airflow before 3.2, made of what `provider_info` describes for later ones."""

from __future__ import annotations

from typing import Any, cast

from airflow_provider_cpp.provider_info import FIELDS, UI_FIELD_BEHAVIOUR


def widgets(conn_type: str) -> dict[str, Any]:
    """Return the extra fields of a type of connection."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from wtforms import PasswordField, StringField
    from wtforms.validators import Optional, any_of

    fields = {}
    for name, description in FIELDS[conn_type].items():
        schema = cast("dict[str, Any]", description["schema"])
        is_secret = schema.get("format") == "password"
        fields[name] = (PasswordField if is_secret else StringField)(
            description["label"],
            description=_help(description["description"], schema),
            default=str(schema["default"]) if "default" in schema else None,
            validators=[Optional(), *([any_of(schema["enum"])] if "enum" in schema else [])],
            widget=(BS3PasswordFieldWidget if is_secret else BS3TextFieldWidget)(),
        )
    return fields


def standard_fields(conn_type: str) -> dict[str, Any]:
    """Return how the standard fields of a type of connection are shown."""
    from airflow_provider_cpp import airflow_versions

    behaviour: dict[str, Any] = {
        key.replace("-", "_"): value for key, value in UI_FIELD_BEHAVIOUR[conn_type].items()
    }
    if airflow_versions.form_shows_extra():
        behaviour["hidden_fields"] = [name for name in behaviour["hidden_fields"] if name != "extra"]
    return behaviour


def _help(text: Any, schema: dict[str, Any]) -> str:
    # Airflow 2 offers no choices: who has to type one has to know them.
    return f"{text}. One of: {', '.join(schema['enum'])}" if "enum" in schema else str(text)
