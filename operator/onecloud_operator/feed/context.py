"""What the jobs of one feed share."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from onecloud_operator.core.observed import Phase
from onecloud_operator.engine import loggers
from onecloud_operator.onecloud.errors import OneCloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed.cache import Cache
    from onecloud_operator.feed.credential_pool import CredentialPool
    from onecloud_operator.feed.detail_queue import DetailQueue
    from onecloud_operator.feed.entry import Entry
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.recent_rows import RecentRows

logger = logging.getLogger(loggers.CLOUD)

K = TypeVar("K", bound="Hashable")


class Job(Protocol):
    """A recurring query to the cloud. Each run makes one call, so that jobs can alternate."""

    name: str

    def due_at(self, now: float) -> float:
        """Return the monotonic time of the next run; infinity if there is nothing to do."""
        ...

    async def run(self) -> None:
        """Run once. Raises OneCloudError."""
        ...


@dataclass(frozen=True, slots=True)
class Context(Generic[K]):
    """The parts of one feed that several jobs use. *random* returns numbers in [0, 1)."""

    place: Place
    options: FeedOptions
    clock: Clock
    random: Callable[[], float]
    cache: Cache[K]
    detail_queue: DetailQueue
    pool: CredentialPool[K]
    recent_rows: RecentRows

    def follow_up(self, entry: Entry[K]) -> None:
        """Follow up a row that changed: read its details if the server is settled, else notify at once."""
        server = entry.server
        if server is None:
            return
        if entry.settled and not server.detailed:
            self.detail_queue.add(entry.id, notify=True)  # its watchers are notified once these are read
            return
        self.cache.notify_unless_under_way(entry)
        since = self.clock.monotonic() - entry.details_at
        if server.phase is Phase.MOVING and since >= self.options.moving_details_seconds:
            self.detail_queue.add(entry.id)

    def suspect_missing(self, entry: Entry[K], asked_at: float) -> None:
        """Mark *entry* as missing, and notify its watchers, who verify whether it still exists."""
        if self.cache.mark_missing(entry, asked_at):
            self.cache.notify(entry)

    async def is_plausible(self, absent: Sequence[Entry[K]], among: int) -> bool:
        """
        Return whether a list may be correct that lacks *absent* of *among* expected servers.

        If many are missing at once, the list is more likely incomplete (a lost permission, an ignored filter)
        than the servers gone. So a few are read one by one: a single one that exists disproves the list.
        """
        options = self.options
        known = [entry for entry in absent if entry.known is not None]
        if len(known) <= max(options.doubt_floor, options.doubt_share * among):
            return True
        for _ in range(options.sample):
            server_id = known[int(self.random() * len(known))].id
            try:
                if await self.pool.get_server(server_id) is not None:
                    break
            except OneCloudError:
                break
        else:
            return True
        logger.warning(
            "ignored a list that lacks existing servers",
            extra={"project": self.place.project_id, "absent": len(known), "of": among},
        )
        return False
