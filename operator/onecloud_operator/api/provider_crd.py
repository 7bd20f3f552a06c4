"""The definition of OneCloudProvider, generated from the models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from onecloud_operator.api.definition import Names, definition, rendered, whole
from onecloud_operator.api.identity import PROVIDER, Definition
from onecloud_operator.api.provider import ProviderSpec
from onecloud_operator.api.provider_status import ProviderStatus
from onecloud_operator.api.structural import structural

# No category: whoever may see the objects of a namespace need not have a right to those of the cluster.
NAMES = Names("onecloudprovider", "ocp")
RECORDS = frozenset({"conditions", "observedGeneration"})

_READY, _VALID, _REACHABLE = (
    f'.status.conditions[?(@.type=="{kind}")]' for kind in ("Ready", "CredentialsValid", "Reachable")
)
COLUMNS = (
    ("Valid", "string", f"{_VALID}.status"),
    ("Reachable", "string", f"{_REACHABLE}.status"),
    ("Project", "string", ".status.cloud.project"),
    ("Region", "string", ".status.cloud.region"),
    ("Servers", "integer", ".status.servers.total"),
    ("Poll", "date", ".status.feed.lastPollTime"),
    ("Lag", "string", ".status.feed.lag"),
    ("Age", "date", ".metadata.creationTimestamp"),
)
WIDE_COLUMNS = (
    ("Running", "integer", ".status.servers.running"),
    ("Ready", "string", f"{_READY}.status"),
    ("Reason", "string", f"{_READY}.reason"),
    ("Secret", "string", ".spec.secretRef.name"),
    ("Frozen", "boolean", ".spec.freeze"),
    ("Message", "string", f"{_READY}.message"),
)
SELECTABLE = (".spec.secretRef.name", ".spec.secretRef.namespace")


def crd() -> dict[str, Any]:
    """Return the definition as JSON values."""
    return definition(
        PROVIDER, NAMES, schema=schema(), columns=COLUMNS, wide_columns=WIDE_COLUMNS, selectable=SELECTABLE
    )


def schema() -> dict[str, Any]:
    """Return the schema of the whole object, as it is published."""
    description = "One project of a OneCloud (Cloudpods), shared by servers of several namespaces."
    return whole(description, structural(ProviderSpec), structural(ProviderStatus))


@cache  # to make it of the models takes a while
def _status() -> Mapping[str, Any]:
    status: Mapping[str, Any] = schema()["properties"]["status"]
    return status


DEFINITION = Definition(PROVIDER, _status, RECORDS)


def render() -> str:
    """Return the definition as YAML, always the same."""
    return rendered(crd())
