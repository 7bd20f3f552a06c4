"""What the jobs of one feed have in common."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from onecloud_operator.core.observed import Phase
from onecloud_operator.onecloud.errors import OneCloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed.cache import Cache, Entry
    from onecloud_operator.feed.credential_pool import CredentialPool
    from onecloud_operator.feed.detail_queue import DetailQueue
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.recent_rows import RecentRows

logger = logging.getLogger(__name__)

K = TypeVar("K", bound="Hashable")


class Job(Protocol):
    """Something to ask the cloud again and again. One call at a time, so that jobs can take turns."""

    name: str

    def due_at(self, now: float) -> float:
        """Return the monotonic time from which it wants to run; infinity if there is nothing to do."""
        ...

    async def run(self) -> None:
        """Do one turn. Raises OneCloudError."""
        ...


@dataclass(frozen=True, slots=True)
class Context(Generic[K]):
    """Everything of one feed that more than one job touches. *random* returns numbers in [0, 1)."""

    place: Place
    options: FeedOptions
    clock: Clock
    random: Callable[[], float]
    cache: Cache[K]
    detail_queue: DetailQueue
    pool: CredentialPool[K]
    recent_rows: RecentRows

    def stirred(self, entry: Entry[K]) -> None:
        """Follow up a row with news: its details if it rests, else only what the row shows."""
        server = entry.server
        if server is None:
            return
        if entry.resting and not server.detailed:
            self.detail_queue.add(entry.id, loudly=True)  # its watchers are told when these are read
            return
        self.cache.tell(entry)
        since = self.clock.monotonic() - entry.details_at
        if server.phase is Phase.MOVING and since >= self.options.moving_details_seconds:
            self.detail_queue.add(entry.id)

    def question(self, entry: Entry[K], asked_at: float) -> None:
        """Have the watchers of *entry* find out whether it still exists."""
        if self.cache.absent(entry, asked_at):
            self.cache.tell(entry)

    async def believable(self, absent: Sequence[Entry[K]], among: int) -> bool:
        """
        Say whether a list may be right that left out *absent*, of *among* that it should have shown.

        Many at once are more likely a list that lies (a lost permission, a filter misread) than a fleet that
        vanished. So a few are looked at, one by one: a single one that is there is proof enough.
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
            "a list left out servers that exist, and is not believed",
            extra={"project": self.place.project_id, "absent": len(known), "of": among},
        )
        return False
