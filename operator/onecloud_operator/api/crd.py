"""The definition of OneCloudServer, generated from the models: every bound, rule and word has one place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from onecloud_operator.api.definition import Names, definition, rendered, whole
from onecloud_operator.api.identity import SERVER, Definition
from onecloud_operator.api.immutability import transition_rules
from onecloud_operator.api.rule import VALIDATIONS
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status
from onecloud_operator.api.structural import structural

NAMES = Names("onecloudserver", "ocs", category="onecloud")

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
SELECTABLE = (
    ".status.id",
    ".status.state",
    ".spec.credentialsRef.name",
    ".spec.providerRef.name",
    ".spec.managementPolicy",
)


def crd() -> dict[str, Any]:
    """Return the definition as JSON values."""
    return definition(
        SERVER, NAMES, schema=schema(), columns=COLUMNS, wide_columns=WIDE_COLUMNS, selectable=SELECTABLE
    )


def schema() -> dict[str, Any]:
    """Return the schema of the whole object, as it is published."""
    spec = structural(Spec)
    return {
        **whole("A server in a OneCloud (Cloudpods) project.", spec, structural(Status)),
        VALIDATIONS: transition_rules(spec["properties"]["server"]),
    }


@cache  # to make it of the models takes a while
def _status() -> Mapping[str, Any]:
    status: Mapping[str, Any] = schema()["properties"]["status"]
    return status


DEFINITION = Definition(SERVER, _status, RECORDS)


def render() -> str:
    """Return the definition as YAML, always the same."""
    return rendered(crd())
