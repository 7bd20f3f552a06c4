"""One project of one cloud, watched for all objects whose credentials lead there."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.values import Problem
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.turns import counted
from onecloud_operator.feed.cache import Cache, Entry, News
from onecloud_operator.feed.credential_pool import CredentialPool
from onecloud_operator.feed.details import is_about_rows
from onecloud_operator.feed.directory import Directory
from onecloud_operator.feed.feed_options import FeedHealth
from onecloud_operator.feed.history import cause_of, history_of
from onecloud_operator.feed.jobs import Jobs
from onecloud_operator.feed.loss_breaker import LossBreaker
from onecloud_operator.feed.pace import Pace, Rest
from onecloud_operator.translate import Doing, observed_from_details, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from onecloud_operator.core.facts import Cause, History
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed.context import Job
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.errors import OneCloudError

logger = logging.getLogger(__name__)

K = TypeVar("K", bound="Hashable")

NEVER_DUE = float("inf")
TOLD_AT_ONCE = 500  # keys between two breaths, when all of them are told


class Feed(Generic[K]):
    """
    What is known of the servers of *place*.

    Objects join through `Feeds`. ``notify(key, lane)`` is called when there is news for *key*: in the lane of
    the cloud when its server moved, in the lane of resyncs when only the feed's health changed. ``breaker``
    is told by its users what vanished: only they know whose wish it was.
    """

    def __init__(  # noqa: PLR0913 - the parts of the whole operator that it touches
        self,
        place: Place,
        *,
        notify: Callable[[K, Lane], None],
        clock: Clock,
        options: FeedOptions,
        random: Callable[[], float],
        breaker: LossBreaker | None = None,
        pace: Pace | None = None,
        on_turn: Callable[[str, float, int, bool], None] | None = None,
    ) -> None:
        self.place = place
        self.breaker = breaker or LossBreaker()
        self._notify = notify
        self._clock = clock
        self._options = options
        self._health = FeedHealth(since=clock.monotonic())
        self._problems: dict[str, Problem] = {}
        self._untold = False
        self._on_turn = on_turn
        self._counted_rows = 0
        refusals: Backoff[Source] = Backoff(
            options.refused_first_seconds, options.refused_max_seconds, random
        )
        rest = Rest(pace or Pace(clock.monotonic), place, clock)
        self._pool: CredentialPool[K] = CredentialPool(
            self._tell_soon, self._tell_now, clock.monotonic, refusals, options=options, rest=rest
        )
        self._cache: Cache[K] = Cache(options, notify)
        self.names: Directory[K] = Directory(clock.monotonic, self._tell_soon)
        self._random = random
        self._jobs = self._new_jobs()

    # -- who watches what --------------------------------------------------------------------------------
    @property
    def owned(self) -> int:
        """Return how many servers are watched."""
        return len(self._cache)

    @property
    def pool(self) -> int:
        """Return how many objects have joined."""
        return len(self._pool)

    def join(self, key: K, source: Source) -> None:
        """Take in *key*, whose own credentials *source* lead here."""
        self._pool.join(key, source)

    def leave(self, key: K) -> None:
        """Let *key* go."""
        self.unwatch(key)
        self.names.leave(key)
        self._pool.leave(key)

    def watch(self, key: K, server_id: str, recalled: Observed | None = None) -> None:
        """
        Tell *key* about *server_id* from now on, and about no other server.

        *recalled*, rebuilt from the object's status, stands in for a read of the details if the row turns out
        to be of the same version. It is never shown before that.
        """
        now = self._clock.monotonic()
        before = self._cache.watched_by(key)
        entry = self._cache.watch(key, server_id, recalled, now)
        if before is not None and before != server_id and self._cache.get(before) is None:
            self._jobs.drop(before)
        if entry is not None:
            self._jobs.watch(entry, now)

    def unwatch(self, key: K) -> None:
        """Tell *key* nothing more."""
        server_id = self._cache.unwatch(key)
        if server_id is not None:
            self._jobs.drop(server_id)

    # -- what is known -----------------------------------------------------------------------------------
    @property
    def health(self) -> FeedHealth:
        """Return whether the feed is in touch with its cloud."""
        return self._health

    def trouble(self, key: K) -> Problem | None:
        """
        Return why *key* cannot rely on this feed, or None.

        Either its own credentials are refused while another member's work: then it must not be shown what
        they see. Or nobody gets an answer.
        """
        return self._pool.refusal(key) or self._health.problem

    def reading(self, server_id: str) -> Reading:
        """Return what is known of a watched server."""
        return self._cache.reading(server_id)

    def shown(self, key: K, server_id: str) -> Reading:
        """Return what *key* may see of it: nothing before its own credentials have proven themselves."""
        reading = self._cache.reading(server_id)
        return reading if reading == Reading() or self._pool.may_see(key) else Reading()

    def may_see(self, key: K) -> bool:
        """Say whether *key* may be shown what others found out; if not yet, it is told when it may."""
        return self._pool.may_see(key)

    def learn(self, server: Mapping[str, Any], asked_at: float, *, written: bool = False) -> Reading:
        """
        Take in what the cloud answered to a request of ours that was sent at *asked_at*.

        *written*: the request was a write. Raises Untranslatable. An answer without an id (some actions have
        none) tells nothing.
        """
        server_id = server.get("id")
        if not isinstance(server_id, str) or not server_id:
            return Reading()
        observed = observed_from_details(server, whole=True)
        entry = self._cache.get(server_id)
        if entry is None:
            return Reading(observed, asked_at, asked_at)
        now = self._clock.monotonic()
        news = self._cache.details(entry, observed, asked_at, now, written=written)
        if news is not News.OLD:
            self._jobs.detail_queue.satisfied(server_id, asked_at)
        if news is News.NEW:
            self._tell_others(entry)
        return self._cache.reading(server_id)

    async def look(self, server_id: str, source: Source) -> Reading:
        """
        Ask for *server_id* with its owner's credentials: the one question whose answer may be "gone".

        Raises OneCloudError and Untranslatable.
        """
        asked_at = self._clock.monotonic()
        server = await source.get_server(server_id)
        self._pool.proved(source, asked_at)
        if server is not None:
            return self.learn(server, asked_at)
        entry = self._cache.get(server_id)
        if entry is not None:
            self._jobs.detail_queue.satisfied(server_id, asked_at)
            if self._cache.vanished(entry, asked_at, self._clock.monotonic()):
                self._tell_others(entry)
        return Reading(asked_at=asked_at, gone=True)

    def wrote(self, server_id: str) -> None:
        """Note the end of a write of ours: what was asked for until now may be stale, so ask at once."""
        self._jobs.delta.wrote(server_id, self._clock.monotonic())
        self._jobs.schedule.wake()

    async def history(self, server_id: str, source: Source) -> History | None:
        """Return the past of *server_id*, or None if the events cannot be read back to its creation."""
        return await history_of(server_id, source)

    async def cause(self, server_id: str, source: Source) -> Cause | None:
        """Return what the newest events of *server_id* tell of a failure, or None if they cannot be read."""
        return await cause_of(server_id, source)

    def acknowledge(self, namespace: str) -> None:
        """
        Take a person's word for *namespace* that what vanished was meant to, and tell everyone.

        Each absence is asked for again before anything follows from it: meanwhile the cloud may have been
        restored.
        """
        now = self._clock.monotonic()
        if self.breaker.holding(now, self.owned, namespace):
            self.breaker.acknowledge(namespace)
            self._cache.doubt_absences()
            self._tell_soon(self._pool.keys)

    def recycled(self, deleted_at: float) -> None:
        """Note that a plain DELETE sent then led to the recycle bin; tell those held back if it counts."""
        if self.breaker.bin_works(deleted_at):
            self._tell_soon(self._pool.keys)

    # -- life --------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Watch for ever."""
        if self._untold:
            await self._tell_all()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(counted(self._jobs.schedule.run), name="feed lists")
            tasks.create_task(counted(self._jobs.tail.follow), name="feed events")
            tasks.create_task(counted(self._jobs.proofs.follow), name="feed proofs")

    def faulted(self, fault: str) -> None:
        """Note that `run` failed by a fault of ours; it is run again, and starts with nothing."""
        message = f"The operator failed to watch this project, and tries again: {fault}."
        self._problems = {"fault": Problem(Reason.PROVIDER_ERROR, message)}
        self._untold = self._set_health()
        # What led to the fault may be among what was read; nobody is shown any of it before it is read again.
        self._cache.forget(self._clock.monotonic())
        self._jobs = self._new_jobs()
        for entry in self._cache:
            self._jobs.watch(entry, self._clock.monotonic())

    def _tell_others(self, entry: Entry[K]) -> None:
        """Tell the watchers of what one of them found out; that one knows, and most are alone."""
        if len(entry.watchers) > 1:
            self._cache.tell(entry)

    def _new_jobs(self) -> Jobs[K]:
        return Jobs(
            self.place,
            options=self._options,
            clock=self._clock,
            random=self._random,
            cache=self._cache,
            pool=self._pool,
            on_outcome=self._outcome,
            on_turn=self._count,
            on_beside=self._tell_turn,
        )

    async def _outcome(self, job: Job, error: OneCloudError | None) -> None:
        """Count a job's failures; so many in a row are a problem of everyone's."""
        if error is None:
            self._problems.pop(job.name, None)
            if job is self._jobs.delta:
                self._problems.pop("fault", None)
            self._forgive_the_idle()
        else:
            failures = self._jobs.retries.failures(job.name)
            logger.debug(
                "the feed got no answer",
                extra={"project": self.place.project_id, "job": job.name, "error": type(error).__name__},
            )
            if job is self._jobs.sweep:
                if failures > self._options.free_tries:
                    self._jobs.sweep.abandon()  # it only looks for what is missing: tried again later
            elif job is self._jobs.details and is_about_rows(error):
                pass  # smaller and smaller batches find the row that is to blame
            elif failures > self._options.free_tries:
                self._problems[job.name] = problem_of(error, doing=Doing.READ)
        if self._set_health():
            await self._tell_all()

    def _forgive_the_idle(self) -> None:
        """Drop the problems of jobs that have nothing left to do: no success would ever end them."""
        now = self._clock.monotonic()
        for job in self._jobs.lists:
            if job.name in self._problems and job.due_at(now) == NEVER_DUE:
                del self._problems[job.name]
                self._jobs.schedule.forgive(job)

    def _count(self, job: str, seconds: float, failed: bool) -> None:  # noqa: FBT001 - a callback
        rows, self._counted_rows = self._pool.rows - self._counted_rows, self._pool.rows
        self._tell_turn(job, seconds, rows, failed)

    def _tell_turn(self, job: str, seconds: float, rows: int, failed: bool) -> None:  # noqa: FBT001 - a callback
        if self._on_turn is not None:
            self._on_turn(job, seconds, rows, failed)

    def _set_health(self) -> bool:
        """Set the health from the problems there are; return whether everyone is to be told."""
        problem = next(iter(self._problems.values()), None)
        before = self._health
        changed = problem != before.problem
        covered_at = self._cache.covered_at
        self._health = FeedHealth(
            problem,
            self._clock.monotonic() if changed else before.since,
            covered_at if covered_at > 0 else None,
        )
        if changed and (problem is None) != (before.problem is None):
            logger.log(
                logging.INFO if problem is None else logging.WARNING,
                "in touch with the cloud again" if problem is None else "out of touch with the cloud",
                extra={"project": self.place.project_id, "reason": problem.reason if problem else None},
            )
        return changed

    async def _tell_all(self) -> None:
        self._untold = False
        for number, key in enumerate(self._pool.keys, start=1):
            self._notify(key, Lane.RESYNC)
            if number % TOLD_AT_ONCE == 0:
                await self._clock.sleep(0)

    def _tell_soon(self, keys: Iterable[K]) -> None:
        for key in keys:
            self._notify(key, Lane.RESYNC)

    def _tell_now(self, keys: Iterable[K]) -> None:
        for key in keys:
            self._notify(key, Lane.CLOUD)
