"""
Whose credentials a feed works with, and who is shown what they see.

Any member's will do, so one set works for all. One that fails while another's works is set aside, and its
objects are told: they must not see through another's eyes what they may not see themselves. For the same
reason a member is shown nothing before a call with its own token has succeeded.

    unproven ──its own call succeeds──▶ proven ──is refused, or fails often, while another's succeeds──▶ ended
       └───────fails while another's succeeds────────────────────────────────────────────────────────────▶┘
    and from anywhere back to proven with the next call of its own that succeeds

While nobody's calls succeed nobody is ended: more likely the cloud is down.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.onecloud.errors import Forbidden, OneCloudError, SignInError, Timeout, Unauthorized
from onecloud_operator.translate import Doing, problem_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator

    from onecloud_operator.core.values import Problem
    from onecloud_operator.engine.backoff import Backoff
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.pace import Rest
    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.models import Row, ServerPage, ServerQuery

K = TypeVar("K", bound="Hashable")
T = TypeVar("T")

REFUSALS = (Unauthorized, Forbidden, SignInError)
MAX_TRIED = 5  # of one question: when the identity service is down, all are refused
# For all tries of one question after the first, which may take its own time: a cloud that hangs is a cloud
# that hangs, whoever asks. The first that failed is not the first the next time.
FURTHER_SECONDS = 20.0
NEVER = float("-inf")


@dataclass(slots=True)
class _Standing(Generic[K]):
    """What is known of one set of credentials. Times are monotonic, of calls being sent."""

    keys: dict[K, None] = field(default_factory=dict)
    unshown: dict[K, None] = field(default_factory=dict)  # that asked before anything was proven
    proven_at: float = NEVER
    due_at: float = NEVER  # when they are to prove themselves again
    failures: int = 0  # in a row, each while another's call succeeded
    ended: Problem | None = None


class CredentialPool(Generic[K]):
    """
    The objects of a feed and the credentials that they lend.

    *tell* is called with keys to look at since their credentials stand otherwise, *show* with those that may
    be shown now what they were not shown before.
    """

    def __init__(  # noqa: PLR0913 - what it touches of a feed
        self,
        tell: Callable[[Iterable[K]], None],
        show: Callable[[Iterable[K]], None],
        now: Callable[[], float],
        backoff: Backoff[Source],
        *,
        options: FeedOptions,
        rest: Rest | None = None,
    ) -> None:
        self._options = options
        self._tell = tell
        self._show = show
        self._now = now
        self._backoff = backoff
        self.rest = rest
        self.rows = 0  # that lists gave us, ever
        self.changed = asyncio.Event()  # whose turn it is to prove themselves
        self._source_of: dict[K, Source] = {}
        self._standings: dict[Source, _Standing[K]] = {}  # in the order in which they are asked
        self._put_off: dict[Source, None] = {}  # whose proof failed as everything did

    def __len__(self) -> int:
        return len(self._source_of)

    @property
    def keys(self) -> tuple[K, ...]:
        """Return all members."""
        return tuple(self._source_of)

    def join(self, key: K, source: Source) -> None:
        """Take *key* in, or note its new credentials."""
        if self._source_of.get(key) is source:
            return
        self.leave(key)
        self._source_of[key] = source
        if source not in self._standings:
            self._standings[source] = _Standing(due_at=self._now())
            self.changed.set()
        self._standings[source].keys[key] = None

    def leave(self, key: K) -> None:
        """Let *key* go; its credentials are used no more once no other member has them."""
        source = self._source_of.pop(key, None)
        if source is None:
            return
        standing = self._standings[source]
        del standing.keys[key]
        standing.unshown.pop(key, None)
        if not standing.keys:
            del self._standings[source]
            self._put_off.pop(source, None)
            self._backoff.reset(source)

    # -- who may see -------------------------------------------------------------------------------------
    def refusal(self, key: K) -> Problem | None:
        """Return why the credentials of *key* may not see what the feed shows, or None if they may."""
        standing = self._standing_of(key)
        return standing.ended if standing is not None else None

    def may_see(self, key: K) -> bool:
        """Say whether the credentials of *key* have proven themselves; if not, it is told when they have."""
        standing = self._standing_of(key)
        if standing is None or standing.ended is not None:
            return False
        if standing.proven_at == NEVER:
            standing.unshown[key] = None
            return False
        return True

    def _standing_of(self, key: K) -> _Standing[K] | None:
        source = self._source_of.get(key)
        return None if source is None else self._standings[source]

    # -- who is asked ------------------------------------------------------------------------------------
    @property
    def sources(self) -> tuple[Source, ...]:
        """Return all credentials, those that work first."""
        return tuple(self._in_turn())

    @property
    def first(self) -> Source | None:
        """Return the credentials that lists are asked with, if any member has any."""
        return next(self._in_turn(), None)

    def _in_turn(self) -> Iterator[Source]:
        yield from (source for source, standing in self._standings.items() if not standing.failures)
        yield from (source for source, standing in self._standings.items() if standing.failures)

    async def ask(self, question: Callable[[Source], Awaitable[T]]) -> T:
        """
        Ask with one member's credentials, and with others' if that fails, in whatever way.

        After a refusal with anybody else's; after any other failure only with such as take another way,
        since the same way would take as long to fail again. Raises what the first met if nobody gets an
        answer; then nobody is set aside, since more likely the cloud is down, but others are first the next
        time.
        """
        failed: list[tuple[Source, OneCloudError]] = []
        closed: set[Hashable] = set()  # ways
        until: float | None = None
        for source in self.sources:
            if len(failed) == MAX_TRIED:
                break
            if source.way in closed:
                continue
            asked_at = self._now()
            try:
                answer = await within(question(source), None if until is None else until - _loop_time())
            except OneCloudError as error:
                failed.append((source, error))
                if not isinstance(error, REFUSALS):
                    closed.add(source.way)
                until = _loop_time() + FURTHER_SECONDS if until is None else until
                continue
            for other, met in failed:
                self.failed(other, met)
            self.proved(source, asked_at)
            return answer
        if not failed:
            msg = "a feed without members was asked"
            raise AssertionError(msg)
        for source, _ in failed:
            self._put_last(source)
        raise failed[0][1]

    async def list_servers(self, query: ServerQuery) -> ServerPage:
        """Return one page of servers, with whichever credentials work, once the last one was paid for."""
        if self.rest is not None:
            await self.rest.take()
        page = await self.ask(lambda source: source.list_servers(query))
        if self.rest is not None:
            self.rest.earn(page.cost_seconds)
        self.rows += len(page.rows)
        return page

    async def get_server(self, server_id: str) -> Row | None:
        """Return a server, or None if it is proven gone."""
        return await self.ask(lambda source: source.get_server(server_id))

    def _put_last(self, source: Source) -> None:
        if (standing := self._standings.pop(source, None)) is not None:
            self._standings[source] = standing

    # -- what came of it ---------------------------------------------------------------------------------
    def proof_due(self) -> Iterator[tuple[Source, float]]:
        """Yield who is to prove themselves, and when: all but those that the feed's own lists prove."""
        first = self.first
        return ((one, each.due_at) for one, each in self._standings.items() if one is not first)

    def proved(self, source: Source, asked_at: float) -> None:
        """Note that a call with these credentials, which was sent then, has succeeded."""
        if (standing := self._standings.get(source)) is not None:
            standing.due_at = self._now() + self._options.proven_seconds
            first, ended = standing.proven_at == NEVER, standing.ended
            standing.proven_at = max(standing.proven_at, asked_at)
            standing.failures, standing.ended = 0, None
            self._put_off.pop(source, None)
            self._backoff.reset(source)
            if ended is not None:
                self._tell(tuple(standing.keys))
            elif first and standing.unshown:
                self._show(tuple(standing.unshown))
            standing.unshown.clear()
        self._hurry()

    def failed(self, source: Source, error: OneCloudError) -> None:
        """Note that a call with these credentials has failed, while one with another's succeeded."""
        standing = self._standings.get(source)
        if standing is None:
            return
        standing.failures += 1
        standing.due_at = self._now() + self._backoff.next(source)
        self._put_last(source)
        passing = standing.proven_at != NEVER and not isinstance(error, REFUSALS)
        if standing.ended is not None or not (passing and standing.failures <= self._options.free_tries):
            told, standing.ended = standing.ended, problem_of(error, doing=Doing.READ)
            if told != standing.ended:
                self._tell(tuple(standing.keys))
        self.changed.set()

    def put_off(self, source: Source) -> None:
        """Note that a proof has failed as another's did as well: that says nothing of these credentials."""
        if (standing := self._standings.get(source)) is not None:
            standing.due_at = self._now() + self._backoff.next(source)
            self._put_off[source] = None

    def _hurry(self) -> None:
        """Have those prove themselves soon who could not: the cloud is back."""
        soon = self._now() + self._options.refused_first_seconds
        for source in self._put_off:
            standing = self._standings[source]
            standing.due_at = min(standing.due_at, soon)
        if self._put_off:
            self._put_off.clear()
            self.changed.set()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


async def within(answer: Awaitable[T], seconds: float | None) -> T:
    """Return what is awaited. Raises Timeout if that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        raise Timeout("no answer came in time") from None
