"""The list of all servers, which shows what polls cannot: servers that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.feed.entry import Freshness
from onecloud_operator.feed.source import SLIM_FIELDS, checked_row
from onecloud_operator.onecloud.errors import ProtocolError
from onecloud_operator.onecloud.models import Filter, ServerQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from onecloud_operator.feed.context import Context
    from onecloud_operator.onecloud.models import ServerPage

K = TypeVar("K", bound="Hashable")

JITTER = 0.1
MAX_PAGES = 2048
IMPLAUSIBLE_SECONDS = 60.0  # until the next sweep after an implausible one


class Sweep(Generic[K]):
    """
    Reads slim rows of all servers in the order of their ids, each page after the last id of the previous one.

    So nothing is missed or repeated, whatever is created or deleted meanwhile. *spacing* returns the seconds
    between two sweeps. A run reads one page.
    """

    name = "sweep"

    def __init__(self, context: Context[K], spacing: Callable[[], float]) -> None:
        self._context = context
        self._spacing = spacing
        self._number = 0
        self._pages = 0  # of this sweep
        self._began_at: float | None = None
        self._next_at = float("-inf")
        self._requested = False
        self.running = False
        self.cursor = ""  # the last id read

    def due_at(self, now: float) -> float:
        """Return when the next page is due."""
        return now if self.running else self._next_at

    async def run(self) -> None:
        """Read one page."""
        context = self._context
        if not self.running:
            if self._number:
                context.recent_rows.close()
            self._requested = False
            self.running, self.cursor, self._began_at, self._pages = True, "", None, 0
            self._number += 1
        query = ServerQuery(
            fields=SLIM_FIELDS,
            filters=(Filter("id", "gt", (self.cursor,)),) if self.cursor else (),
            order_by="id",
            order="asc",
            limit=context.options.page_rows,
        )
        page = await context.pool.list_servers(query)
        if self._began_at is None:
            self._began_at = page.asked_at
        if page.unrequested or (page.rows and page.rows[-1]["id"] <= self.cursor):
            self._finish(self._spacing())
            raise ProtocolError("the cloud does not list servers in the order of their ids")
        self._apply(page)
        self._pages += 1
        if self._pages > MAX_PAGES:
            self._finish(self._spacing())
            raise ProtocolError(f"the list of servers has more than {MAX_PAGES} pages")
        if page.rows and page.total > len(page.rows):
            self.cursor = page.rows[-1]["id"]
            return
        del page  # not held during the next calls
        await self._check_missing(self._began_at)

    @property
    def is_first(self) -> bool:
        """Whether the first sweep is due or under way."""
        return self._number == 0 or (self._number == 1 and self.running)

    def request(self) -> None:
        """Start a new sweep as soon as the current one has ended."""
        self._requested = True
        self._next_at = float("-inf")

    def abandon(self) -> None:
        """Abort the current sweep."""
        self._finish(self._spacing())

    def _apply(self, page: ServerPage) -> None:
        context = self._context
        now = context.clock.monotonic()
        for row in page.rows:
            if (seen := checked_row(row, context.place.project_id)) is None:
                continue
            if (entry := context.cache.get(seen.id)) is None:
                context.recent_rows.add(seen.id, seen.version, page.asked_at)
                continue
            entry.swept = self._number
            if context.cache.add_slim_row(entry, seen, page.asked_at, now) is Freshness.NEW:
                context.detail_queue.add(entry.id, notify=True)

    async def _check_missing(self, began_at: float) -> None:
        """Suspect that servers are missing that were watched during the whole sweep but not listed."""
        context = self._context
        absent = [
            entry
            for entry in context.cache
            if entry.swept != self._number
            and not entry.gone
            and entry.watched_at < began_at
            and entry.asked_at < began_at
        ]
        if not await context.is_plausible(absent, len(context.cache)):
            self._finish(min(IMPLAUSIBLE_SECONDS, self._spacing()))
            return
        for entry in absent:
            context.suspect_missing(entry, began_at)
        self._finish(self._spacing())

    def _finish(self, seconds: float) -> None:
        self.running = False
        jitter = 1.0 - JITTER + 2.0 * JITTER * self._context.random()
        self._next_at = (
            float("-inf") if self._requested else self._context.clock.monotonic() + seconds * jitter
        )
