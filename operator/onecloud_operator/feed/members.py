"""
Whose credentials a feed works with.

Any member's will do, so one set works for all. One that is refused while another's works is set aside, and
its objects are told: they must not see through another's eyes what they may not see themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.onecloud.errors import Forbidden, OneCloudError, SignInError, Unauthorized
from onecloud_operator.translate import Doing, problem_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable

    from onecloud_operator.core.problem import Problem
    from onecloud_operator.engine.limits import Backoff
    from onecloud_operator.feed.pace import Rest
    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.models import Row, ServerPage, ServerQuery

K = TypeVar("K", bound="Hashable")
T = TypeVar("T")

REFUSALS = (Unauthorized, Forbidden, SignInError)
MOST_TRIED = 5  # of one question: when the identity service is down, all are refused


class Members(Generic[K]):
    """The objects of a feed and the credentials that they lend. *tell* is called with keys to look at."""

    def __init__(
        self,
        tell: Callable[[Iterable[K]], None],
        now: Callable[[], float],
        backoff: Backoff[Source],
        rest: Rest | None = None,
    ) -> None:
        self._tell = tell
        self._now = now
        self._backoff = backoff
        self.rest = rest
        self.rows = 0  # that lists gave us, ever
        self._source_of: dict[K, Source] = {}
        self._keys_of: dict[Source, dict[K, None]] = {}  # in the order in which they are asked
        self._aside: dict[Source, tuple[float, Problem]] = {}

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
        self._keys_of.setdefault(source, {})[key] = None

    def leave(self, key: K) -> None:
        """Let *key* go; its credentials are used no more once no other member has them."""
        source = self._source_of.pop(key, None)
        if source is None:
            return
        keys = self._keys_of[source]
        del keys[key]
        if not keys:
            del self._keys_of[source]
            self._aside.pop(source, None)
            self._backoff.reset(source)

    def refusal(self, key: K) -> Problem | None:
        """Return why the credentials of *key* may not see what the feed shows, or None if they may."""
        source = self._source_of.get(key)
        aside = self._aside.get(source) if source is not None else None
        return aside[1] if aside else None

    @property
    def first(self) -> Source | None:
        """Return the credentials that worked last, if any member has any."""
        return next((source for source in self._keys_of if source not in self._aside), None) or next(
            iter(self._keys_of), None
        )

    async def ask(self, question: Callable[[Source], Awaitable[T]]) -> T:
        """
        Ask with one member's credentials, and with the next one's if they are refused.

        Raises what the cloud answered to the first if nobody's work; then nobody is set aside, since more
        likely the identity service is down.
        """
        refused: list[tuple[Source, OneCloudError]] = []
        candidates = [source for source in self._keys_of if source not in self._aside] or list(self._keys_of)
        for source in candidates[:MOST_TRIED]:
            try:
                answer = await question(source)
            except REFUSALS as error:
                refused.append((source, error))
                continue
            if refused:
                self._set_aside(refused)
            return answer
        self._rotate(candidates[:MOST_TRIED])
        if not refused:
            msg = "a feed without members was asked"
            raise AssertionError(msg)
        raise refused[0][1]

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

    def retry_at(self) -> float:
        """Return when the next of those set aside is to be tried again."""
        return min((until for until, _ in self._aside.values()), default=float("inf"))

    async def try_again(self, question: Callable[[Source], Awaitable[object]]) -> None:
        """Ask with the credentials whose time has come, and take them back if they work."""
        source = min(self._aside, key=lambda one: self._aside[one][0])
        try:
            await question(source)
        except OneCloudError as error:
            if source in self._aside:
                self._aside[source] = (self._now() + self._backoff.next(source), _problem(error))
            return
        self._backoff.reset(source)
        if self._aside.pop(source, None) is not None:
            self._tell(tuple(self._keys_of.get(source, ())))

    def _set_aside(self, refused: list[tuple[Source, OneCloudError]]) -> None:
        for source, error in refused:
            if source in self._keys_of:
                self._aside[source] = (self._now() + self._backoff.next(source), _problem(error))
                self._tell(tuple(self._keys_of[source]))

    def _rotate(self, tried: list[Source]) -> None:
        if len(tried) == len(self._keys_of):
            return
        for source in tried:
            if (keys := self._keys_of.pop(source, None)) is not None:
                self._keys_of[source] = keys


def _problem(error: OneCloudError) -> Problem:
    return problem_of(error, doing=Doing.READ)
