"""One project of one cloud, watched for all objects whose credentials lead there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from onecloud_operator.core.observed import Reading
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.loop_shares import charge_to_caller
from onecloud_operator.feed.cache import Cache
from onecloud_operator.feed.credential_pool import CredentialPool
from onecloud_operator.feed.directory import Directory
from onecloud_operator.feed.entry import Entry, Freshness
from onecloud_operator.feed.feed_health import FeedHealth, HealthTracker
from onecloud_operator.feed.history import cause_of, history_of
from onecloud_operator.feed.jobs import Jobs
from onecloud_operator.feed.loss_breaker import LossBreaker
from onecloud_operator.feed.throttle import FeedThrottle, Throttle
from onecloud_operator.translate import observed_from_details

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from onecloud_operator.core.facts import Cause, History
    from onecloud_operator.core.observed import Observed, Owner
    from onecloud_operator.core.values import Place, Problem
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed.context import Job
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.errors import OneCloudError

K = TypeVar("K", bound="Hashable")

NOTIFY_CHUNK = 500  # keys per iteration of the event loop, when all of them are notified


class Feed(Generic[K]):
    """
    The servers of *place*, as far as they are watched.

    Objects join through `Feeds`. ``notify(key, lane)`` is called when something changed for *key*: in the
    lane CLOUD if it was its server, in the lane RESYNC if it was only the feed's health. Callers record
    losses in ``breaker``: only they know which servers they deleted themselves.
    """

    def __init__(  # noqa: PLR0913 - its dependencies
        self,
        place: Place,
        *,
        notify: Callable[[K, Lane], None],
        clock: Clock,
        options: FeedOptions,
        random: Callable[[], float],
        breaker: LossBreaker | None = None,
        throttle: Throttle | None = None,
        on_run: Callable[[str, float, int, bool], None] | None = None,
    ) -> None:
        self.place = place
        self.breaker = breaker or LossBreaker()
        self._notify = notify
        self._clock = clock
        self._options = options
        self._tracker: HealthTracker[K] = HealthTracker(place, clock.monotonic, options)
        self._notify_pending = False
        self._on_run = on_run
        self._counted_rows = 0
        refusals: Backoff[Source] = Backoff(
            options.refused_first_seconds, options.refused_max_seconds, random
        )
        feed_throttle = FeedThrottle(throttle or Throttle(clock.monotonic), place, clock)
        self._pool: CredentialPool[K] = CredentialPool(
            self._notify_soon,
            self._notify_now,
            clock.monotonic,
            refusals,
            options=options,
            throttle=feed_throttle,
        )
        self._cache: Cache[K] = Cache(options, notify)
        self.names: Directory[K] = Directory(clock.monotonic, self._notify_soon)
        self._random = random
        self._jobs = self._new_jobs()

    # -- who watches what --------------------------------------------------------------------------------
    @property
    def owned(self) -> int:
        """How many servers are watched."""
        return len(self._cache)

    @property
    def pool(self) -> int:
        """How many objects have joined."""
        return len(self._pool)

    def owners(self) -> Iterator[tuple[tuple[K, ...], Owner | None]]:
        """Yield of each server who watches it, and whom its owner tags name, as far as they were read."""
        return ((entry.watchers, entry.server.owner if entry.server else None) for entry in self._cache)

    def join(self, key: K, source: Source) -> None:
        """Add *key*, whose own credentials *source* lead to this project."""
        self._pool.join(key, source)

    def leave(self, key: K) -> None:
        """Remove *key*."""
        self.unwatch(key)
        self.names.leave(key)
        self._pool.leave(key)

    def watch(self, key: K, server_id: str, recalled: Observed | None = None) -> None:
        """
        Notify *key* of changes to *server_id* from now on, and of no other server.

        *recalled*, restored from the object's status, replaces a read of the details if the row has the same
        version. It is never used before that.
        """
        now = self._clock.monotonic()
        before = self._cache.watched_by(key)
        entry = self._cache.watch(key, server_id, recalled, now)
        if before is not None and before != server_id and self._cache.get(before) is None:
            self._jobs.drop(before)
        if entry is not None:
            self._jobs.watch(entry, now)

    def unwatch(self, key: K) -> None:
        """Stop notifying *key* of a server."""
        server_id = self._cache.unwatch(key)
        if server_id is not None:
            self._jobs.drop(server_id)

    def await_settled(self, key: K, seen: Observed | None) -> None:
        """
        Record that *key* has *seen* its server moving and has nothing to do until it has settled.

        It is then not notified of each step in between, nor of the first poll after a write. None: it may
        have something to do.
        """
        self._cache.await_settled(key, seen)

    # -- what is known -----------------------------------------------------------------------------------
    @property
    def health(self) -> FeedHealth:
        """Whether the feed is connected to its cloud."""
        return self._tracker.health

    def trouble(self, key: K) -> Problem | None:
        """
        Return why *key* cannot rely on this feed, or None.

        Either its own credentials are refused while another member's work, and it must not see what they see.
        Or no member gets an answer.
        """
        return self._pool.refusal(key) or self._tracker.health.problem

    def reading(self, server_id: str) -> Reading:
        """Return the last reading of a watched server."""
        return self._cache.reading(server_id)

    def shown(self, key: K, server_id: str) -> Reading:
        """Return the reading that *key* may see: an empty one until its own credentials are accepted."""
        reading = self._cache.reading(server_id)
        return reading if reading == Reading() or self._pool.may_see(key) else Reading()

    def may_see(self, key: K) -> bool:
        """Return whether *key* may see what other members read; if not yet, it is notified once it may."""
        return self._pool.may_see(key)

    def learn(self, server: Mapping[str, Any], asked_at: float, *, written: bool = False) -> Reading:
        """
        Add the cloud's answer to a request that was sent at *asked_at*.

        *written*: the request was a write. Raises Untranslatable. An answer without an id (of some actions)
        is ignored.
        """
        server_id = server.get("id")
        if not isinstance(server_id, str) or not server_id:
            return Reading()
        observed = observed_from_details(server, whole=True)
        entry = self._cache.get(server_id)
        if entry is None:
            return Reading(observed, asked_at, asked_at)
        now = self._clock.monotonic()
        news = self._cache.add_details(entry, observed, asked_at, now, written=written)
        if news is not Freshness.OLD:
            self._jobs.detail_queue.done(server_id, asked_at)
        if news is Freshness.NEW:
            self._notify_others(entry)
        return self._cache.reading(server_id)

    async def look(self, server_id: str, source: Source) -> Reading:
        """
        Read *server_id* with its owner's credentials. Only this read can prove that a server is gone.

        Raises OneCloudError and Untranslatable.
        """
        asked_at = self._clock.monotonic()
        server = await source.get_server(server_id)
        self._pool.succeeded(source, asked_at)
        if server is not None:
            return self.learn(server, asked_at)
        entry = self._cache.get(server_id)
        if entry is not None:
            self._jobs.detail_queue.done(server_id, asked_at)
            if self._cache.mark_gone(entry, asked_at, self._clock.monotonic()):
                self._notify_others(entry)
        return Reading(asked_at=asked_at, gone=True)

    def wrote(self, server_id: str) -> None:
        """Record the end of our own write, and poll at once: earlier requests may return the old state."""
        self._jobs.delta.wrote(server_id, self._clock.monotonic())
        self._jobs.schedule.wake()

    async def history(self, server_id: str, source: Source) -> History | None:
        """Return the history of *server_id*, or None if the events cannot be read back to its creation."""
        return await history_of(server_id, source)

    async def cause(self, server_id: str, source: Source) -> Cause | None:
        """Return the newest failure in the events of *server_id*, or None if they cannot be read."""
        return await cause_of(server_id, source)

    def acknowledge(self, namespace: str) -> None:
        """
        Acknowledge all losses for *namespace*, and notify all members.

        Each absence is verified again before it has any consequence, since the cloud may have recovered.
        """
        now = self._clock.monotonic()
        if self.breaker.holding(now, self.owned, namespace):
            self.breaker.acknowledge(namespace)
            self._cache.expire_absences()
            self._notify_soon(self._pool.keys)

    def recycled(self, deleted_at: float) -> None:
        """Record that a plain DELETE sent then used the recycle bin; notify all members if that is news."""
        if self.breaker.bin_works(deleted_at):
            self._notify_soon(self._pool.keys)

    # -- life --------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Watch until cancelled."""
        if self._notify_pending:
            await self._notify_all()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(charge_to_caller(self._jobs.schedule.run), name="feed lists")
            tasks.create_task(charge_to_caller(self._jobs.tail.run), name="feed events")
            tasks.create_task(
                charge_to_caller(self._jobs.credential_checks.run), name="feed credential checks"
            )

    def faulted(self, fault: str) -> None:
        """Reset all state after `run` crashed because of a bug; it is run again."""
        self._notify_pending = self._tracker.crashed(fault, self._cache.covered_at)
        # The data that was read may have caused the bug, so none of it is used before it is read again.
        self._cache.forget(self._clock.monotonic())
        self._jobs = self._new_jobs()
        for entry in self._cache:
            self._jobs.watch(entry, self._clock.monotonic())

    def _notify_others(self, entry: Entry[K]) -> None:
        """Notify all watchers if there are others than the one that made the read."""
        if len(entry.watchers) > 1:
            self._cache.notify(entry)

    def _new_jobs(self) -> Jobs[K]:
        return Jobs(
            self.place,
            options=self._options,
            clock=self._clock,
            random=self._random,
            cache=self._cache,
            pool=self._pool,
            on_outcome=self._outcome,
            on_run=self._report_list_run,
            on_run_beside=self._report_run,
        )

    async def _outcome(self, job: Job, error: OneCloudError | None) -> None:
        if self._tracker.job_finished(self._jobs, job, error, self._cache.covered_at):
            await self._notify_all()

    def _report_list_run(self, job: str, seconds: float, failed: bool) -> None:  # noqa: FBT001 - a callback
        rows, self._counted_rows = self._pool.rows - self._counted_rows, self._pool.rows
        self._report_run(job, seconds, rows, failed)

    def _report_run(self, job: str, seconds: float, rows: int, failed: bool) -> None:  # noqa: FBT001
        if self._on_run is not None:
            self._on_run(job, seconds, rows, failed)

    async def _notify_all(self) -> None:
        self._notify_pending = False
        for number, key in enumerate(self._pool.keys, start=1):
            self._notify(key, Lane.RESYNC)
            if number % NOTIFY_CHUNK == 0:
                await self._clock.sleep(0)

    def _notify_soon(self, keys: Iterable[K]) -> None:
        for key in keys:
            self._notify(key, Lane.RESYNC)

    def _notify_now(self, keys: Iterable[K]) -> None:
        for key in keys:
            self._notify(key, Lane.CLOUD)
