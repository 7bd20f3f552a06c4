"""
From a pydantic model to a Kubernetes structural schema.

Strict: what neither this module nor a structural schema knows is an error here, and no surprise there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from onecloud_operator.api.model import CHANGE
from onecloud_operator.api.rule import VALIDATIONS

KEPT = frozenset(
    {
        "description",
        "type",
        "format",
        "enum",
        "default",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "maxProperties",
        "required",
        "oneOf",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
        VALIDATIONS,
        CHANGE,
    },
)
ORDER = ("description", "type", "format", "enum", "default", "required", "properties", "items")

Schema = dict[str, Any]


class SchemaError(ValueError):
    """A model uses what a structural schema cannot say."""


def structural(model: type[BaseModel]) -> Schema:
    """Return the schema of *model*, references resolved, with the marks of change. Raises SchemaError."""
    document = model.model_json_schema(by_alias=True)
    return _converted(document, document.get("$defs", {}))


def published(schema: Mapping[str, Any]) -> Schema:
    """Return a schema as it stands in the CRD: how a field may change is said in its description."""
    made = {key: value for key, value in schema.items() if key != CHANGE}
    if CHANGE in schema:
        made["description"] = f"{schema['description']} {schema[CHANGE]}"
    if "properties" in schema:
        made["properties"] = {name: published(each) for name, each in schema["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if inner in schema:
            made[inner] = published(schema[inner])
    return made


def _converted(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    made: Schema = {}
    for key, value in _resolved(node, definitions).items():
        match key, value:
            case ("title" | "$defs", _) | ("default", None) | ("additionalProperties", bool()):
                pass  # closed or open: the API server prunes what is unknown
            case "const", _:
                made["enum"] = [value]
            case "items" | "additionalProperties", _:
                made[key] = _converted(value, definitions)
            case "properties", _:
                made[key] = {name: _converted(each, definitions) for name, each in value.items()}
            case _ if key in KEPT:
                made[key] = value
            case _:
                raise SchemaError(f"a structural schema has no {key}")
    if made.get("type") == "integer":
        made["format"] = "int64"
    if "type" not in made:
        raise SchemaError(f"a structural schema needs a type: {sorted(made)}")
    return {key: made[key] for key in sorted(made, key=_place)}


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put in what is referred to, and take the null out of ``T | None``: in Kubernetes a field is absent."""
    if "anyOf" in node:
        kinds = [each for each in node["anyOf"] if each != {"type": "null"}]
        if len(kinds) != 1:
            raise SchemaError("a structural schema has no unions")
        return _resolved(
            {**kinds[0], **{key: each for key, each in node.items() if key != "anyOf"}}, definitions
        )
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        return _resolved(
            {**target, **{key: each for key, each in node.items() if key != "$ref"}}, definitions
        )
    return node


def _place(key: str) -> tuple[int, str]:
    return (ORDER.index(key), "") if key in ORDER else (len(ORDER), key)


def paths(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield the path and schema of every field below *schema*; ``[]`` stands for the items of a list."""
    for name, each in schema.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        yield below, each
        yield from paths(each, below)
    if "items" in schema:
        yield from paths(schema["items"], f"{path}[]")
