"""
The credentials that a feed works with, and which objects may see its results.

Any member's credentials will do, so the feed uses one set for all. If one fails while another works, its
objects get the error and are notified: they must not see with another's credentials what they may not see
with their own. For the same reason a member sees nothing before a call with its own token has succeeded.

    unchecked ──own call succeeds──▶ accepted ──is refused, or fails often, while another succeeds──▶ refused
        └───────fails while another succeeds─────────────────────────────────────────────────────────▶┘
    and from any state back to accepted with the next own call that succeeds

While no calls succeed none are refused: more likely the cloud is down.
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
    from onecloud_operator.feed.source import Source
    from onecloud_operator.feed.throttle import FeedThrottle
    from onecloud_operator.onecloud.models import Row, ServerPage, ServerQuery

K = TypeVar("K", bound="Hashable")
T = TypeVar("T")

REFUSALS = (Unauthorized, Forbidden, SignInError)
MAX_ATTEMPTS = 5  # for one call: when the identity service is down, all credentials are refused
# For all attempts of one call after the first, which has its own timeout: a cloud that hangs does so for all
# credentials. The ones that failed come last the next time.
RETRY_BUDGET_SECONDS = 20.0
NEVER = float("-inf")


@dataclass(slots=True)
class _CredentialState(Generic[K]):
    """The state of one set of credentials. Times are monotonic, of calls being sent."""

    keys: dict[K, None] = field(default_factory=dict)
    waiting: dict[K, None] = field(default_factory=dict)  # for the first success
    succeeded_at: float = NEVER
    due_at: float = NEVER  # when they are checked again
    failures: int = 0  # in a row, each while another's call succeeded
    refused: Problem | None = None


class CredentialPool(Generic[K]):
    """
    The objects of a feed and their credentials.

    *notify* is called with keys whose credentials were refused or accepted again, *on_access* with keys that
    may see the feed's results for the first time.
    """

    def __init__(  # noqa: PLR0913 - its parts of a feed
        self,
        notify: Callable[[Iterable[K]], None],
        on_access: Callable[[Iterable[K]], None],
        now: Callable[[], float],
        backoff: Backoff[Source],
        *,
        options: FeedOptions,
        throttle: FeedThrottle | None = None,
    ) -> None:
        self._options = options
        self._notify = notify
        self._on_access = on_access
        self._now = now
        self._backoff = backoff
        self.throttle = throttle
        self.rows = 0  # read in all
        self.changed = asyncio.Event()  # set when the times of checks change
        self._source_of: dict[K, Source] = {}
        self._states: dict[Source, _CredentialState[K]] = {}  # in the order in which they are used
        self._postponed: dict[Source, None] = {}  # their check failed along with all others

    def __len__(self) -> int:
        return len(self._source_of)

    @property
    def keys(self) -> tuple[K, ...]:
        """All members."""
        return tuple(self._source_of)

    def join(self, key: K, source: Source) -> None:
        """Add *key*, or record its new credentials."""
        if self._source_of.get(key) is source:
            return
        self.leave(key)
        self._source_of[key] = source
        if source not in self._states:
            self._states[source] = _CredentialState(due_at=self._now())
            self.changed.set()
        self._states[source].keys[key] = None

    def leave(self, key: K) -> None:
        """Remove *key*, and its credentials unless another member has the same."""
        source = self._source_of.pop(key, None)
        if source is None:
            return
        state = self._states[source]
        del state.keys[key]
        state.waiting.pop(key, None)
        if not state.keys:
            del self._states[source]
            self._postponed.pop(source, None)
            self._backoff.reset(source)

    # -- who may see -------------------------------------------------------------------------------------
    def refusal(self, key: K) -> Problem | None:
        """Return why the credentials of *key* are refused, or None."""
        state = self._state_of(key)
        return state.refused if state is not None else None

    def may_see(self, key: K) -> bool:
        """Return whether the credentials of *key* are accepted; if not yet, it is notified once they are."""
        state = self._state_of(key)
        if state is None or state.refused is not None:
            return False
        if state.succeeded_at == NEVER:
            state.waiting[key] = None
            return False
        return True

    def _state_of(self, key: K) -> _CredentialState[K] | None:
        source = self._source_of.get(key)
        return None if source is None else self._states[source]

    # -- calls -------------------------------------------------------------------------------------------
    @property
    def sources(self) -> tuple[Source, ...]:
        """All credentials, working ones first."""
        return tuple(self._ordered())

    @property
    def first(self) -> Source | None:
        """The credentials that lists are read with, or None without members."""
        return next(self._ordered(), None)

    def _ordered(self) -> Iterator[Source]:
        yield from (source for source, state in self._states.items() if not state.failures)
        yield from (source for source, state in self._states.items() if state.failures)

    async def ask(self, suspect_missing: Callable[[Source], Awaitable[T]]) -> T:
        """
        Make a call with one member's credentials, and with others' if that fails.

        After a refusal any other credentials are tried; after another error only those with another route,
        since the same route would fail again after as long. If all fail, raises the first error; then none
        are refused, since more likely the cloud is down, but others are tried first the next time.
        """
        failed: list[tuple[Source, OneCloudError]] = []
        closed: set[Hashable] = set()  # routes
        until: float | None = None
        for source in self.sources:
            if len(failed) == MAX_ATTEMPTS:
                break
            if source.route in closed:
                continue
            asked_at = self._now()
            try:
                answer = await with_timeout(
                    suspect_missing(source), None if until is None else until - _loop_time()
                )
            except OneCloudError as error:
                failed.append((source, error))
                if not isinstance(error, REFUSALS):
                    closed.add(source.route)
                until = _loop_time() + RETRY_BUDGET_SECONDS if until is None else until
                continue
            for other, met in failed:
                self.failed(other, met)
            self.succeeded(source, asked_at)
            return answer
        if not failed:
            msg = "a feed without members made a call"
            raise AssertionError(msg)
        for source, _ in failed:
            self._move_last(source)
        raise failed[0][1]

    async def list_servers(self, query: ServerQuery) -> ServerPage:
        """Return one page of servers, with whichever credentials work, once the throttle permits."""
        if self.throttle is not None:
            await self.throttle.wait()
        page = await self.ask(lambda source: source.list_servers(query))
        if self.throttle is not None:
            self.throttle.record(page.cost_seconds)
        self.rows += len(page.rows)
        return page

    async def get_server(self, server_id: str) -> Row | None:
        """Return a server, or None if it is proven gone."""
        return await self.ask(lambda source: source.get_server(server_id))

    def _move_last(self, source: Source) -> None:
        if (state := self._states.pop(source, None)) is not None:
            self._states[source] = state

    # -- what came of it ---------------------------------------------------------------------------------
    def checks_due(self) -> Iterator[tuple[Source, float]]:
        """Yield credentials with the time of their next check, except those that the lists are read with."""
        first = self.first
        return ((one, each.due_at) for one, each in self._states.items() if one is not first)

    def succeeded(self, source: Source, asked_at: float) -> None:
        """Record that a call with these credentials, sent at *asked_at*, succeeded."""
        if (state := self._states.get(source)) is not None:
            state.due_at = self._now() + self._options.check_interval_seconds
            first, refused = state.succeeded_at == NEVER, state.refused
            state.succeeded_at = max(state.succeeded_at, asked_at)
            state.failures, state.refused = 0, None
            self._postponed.pop(source, None)
            self._backoff.reset(source)
            if refused is not None:
                self._notify(tuple(state.keys))
            elif first and state.waiting:
                self._on_access(tuple(state.waiting))
            state.waiting.clear()
        self._retry_postponed()

    def failed(self, source: Source, error: OneCloudError) -> None:
        """Record that a call with these credentials failed, while one with others succeeded."""
        state = self._states.get(source)
        if state is None:
            return
        state.failures += 1
        state.due_at = self._now() + self._backoff.next(source)
        self._move_last(source)
        passing = state.succeeded_at != NEVER and not isinstance(error, REFUSALS)
        if state.refused is not None or not (passing and state.failures <= self._options.tolerated_failures):
            before, state.refused = state.refused, problem_of(error, doing=Doing.READ)
            if before != state.refused:
                self._notify(tuple(state.keys))
        self.changed.set()

    def postpone(self, source: Source) -> None:
        """Record that a check failed as others' calls do: that says nothing about these credentials."""
        if (state := self._states.get(source)) is not None:
            state.due_at = self._now() + self._backoff.next(source)
            self._postponed[source] = None

    def _retry_postponed(self) -> None:
        """Repeat postponed checks soon: the cloud is back."""
        soon = self._now() + self._options.refused_first_seconds
        for source in self._postponed:
            state = self._states[source]
            state.due_at = min(state.due_at, soon)
        if self._postponed:
            self._postponed.clear()
            self.changed.set()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


async def with_timeout(answer: Awaitable[T], seconds: float | None) -> T:
    """Await *answer*. Raises Timeout if that takes longer than *seconds*."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        raise Timeout("no answer in time") from None
