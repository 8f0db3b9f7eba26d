"""The connection's form for Airflow before 3.2, made of what `provider_info` describes for later ones."""

from __future__ import annotations

from typing import Any, cast

from airflow_provider_cpp.provider_info import CONNECTION_FIELDS, UI_FIELD_BEHAVIOUR


def widgets() -> dict[str, Any]:
    """Return the extra fields."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from wtforms import PasswordField, StringField
    from wtforms.validators import Optional, any_of

    fields = {}
    for name, description in CONNECTION_FIELDS.items():
        schema = cast("dict[str, Any]", description["schema"])
        is_secret = schema.get("format") == "password"
        fields[name] = (PasswordField if is_secret else StringField)(
            description["label"],
            description=description["description"],
            default=str(schema["default"]) if "default" in schema else None,
            validators=[Optional(), *([any_of(schema["enum"])] if "enum" in schema else [])],
            widget=(BS3PasswordFieldWidget if is_secret else BS3TextFieldWidget)(),
        )
    return fields


def standard_fields() -> dict[str, Any]:
    """Return how the standard fields are shown."""
    return {key.replace("-", "_"): value for key, value in UI_FIELD_BEHAVIOUR.items()}
