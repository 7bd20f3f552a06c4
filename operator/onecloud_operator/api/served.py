"""
What the API server serves of our status.

A kept or rolled-back CRD can be older than the operator, and an unknown field fails a whole status apply
with 500 (tried). So only known fields are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GROUP, VERSION, KIND = "onecloud.io", "v1alpha1", "OneCloudServer"


def schema_of_status(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema of ``status`` out of the group's OpenAPI v3 document, or None if it has none."""
    schemas = document.get("components", {}).get("schemas", {})
    wanted = {"group": GROUP, "version": VERSION, "kind": KIND}
    for schema in schemas.values():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            status = schema.get("properties", {}).get("status")
            return dict(status) if isinstance(status, dict) else None
    return None


def prune(status: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Return *status* without the fields that *schema* does not know, and the paths of those."""
    missing: set[str] = set()
    return _object(status, schema, "", missing), missing


def _object(
    value: Mapping[str, Any], schema: Mapping[str, Any], path: str, missing: set[str]
) -> dict[str, Any]:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return dict(value)
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    every = schema.get("additionalProperties")
    kept: dict[str, Any] = {}
    for name, each in value.items():
        inner = known.get(name, every)
        if not inner:
            missing.add(f"{path}{name}")
        else:
            kept[name] = _value(each, inner if isinstance(inner, dict) else {}, f"{path}{name}", missing)
    return kept


def _value(value: Any, schema: Mapping[str, Any], path: str, missing: set[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return _object(value, schema, f"{path}.", missing) if schema.get("type") == "object" else value
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [_value(each, schema["items"], f"{path}[]", missing) for each in value]
    return value
