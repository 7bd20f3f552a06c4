"""The poll that lists what changed since the last one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine import loggers
from onecloud_operator.feed.entry import NEVER, Freshness
from onecloud_operator.feed.source import checked_row
from onecloud_operator.feed.window import Window
from onecloud_operator.onecloud.errors import ProtocolError
from onecloud_operator.onecloud.models import Filter, ServerQuery
from onecloud_operator.translate import Untranslatable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from onecloud_operator.feed.context import Context
    from onecloud_operator.onecloud.models import ServerPage

logger = logging.getLogger(loggers.CLOUD)

K = TypeVar("K", bound="Hashable")

# Between polls that return the same rows each time: the cloud ignores the filter, or its clock ran ahead.
IGNORED_SECONDS = 60.0
OVERFLOW_SECONDS = 20.0  # until the next poll, while the sweep lists all servers
FEW_PAGES = (
    8  # of one poll: for thousands of changes the sweep is cheaper, its rows are a seventh of the size
)
MAX_PAGES = 256  # of the poll after a sweep, which has to be complete; no cloud has more


class Delta(Generic[K]):
    """``filter=updated_at.ge(…)`` on bare rows, the recycle bin included."""

    name = "delta"

    def __init__(self, context: Context[K], sweep: Callable[[], None]) -> None:
        self._context = context
        self._sweep = sweep
        self._overflowed = False  # the last poll had too many pages
        self._window = Window(context.options.overlap_seconds)
        self._started = False
        self._ended_at = NEVER
        self._poll_now = False
        self._busy_until = NEVER
        self._window_moved_back = False  # during the current poll, which therefore is incomplete
        self._asked_too_little = False  # the date of the last poll's answer showed that it was incomplete
        context.cache.on_change = self._on_change
        self.ignored = False  # the cloud ignores the filter, and there is more than one page

    def wrote(self, server_id: str, now: float) -> None:
        """Poll at once, and more often for a while: *server_id* was just written to."""
        self._poll_now = True
        self._busy_until = now + self._context.options.after_write_seconds
        self._context.cache.wrote(server_id, now)

    def due_at(self, now: float) -> float:
        """Return when the next poll is due."""
        options = self._context.options
        if self._poll_now:
            return self._ended_at + options.min_poll_seconds
        if self._overflowed:
            return self._ended_at + OVERFLOW_SECONDS
        if self.ignored or self._window.repeated > options.delta_rows:
            return self._ended_at + IGNORED_SECONDS
        busy = now < self._busy_until or self._context.cache.moving(now)
        return self._ended_at + (options.moving_poll_seconds if busy else options.idle_poll_seconds)

    async def run(self) -> None:
        """List what changed, page by page."""
        self._poll_now = False
        try:
            if not self._started:
                await self._start()
            await self._poll()
        finally:
            self._ended_at = self._context.clock.monotonic()

    async def _start(self) -> None:
        """Find the time of the newest change, so that the first poll need not list everything."""
        query = ServerQuery(
            fields=("id", "updated_at", "update_version", "tenant_id"),
            order_by="updated_at",
            order="desc",
            limit=1,
        )
        page = await self._context.pool.list_servers(query)
        times = self._times(page)
        self._window.start(max(times, default=None), page.asked_at)
        self._window.note_date(page.date, self._context.clock.monotonic())
        self._started = True

    async def _poll(self) -> None:
        context, options = self._context, self._context.options
        most = MAX_PAGES if self._overflowed else FEW_PAGES
        self._window_moved_back = self._overflowed = False
        floor = self._window.floor()
        changed_since = Filter("updated_at", "ge", (floor.strftime("%Y-%m-%d %H:%M:%S"),))
        first: list[datetime] = []
        others: list[datetime] = []
        began_at: float | None = None
        after: str | None = None
        for _ in range(most):
            filters = (changed_since,) if after is None else (changed_since, Filter("id", "gt", (after,)))
            query = ServerQuery(filters=filters, order_by="id", order="asc", limit=options.delta_rows)
            page = await context.pool.list_servers(query)
            self._window.note_date(page.date, context.clock.monotonic())
            (first if began_at is None else others).extend(self._times(page))
            began_at = page.asked_at if began_at is None else began_at
            self._apply(page)
            listed = len(page.rows) + page.unrequested
            self.ignored = page.unrequested > 0 and page.total > listed
            if self.ignored:
                context.recent_rows.close()
                return  # a change may be on any page; the sweep reads them all
            if not page.rows or page.total <= listed:
                break
            after = page.rows[-1]["id"]
            del page  # up to 48 MiB, not to be held while the throttle delays the next page
        else:
            if most == MAX_PAGES:
                raise ProtocolError(f"the list of changes has more than {MAX_PAGES} pages")
            self._start_sweep()
            return
        if self._window_moved_back:
            return
        # Only once in a row, so that dates that decrease with every answer cannot invalidate all polls.
        self._asked_too_little = self._window.asks_too_little(floor) and not self._asked_too_little
        if self._asked_too_little:
            self._poll_again()
            return
        self._window.complete(first, others, began_at)
        for entry in context.cache.mark_covered(began_at):
            if entry.server is not None and entry.settled and entry.details_at < entry.wrote_at:
                context.detail_queue.add(
                    entry.id, notify=True
                )  # a change of a disk or NIC does not change the row's version
            else:
                context.cache.notify_unless_under_way(entry)

    def _start_sweep(self) -> None:
        """
        List all servers with slim rows instead; watchers are notified page by page.

        The next poll starts at the same time stamp and is read to its end, however long that takes.
        """
        self._overflowed = True
        self._sweep()
        logger.info(
            "too many changes for a poll, listing all servers",
            extra={"project": self._context.place.project_id},
        )

    def _on_change(self, updated_at: datetime) -> None:
        """
        Move the window back if another read shows a change that no poll would show.

        The cloud's clock was wrong for a while, and rows written then moved the window too far; or the change
        became visible very late.
        """
        context = self._context
        now = context.clock.monotonic()
        if not self._started or updated_at >= self._window.floor():
            return
        context.cache.mark_uncovered(self._window.move_back(updated_at, now))
        self._window_moved_back = True
        self._poll_again()

    def _poll_again(self) -> None:
        self._poll_now = True
        logger.info("polling for older changes", extra={"project": self._context.place.project_id})

    def _times(self, page: ServerPage) -> list[datetime]:
        rows_checked = (checked_row(row, self._context.place.project_id) for row in page.rows)
        return [seen.updated_at for seen in rows_checked if seen is not None]

    def _apply(self, page: ServerPage) -> None:
        context = self._context
        now = context.clock.monotonic()
        for row in page.rows:
            entry = context.cache.get(row["id"])
            if entry is None:
                context.recent_rows.invalidate(row["id"], row.get("update_version"))
                continue
            if (seen := checked_row(row, context.place.project_id)) is None:
                continue
            try:
                if context.cache.add_row(entry, seen, page.asked_at, now) is Freshness.NEW:
                    context.follow_up(entry)
            except Untranslatable:
                context.suspect_missing(entry, page.asked_at)
