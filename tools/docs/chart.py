"""The chart's values: schema, values.yaml and README, out of the schema as it is written and the settings."""

from __future__ import annotations

import json
import math
import re
import textwrap
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any, Final

import yaml

from onecloud_operator.settings import Settings
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHART: Final = ROOT / "helm" / "onecloud-operator"
WIDTH: Final = 110

# Settings that are values of their own; every other one is in `settings`.
OWN: Final = {
    "namespaces": "watchNamespaces",
    "selector": "selector",
    "cluster_id": "clusterId",
    "name_prefix": "namePrefix",
    "leader_election": "leaderElection.enabled",
    "lease_name": "leaderElection.leaseName",
    "lease_namespace": "the release's",
    "lease_duration_seconds": "leaderElection.durationSeconds",
    "lease_deadline_seconds": "leaderElection.deadlineSeconds",
    "lease_renew_seconds": "leaderElection.renewSeconds",
    "connection_secrets": "connectionSecrets.enabled",
    "log_format": "log.format",
    "log_level": "log.level",
    "listen_port": "port",
}

HEAD: Final = """\
# Made of values.schema.json by `make generate`; a change belongs there.
"""

PREFACE: Final = """\
# The chart onecloud-operator

<!-- Made of tools/docs/chart.py and values.schema.json by `make generate`; a change belongs there. -->

Installs the operator, its permissions and the CRD of `OneCloudServer`. Works with Helm 3.17 or newer and Helm 4, on
Kubernetes 1.32 or newer. [docs/installing.md](../../docs/installing.md) says how to install, upgrade and uninstall.

```sh
helm install onecloud-operator helm/onecloud-operator --namespace onecloud-system --create-namespace --wait \\
  --set image.repository=registry.example.com/onecloud-operator
```

Values that do not exist, or have a wrong type, are refused.

## Values

| value | type | default | meaning |
| --- | --- | --- | --- |
"""


def schema() -> str:
    """Return values.schema.json as it is, with the operator's present settings in it."""
    read = _read()
    read["properties"]["settings"]["properties"] = {
        _camel(knob.name): {"description": _sentence(knob.metadata["help"]), **_kind(knob)}
        for knob in fields(Settings)
        if knob.name not in OWN
    }
    return json.dumps(read, indent=2, ensure_ascii=False) + "\n"


def values() -> str:
    """Return values.yaml: every value that has a default, with its description."""
    return HEAD + "".join(_block(json.loads(schema()), depth=0))


def readme() -> str:
    """Return the chart's README, with a table of all values."""
    rows = (
        f"| `{path}` | {_type(node)} | {_shown(node.get('default'))} | {_escaped(node['description'])} |\n"
        for path, node in leaves(json.loads(schema()))
    )
    return PREFACE + "".join(rows)


def leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every value, and not the objects that only hold others."""
    for name, each in node["properties"].items():
        below = f"{path}{name}"
        if each.get("properties"):
            yield from leaves(each, f"{below}.")
        else:
            yield below, each


def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return found


def _block(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, each in node["properties"].items():
        inner = each.get("properties") and "default" not in each
        if not inner and "default" not in each:
            continue
        yield "\n" if depth == 0 else ""
        lines = textwrap.wrap(each["description"], WIDTH - len(indent) - 2, break_on_hyphens=False)
        yield from (f"{indent}# {line}\n" for line in lines)
        if inner:
            yield f"{indent}{name}:\n"
            yield from _block(each, depth + 1)
        else:
            text = yaml.safe_dump({name: each["default"]}, sort_keys=False, default_flow_style=False)
            yield textwrap.indent(text.replace("''", '""'), indent)


def _kind(knob: Field[Any]) -> dict[str, Any]:
    least, most = knob.metadata["minimum"], knob.metadata["maximum"]
    bounds = {"minimum": least} | ({"maximum": most} if math.isfinite(most) else {})
    match knob.default:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer", **bounds}
        case float():
            return {"type": "number", **bounds}
        case tuple():
            return {"type": "array", "items": {"type": "string", "minLength": 1}}
        case _:
            return {"type": "string"}


def _type(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return " or ".join(f"`{word}`" for word in node["enum"] if word)
    if "$ref" in node:
        return "map of strings"
    if "oneOf" in node:
        return " or ".join(each["type"] for each in node["oneOf"])
    found = node["type"]
    return f"list of {_items(node['items'])}" if found == "array" else str(found)


def _items(node: Mapping[str, Any]) -> str:
    found = node["type"]
    return " or ".join(f"{each}s" for each in ([found] if isinstance(found, str) else found))


def _shown(default: object) -> str:
    return "" if default in (None, "", [], {}) else f"`{json.dumps(default)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
