"""All feeds: who is in which, and their lives."""

from __future__ import annotations

import random as system_random
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.tasks import Supervisor
from onecloud_operator.feed.feed import Feed
from onecloud_operator.feed.loss_breaker import LossBreaker
from onecloud_operator.feed.pace import Pace

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable, Iterator

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.lanes import Lane
    from onecloud_operator.engine.turns import Turns
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.source import Source

K = TypeVar("K", bound="Hashable")

PAYERS = 8  # are looked at before each step
LIMITERS_KEPT = 1000  # of places that nobody is at: whoever can name places must not choose how many


class Feeds(Generic[K]):
    """
    One feed for each place, from the first member to the last.

    Those who do not verify the cloud's certificate have another: what anybody on the way could have told them
    is shown to nobody else. *tenant_of* names whose a key is: they share what feeds may take of the process.
    A feed that fails by a fault of ours is started again, and no other notices. *on_turn*, which must not
    raise, is told of each turn of a job: its name, the seconds it took, the rows it got, whether it failed.
    *turns*, if given, are the event loop's.
    """

    def __init__(  # noqa: PLR0913 - the parts of the whole operator that it touches
        self,
        *,
        notify: Callable[[K, Lane], None],
        clock: Clock,
        options: FeedOptions,
        random: Callable[[], float] = system_random.random,
        tenant_of: Callable[[K], Hashable] = lambda _key: None,
        on_turn: Callable[[str, float, int, bool], None] | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._on_turn = on_turn
        self._turns = turns
        self._notify = notify
        self._clock = clock
        self._options = options
        self._random = random
        self._pace = Pace(clock.monotonic)
        self._tenant_of = tenant_of
        self._supervisor = Supervisor(clock)
        self._restarts: Backoff[str] = Backoff(options.retry_first_seconds, options.retry_max_seconds, random)
        self._feeds: dict[tuple[Place, bool], tuple[Feed[K], asyncio.Task[None]]] = {}
        self._in: dict[K, tuple[Place, bool]] = {}
        # They outlive their feeds: what was lost must not be forgotten because everyone's password was wrong.
        self._limiters: dict[Place, LossBreaker] = {}

    def __iter__(self) -> Iterator[Feed[K]]:
        return (feed for feed, _ in self._feeds.values())

    @property
    def restarts(self) -> int:
        """Return how often a feed was started again after a fault."""
        return self._supervisor.restarts

    @property
    def dead(self) -> int:
        """Return how many feeds are watched by nobody, though they have members: a fault of ours."""
        return sum(task.done() for _, task in self._feeds.values())

    def join(self, key: K, place: Place, source: Source) -> Feed[K]:
        """
        Return the feed of *place* with *key* as its member; it is in no other feed afterwards.

        Only for an object whose own credentials *source* signed in and led to this very project: they are
        lent to the feed, and what it sees is shown to all members.
        """
        which = place, source.verified
        if self._in.get(key) != which:
            self.leave(key)
            self._pace.enter(place, self._tenant_of(key))
        if which not in self._feeds:
            self._feeds[which] = self._begin(place)
        feed, _ = self._feeds[which]
        self._in[key] = which
        feed.join(key, source)
        return feed

    def leave(self, key: K) -> None:
        """Take *key* out of its feed; the last one stops it."""
        which = self._in.pop(key, None)
        if which is None:
            return
        feed, task = self._feeds[which]
        feed.leave(key)
        self._pace.leave(which[0], self._tenant_of(key))
        if not feed.pool:
            del self._feeds[which]
            task.cancel()
            self._restarts.reset(task.get_name())
            self._drop_idle_limiters()

    async def close(self) -> None:
        """Stop all feeds."""
        await self._supervisor.close()

    def _limiter_of(self, place: Place) -> LossBreaker:
        if place not in self._limiters:
            self._limiters[place] = LossBreaker(self._options.gone_floor, self._options.gone_share)
        return self._limiters[place]

    def _drop_idle_limiters(self) -> None:
        now, used = self._clock.monotonic(), {place for place, _ in self._feeds}
        unused = [place for place in self._limiters if place not in used]
        for number, place in enumerate(reversed(unused)):
            # An object that is held says so in its status.
            if self._limiters[place].idle(now) or number >= LIMITERS_KEPT:
                del self._limiters[place]

    def _begin(self, place: Place) -> tuple[Feed[K], asyncio.Task[None]]:
        feed: Feed[K] = Feed(
            place,
            notify=self._notify,
            clock=self._clock,
            options=self._options,
            random=self._random,
            breaker=self._limiter_of(place),
            pace=self._pace,
            on_turn=self._on_turn,
        )
        name = f"feed of project {place.project_id}"
        turns, run = self._turns, feed.run
        if turns is not None:
            run = partial(turns.take, feed.run, partial(self._payer, turns, place))
        return feed, self._supervisor.restarting(name, run, self._restarts, feed.faulted)

    def _payer(self, turns: Turns, place: Place) -> Hashable:
        """Return whom the next step of a feed counts for: who had least, of the first that it is for."""
        tenants = self._pace.tenants(place)
        if len(tenants) <= 1:
            return next(iter(tenants), None)
        return min(islice(tenants, PAYERS), key=turns.load)
