"""
The last known state of every watched server.

There are three kinds of reads: whole rows, slim rows (only the version) and details. Versions never decrease
in the cloud, so of two reads the one with the higher version is newer, whichever was requested first. A lower
version counts only if it was requested after the higher one arrived: the cloud was restored from a backup.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.core.observed import DELETING_STATUSES, Observed, Phase, Reading
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.feed.entry import NEVER, Entry, Freshness, in_full, packed
from onecloud_operator.onecloud.models import parse_time
from onecloud_operator.translate import carried_over, observed_from_row

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from datetime import datetime

    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.source import CheckedRow

K = TypeVar("K", bound="Hashable")


class Cache(Generic[K]):
    """The watched servers. ``notify(key, lane)`` is called for each watcher of a server that changed."""

    def __init__(self, options: FeedOptions, notify: Callable[[K, Lane], None]) -> None:
        self._options = options
        self._notify = notify
        self._entries: dict[str, Entry[K]] = {}
        self._watching: dict[K, str] = {}
        self._moving: OrderedDict[str, float] = OrderedDict()  # in the order of their last change
        self.deleting: OrderedDict[str, float] = OrderedDict()  # since when
        self._notify_after: dict[str, float] = {}  # notify upon the first poll sent at that time or later
        self.covered_at = NEVER  # the newest poll that was certain to show every change
        self.on_change: Callable[[datetime], None] = _ignore  # called when a newer version is read

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry[K]]:
        return iter(self._entries.values())

    def get(self, server_id: str) -> Entry[K] | None:
        """Return the entry of a watched server."""
        return self._entries.get(server_id)

    # -- watchers ----------------------------------------------------------------------------------------
    def watch(self, key: K, server_id: str, recalled: Observed | None, now: float) -> Entry[K] | None:
        """Notify *key* of changes to *server_id* and no other server. Returns the entry if it is new."""
        if self._watching.get(key) == server_id:
            return None
        self.unwatch(key)
        self._watching[key] = server_id
        entry = self._entries.get(server_id)
        if entry is not None:
            entry.watchers = (*entry.watchers, key)
            return None
        entry = Entry(server_id, (key,), now, recalled)
        self._entries[server_id] = entry
        return entry

    def unwatch(self, key: K) -> str | None:
        """Stop notifying *key*. Returns the server's id if it has no watchers left."""
        server_id = self._watching.pop(key, None)
        if server_id is None:
            return None
        entry = self._entries[server_id]
        entry.watchers = tuple(other for other in entry.watchers if other != key)
        if entry.watchers:
            return None
        del self._entries[server_id]
        self._untrack(server_id)
        return server_id

    def watched_by(self, key: K) -> str | None:
        """Return the id that *key* watches."""
        return self._watching.get(key)

    def notify(self, entry: Entry[K], lane: Lane = Lane.CLOUD) -> None:
        """Notify all watchers of *entry*."""
        for key in entry.watchers:
            self._notify(key, lane)

    def notify_unless_under_way(self, entry: Entry[K]) -> None:
        """Notify all watchers of *entry*, unless its only one waits until the server has settled."""
        if not entry.under_way:
            self.notify(entry)

    def await_settled(self, key: K, seen: Observed | None) -> None:
        """Record that *key* has *seen* its server moving and waits until it settles; None: it does not."""
        entry = self._entries.get(self._watching.get(key, ""))
        if entry is not None:
            entry.awaited_by = None if seen is None else (key, seen)

    def reading(self, server_id: str) -> Reading:
        """
        Return the last reading of *server_id*, an empty one if it is not watched.

        What was read is packed now: hardly any is looked at twice.
        """
        entry = self._entries.get(server_id)
        if entry is None:
            return Reading()
        if entry.server is None:
            return Reading(asked_at=max(entry.asked_at, 0.0), missing=entry.missing, gone=entry.gone)
        asked_at = max(entry.asked_at, self.covered_at)
        if asked_at - entry.first_seen_at < self._options.confirm_seconds:
            asked_at = entry.first_seen_at
        server = in_full(entry.server)
        entry.server = packed(entry.server)
        return Reading(server, entry.first_seen_at, asked_at, entry.missing)

    # -- reads -------------------------------------------------------------------------------------------
    def add_row(self, entry: Entry[K], seen: CheckedRow, asked_at: float, now: float) -> Freshness:
        """Add a row with all columns. Raises Untranslatable."""
        news = self._compare(entry, seen.version, asked_at)
        if news is Freshness.NEW:
            if self._confirms(entry, seen.version):
                self._recall(entry, asked_at, now)
            else:
                known = in_full(entry.known) if entry.known is not None else None
                self._replace(entry, observed_from_row(seen.row, known), asked_at, now)
        return self._record_read(entry, news, asked_at)

    def add_slim_row(self, entry: Entry[K], seen: CheckedRow, asked_at: float, now: float) -> Freshness:
        """Add a row of which only the version matters. NEW means that the rest of it must be read."""
        if self.confirm_recalled(entry, seen.version, asked_at, now):
            self.notify(entry, Lane.RESYNC)
            return Freshness.SAME
        news = self._compare(entry, seen.version, asked_at)
        if news is Freshness.NEW:
            self._report_change(entry, seen.version, seen.updated_at)
            entry.missing = entry.missing and asked_at <= entry.missing_at
            return news
        self._record_read(entry, news, asked_at)
        return Freshness.SAME

    def confirm_recalled(self, entry: Entry[K], version: int, asked_at: float, now: float) -> bool:
        """Use what was recalled from the status if it has this *version*; return whether it does."""
        if not self._confirms(entry, version):
            return False
        self._recall(entry, asked_at, now)
        self._record_read(entry, Freshness.NEW, asked_at)
        return True

    def add_details(
        self, entry: Entry[K], server: Observed, asked_at: float, now: float, *, written: bool = False
    ) -> Freshness:
        """
        Add a server with its details. SAME means that none of them changed.

        *written*: this is the answer to our own write, so a new row was written just now.
        """
        before = in_full(entry.server) if entry.server is not None else None
        server = carried_over(server, before)
        news = self._compare(entry, server.version, asked_at)
        if news is Freshness.OLD:
            return news
        if news is Freshness.NEW:
            self._report_change(entry, server.version, parse_time(server.updated_at), written=written)
            self._replace(entry, server, asked_at, now)
        elif asked_at >= entry.details_at and (before is None or _shows_more(server, before)):
            entry.server = server
            news = Freshness.NEW
        entry.details_at = max(entry.details_at, asked_at)
        return self._record_read(entry, news, asked_at)

    def mark_missing(self, entry: Entry[K], asked_at: float) -> bool:
        """Record that a list lacked the server, which proves nothing yet. Returns whether that is news."""
        if asked_at <= entry.asked_at or entry.gone:
            return False
        entry.missing_at = max(entry.missing_at, asked_at)
        fresh = not entry.missing
        entry.missing = True
        return fresh

    def mark_gone(self, entry: Entry[K], asked_at: float, now: float) -> bool:
        """Record that the server is proven gone. Returns whether that is news."""
        if asked_at < entry.first_seen_at:
            return False
        fresh = not entry.gone
        entry.server = entry.recalled = None
        entry.missing, entry.gone = False, True
        entry.asked_at, entry.arrived_at, entry.details_at = asked_at, now, NEVER
        self._untrack(entry.id)
        return fresh

    def forget(self, now: float) -> None:
        """Forget all reads, but keep the watchers."""
        for server_id, entry in self._entries.items():
            self._entries[server_id] = Entry(server_id, entry.watchers, now)
            self._untrack(server_id)
        self.covered_at = NEVER

    def expire_absences(self) -> None:
        """Make every proven absence stale, so that it is verified again before it counts."""
        for entry in self._entries.values():
            if entry.gone:
                entry.asked_at = NEVER

    # -- time --------------------------------------------------------------------------------------------
    def wrote(self, server_id: str, now: float) -> None:
        """Record the end of our own write: its watchers are notified of the next read, changed or not."""
        if (entry := self._entries.get(server_id)) is not None:
            entry.wrote_at = now
            self._notify_after[server_id] = now

    def mark_covered(self, asked_at: float) -> list[Entry[K]]:
        """Record a poll that showed every change; return the entries that were waiting for one."""
        self.covered_at = max(self.covered_at, asked_at)
        due = [server_id for server_id, at in self._notify_after.items() if at <= asked_at]
        for server_id in due:
            del self._notify_after[server_id]
        return [self._entries[server_id] for server_id in due]

    def mark_uncovered(self, since: float) -> None:
        """Record that polls after *since* did not show every change."""
        self.covered_at = min(self.covered_at, since)

    def moving(self, now: float) -> bool:
        """Return whether any moving server changed within the time after which it counts as hung."""
        if not self._moving:
            return False
        return now - next(reversed(self._moving.values())) < self._options.hung_seconds

    # -- within ------------------------------------------------------------------------------------------
    def _compare(self, entry: Entry[K], version: int, asked_at: float) -> Freshness:
        if entry.gone and asked_at <= entry.arrived_at:
            return Freshness.OLD
        if entry.server is None:
            return Freshness.NEW
        if version == entry.server.version:
            return Freshness.SAME
        return (
            Freshness.NEW if version > entry.server.version or asked_at > entry.arrived_at else Freshness.OLD
        )

    def _report_change(
        self, entry: Entry[K], version: int, updated_at: datetime | None, *, written: bool = False
    ) -> None:
        """Call `on_change` for a row that was just written: a newer version, or our own write."""
        known = entry.server
        if updated_at is None or (known is None and not written):
            return
        if known is None or (version > known.version and updated_at != parse_time(known.updated_at)):
            self.on_change(updated_at)

    def _confirms(self, entry: Entry[K], version: int) -> bool:
        recalled = entry.recalled
        return entry.server is None and recalled is not None and recalled.version == version

    def _recall(self, entry: Entry[K], asked_at: float, now: float) -> None:
        """Use what was recalled from the status: it was a read, too, so this one confirms it."""
        if entry.recalled is not None:
            self._replace(entry, entry.recalled, asked_at - self._options.confirm_seconds, now)
            self._notify_after.pop(entry.id, None)

    def _replace(self, entry: Entry[K], server: Observed, seen_at: float, now: float) -> None:
        entry.server, entry.recalled = server, None
        entry.gone = False
        entry.first_seen_at, entry.arrived_at = seen_at, now
        if server.status in DELETING_STATUSES:
            self.deleting.setdefault(entry.id, now)
        elif server.phase is Phase.RUNNING or (server.recycled and server.phase.stable):
            self.deleting.pop(entry.id, None)
        if server.phase is Phase.MOVING:
            self._moving[entry.id] = now
            self._moving.move_to_end(entry.id)
        else:
            self._moving.pop(entry.id, None)
            if server.phase is not Phase.RUNNING:
                due = seen_at + self._options.confirm_seconds
                self._notify_after[entry.id] = max(due, self._notify_after.get(entry.id, due))

    def _untrack(self, server_id: str) -> None:
        self._moving.pop(server_id, None)
        self._notify_after.pop(server_id, None)
        self.deleting.pop(server_id, None)

    def _record_read(self, entry: Entry[K], news: Freshness, asked_at: float) -> Freshness:
        if news is not Freshness.OLD:
            entry.asked_at = max(entry.asked_at, asked_at)
            if asked_at > entry.missing_at:
                entry.missing = False
        return news


def _shows_more(server: Observed, before: Observed) -> bool:
    return server != before or server.whole > before.whole


def _ignore(_updated_at: datetime) -> None:
    """Do nothing."""
