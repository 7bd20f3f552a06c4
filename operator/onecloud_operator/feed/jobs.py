"""The jobs of one run of a feed, their shared state and their schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.feed.context import Context
from onecloud_operator.feed.delta import Delta
from onecloud_operator.feed.detail_queue import DetailQueue
from onecloud_operator.feed.details import DetailsBatch, FirstRows
from onecloud_operator.feed.event_tail import EventTail
from onecloud_operator.feed.recent_rows import RecentRows
from onecloud_operator.feed.schedule import Schedule
from onecloud_operator.feed.sweep import Sweep
from onecloud_operator.feed.upkeep import CredentialChecks, Deletions, Refresh

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed.cache import Cache
    from onecloud_operator.feed.context import Job
    from onecloud_operator.feed.credential_pool import CredentialPool
    from onecloud_operator.feed.entry import Entry
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.onecloud.errors import OneCloudError

K = TypeVar("K", bound="Hashable")


class Jobs(Generic[K]):
    """
    The jobs of *place* with empty state: after a bug none of the previous state is reused.

    *on_outcome* and *on_run* are called as by `Schedule`; *on_run_beside* by the jobs that run beside the
    schedule, with the number of rows as well.
    """

    def __init__(  # noqa: PLR0913 - the parts of a feed
        self,
        place: Place,
        *,
        options: FeedOptions,
        clock: Clock,
        random: Callable[[], float],
        cache: Cache[K],
        pool: CredentialPool[K],
        on_outcome: Callable[[Job, OneCloudError | None], Awaitable[None]],
        on_run: Callable[[str, float, bool], None],
        on_run_beside: Callable[[str, float, int, bool], None],
    ) -> None:
        self._options = options
        self.detail_queue = DetailQueue(options.batch_ids, options.refresh_seconds)
        context = Context(place, options, clock, random, cache, self.detail_queue, pool, RecentRows())
        self.tail = EventTail(context, on_run_beside)
        self.credential_checks = CredentialChecks(context, on_run_beside)
        self.sweep = Sweep(context, self._sweep_spacing)
        self.delta = Delta(context, self.sweep.request)
        self.details = DetailsBatch(context)
        self.first_rows = FirstRows(context, self.sweep)
        self.lists: tuple[Job, ...] = (
            self.delta,
            self.first_rows,
            self.details,
            self.sweep,
            Deletions(context),
            Refresh(context),
        )
        self.retries: Backoff[str] = Backoff(options.retry_first_seconds, options.retry_max_seconds, random)
        self.schedule = Schedule(self.lists, clock, self.retries, on_outcome, on_run)

    def watch(self, entry: Entry[K], now: float) -> None:
        """Read a server with a new watcher."""
        self.detail_queue.watch(entry.id, now)
        self.first_rows.add(entry, now)
        self.schedule.wake()

    def drop(self, server_id: str) -> None:
        """Remove a server without watchers."""
        self.detail_queue.drop(server_id)
        self.first_rows.drop(server_id)

    def _sweep_spacing(self) -> float:
        if self.delta.ignored:
            return self._options.sweep_ignored_seconds
        alive = self.tail.alive
        return self._options.sweep_seconds if alive else self._options.sweep_without_events_seconds
