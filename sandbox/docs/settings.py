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

The operator reads its settings from environment variables when it starts, and logs to standard error. A variable that
begins with `{PREFIX}` and is none of these, or that cannot be read, is an error: the operator names it, says what is
wanted, and ends with exit code 2. One that is empty counts as absent. Lists are separated by commas, switches are `true`
or `false`, times are seconds. In a Pod of your own making set `enableServiceLinks: false`: else Kubernetes invents such
variables (`{PREFIX}SERVICE_HOST`) for a Service of the operator's name. The Helm chart does.
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
        "What it looks after",
        "Several operators can share a fleet by selectors; "
        "[high-availability.md](high-availability.md) says how.",
    ),
    Group(
        "leader_election",
        "Replicas",
        "[high-availability.md](high-availability.md) says what happens at a failover.",
    ),
    Group(
        "cluster_id",
        "What it puts on servers",
        "The owner tags of a server say which object of which cluster it belongs to, so the cluster's name must not change "
        "while there are servers. A new prefix counts for new servers only.",
    ),
    Group(
        "allow_loopback",
        "Where credentials may lead",
        "Whoever may write a Secret chooses the address that the operator talks to. Link-local addresses, "
        "known metadata services and the API server of this cluster are always refused, loopback and this cluster's "
        "Services unless a setting allows them ([EndpointNotAllowed](reasons.md#endpointnotallowed)). What else must not "
        "be reached, such as the networks of nodes and Pods, is for `ONECLOUD_OPERATOR_DENIED_NETWORKS`, or for a list of "
        "what may be.",
    ),
    Group("workers", "How much at once"),
    Group("log_format", "Logs"),
    Group("listen_address", "Probes and metrics", "See [metrics.md](metrics.md)."),
    Group(
        "resync_seconds",
        "How often it looks",
        "The defaults fit a project of 10,000 servers. Shorter times cost the cloud more calls.",
    ),
    Group(
        "gone_floor",
        "When servers vanish",
        "More than the larger of both numbers, within ten minutes, hold what would follow "
        "([TooManyGone](reasons.md#toomanygone)).",
    ),
    Group("details_seconds", "How often it looks at single servers"),
    Group("retry_first_seconds", "When the cloud does not answer, or refuses"),
    Group(
        "hung_seconds",
        "Patience with one server",
        "These keep a server from being made or deleted twice. They are for clouds that are slower than most; shorter times "
        "are for tests.",
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
    least = f"; at least {metadata['least']:g}" if metadata["least"] >= 1 else ""
    return least + (f"; at most {metadata['most']:g}" if metadata["most"] != math.inf else "")


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
