"""
Three small jobs: the hourly refresh of details, checks of credentials, and the end of deletions.

The end of a deletion needs a read of its own: a row that disappears changes no version, and events may be
off.
"""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.clock import wait_for
from onecloud_operator.engine.loop_shares import charge_to_caller
from onecloud_operator.feed.credential_pool import REFUSALS, with_timeout
from onecloud_operator.feed.details import check_absent
from onecloud_operator.feed.entry import NEVER
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.models import ServerQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from onecloud_operator.feed.context import Context
    from onecloud_operator.feed.source import Source

K = TypeVar("K", bound="Hashable")

CHECK_QUERY = ServerQuery(fields=("id",), limit=1)
LONGEST_WAIT_SECONDS = 60.0


class Refresh(Generic[K]):
    """Queues the oldest details again."""

    name = "refresh"

    def __init__(self, context: Context[K]) -> None:
        self._context = context

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when the next batch is due."""
        return self._context.detail_queue.refresh_at

    async def run(self) -> None:
        """Queue the next batch."""
        self._context.detail_queue.refresh(self._context.clock.monotonic())


class CredentialChecks(Generic[K]):
    """
    Checks the credentials that the feed's lists are not read with.

    They run beside the lists, since a tenant's endpoint decides how long they take, and one at a time per
    endpoint: one that hangs delays only its own checks. *on_run* is called after each check, and must not
    raise: with the name, the seconds it took, the number of rows, and whether it failed.
    """

    name = "credential checks"

    def __init__(self, context: Context[K], on_run: Callable[[str, float, int, bool], None]) -> None:
        self._context = context
        self._on_run = on_run
        self._busy: set[Hashable] = set()  # endpoints

    async def run(self) -> None:
        """Check until cancelled."""
        pool, clock = self._context.pool, self._context.clock
        async with asyncio.TaskGroup() as tasks:
            while True:
                pool.changed.clear()
                now, next_at = clock.monotonic(), clock.monotonic() + LONGEST_WAIT_SECONDS
                for source, due_at in sorted(pool.checks_due(), key=itemgetter(1)):
                    if due_at > now:
                        next_at = min(next_at, due_at)
                        break
                    if (endpoint := source.route[0]) not in self._busy:
                        self._busy.add(endpoint)
                        tasks.create_task(charge_to_caller(partial(self._check, source)), name="feed proof")
                await wait_for(pool.changed, next_at - now, clock)

    async def _check(self, source: Source) -> None:
        pool, clock = self._context.pool, self._context.clock
        asked_at = clock.monotonic()
        try:
            error = await self._ask(source)
            if error is not None:
                others_fail = await self._others_fail(source)
                for one in self._same_route(source, error):
                    pool.postpone(one) if others_fail else pool.failed(one, error)
        finally:
            self._busy.discard(source.route[0])
            pool.changed.set()
        self._on_run(self.name, clock.monotonic() - asked_at, int(error is None), error is not None)

    async def _ask(self, source: Source) -> OneCloudError | None:
        asked_at = self._context.clock.monotonic()
        try:
            await with_timeout(source.list_servers(CHECK_QUERY), self._context.options.check_timeout_seconds)
        except OneCloudError as error:
            return error
        self._context.pool.succeeded(source, asked_at)
        return None

    async def _others_fail(self, source: Source) -> bool:
        """Return whether the credentials fail as well that the lists are read with."""
        other = self._context.pool.first
        return other is None or other is source or await self._ask(other) is not None

    def _same_route(self, source: Source, error: OneCloudError) -> Iterable[Source]:
        """Return *source*, and all that are due and have the same route, which would fail alike."""
        if isinstance(error, REFUSALS):
            return (source,)
        due = self._context.pool.checks_due()
        now = self._context.clock.monotonic()
        alike = [one for one, due_at in due if one.route == source.route and due_at <= now]
        return dict.fromkeys((source, *alike))


class Deletions(Generic[K]):
    """Checks every few seconds which of the servers that are being deleted still exist."""

    name = "deletions"

    def __init__(self, context: Context[K]) -> None:
        self._context = context
        self._ended_at = NEVER

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when the next check is due."""
        if not self._context.cache.deleting:
            return float("inf")
        return self._ended_at + self._context.options.deleting_seconds

    async def run(self) -> None:
        """Check one batch."""
        context, deleting = self._context, self._context.cache.deleting
        now = context.clock.monotonic()
        batch = list(islice(deleting, context.options.batch_ids))
        for server_id in batch:
            if now - deleting[server_id] > context.options.deleting_max_seconds:
                del deleting[server_id]
            else:
                deleting.move_to_end(server_id)
        try:
            query = ServerQuery(ids=tuple(batch), fields=("id",), limit=len(batch))
            page = await context.pool.list_servers(query)
        finally:
            self._ended_at = context.clock.monotonic()
        listed, asked_at = {row["id"] for row in page.rows}, page.asked_at
        del page  # not held during the next calls
        await check_absent(context, [one for one in batch if one not in listed], len(batch), asked_at)
