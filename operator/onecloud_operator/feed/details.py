"""The jobs that read servers by id: first rows, and details."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.feed.entry import Freshness
from onecloud_operator.feed.source import SLIM_FIELDS, checked_row
from onecloud_operator.onecloud.errors import (
    ApiError,
    Forbidden,
    GatewayError,
    OneCloudError,
    ProtocolError,
    RateLimited,
    Unauthorized,
)
from onecloud_operator.onecloud.models import ServerQuery
from onecloud_operator.translate import Untranslatable, observed_from_details

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from onecloud_operator.feed.context import Context
    from onecloud_operator.feed.entry import Entry
    from onecloud_operator.feed.sweep import Sweep
    from onecloud_operator.onecloud.models import ServerPage

K = TypeVar("K", bound="Hashable")

GATHER_SECONDS = 0.05  # for which new watches are collected into one call
GATHER_FIRST_SECONDS = 0.5  # while the first sweep is about to read most of them


class IncompleteList(ProtocolError):
    """A list lacks servers that exist, so it proves nothing."""


class FirstRows(Generic[K]):
    """
    Reads the rows of servers that have new watchers.

    After a restart these are all servers; the sweep reads most of them.
    """

    name = "first rows"

    def __init__(self, context: Context[K], sweep: Sweep[K]) -> None:
        self._context = context
        self._sweep = sweep
        self._recalled: OrderedDict[str, float] = (
            OrderedDict()
        )  # recalled from the status; a row may confirm it
        self._unknown: OrderedDict[str, float] = OrderedDict()  # their details are read at once

    def __len__(self) -> int:
        return len(self._recalled) + len(self._unknown)

    def add(self, entry: Entry[K], now: float) -> None:
        """Queue *entry*, unless the first sweep has just read its row."""
        if entry.recalled is not None:
            recent_rows = self._context.recent_rows.take(entry.id)
            if recent_rows is None or not self._context.cache.confirm_recalled(entry, *recent_rows, now):
                gather = GATHER_FIRST_SECONDS if self._sweep.is_first else GATHER_SECONDS
                self._recalled[entry.id] = now + gather
        else:
            self._unknown[entry.id] = now + self._context.options.first_read_seconds

    def drop(self, server_id: str) -> None:
        """Remove *server_id*."""
        self._recalled.pop(server_id, None)
        self._unknown.pop(server_id, None)

    def due_at(self, now: float) -> float:
        """Return when the next batch is due."""
        self._skip_read()
        if self._sweep.due_at(now) <= now and len(self) > self._context.options.batch_ids:
            return float("inf")
        heads = [next(iter(queue.values())) for queue in (self._recalled, self._unknown) if queue]
        return min(heads, default=float("inf"))

    async def run(self) -> None:
        """Read one batch."""
        context = self._context
        now = context.clock.monotonic()
        for server_id in self._pop(self._unknown, now):
            context.detail_queue.add(server_id, notify=True)
        batch = self._pop(self._recalled, now)
        if not batch:
            return
        query = ServerQuery(ids=tuple(batch), fields=SLIM_FIELDS, limit=len(batch))
        try:
            page = await context.pool.list_servers(query)
        except OneCloudError:
            for server_id in batch:
                self._recalled[server_id] = now
            raise
        absent, asked_at = self._apply(batch, page), page.asked_at
        del page  # not held during the next calls
        await check_absent(context, absent, len(batch), asked_at)

    def _apply(self, batch: list[str], page: ServerPage) -> list[str]:
        """Add the rows to the cache; return the ids that have none."""
        context = self._context
        now = context.clock.monotonic()
        listed = set()
        for row in page.rows:
            entry = context.cache.get(row["id"])
            seen = checked_row(row, context.place.project_id) if entry is not None else None
            if entry is None or seen is None:
                continue
            listed.add(entry.id)
            if context.cache.add_slim_row(entry, seen, page.asked_at, now) is Freshness.NEW:
                context.detail_queue.add(entry.id, notify=True)
        return [one for one in batch if one not in listed]

    def _pop(self, queue: OrderedDict[str, float], now: float) -> list[str]:
        batch: list[str] = []
        while queue and len(batch) < self._context.options.batch_ids and next(iter(queue.values())) <= now:
            server_id, _ = queue.popitem(last=False)
            if self._is_unread(server_id):
                batch.append(server_id)
        return batch

    def _skip_read(self) -> None:
        """Drop ids at the head that were read by another job meanwhile."""
        for queue in (self._recalled, self._unknown):
            while queue and not self._is_unread(next(iter(queue))):
                queue.popitem(last=False)

    def _is_unread(self, server_id: str) -> bool:
        entry = self._context.cache.get(server_id)
        return entry is not None and entry.server is None and not entry.gone


class DetailsBatch(Generic[K]):
    """Reads the details of queued servers, up to a hundred ids per call."""

    name = "details"

    def __init__(self, context: Context[K]) -> None:
        self._context = context

    def due_at(self, now: float) -> float:
        """Return when the next batch is due."""
        return now if len(self._context.detail_queue) else float("inf")

    async def run(self) -> None:
        """Read one batch."""
        context = self._context
        taken = context.detail_queue.take()
        batch = {one: notify for one, notify in taken.items() if context.cache.get(one) is not None}
        if not batch:
            return
        query = ServerQuery(ids=tuple(batch), details=True, limit=len(batch))
        asked_at = context.clock.monotonic()
        try:
            page = await context.pool.list_servers(query)
        except OneCloudError as error:
            if len(batch) == 1 and is_row_error(error):
                self._suspect(batch, asked_at)
            else:
                context.detail_queue.batch_failed(batch)
                self._notify_requested(batch)
            raise
        context.detail_queue.batch_succeeded()
        self._apply(batch, page)
        listed, asked_at = {row["id"] for row in page.rows}, page.asked_at
        del page  # not held during the next calls
        absent = [one for one in batch if one not in listed]
        await check_absent(context, absent, len(batch), asked_at)
        for one in absent:
            context.detail_queue.done(one, asked_at)  # otherwise deleted servers would stay first

    def _apply(self, batch: dict[str, bool], page: ServerPage) -> None:
        context = self._context
        now = context.clock.monotonic()
        for row in page.rows:
            entry = context.cache.get(row["id"])
            if entry is None or row["id"] not in batch:
                continue
            context.detail_queue.done(entry.id, page.asked_at)
            if checked_row(row, context.place.project_id) is None:
                context.suspect_missing(entry, page.asked_at)
                continue
            try:
                news = context.cache.add_details(entry, observed_from_details(row), page.asked_at, now)
            except Untranslatable:
                context.suspect_missing(entry, page.asked_at)
                continue
            if batch[entry.id]:
                context.cache.notify(entry)
            elif news is Freshness.NEW:
                context.cache.notify_unless_under_way(entry)

    def _suspect(self, batch: dict[str, bool], asked_at: float) -> None:
        """Have the watchers read the server: the cloud cannot show the details of this row."""
        for server_id in batch:
            self._context.detail_queue.done(server_id, asked_at)
            if (entry := self._context.cache.get(server_id)) is not None:
                self._context.suspect_missing(entry, asked_at)

    def _notify_requested(self, batch: dict[str, bool]) -> None:
        for server_id, notify in batch.items():
            entry = self._context.cache.get(server_id)
            if notify and entry is not None and entry.server is not None:
                self._context.cache.notify(entry)


async def check_absent(context: Context[K], server_ids: Iterable[str], among: int, asked_at: float) -> None:
    """Suspect that absent servers are missing. Raises IncompleteList if the list is implausible."""
    entries = [entry for one in server_ids if (entry := context.cache.get(one)) is not None]
    if not await context.is_plausible(entries, among):
        for entry in entries:
            context.detail_queue.add(entry.id, notify=True)
        raise IncompleteList("the list lacks servers that exist")
    for entry in entries:
        context.suspect_missing(entry, asked_at)


def is_row_error(error: OneCloudError) -> bool:
    """Return whether the error may be caused by one of the requested rows."""
    about_more = GatewayError | RateLimited | Forbidden | Unauthorized | IncompleteList
    return isinstance(error, ApiError | ProtocolError) and not isinstance(error, about_more)
