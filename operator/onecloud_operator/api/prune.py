"""
What the API server serves of our status.

A kept or rolled-back CRD can be older than the operator, and the API server drops unknown fields in silence.
So only known fields are sent, and it is seen whether they were kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onecloud_operator.api.identity import Identity


def schema_of(document: Mapping[str, Any], identity: Identity) -> Mapping[str, Any] | None:
    """Return the schema of a kind out of its group's OpenAPI v3 document, None if only others are in it."""
    schemas: Mapping[str, Mapping[str, Any]] = document.get("components", {}).get("schemas", {})
    wanted = {"group": identity.group, "version": identity.version, "kind": identity.kind}
    served = (one for one in schemas.values() if wanted in one.get("x-kubernetes-group-version-kind", ()))
    return next(served, None)


def schema_of_status(document: Mapping[str, Any], identity: Identity) -> dict[str, Any] | None:
    """Return the schema of ``status`` out of the group's OpenAPI v3 document, or None if it has none."""
    status = (schema_of(document, identity) or {}).get("properties", {}).get("status")
    return dict(status) if isinstance(status, dict) else None


def prune(status: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Return *status* without the fields that *schema* does not know, and the paths of those."""
    missing: set[str] = set()
    return _object(status, schema, "", missing), missing


def keeps(kept: object, sent: object) -> bool:
    """Return whether all of *sent* stands in *kept*, which may have more: defaults of a newer definition."""
    if kept == sent:  # most often, and of whole objects
        return True
    if isinstance(sent, Mapping):
        return isinstance(kept, Mapping) and all(
            name in kept and keeps(kept[name], each) for name, each in sent.items()
        )
    if isinstance(sent, list):
        return isinstance(kept, list) and len(kept) == len(sent) and all(map(keeps, kept, sent))
    return False


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
        elif isinstance(each, str | int):  # nearly all there is
            kept[name] = each
        else:
            kept[name] = _value(each, inner if isinstance(inner, dict) else {}, f"{path}{name}", missing)
    return kept


def _value(value: Any, schema: Mapping[str, Any], path: str, missing: set[str]) -> Any:  # noqa: ANN401 - JSON
    if schema.get("type") == "object" and isinstance(value, Mapping):
        return _object(value, schema, f"{path}.", missing)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [_value(each, schema["items"], f"{path}[]", missing) for each in value]
    return value
