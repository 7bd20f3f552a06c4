"""The CustomResourceDefinition, generated from the models: every bound, rule and word has one place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from onecloud_operator.api.identity import SERVER, Definition
from onecloud_operator.api.immutability import transition_rules
from onecloud_operator.api.rule import VALIDATIONS
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status
from onecloud_operator.api.structural import published, structural

SINGULAR, SHORT, CATEGORY = "onecloudserver", "ocs", "onecloud"

# Without these in the status an object would make a second server or EIP, be worked on without an end, leave
# a server off that it has stopped, or take another disk for its own.
RECORDS = frozenset(
    {
        "id",
        "cloud",
        "creation",
        "adoptedAt",
        "takenOverFrom",
        "restart",
        "deletion",
        "heldBack",
        "rootDiskID",
        "dataDisks",
        "disksBefore",
        "keptDisks",
        "eip",
        "conditions",
        "observedGeneration",
    }
)

HEADER = "# Generated from operator/onecloud_operator/api by `make generate`; do not edit.\n"
WIDTH = 110

_READY = '.status.conditions[?(@.type=="Ready")]'
_SYNCED = '.status.conditions[?(@.type=="Synced")]'
COLUMNS = (
    ("Ready", "string", f"{_READY}.status"),
    ("State", "string", ".status.state"),
    # In the default set because "db-1  True  Running" would look healthy while a change waits for a restart.
    ("Reason", "string", f"{_SYNCED}.reason"),
    ("IP", "string", ".status.ip"),
    ("CPU", "integer", ".status.server.cpu"),
    ("Memory", "string", ".status.server.memory"),
    ("Age", "date", ".metadata.creationTimestamp"),
)
WIDE_COLUMNS = (
    ("ID", "string", ".status.id"),
    ("Synced", "string", f"{_SYNCED}.status"),
    ("Image", "string", ".status.server.image"),
    ("Zone", "string", ".status.server.placement.zone"),
    ("Host", "string", ".status.server.placement.host"),
    ("On-Delete", "string", ".status.deletionPolicy"),
    ("Message", "string", f"{_SYNCED}.message"),
)
SELECTABLE = (".status.id", ".status.state", ".spec.credentialsRef.name", ".spec.managementPolicy")


def crd() -> dict[str, Any]:
    """Return the definition as JSON values."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{SERVER.plural}.{SERVER.group}"},
        "spec": {
            "group": SERVER.group,
            "scope": "Namespaced",
            "names": {
                "plural": SERVER.plural,
                "singular": SINGULAR,
                "kind": SERVER.kind,
                "listKind": f"{SERVER.kind}List",
                "shortNames": [SHORT],
                "categories": [CATEGORY],
            },
            "conversion": {"strategy": "None"},
            "versions": [
                {
                    "name": SERVER.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        *({"name": name, "type": kind, "jsonPath": path} for name, kind, path in COLUMNS),
                        *(
                            {"name": name, "type": kind, "jsonPath": path, "priority": 1}
                            for name, kind, path in WIDE_COLUMNS
                        ),
                    ],
                    "selectableFields": [{"jsonPath": path} for path in SELECTABLE],
                    "schema": {"openAPIV3Schema": schema()},
                },
            ],
        },
    }


def schema() -> dict[str, Any]:
    """Return the schema of the whole object, as it is published."""
    spec = structural(Spec)
    status = published(structural(Status))
    # kstatus waits for the operator's first look. A field's default reaches only an object that is there.
    status["default"] = {"observedGeneration": -1}
    return {
        "description": "A server in a OneCloud (Cloudpods) project.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": published(spec),
            "status": status,
        },
        VALIDATIONS: transition_rules(spec["properties"]["server"]),
    }


@cache  # to make it of the models takes a while
def _status() -> Mapping[str, Any]:
    status: Mapping[str, Any] = schema()["properties"]["status"]
    return status


DEFINITION = Definition(SERVER, _status, RECORDS)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as YAML's own
        """Write out what is said twice: an anchor is hard to read in a review."""
        return True


def render() -> str:
    """Return the definition as YAML, always the same."""
    return HEADER + yaml.dump(crd(), Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
