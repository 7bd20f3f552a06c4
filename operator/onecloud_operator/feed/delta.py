"""The poll that shows whatever changed since the last one, for the price of next to nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.feed.cache import NEVER, News
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

logger = logging.getLogger(__name__)

K = TypeVar("K", bound="Hashable")

# Between polls that send the same each time: the cloud ignores the filter, or its clock ran ahead for long.
IGNORED_SECONDS = 60.0
FLOODED_SECONDS = 20.0  # until the next poll, while the sweep reads what was too much
FEW_PAGES = 8  # of one poll: what changed by thousands, the sweep reads as well, in rows of a seventh
MAX_PAGES = 256  # of the poll after that, which the window needs whole: more is no cloud


class Delta(Generic[K]):
    """``filter=updated_at.ge(…)`` on bare rows, the recycle bin included."""

    name = "delta"

    def __init__(self, context: Context[K], sweep: Callable[[], None]) -> None:
        self._context = context
        self._sweep = sweep
        self._flooded = False  # the last poll was left to the sweep
        self._window = Window(context.options.overlap_seconds)
        self._placed = False
        self._ended_at = NEVER
        self._hurried = False
        self._expecting_until = NEVER
        self._fallen = False  # while a poll was under way: it asked for too little
        self._missed = False  # so did the last one, as its date told
        context.cache.on_step = self._stepped
        self.ignored = False  # the cloud ignores the filter, and there is more than one page

    def wrote(self, server_id: str, now: float) -> None:
        """Poll at once, and often for a while: *server_id* was just written to."""
        self._hurried = True
        self._expecting_until = now + self._context.options.expect_seconds
        self._context.cache.wrote(server_id, now)

    def due_at(self, now: float) -> float:
        """Return when the next poll is due."""
        options = self._context.options
        if self._hurried:
            return self._ended_at + options.hurried_poll_seconds
        if self._flooded:
            return self._ended_at + FLOODED_SECONDS
        if self.ignored or self._window.repeated > options.delta_rows:
            return self._ended_at + IGNORED_SECONDS
        busy = now < self._expecting_until or self._context.cache.moving(now)
        return self._ended_at + (options.moving_poll_seconds if busy else options.idle_poll_seconds)

    async def run(self) -> None:
        """Ask for what changed, page by page."""
        self._hurried = False
        try:
            if not self._placed:
                await self._place()
            await self._poll()
        finally:
            self._ended_at = self._context.clock.monotonic()

    async def _place(self) -> None:
        """Find the time of the newest change, so that the first poll need not show everything."""
        query = ServerQuery(
            fields=("id", "updated_at", "update_version", "tenant_id"),
            order_by="updated_at",
            order="desc",
            limit=1,
        )
        page = await self._context.pool.list_servers(query)
        times = self._times(page)
        self._window.start(max(times, default=None), page.asked_at)
        self._window.dated(page.date, self._context.clock.monotonic())
        self._placed = True

    async def _poll(self) -> None:
        context, options = self._context, self._context.options
        most = MAX_PAGES if self._flooded else FEW_PAGES
        self._fallen = self._flooded = False
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
            self._window.dated(page.date, context.clock.monotonic())
            (first if began_at is None else others).extend(self._times(page))
            began_at = page.asked_at if began_at is None else began_at
            self._take(page)
            listed = len(page.rows) + page.unrequested
            self.ignored = page.unrequested > 0 and page.total > listed
            if self.ignored:
                context.recent_rows.close()
                return  # what changed may be on any page; the sweep reads them all, slowly
            if not page.rows or page.total <= listed:
                break
            after = page.rows[-1]["id"]
            del page  # the feed rests before the next, and this one may have become 48 MiB
        else:
            if most == MAX_PAGES:
                raise ProtocolError("the cloud's list of changes has no end")
            self._leave_to_the_sweep()
            return
        if self._fallen:
            return
        # Once only: a date that goes back with every answer must not keep all polls from counting.
        self._missed = self._window.missed(floor) and not self._missed
        if self._missed:
            self._ask_again()
            return
        self._window.seen_whole(first, others, began_at)
        for entry in context.cache.covered(began_at):
            if entry.server is not None and entry.resting and entry.details_at < entry.wrote_at:
                context.detail_queue.add(
                    entry.id, loudly=True
                )  # a disk or a card moves no version of the row
            else:
                context.cache.tell(entry)

    def _leave_to_the_sweep(self) -> None:
        """
        Have everything read from the beginning: slim rows, and whoever is watched is told as they come.

        The next poll asks for the same again, and reads it to its end, however slowly.
        """
        self._flooded = True
        self._sweep()
        logger.info(
            "too much has changed for a poll; all servers are listed",
            extra={"project": self._context.place.project_id},
        )

    def _stepped(self, updated_at: datetime) -> None:
        """
        Ask from further back if a change was read elsewhere that no poll can show.

        The cloud's clock was wrong for a while, and rows that were stamped then moved the window too far; or
        the change became visible very late.
        """
        context = self._context
        now = context.clock.monotonic()
        if not self._placed or updated_at >= self._window.floor():
            return
        context.cache.uncovered(self._window.fall_back(updated_at, now))
        self._fallen = True
        self._ask_again()

    def _ask_again(self) -> None:
        self._hurried = True
        logger.info("asking the cloud for older changes", extra={"project": self._context.place.project_id})

    def _times(self, page: ServerPage) -> list[datetime]:
        rows_checked = (checked_row(row, self._context.place.project_id) for row in page.rows)
        return [seen.updated_at for seen in rows_checked if seen is not None]

    def _take(self, page: ServerPage) -> None:
        context = self._context
        now = context.clock.monotonic()
        for row in page.rows:
            entry = context.cache.get(row["id"])
            if entry is None:
                context.recent_rows.stirred(row["id"], row.get("update_version"))
                continue
            if (seen := checked_row(row, context.place.project_id)) is None:
                continue
            try:
                if context.cache.whole_row(entry, seen, page.asked_at, now) is News.NEW:
                    context.stirred(entry)
            except Untranslatable:
                context.question(entry, page.asked_at)
