"""
Three small jobs: details within the hour, proofs of credentials every ten minutes, and the ends of deletions.

A deletion's end needs a look of its own: a row that stops being there moves no version, and events may be
off.
"""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.clock import wait_for
from onecloud_operator.engine.turns import counted
from onecloud_operator.feed.cache import NEVER
from onecloud_operator.feed.credential_pool import REFUSALS, within
from onecloud_operator.feed.details import ask_about_absent
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.models import ServerQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from onecloud_operator.feed.context import Context
    from onecloud_operator.feed.source import Source

K = TypeVar("K", bound="Hashable")

PROOF = ServerQuery(fields=("id",), limit=1)
LONGEST_WAIT_SECONDS = 60.0


class Refresh(Generic[K]):
    """Has the oldest details read again."""

    name = "refresh"

    def __init__(self, context: Context[K]) -> None:
        self._context = context

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when the next batch is due."""
        return self._context.detail_queue.refresh_at

    async def run(self) -> None:
        """Want the next batch."""
        self._context.detail_queue.refresh(self._context.clock.monotonic())


class Proofs(Generic[K]):
    """
    Has credentials prove themselves that the feed's own lists are not asked with.

    Beside the lists, since whoever brings credentials chooses how long they take. One at a time for each
    endpoint: those that lead to one that hangs wait for each other, and for nobody else. *on_turn*, which
    must not raise, is told of each turn: the name, the seconds it took, the rows it got, whether it failed.
    """

    name = "proofs"

    def __init__(self, context: Context[K], on_turn: Callable[[str, float, int, bool], None]) -> None:
        self._context = context
        self._on_turn = on_turn
        self._busy: set[Hashable] = set()  # endpoints

    async def follow(self) -> None:
        """Ask for ever."""
        pool, clock = self._context.pool, self._context.clock
        async with asyncio.TaskGroup() as tasks:
            while True:
                pool.changed.clear()
                now, next_at = clock.monotonic(), clock.monotonic() + LONGEST_WAIT_SECONDS
                for source, due_at in sorted(pool.proof_due(), key=itemgetter(1)):
                    if due_at > now:
                        next_at = min(next_at, due_at)
                        break
                    if (endpoint := source.way[0]) not in self._busy:
                        self._busy.add(endpoint)
                        tasks.create_task(counted(partial(self._prove, source)), name="feed proof")
                await wait_for(pool.changed, next_at - now, clock)

    async def _prove(self, source: Source) -> None:
        pool, clock = self._context.pool, self._context.clock
        asked_at = clock.monotonic()
        try:
            error = await self._ask(source)
            if error is not None:
                others_fail = await self._others_fail(source)
                for one in self._alike(source, error):
                    pool.put_off(one) if others_fail else pool.failed(one, error)
        finally:
            self._busy.discard(source.way[0])
            pool.changed.set()
        self._on_turn(self.name, clock.monotonic() - asked_at, int(error is None), error is not None)

    async def _ask(self, source: Source) -> OneCloudError | None:
        asked_at = self._context.clock.monotonic()
        try:
            await within(source.list_servers(PROOF), self._context.options.proof_seconds)
        except OneCloudError as error:
            return error
        self._context.pool.proved(source, asked_at)
        return None

    async def _others_fail(self, source: Source) -> bool:
        """Say whether those fail as well that the lists are asked with: then it is not *source*'s fault."""
        other = self._context.pool.first
        return other is None or other is source or await self._ask(other) is not None

    def _alike(self, source: Source, error: OneCloudError) -> Iterable[Source]:
        """Return *source*, and who is due and would fail the same way after as long."""
        if isinstance(error, REFUSALS):
            return (source,)
        due = self._context.pool.proof_due()
        now = self._context.clock.monotonic()
        alike = [one for one, due_at in due if one.way == source.way and due_at <= now]
        return dict.fromkeys((source, *alike))


class Deletions(Generic[K]):
    """Asks every few seconds which of the servers that are being deleted are still there."""

    name = "departures"

    def __init__(self, context: Context[K]) -> None:
        self._context = context
        self._ended_at = NEVER

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when they are to be looked for again."""
        if not self._context.cache.departing:
            return float("inf")
        return self._ended_at + self._context.options.deleting_seconds

    async def run(self) -> None:
        """Look for one batch."""
        context, departing = self._context, self._context.cache.departing
        now = context.clock.monotonic()
        batch = list(islice(departing, context.options.batch_ids))
        for server_id in batch:
            if now - departing[server_id] > context.options.deleting_max_seconds:
                del departing[server_id]
            else:
                departing.move_to_end(server_id)
        try:
            query = ServerQuery(ids=tuple(batch), fields=("id",), limit=len(batch))
            page = await context.pool.list_servers(query)
        finally:
            self._ended_at = context.clock.monotonic()
        listed, asked_at = {row["id"] for row in page.rows}, page.asked_at
        del page  # kept by nobody while others are waited for
        await ask_about_absent(context, [one for one in batch if one not in listed], len(batch), asked_at)
