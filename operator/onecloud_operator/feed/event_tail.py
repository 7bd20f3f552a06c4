"""
Follows the cloud's operation log for deletions and for changes that do not change a server's row.

It only saves time. The log may be off, incomplete or forbidden; then the sweep runs more often.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine import loggers
from onecloud_operator.onecloud.errors import Forbidden, NotFound, OneCloudError, Unauthorized
from onecloud_operator.onecloud.models import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from onecloud_operator.feed.context import Context
    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.models import Event

logger = logging.getLogger(loggers.CLOUD)

K = TypeVar("K", bound="Hashable")

FIELDS = ("id", "obj_id", "action", "ops_time")
PAGE = 1000
MAX_READERS = 5  # credentials that are tried in a row when the events are refused
MAX_PAGES = 20  # the sweep covers a longer backlog
REFUSED = (Forbidden, Unauthorized, NotFound)

DELETED = "delete"
# Disks, NICs and addresses have rows of their own: these do not change the version of the server's.
WITHOUT_ROW_CHANGE = frozenset(
    {
        "attach",
        "detach",
        "eip_attach",
        "eip_detach",
        "eip_change_bandwidth",
        "change_bandwidth",
        "resize",
    },
)


class EventTail(Generic[K]):
    """
    Follows the events of the project's servers.

    *on_run* is called after each poll, and must not raise: with the name, the seconds it took, the number of
    rows, and whether it failed.
    """

    name = "events"

    def __init__(self, context: Context[K], on_run: Callable[[str, float, int, bool], None]) -> None:
        self._context = context
        self._on_run = on_run
        self._rows = 0  # of the current poll
        self._last: int | None = None  # the newest event read
        self._started = False
        self._reader: Source | None = None  # the credentials that the last poll succeeded with
        self._failures = 0  # in a row, each with other credentials
        self.alive = False  # events can be read, and there are some, as in any project with servers

    async def run(self) -> None:
        """Poll until cancelled; return at once if events are turned off."""
        if not self._context.options.events_seconds:
            return
        while True:
            await self._context.clock.sleep(await self.poll())

    async def poll(self) -> float:
        """Read new events; return the seconds until the next poll."""
        options = self._context.options
        sources = self._context.pool.sources
        if not sources:
            return options.events_seconds
        # Other credentials may have a permission for events that these lack.
        source = self._reader if self._reader in sources else sources[self._failures % len(sources)]
        began_at, self._rows = self._context.clock.monotonic(), 0
        error = await self._ask(source)
        self._on_run(self.name, self._context.clock.monotonic() - began_at, self._rows, error is not None)
        self._reader = source if error is None else None
        self._failures = 0 if error is None else self._failures + 1
        if isinstance(error, REFUSED):
            self._reset()
            tried_all = self._failures % min(len(sources), MAX_READERS) == 0
            return options.events_retry_seconds if tried_all else options.events_seconds
        if error is not None:
            logger.debug("failed to read events", extra={"error": type(error).__name__})
            self.alive = False
        return options.events_seconds

    async def _ask(self, source: Source) -> OneCloudError | None:
        """Read new events; return the error, if any."""
        try:
            if not self._started:
                await self._find_end(source)
            else:
                await self._read(source, self._last)
        except OneCloudError as error:
            return error
        return None

    def _reset(self) -> None:
        self.alive = self._started = False
        self._last = None

    async def _find_end(self, source: Source) -> None:
        """Find the end of the log: the first sweep shows what happened before."""
        page = await source.events(order="DESC", limit=1, fields=FIELDS)
        self._rows += len(page.events)
        self._last = max((event.id for event in page.events), default=None)
        self._started = True
        self.alive = self._last is not None

    async def _read(self, source: Source, last: int | None) -> None:
        marker = last
        for _ in range(MAX_PAGES):
            # The marker is inclusive, and the client drops the marked event. Starting one event earlier shows
            # the last one again; if it is not there, the log was reset and its numbers have another meaning.
            start = None if marker is None else marker - 1
            if (throttle := self._context.pool.throttle) is not None:
                await throttle.wait()
            page = await source.events(marker=start, limit=PAGE, fields=FIELDS)
            if throttle is not None:
                throttle.record(page.cost_seconds)
            self._rows += len(page.events)
            if marker is not None and marker == last and all(event.id != last for event in page.events):
                self._reset()
                return
            fresh = [event for event in page.events if marker is None or event.id > marker]
            for event in fresh:
                self._apply(event, page.asked_at)
            if fresh:
                marker = self._last = max(event.id for event in fresh)
                self.alive = True
            if page.next_marker is None or not fresh:
                break
            del page, fresh  # not held while the throttle delays the next page
        self.alive = self._last is not None

    def _apply(self, event: Event, asked_at: float) -> None:
        entry = self._context.cache.get(event.server_id)
        if entry is None:
            self._context.recent_rows.invalidate(event.server_id)
            return
        if event.action == DELETED:
            self._context.suspect_missing(entry, asked_at)
        elif event.action in WITHOUT_ROW_CHANGE and entry.settled and entry.server is not None:
            happened_at, updated_at = parse_time(event.happened_at), parse_time(entry.server.updated_at)
            # A task that attaches something also writes the row later, and that change leads to a read.
            if happened_at is None or updated_at is None or updated_at <= happened_at:
                self._context.detail_queue.add(entry.id)
