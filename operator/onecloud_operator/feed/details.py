"""Two jobs that read servers by their ids: first rows, and details."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.feed.cache import News
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

    from onecloud_operator.feed.cache import Entry
    from onecloud_operator.feed.context import Context
    from onecloud_operator.feed.sweep import Sweep
    from onecloud_operator.onecloud.models import ServerPage

K = TypeVar("K", bound="Hashable")

GATHER_SECONDS = 0.05  # in which watches are gathered into one call
GATHER_FIRST_SECONDS = 0.5  # while the first sweep is about to bring most of them


class FalseList(ProtocolError):
    """A list lacked servers that exist, so nothing can be concluded from it."""


class FirstRows(Generic[K]):
    """
    Reads the rows of ids that somebody began to watch.

    At a restart everybody does so at once: then the sweep picks up those that it has not passed.
    """

    name = "first rows"

    def __init__(self, context: Context[K], sweep: Sweep[K]) -> None:
        self._context = context
        self._sweep = sweep
        self._remembered: OrderedDict[str, float] = OrderedDict()  # a row may confirm what the status says
        self._unheard: OrderedDict[str, float] = OrderedDict()  # nothing is known: details at once

    def __len__(self) -> int:
        return len(self._remembered) + len(self._unheard)

    def add(self, entry: Entry[K], now: float) -> None:
        """Have *entry* read for the first time, unless the first sweep has just passed it."""
        if entry.recalled is not None:
            recent_rows = self._context.recent_rows.take(entry.id)
            if recent_rows is None or not self._context.cache.confirm(entry, *recent_rows, now):
                gather = GATHER_FIRST_SECONDS if self._sweep.is_first else GATHER_SECONDS
                self._remembered[entry.id] = now + gather
        else:
            self._unheard[entry.id] = now + self._context.options.first_read_seconds

    def drop(self, server_id: str) -> None:
        """Read nothing of *server_id*."""
        self._remembered.pop(server_id, None)
        self._unheard.pop(server_id, None)

    def due_at(self, now: float) -> float:
        """Return when the next batch is due."""
        self._skip_read()
        if self._sweep.due_at(now) <= now and len(self) > self._context.options.batch_ids:
            return float("inf")
        heads = [next(iter(queue.values())) for queue in (self._remembered, self._unheard) if queue]
        return min(heads, default=float("inf"))

    async def run(self) -> None:
        """Read one batch."""
        context = self._context
        now = context.clock.monotonic()
        for server_id in self._pop(self._unheard, now):
            context.detail_queue.add(server_id, loudly=True)
        batch = self._pop(self._remembered, now)
        if not batch:
            return
        query = ServerQuery(ids=tuple(batch), fields=SLIM_FIELDS, limit=len(batch))
        try:
            page = await context.pool.list_servers(query)
        except OneCloudError:
            for server_id in batch:
                self._remembered[server_id] = now
            raise
        absent, asked_at = self._take(batch, page), page.asked_at
        del page  # kept by nobody while others are waited for
        await ask_about_absent(context, absent, len(batch), asked_at)

    def _take(self, batch: list[str], page: ServerPage) -> list[str]:
        """Take the rows in; return those that are not there."""
        context = self._context
        now = context.clock.monotonic()
        listed = set()
        for row in page.rows:
            entry = context.cache.get(row["id"])
            seen = checked_row(row, context.place.project_id) if entry is not None else None
            if entry is None or seen is None:
                continue
            listed.add(entry.id)
            if context.cache.slim_row(entry, seen, page.asked_at, now) is News.NEW:
                context.detail_queue.add(entry.id, loudly=True)
        return [one for one in batch if one not in listed]

    def _pop(self, queue: OrderedDict[str, float], now: float) -> list[str]:
        batch: list[str] = []
        while queue and len(batch) < self._context.options.batch_ids and next(iter(queue.values())) <= now:
            server_id, _ = queue.popitem(last=False)
            if self._is_unread(server_id):
                batch.append(server_id)
        return batch

    def _skip_read(self) -> None:
        """Drop those at the head that something else has read meanwhile."""
        for queue in (self._remembered, self._unheard):
            while queue and not self._is_unread(next(iter(queue))):
                queue.popitem(last=False)

    def _is_unread(self, server_id: str) -> bool:
        entry = self._context.cache.get(server_id)
        return entry is not None and entry.server is None and not entry.gone


class DetailsBatch(Generic[K]):
    """Reads the details of what is wanted, up to a hundred ids a call."""

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
        batch = {one: loudly for one, loudly in taken.items() if context.cache.get(one) is not None}
        if not batch:
            return
        query = ServerQuery(ids=tuple(batch), details=True, limit=len(batch))
        asked_at = context.clock.monotonic()
        try:
            page = await context.pool.list_servers(query)
        except OneCloudError as error:
            if len(batch) == 1 and is_about_rows(error):
                self._ask_about(batch, asked_at)
            else:
                context.detail_queue.put_back(batch)
                self._tell_loud(batch)
            raise
        context.detail_queue.worked()
        self._take(batch, page)
        listed, asked_at = {row["id"] for row in page.rows}, page.asked_at
        del page  # kept by nobody while others are waited for
        absent = [one for one in batch if one not in listed]
        await ask_about_absent(context, absent, len(batch), asked_at)
        for one in absent:
            context.detail_queue.satisfied(one, asked_at)  # or those that are gone would be first for ever

    def _take(self, batch: dict[str, bool], page: ServerPage) -> None:
        context = self._context
        now = context.clock.monotonic()
        for row in page.rows:
            entry = context.cache.get(row["id"])
            if entry is None or row["id"] not in batch:
                continue
            context.detail_queue.satisfied(entry.id, page.asked_at)
            if checked_row(row, context.place.project_id) is None:
                context.question(entry, page.asked_at)
                continue
            try:
                news = context.cache.details(entry, observed_from_details(row), page.asked_at, now)
            except Untranslatable:
                context.question(entry, page.asked_at)
                continue
            if news is News.NEW or batch[entry.id]:
                context.cache.tell(entry)

    def _ask_about(self, batch: dict[str, bool], asked_at: float) -> None:
        """Leave it to the watchers to look: the cloud cannot show the details of this one row."""
        for server_id in batch:
            self._context.detail_queue.satisfied(server_id, asked_at)
            if (entry := self._context.cache.get(server_id)) is not None:
                self._context.question(entry, asked_at)

    def _tell_loud(self, batch: dict[str, bool]) -> None:
        for server_id, loudly in batch.items():
            entry = self._context.cache.get(server_id)
            if loudly and entry is not None and entry.server is not None:
                self._context.cache.tell(entry)


async def ask_about_absent(
    context: Context[K], server_ids: Iterable[str], among: int, asked_at: float
) -> None:
    """Ask about ids that did not come back. Raises FalseList if they exist."""
    entries = [entry for one in server_ids if (entry := context.cache.get(one)) is not None]
    if not await context.believable(entries, among):
        for entry in entries:
            context.detail_queue.add(entry.id, loudly=True)
        raise FalseList("the cloud's list left out servers that exist")
    for entry in entries:
        context.question(entry, asked_at)


def is_about_rows(error: OneCloudError) -> bool:
    """Say whether the cloud answered, and cannot show what was asked for: one row of it may be to blame."""
    about_more = GatewayError | RateLimited | Forbidden | Unauthorized | FalseList
    return isinstance(error, ApiError | ProtocolError) and not isinstance(error, about_more)
