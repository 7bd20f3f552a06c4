"""docs/settings.md: the operator's own settings, out of the class that reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFACE: Final = f"""\
# Settings

<!-- Made of operator/onecloud_operator/settings.py by `make generate`; a change belongs there. -->

The operator reads its settings from environment variables at startup, and logs to standard error. An unknown variable that
begins with `{PREFIX}`, or an invalid value, is an error: the operator names the variable and the expected value,
and exits with code 2. An empty variable counts as absent. Lists are separated by commas, switches are `true` or `false`,
and times are in seconds. In a Pod of your own, set `enableServiceLinks: false` as the Helm chart does; otherwise Kubernetes
adds such variables (`{PREFIX}SERVICE_HOST`) for a Service of the operator's name.
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings from the field *first* on, up to the next group's."""

    first: str
    title: str
    text: str = ""


GROUPS: Final = (
    Group(
        "namespaces",
        "Which objects it manages",
        "Several operators can share the objects of a cluster; see "
        "[high-availability.md](high-availability.md#sharding).",
    ),
    Group(
        "leader_election",
        "Replicas",
        "[high-availability.md](high-availability.md) describes what happens at a failover.",
    ),
    Group(
        "cluster_id",
        "Names and tags of servers",
        "The owner tags of a server name its object and its cluster, so the cluster ID must not change while there are "
        "servers. A new prefix applies to new servers only.",
    ),
    Group(
        "allow_loopback",
        "Where credentials may lead",
        "Whoever may write a Secret chooses the address that the operator connects to. Link-local addresses, known "
        "metadata services and the API server of this cluster are always refused; loopback and this cluster's Services "
        "unless a setting allows them ([EndpointNotAllowed](reasons.md#endpointnotallowed)). Put other networks that "
        "must not be reached, such as those of nodes and Pods, into `ONECLOUD_OPERATOR_DENIED_NETWORKS`, or list what is "
        "allowed.",
    ),
    Group("workers", "Concurrency"),
    Group("log_format", "Logs"),
    Group("listen_address", "Probes and metrics", "See [metrics.md](metrics.md)."),
    Group(
        "resync_seconds",
        "Polling",
        "The defaults suit a project of 10,000 servers. Shorter intervals cost the cloud more calls.",
    ),
    Group(
        "gone_floor",
        "When servers disappear",
        "If more servers than the larger of the two disappear within ten minutes, the operator waits for a confirmation "
        "([TooManyGone](reasons.md#toomanygone)).",
    ),
    Group(
        "mass_deletion_floor",
        "When many servers are deleted",
        "If more objects than the larger of the two are deleted within ten minutes, the operator waits for someone to agree "
        "([mass-deletion.md](mass-deletion.md)).",
    ),
    Group("details_seconds", "Reads of single servers"),
    Group("retry_first_seconds", "Retries"),
    Group(
        "hung_seconds",
        "Waits for one server",
        "These keep a server from being created or deleted twice. Longer times are for slow clouds, shorter ones for tests "
        "only.",
    ),
    Group("expiring_days", "Conditions"),
)


def page() -> str:
    """Return the page in Markdown."""
    groups = {group.first: group for group in GROUPS}
    text = PREFACE
    for knob in fields(Settings):
        if (group := groups.get(knob.name)) is not None:
            text += f"\n## {group.title}\n\n" + (f"{group.text}\n\n" if group.text else "")
            text += "| variable | default | meaning |\n| --- | --- | --- |\n"
        text += f"| `{PREFIX}{knob.name.upper()}` | {_shown(knob.default)} | {knob.metadata['help']}{_bounds(knob.metadata)} |\n"
    return text


def _bounds(metadata: Mapping[str, Any]) -> str:
    """Return the bounds of a number as far as nobody would guess them."""
    least = f"; at least {metadata['minimum']:g}" if metadata["minimum"] >= 1 else ""
    return least + (f"; at most {metadata['maximum']:g}" if metadata["maximum"] != math.inf else "")


def _shown(default: object) -> str:
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case float():
            return f"`{default:g}`"
        case () | "":
            return ""
        case _:
            return f"`{default}`"
