"""The checks of /healthz and /readyz while the operator works: its own parts and the watch, not the cloud."""

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

    Check = Callable[[], str | None]  # returns what is wrong, or None

SILENT_SECONDS: Final = 150.0  # the watch gets a bookmark every minute, and is restarted after 70 s without
DEAF_SECONDS: Final = 300.0  # without watch events, although our own calls succeed
STUCK_SECONDS: Final = 3600.0  # every call has a timeout, and a pass makes at most a dozen


def alive(  # noqa: PLR0913 - the parts that are watched
    supervisor: Supervisor,
    cluster: KubeClient,
    watch: Watch,
    feeds: Feeds[Any],
    queue: Queue[Any],
    *others: Queue[Any],
    watch_ended: Callable[[], bool],
) -> dict[str, Check]:
    """Return the checks whose failure only a restart fixes."""
    return {
        "tasks": lambda: supervisor.fault_text,
        "watch": lambda: "its task has ended" if watch_ended() else _deaf(cluster, watch),
        "feeds": lambda: f"{feeds.dead} have ended" if feeds.dead else None,
        "workers": lambda: next(filter(None, map(_stuck, (queue, *others))), None),
    }


def ready(objects: Store[Any], watch: Watch) -> dict[str, Check]:
    """Return the checks whose failure may pass without a restart."""
    return {
        "objects": lambda: None if objects.complete else f"not all are known yet ({len(objects)})",
        "watch is heard": lambda: (
            f"silent for {watch.silent_seconds:.0f} s" if watch.silent_seconds > SILENT_SECONDS else None
        ),
    }


def _deaf(cluster: KubeClient, watch: Watch) -> str | None:
    """
    Return what is wrong if our calls succeed but the watch receives nothing.

    An API server that is down, fails every call or refuses the watch is not a fault that a restart fixes.
    """
    if watch.refused:
        return None
    silent = (cluster.succeeded_at or 0.0) - watch.heard_at
    return f"silent for {silent:.0f} s, though the API server answers" if silent > DEAF_SECONDS else None


def _stuck(queue: Queue[Any]) -> str | None:
    longest = queue.longest_seconds
    return f"one has been busy for {longest:.0f} s" if longest > STUCK_SECONDS else None
