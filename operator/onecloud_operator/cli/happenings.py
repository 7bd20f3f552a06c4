"""The Events of an object, the newest last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from onecloud_operator.cli.cluster import Cluster, core_path
from onecloud_operator.cli.statuses import text_at

READ: Final = 500  # a namespace keeps an hour of them
SHOWN: Final = 8
MESSAGE_LENGTH: Final = 1024  # as the operator writes them; others' may be of any length


def events_of(cluster: Cluster, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the newest Events of an object, each as a row of the answer. Raises Refused."""
    uid = text_at(found, "metadata", "uid")
    space = text_at(found, "metadata", "namespace") or "default"
    listed = cluster.listed(core_path(space, "events"), most=READ, fieldSelector=f"involvedObject.uid={uid}")
    rows = sorted((_row(event) for event in listed), key=lambda row: str(row["time"]))
    return rows[-SHOWN:]


def _row(event: Mapping[str, Any]) -> dict[str, Any]:
    times = (event.get(name) for name in ("lastTimestamp", "eventTime", "firstTimestamp"))
    return {
        "time": next((str(each) for each in times if each), ""),
        "type": text_at(event, "type"),
        "reason": text_at(event, "reason"),
        "message": text_at(event, "message")[:MESSAGE_LENGTH],
        "count": event.get("count") if isinstance(event.get("count"), int) else 1,
    }
