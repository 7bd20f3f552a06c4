"""From a schema to a CustomResourceDefinition, and to its YAML, whatever the kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from onecloud_operator.api.identity import Identity
from onecloud_operator.api.structural import published

HEADER = "# Generated from operator/onecloud_operator/api by `make generate`; do not edit.\n"
WIDTH = 110

Column = tuple[str, str, str]  # its title, its type, and where its value stands


@dataclass(frozen=True, slots=True)
class Names:
    """What kubectl calls a kind, besides its plural. *category*: under which it is listed with others."""

    singular: str
    short: str
    category: str | None = None


def definition(  # noqa: PLR0913 - its parts
    identity: Identity,
    names: Names,
    *,
    schema: dict[str, Any],
    columns: Sequence[Column],
    wide_columns: Sequence[Column],
    selectable: Sequence[str],
) -> dict[str, Any]:
    """Return the definition as JSON values."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{identity.plural}.{identity.group}"},
        "spec": {
            "group": identity.group,
            "scope": "Namespaced" if identity.namespaced else "Cluster",
            "names": {
                "plural": identity.plural,
                "singular": names.singular,
                "kind": identity.kind,
                "listKind": f"{identity.kind}List",
                "shortNames": [names.short],
                **({"categories": [names.category]} if names.category is not None else {}),
            },
            "conversion": {"strategy": "None"},
            "versions": [
                {
                    "name": identity.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        *({"name": name, "type": kind, "jsonPath": path} for name, kind, path in columns),
                        *(
                            {"name": name, "type": kind, "jsonPath": path, "priority": 1}
                            for name, kind, path in wide_columns
                        ),
                    ],
                    "selectableFields": [{"jsonPath": path} for path in selectable],
                    "schema": {"openAPIV3Schema": schema},
                },
            ],
        },
    }


def whole(description: str, spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a whole object, as it is published, of those of its parts."""
    return {
        "description": description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": published(spec),
            # kstatus waits for the operator's first look. A default below it reaches only what is there.
            "status": {**published(status), "default": {"observedGeneration": -1}},
        },
    }


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as YAML's own
        """Write out what is said twice: an anchor is hard to read in a review."""
        return True


def rendered(made: dict[str, Any]) -> str:
    """Return a definition as YAML, always the same."""
    return HEADER + yaml.dump(made, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
