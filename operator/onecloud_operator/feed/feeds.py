"""All feeds: their members, their start and end."""

from __future__ import annotations

import random as system_random
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.tasks import Supervisor
from onecloud_operator.feed.feed import Feed
from onecloud_operator.feed.loss_breaker import LossBreaker
from onecloud_operator.feed.throttle import Throttle

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable, Iterator

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.lanes import Lane
    from onecloud_operator.engine.loop_shares import LoopShares
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.source import Source

K = TypeVar("K", bound="Hashable")

PAYERS = 8  # are looked at before each step
MAX_UNUSED_BREAKERS = 1000  # of projects without a feed: tenants can name any number of projects


class Feeds(Generic[K]):
    """
    One feed per project, from its first member to its last.

    Members that do not verify the cloud's certificate have a separate feed: nobody else may see what anyone
    on their network path could have forged. *tenant_of* returns the tenant of a key; tenants share the
    throttle. A feed that fails because of a bug is restarted and affects no other. *on_run* is called after
    each run of a job, and must not raise: with its name, the seconds it took, the number of rows, and whether
    it failed. *loop_shares* schedules its steps, if given.
    """

    def __init__(  # noqa: PLR0913 - its dependencies
        self,
        *,
        notify: Callable[[K, Lane], None],
        clock: Clock,
        options: FeedOptions,
        random: Callable[[], float] = system_random.random,
        tenant_of: Callable[[K], Hashable] = lambda _key: None,
        on_run: Callable[[str, float, int, bool], None] | None = None,
        loop_shares: LoopShares | None = None,
    ) -> None:
        self._on_run = on_run
        self._loop_shares = loop_shares
        self._notify = notify
        self._clock = clock
        self._options = options
        self._random = random
        self._throttle = Throttle(clock.monotonic)
        self._tenant_of = tenant_of
        self._supervisor = Supervisor(clock)
        self._restarts: Backoff[str] = Backoff(options.retry_first_seconds, options.retry_max_seconds, random)
        self._feeds: dict[tuple[Place, bool], tuple[Feed[K], asyncio.Task[None]]] = {}
        self._membership: dict[K, tuple[Place, bool]] = {}
        # They outlive their feeds: losses must not be forgotten because all credentials failed for a while.
        self._breakers: dict[Place, LossBreaker] = {}

    def __iter__(self) -> Iterator[Feed[K]]:
        return (feed for feed, _ in self._feeds.values())

    def of(self, place: Place, source: Source) -> Feed[K] | None:
        """Return the feed of *place* that members with *source* have, or None if there is none."""
        feed, _ = self._feeds.get((place, source.verified), (None, None))
        return feed

    def has(self, key: K, feed: Feed[K]) -> bool:
        """Return whether *key* is a member of *feed*."""
        feed_key = self._membership.get(key)
        return feed_key is not None and self._feeds[feed_key][0] is feed

    @property
    def restarts(self) -> int:
        """How often a feed was restarted after a bug."""
        return self._supervisor.restarts

    @property
    def dead(self) -> int:
        """How many feeds have members but no running task, which is a bug."""
        return sum(task.done() for _, task in self._feeds.values())

    def join(self, key: K, place: Place, source: Source) -> Feed[K]:
        """
        Make *key* a member of the feed of *place*, and of no other feed; return the feed.

        Only for an object whose own credentials *source* signed in to this very project: the feed uses them,
        and all members see the results.
        """
        feed_key = place, source.verified
        if self._membership.get(key) != feed_key:
            self.leave(key)
            self._throttle.add(place, self._tenant_of(key))
        if feed_key not in self._feeds:
            self._feeds[feed_key] = self._start(place)
        feed, _ = self._feeds[feed_key]
        self._membership[key] = feed_key
        feed.join(key, source)
        return feed

    def leave(self, key: K) -> None:
        """Remove *key* from its feed; the feed stops with its last member."""
        feed_key = self._membership.pop(key, None)
        if feed_key is None:
            return
        feed, task = self._feeds[feed_key]
        feed.leave(key)
        self._throttle.remove(feed_key[0], self._tenant_of(key))
        if not feed.pool:
            del self._feeds[feed_key]
            task.cancel()
            self._restarts.reset(task.get_name())
            self._drop_unused_breakers()

    async def close(self) -> None:
        """Stop all feeds."""
        await self._supervisor.close()

    def _breaker_of(self, place: Place) -> LossBreaker:
        if place not in self._breakers:
            self._breakers[place] = LossBreaker(self._options.loss_floor, self._options.loss_share)
        return self._breakers[place]

    def _drop_unused_breakers(self) -> None:
        now, used = self._clock.monotonic(), {place for place, _ in self._feeds}
        unused = [place for place in self._breakers if place not in used]
        for number, place in enumerate(reversed(unused)):
            # The status of a held object recalls the hold.
            if self._breakers[place].idle(now) or number >= MAX_UNUSED_BREAKERS:
                del self._breakers[place]

    def _start(self, place: Place) -> tuple[Feed[K], asyncio.Task[None]]:
        feed: Feed[K] = Feed(
            place,
            notify=self._notify,
            clock=self._clock,
            options=self._options,
            random=self._random,
            breaker=self._breaker_of(place),
            throttle=self._throttle,
            on_run=self._on_run,
        )
        name = f"feed of project {place.project_id}"
        loop_shares, run = self._loop_shares, feed.run
        if loop_shares is not None:
            run = partial(loop_shares.run, feed.run, partial(self._payer, loop_shares, place))
        return feed, self._supervisor.restarting(name, run, self._restarts, feed.faulted)

    def _payer(self, loop_shares: LoopShares, place: Place) -> Hashable:
        """Return whom the next step of a feed counts for: who had least, of the first that it is for."""
        tenants = self._throttle.tenants(place)
        if len(tenants) <= 1:
            return next(iter(tenants), None)
        return min(islice(tenants, PAYERS), key=loop_shares.load)
