"""
What is known of the servers that somebody watches, and of no others.

Three kinds of reads come in: whole rows, slim rows (only the version) and details. Versions never fall in
the cloud, so of two reads the one of the higher version is newer, whichever was asked for first. A
lower version counts only if it was asked for after the higher one had arrived: then the cloud was restored
from a backup.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.core.observed import DELETING_STATUSES, Observed, Phase, Reading
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.onecloud.models import parse_time
from onecloud_operator.translate import carried_over, observed_from_row

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from datetime import datetime

    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.source import CheckedRow

K = TypeVar("K", bound="Hashable")

NEVER = float("-inf")


class News(enum.Enum):
    """What a read of one server told."""

    OLD = enum.auto()  # it is older than what is known
    SAME = enum.auto()
    NEW = enum.auto()


@dataclass(slots=True)
class Entry(Generic[K]):
    """One watched server. Times are monotonic, of requests being sent; ``arrived_at`` is of an answer."""

    id: str
    watchers: tuple[K, ...]
    watched_at: float
    recalled: Observed | None = None  # what the status remembers, until a row confirms it or not
    server: Observed | None = None
    first_seen_at: float = NEVER
    asked_at: float = NEVER
    arrived_at: float = NEVER
    details_at: float = NEVER
    missing_at: float = NEVER
    wrote_at: float = NEVER  # end of our last write to it
    missing: bool = False
    gone: bool = False
    swept: int = 0

    @property
    def known(self) -> Observed | None:
        """Return the newest that is known of it, be it from before this process began."""
        return self.server or self.recalled

    @property
    def resting(self) -> bool:
        """Say whether its details are worth reading: it neither moves nor is out of the cloud's sight."""
        return self.server is None or self.server.phase not in {Phase.MOVING, Phase.UNKNOWN}


class Cache(Generic[K]):
    """The watched servers. ``tell(key, lane)`` is called for each watcher of a server with news."""

    def __init__(self, options: FeedOptions, tell: Callable[[K, Lane], None]) -> None:
        self._options = options
        self._tell = tell
        self._entries: dict[str, Entry[K]] = {}
        self._watching: dict[K, str] = {}
        self._moving: OrderedDict[str, float] = OrderedDict()  # in the order of their newest steps
        self.departing: OrderedDict[str, float] = (
            OrderedDict()
        )  # seen in the middle of a deletion, since when
        self._awaited: dict[str, float] = {}  # to be told once a read was asked for at this time or later
        self.covered_at = NEVER  # the newest poll that would have shown every change
        self.on_step: Callable[[datetime], None] = _ignore  # when a row was written since it was read

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry[K]]:
        return iter(self._entries.values())

    def get(self, server_id: str) -> Entry[K] | None:
        """Return the entry of a watched server."""
        return self._entries.get(server_id)

    # -- watchers ----------------------------------------------------------------------------------------
    def watch(self, key: K, server_id: str, recalled: Observed | None, now: float) -> Entry[K] | None:
        """Have *key* told about *server_id* and no other. Return the entry if it is new."""
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
        """Tell *key* nothing more. Return the server's id if nobody watches it any more."""
        server_id = self._watching.pop(key, None)
        if server_id is None:
            return None
        entry = self._entries[server_id]
        entry.watchers = tuple(other for other in entry.watchers if other != key)
        if entry.watchers:
            return None
        del self._entries[server_id]
        self._rest(server_id)
        return server_id

    def watched_by(self, key: K) -> str | None:
        """Return the id that *key* watches."""
        return self._watching.get(key)

    def tell(self, entry: Entry[K], lane: Lane = Lane.CLOUD) -> None:
        """Have everyone look who watches it."""
        for key in entry.watchers:
            self._tell(key, lane)

    def reading(self, server_id: str) -> Reading:
        """Return what is known of *server_id*; nothing, if nobody watches it."""
        entry = self._entries.get(server_id)
        if entry is None:
            return Reading()
        if entry.server is None:
            return Reading(asked_at=max(entry.asked_at, 0.0), missing=entry.missing, gone=entry.gone)
        asked_at = max(entry.asked_at, self.covered_at)
        if asked_at - entry.first_seen_at < self._options.confirm_seconds:
            asked_at = entry.first_seen_at
        return Reading(entry.server, entry.first_seen_at, asked_at, entry.missing)

    # -- reads -------------------------------------------------------------------------------------------
    def whole_row(self, entry: Entry[K], seen: CheckedRow, asked_at: float, now: float) -> News:
        """Take in a row with all columns. Raises Untranslatable."""
        news = self._weigh(entry, seen.version, asked_at)
        if news is News.NEW:
            if self._confirms(entry, seen.version):
                self._recall(entry, asked_at, now)
            else:
                self._replace(entry, observed_from_row(seen.row, entry.known), asked_at, now)
        return self._noted(entry, news, asked_at)

    def slim_row(self, entry: Entry[K], seen: CheckedRow, asked_at: float, now: float) -> News:
        """Take in a row of which only the version counts. NEW: the rest of it must be read."""
        if self.confirm(entry, seen.version, asked_at, now):
            self.tell(entry, Lane.RESYNC)
            return News.SAME
        news = self._weigh(entry, seen.version, asked_at)
        if news is News.NEW:
            self._step(entry, seen.version, seen.updated_at)
            entry.missing = entry.missing and asked_at <= entry.missing_at
            return news
        self._noted(entry, news, asked_at)
        return News.SAME

    def confirm(self, entry: Entry[K], version: int, asked_at: float, now: float) -> bool:
        """Take what the status remembers of *entry* if it is of this *version*; return whether it is."""
        if not self._confirms(entry, version):
            return False
        self._recall(entry, asked_at, now)
        self._noted(entry, News.NEW, asked_at)
        return True

    def details(
        self, entry: Entry[K], server: Observed, asked_at: float, now: float, *, written: bool = False
    ) -> News:
        """
        Take in a server with its details. SAME: not one of them differs from what was known.

        *written*: it is the answer to a write of ours, so a row that is new was written just now.
        """
        server = carried_over(server, entry.server)
        news = self._weigh(entry, server.version, asked_at)
        if news is News.OLD:
            return news
        if news is News.NEW:
            self._step(entry, server.version, parse_time(server.updated_at), written=written)
            self._replace(entry, server, asked_at, now)
        elif asked_at >= entry.details_at and (server != entry.server or server.whole > entry.server.whole):
            entry.server = server
            news = News.NEW
        entry.details_at = max(entry.details_at, asked_at)
        return self._noted(entry, news, asked_at)

    def absent(self, entry: Entry[K], asked_at: float) -> bool:
        """Note that a list that should have shown it did not: a question. Return whether it is a new one."""
        if asked_at <= entry.asked_at or entry.gone:
            return False
        entry.missing_at = max(entry.missing_at, asked_at)
        fresh = not entry.missing
        entry.missing = True
        return fresh

    def vanished(self, entry: Entry[K], asked_at: float, now: float) -> bool:
        """Note that it is proven gone. Return whether that is news."""
        if asked_at < entry.first_seen_at:
            return False
        fresh = not entry.gone
        entry.server = entry.recalled = None
        entry.missing, entry.gone = False, True
        entry.asked_at, entry.arrived_at, entry.details_at = asked_at, now, NEVER
        self._rest(entry.id)
        return fresh

    def forget(self, now: float) -> None:
        """Forget all that was read, and go on watching."""
        for server_id, entry in self._entries.items():
            self._entries[server_id] = Entry(server_id, entry.watchers, now)
            self._rest(server_id)
        self.covered_at = NEVER

    def doubt_absences(self) -> None:
        """Have every proven absence count as one of long ago, so that it is asked again before it counts."""
        for entry in self._entries.values():
            if entry.gone:
                entry.asked_at = NEVER

    # -- time --------------------------------------------------------------------------------------------
    def wrote(self, server_id: str, now: float) -> None:
        """Note the end of a write of ours: its watchers are told of the next read, news or not."""
        if (entry := self._entries.get(server_id)) is not None:
            entry.wrote_at = now
            self._awaited[server_id] = now

    def covered(self, asked_at: float) -> list[Entry[K]]:
        """Note a poll that showed every change; return the entries that were waiting for one."""
        self.covered_at = max(self.covered_at, asked_at)
        due = [server_id for server_id, at in self._awaited.items() if at <= asked_at]
        for server_id in due:
            del self._awaited[server_id]
        return [self._entries[server_id] for server_id in due]

    def uncovered(self, since: float) -> None:
        """Note that the polls after *since* did not show every change."""
        self.covered_at = min(self.covered_at, since)

    def moving(self, now: float) -> bool:
        """Say whether any server made a step within the time after which it counts as hung."""
        if not self._moving:
            return False
        return now - next(reversed(self._moving.values())) < self._options.hung_seconds

    # -- within ------------------------------------------------------------------------------------------
    def _weigh(self, entry: Entry[K], version: int, asked_at: float) -> News:
        if entry.gone and asked_at <= entry.arrived_at:
            return News.OLD
        if entry.server is None:
            return News.NEW
        if version == entry.server.version:
            return News.SAME
        return News.NEW if version > entry.server.version or asked_at > entry.arrived_at else News.OLD

    def _step(
        self, entry: Entry[K], version: int, updated_at: datetime | None, *, written: bool = False
    ) -> None:
        """Tell of a row that was written just now: a newer version of one that is known, or one of ours."""
        known = entry.server
        if updated_at is None or (known is None and not written):
            return
        if known is None or (version > known.version and updated_at != parse_time(known.updated_at)):
            self.on_step(updated_at)

    def _confirms(self, entry: Entry[K], version: int) -> bool:
        recalled = entry.recalled
        return entry.server is None and recalled is not None and recalled.version == version

    def _recall(self, entry: Entry[K], asked_at: float, now: float) -> None:
        """Take what the status remembers: that was a read too, so this one confirms it."""
        if entry.recalled is not None:
            self._replace(entry, entry.recalled, asked_at - self._options.confirm_seconds, now)
            self._awaited.pop(entry.id, None)

    def _replace(self, entry: Entry[K], server: Observed, seen_at: float, now: float) -> None:
        entry.server, entry.recalled = server, None
        entry.gone = False
        entry.first_seen_at, entry.arrived_at = seen_at, now
        if server.status in DELETING_STATUSES:
            self.departing.setdefault(entry.id, now)
        elif server.phase is Phase.RUNNING or (server.recycled and server.phase.stable):
            self.departing.pop(entry.id, None)
        if server.phase is Phase.MOVING:
            self._moving[entry.id] = now
            self._moving.move_to_end(entry.id)
        else:
            self._moving.pop(entry.id, None)
            if server.phase is not Phase.RUNNING:
                due = seen_at + self._options.confirm_seconds
                self._awaited[entry.id] = max(due, self._awaited.get(entry.id, due))

    def _rest(self, server_id: str) -> None:
        self._moving.pop(server_id, None)
        self._awaited.pop(server_id, None)
        self.departing.pop(server_id, None)

    def _noted(self, entry: Entry[K], news: News, asked_at: float) -> News:
        if news is not News.OLD:
            entry.asked_at = max(entry.asked_at, asked_at)
            if asked_at > entry.missing_at:
                entry.missing = False
        return news


def _ignore(_updated_at: datetime) -> None:
    """Do nothing with it."""
