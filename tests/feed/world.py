"""A feed in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.values import Place
from onecloud_operator.feed import Feed, FeedOptions, Feeds
from tests.feed.cloud import PROJECT, SimulatedCloud

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.engine.lanes import Lane
    from tests.engine.simulated import SimulatedClock

HOUR = 3600.0
PLACE = Place("https://cloud.example/v3", "region0", PROJECT)


def feeds_on(
    clock: SimulatedClock,
    notify: Callable[[Any, Lane], None] = lambda _key, _lane: None,
    options: FeedOptions | None = None,
    on_run: Callable[[str, float, int, bool], None] = lambda _job, _seconds, _rows, _failed: None,
) -> Feeds[Any]:
    """Return feeds in simulated time, without jitter."""
    return Feeds(
        notify=notify,
        clock=clock,
        options=options or FeedOptions(),
        random=lambda: 0.5,
        on_run=on_run,
    )


class World:
    """The simulator, a feed on it, and what the feed notified."""

    def __init__(self, clock: SimulatedClock, **options: Any) -> None:
        self.clock = clock
        self.cloud = SimulatedCloud(clock)
        self.notified: list[tuple[str, Lane]] = []
        self.feeds: Feeds[str] = feeds_on(
            clock, lambda key, lane: self.notified.append((key, lane)), FeedOptions(**options)
        )

    def join(self, key: str = "me", cloud: SimulatedCloud | None = None) -> Feed[str]:
        """Let an object in."""
        return self.feeds.join(key, PLACE, cloud or self.cloud)

    def watch_all(self) -> Feed[str]:
        """Let an object in for each server, under the server's name."""
        for server_id in self.cloud.ids:
            self.join(server_id).watch(server_id, server_id)
        return self.join(next(iter(self.cloud.ids)))

    def notified_since(self, count: int) -> set[str]:
        """Return who was notified after the first *count*."""
        return {key for key, _ in self.notified[count:]}
