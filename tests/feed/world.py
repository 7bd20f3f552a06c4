"""A feed in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.values import Place
from onecloud_operator.feed import Feed, FeedOptions, Feeds
from tests.feed.cloud import PROJECT, SimulatedCloud

if TYPE_CHECKING:
    from onecloud_operator.engine.lanes import Lane
    from tests.engine.simulated import SimulatedClock

PLACE = Place("https://cloud.example/v3", "region0", PROJECT)


class World:
    """The simulator, a feed on it, and what the feed told."""

    def __init__(self, clock: SimulatedClock, **options: Any) -> None:
        self.clock = clock
        self.cloud = SimulatedCloud(clock)
        self.told: list[tuple[str, Lane]] = []
        self.feeds: Feeds[str] = Feeds(
            notify=lambda key, lane: self.told.append((key, lane)),
            clock=clock,
            options=FeedOptions(**options),
            random=lambda: 0.5,
        )

    def join(self, key: str = "me", cloud: SimulatedCloud | None = None) -> Feed[str]:
        """Let an object in."""
        return self.feeds.join(key, PLACE, cloud or self.cloud)

    def watch_all(self) -> Feed[str]:
        """Let an object in for each server, under the server's name."""
        for server_id in self.cloud.ids:
            self.join(server_id).watch(server_id, server_id)
        return self.join(next(iter(self.cloud.ids)))

    def told_since(self, count: int) -> set[str]:
        """Return who was told something after the first *count*."""
        return {key for key, _ in self.told[count:]}
