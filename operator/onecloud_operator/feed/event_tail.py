"""
The end of the cloud's log of operations, followed: real deletions, and what changes beside the row.

An accelerator only. It may be off, lose lines or be refused; then the sweep comes round more often.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.onecloud.errors import Forbidden, NotFound, OneCloudError, Unauthorized
from onecloud_operator.onecloud.models import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from onecloud_operator.feed.context import Context
    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.models import Event

logger = logging.getLogger(__name__)

K = TypeVar("K", bound="Hashable")

FIELDS = ("id", "obj_id", "action", "ops_time")
PAGE = 1000
MAX_READERS = 5  # that are tried in a row when the events are refused
MAX_PAGES = 20  # a longer backlog is left to the sweep
REFUSED = (Forbidden, Unauthorized, NotFound)

DELETED = "delete"
# Disks, cards and addresses have rows of their own: these move no version of the server's.
BESIDE_THE_ROW = frozenset(
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

    *on_turn*, which must not raise, is told of each turn: the name, the seconds it took, the rows it got,
    whether it failed.
    """

    name = "events"

    def __init__(self, context: Context[K], on_turn: Callable[[str, float, int, bool], None]) -> None:
        self._context = context
        self._on_turn = on_turn
        self._rows = 0  # of this turn
        self._last: int | None = None  # the newest event that was read
        self._begun = False
        self._reader: Source | None = None  # whose credentials the last turn worked with
        self._failures = 0  # in a row, by other credentials each time
        self.alive = False  # events come: a project with servers has some

    async def follow(self) -> None:
        """Follow for ever; not at all if the events are never to be read."""
        if not self._context.options.events_seconds:
            return
        while True:
            await self._context.clock.sleep(await self.turn())

    async def turn(self) -> float:
        """Read what is new; return the seconds until the next time."""
        options = self._context.options
        sources = self._context.pool.sources
        if not sources:
            return options.events_seconds
        # A member without a right to the events is no reason to think that nobody may read them.
        source = self._reader if self._reader in sources else sources[self._failures % len(sources)]
        began_at, self._rows = self._context.clock.monotonic(), 0
        error = await self._ask(source)
        self._on_turn(self.name, self._context.clock.monotonic() - began_at, self._rows, error is not None)
        self._reader = source if error is None else None
        self._failures = 0 if error is None else self._failures + 1
        if isinstance(error, REFUSED):
            self._lose()
            tried_all = self._failures % min(len(sources), MAX_READERS) == 0
            return options.events_retry_seconds if tried_all else options.events_seconds
        if error is not None:
            logger.debug("the events could not be read", extra={"error": type(error).__name__})
            self.alive = False
        return options.events_seconds

    async def _ask(self, source: Source) -> OneCloudError | None:
        """Read what is new; return what went wrong."""
        try:
            if not self._begun:
                await self._begin(source)
            else:
                await self._read(source, self._last)
        except OneCloudError as error:
            return error
        return None

    def _lose(self) -> None:
        self.alive = self._begun = False
        self._last = None

    async def _begin(self, source: Source) -> None:
        """Find the end of the log: what happened before now, the first sweep shows."""
        page = await source.events(order="DESC", limit=1, fields=FIELDS)
        self._rows += len(page.events)
        self._last = max((event.id for event in page.events), default=None)
        self._begun = True
        self.alive = self._last is not None

    async def _read(self, source: Source, last: int | None) -> None:
        marker = last
        for _ in range(MAX_PAGES):
            # The marker is inclusive, and the client takes the marked line away. So ask from the line before:
            # the last one must be there again, or the log was begun anew and its numbers mean something else.
            start = None if marker is None else marker - 1
            if (rest := self._context.pool.rest) is not None:
                await rest.take()
            page = await source.events(marker=start, limit=PAGE, fields=FIELDS)
            if rest is not None:
                rest.earn(page.cost_seconds)
            self._rows += len(page.events)
            if marker is not None and marker == last and all(event.id != last for event in page.events):
                self._lose()
                return
            fresh = [event for event in page.events if marker is None or event.id > marker]
            for event in fresh:
                self._take(event, page.asked_at)
            if fresh:
                marker = self._last = max(event.id for event in fresh)
                self.alive = True
            if page.next_marker is None or not fresh:
                break
            del page, fresh  # kept by nobody while the feed rests
        self.alive = self._last is not None

    def _take(self, event: Event, asked_at: float) -> None:
        entry = self._context.cache.get(event.server_id)
        if entry is None:
            self._context.recent_rows.stirred(event.server_id)
            return
        if event.action == DELETED:
            self._context.question(entry, asked_at)
        elif event.action in BESIDE_THE_ROW and entry.resting and entry.server is not None:
            happened_at, updated_at = parse_time(event.happened_at), parse_time(entry.server.updated_at)
            # A task that attaches something goes on to write the row; that change has led to a read.
            if happened_at is None or updated_at is None or updated_at <= happened_at:
                self._context.detail_queue.add(entry.id)
