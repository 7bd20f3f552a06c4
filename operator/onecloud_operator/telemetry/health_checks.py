"""What /healthz and /readyz look at while the operator works: its own parts and the watch, not the cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.engine.queue import Queue
    from onecloud_operator.engine.tasks import Supervisor
    from onecloud_operator.feed import Feeds
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.store import Store
    from onecloud_operator.kube.watch import Watch

    Look = Callable[[], str | None]  # what is wrong, or None

SILENT_SECONDS: Final = 150.0  # the watch tells something once a minute, and is made anew after 70 s without
DEAF_SECONDS: Final = 300.0  # our calls succeed, and yet the watch has heard nothing for so long
STUCK_SECONDS: Final = 3600.0  # every call has a timeout, and a pass makes a dozen at most


def alive(  # noqa: PLR0913 - the parts that are watched
    supervisor: Supervisor,
    cluster: KubeClient,
    watch: Watch,
    feeds: Feeds[Any],
    queue: Queue[Any],
    *,
    watch_ended: Callable[[], bool],
) -> dict[str, Look]:
    """Return what only a restart mends."""
    return {
        "tasks": lambda: supervisor.fault_text,
        "watch": lambda: "its task has ended" if watch_ended() else _deaf(cluster, watch),
        "feeds": lambda: f"{feeds.dead} have ended" if feeds.dead else None,
        "workers": lambda: _stuck(queue),
    }


def ready(objects: Store[Any], watch: Watch) -> dict[str, Look]:
    """Return what passes by itself."""
    return {
        "objects": lambda: None if objects.complete else f"not all are known yet ({len(objects)})",
        "watch is heard": lambda: (
            f"silent for {watch.silent_seconds:.0f} s" if watch.silent_seconds > SILENT_SECONDS else None
        ),
    }


def _deaf(cluster: KubeClient, watch: Watch) -> str | None:
    """
    Say if our calls succeed and the watch hears nothing.

    An API server that is down, fails at everything or refuses it is no fault of ours: no restart mends it.
    """
    if watch.refused:
        return None
    silent = (cluster.succeeded_at or 0.0) - watch.heard_at
    return f"silent for {silent:.0f} s, though the API server answers" if silent > DEAF_SECONDS else None


def _stuck(queue: Queue[Any]) -> str | None:
    longest = queue.longest_seconds
    return f"one has been at work for {longest:.0f} s" if longest > STUCK_SECONDS else None
