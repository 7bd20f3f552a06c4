"""The CustomResourceDefinition, generated from the models: one place for every bound and every word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from onecloud_operator.api.rules import RULES, root_rules
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

GROUP, VERSION, KIND = "onecloud.io", "v1alpha1", "OneCloudServer"
PLURAL, SINGULAR, SHORT = "onecloudservers", "onecloudserver", "ocs"

HEADER = "# Generated from operator/onecloud_operator/api by `make generate`; do not edit.\n"

# What a structural schema may hold of what pydantic says, as it is.
KEPT = frozenset(
    {
        "type",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "maxProperties",
        "format",
        "default",
        "description",
        "required",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
    },
)
LEFT_OUT = frozenset({"title", "x-fixed", "additionalProperties"})

COLUMNS = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0),
    ("State", "string", ".status.state", 0),
    ("Reason", "string", '.status.conditions[?(@.type=="Synced")].reason', 0),
    ("IP", "string", ".status.ip", 0),
    ("CPU", "integer", ".status.server.cpu", 0),
    ("Memory", "string", ".status.server.memory", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("ID", "string", ".status.id", 1),
    ("Synced", "string", '.status.conditions[?(@.type=="Synced")].status', 1),
    ("Image", "string", ".status.server.image", 1),
    ("Zone", "string", ".status.server.placement.zone", 1),
    ("Host", "string", ".status.server.placement.host", 1),
    ("On-Delete", "string", ".status.deletionPolicy", 1),
    ("Message", "string", '.status.conditions[?(@.type=="Ready")].message', 1),
)
SELECTABLE = (".status.id", ".status.state", ".spec.credentialsRef.name", ".spec.managementPolicy")


class SchemaError(ValueError):
    """A model uses something that this converter, or a structural schema, does not know."""


def crd() -> dict[str, Any]:
    """Return the definition as JSON values."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "plural": PLURAL,
                "singular": SINGULAR,
                "kind": KIND,
                "listKind": f"{KIND}List",
                "shortNames": [SHORT],
                "categories": ["onecloud"],
            },
            "conversion": {"strategy": "None"},
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _root()},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        {"name": name, "type": kind, "jsonPath": path, **({"priority": wide} if wide else {})}
                        for name, kind, path, wide in COLUMNS
                    ],
                    "selectableFields": [{"jsonPath": path} for path in SELECTABLE],
                },
            ],
        },
    }


def render() -> str:
    """Return the definition as YAML, always the same."""
    text: str = yaml.safe_dump(crd(), sort_keys=False, width=110, allow_unicode=True)
    return HEADER + text


def _root() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A server of a OneCloud (Cloudpods) project.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": _model(Spec),
            # The default of the generation reaches only an object that has a status.
            "status": {**_model(Status), "default": {"observedGeneration": -1}},
        },
        "x-kubernetes-validations": [rule.as_json() for rule in root_rules()],
    }


def _model(model: type[BaseModel]) -> dict[str, Any]:
    document = model.model_json_schema(by_alias=True)
    models = {each.__name__: each for each in _models(model)}
    return _schema(document, document.get("$defs", {}), models, model)


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return *model* and every model below it."""
    found: set[type[BaseModel]] = {model}
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            found |= _models(part)
    return found


def _parts(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        return [annotation]
    return [part for each in getattr(annotation, "__args__", ()) for part in _parts(each)]


def _schema(
    node: Mapping[str, Any],
    defs: Mapping[str, Any],
    models: Mapping[str, type[BaseModel]],
    model: type[BaseModel] | None = None,
) -> dict[str, Any]:
    """Convert one node of pydantic's schema. Raises SchemaError for what is not on the list."""
    node = _flat(node)
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        outer = {key: value for key, value in node.items() if key != "$ref"}
        return _schema({**defs[name], **outer}, defs, models, models[name])
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in KEPT:
            if not (key == "default" and value is None):
                made[key] = value
        elif key == "const":
            made["enum"] = [value]
        elif key == "items":
            made["items"] = _schema(value, defs, models)
        elif key == "properties":
            made["properties"] = {
                name: _property(name, each, defs, models, model) for name, each in value.items()
            }
        elif key == "additionalProperties" and isinstance(value, dict):
            made["additionalProperties"] = _schema(value, defs, models)
        elif key not in LEFT_OUT and key != "$defs":
            msg = f"a structural schema has no {key}"
            raise SchemaError(msg)
    if model is not None and (rules := RULES.get((model, None))):
        made["x-kubernetes-validations"] = [rule.as_json() for rule in rules]
    return made


def _property(
    name: str,
    node: Mapping[str, Any],
    defs: Mapping[str, Any],
    models: Mapping[str, type[BaseModel]],
    model: type[BaseModel] | None,
) -> dict[str, Any]:
    made = _schema(node, defs, models)
    if model is None:
        return made
    attribute = next(key for key, field in model.model_fields.items() if (field.alias or key) == name)
    for (owner, field), rules in RULES.items():
        if field == attribute and issubclass(model, owner):
            made["x-kubernetes-validations"] = [rule.as_json() for rule in rules]
    return made


def _flat(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the null out of ``T | None``: an absent field is how Kubernetes says it."""
    if "anyOf" not in node:
        return node
    kinds = [each for each in node["anyOf"] if each != {"type": "null"}]
    if len(kinds) != 1:
        msg = "a structural schema has no unions"
        raise SchemaError(msg)
    outer = {key: value for key, value in node.items() if key != "anyOf"}
    return {**kinds[0], **outer}
