"""
The time stamp from which the next poll lists changes, by the cloud's own clock.

    newest rises            from newest less overlap: a slow transaction shows after its time stamp
    then a complete poll    from newest: after a burst the wide window would repeat it forever
    and many share newest   from newest + 1 s: no row can get that time stamp any more
    newest runs ahead       from the cloud's clock at the last complete poll, less overlap
    the clock went back     the current poll started too late, so it is incomplete
    many changes run ahead of the clock, and none do not: it is not the clock that stamps rows

The clock is read from the Date of answers, or from the time stamp of a change that another read showed and no
poll would. It can only move the start to an earlier time than the rows do. So a missing or wrong date costs
repeated rows at worst, or is as good as none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)  # before any row, for a project that has none yet
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MANY = 20  # rows of one second that are not worth repeating; changes that do not run ahead by chance
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The cloud's clock read *stamp* at *at*, in our monotonic seconds, or before."""

    stamp: datetime
    at: float

    def at_time(self, at: float) -> datetime:
        """Return what the clock reads at *at* at least, since the answer took time to arrive."""
        seconds = min(max(at - self.at, -1e9), 1e9)
        return _clamp(self.stamp + timedelta(seconds=seconds))


class Window:
    """The start of the next poll. Its times are the cloud's: our clock need not agree with them."""

    def __init__(self, overlap_seconds: float) -> None:
        self._overlap = timedelta(seconds=overlap_seconds)
        self._overlap_seconds = overlap_seconds
        self._newest: datetime | None = None
        self._candidate: datetime | None = None
        self._at_newest = 0
        self._newest_at = 0.0
        self._complete_at = 0.0
        self._clock: ClockReading | None = None
        self._date: ClockReading | None = None  # of the newest answer
        self._date_rejected = False  # it is of a clock, such as a proxy's, behind the one that stamps rows
        self._ahead = False  # newest runs ahead of the clock by more than the overlap
        self._seen: Counter[datetime] | None = None  # rows of the last poll since then; None: no poll yet
        self._running = 0  # changes in a row that ran ahead of the clock
        self.repeated = 0  # rows that every poll repeats, since their time stamps run ahead

    def start(self, newest: datetime | None, asked_at: float) -> None:
        """Start at *newest*, the time of the last change, or None if there are no rows."""
        self._newest = self._candidate = None if newest is None else _clamp(newest)
        self._newest_at = self._complete_at = asked_at

    def floor(self) -> datetime:
        """Return the lowest ``updated_at`` to list."""
        if self._newest is None:
            return EVERYTHING
        floor = self._by_rows(self._newest)
        if self._ahead and self._clock is not None:
            floor = min(floor, self._clock.at_time(self._complete_at) - self._overlap)
        return _clamp(floor)

    def _by_rows(self, newest: datetime) -> datetime:
        quiet = self._complete_at - self._newest_at
        if quiet > self._overlap_seconds + 1 and self._at_newest > MANY:
            return newest + SECOND
        return newest if quiet >= self._overlap_seconds else newest - self._overlap

    def note_date(self, date: datetime | None, now: float) -> None:
        """Record the date of an answer that just arrived."""
        self._date = None if date is None or date != _clamp(date) else ClockReading(date, now)
        if self._date is not None and not self._date_rejected:
            self._set_clock(self._date)

    def asks_too_little(self, floor: datetime) -> bool:
        """Return whether a poll from *floor* on started too late, by the clock as it is known since."""
        return self.floor() < floor - self._overlap

    def complete(self, first_page: list[datetime], others: list[datetime], asked_at: float) -> None:
        """
        Record a complete poll: the times on its first page and on the others.

        A later page may show a change that is newer than one that an earlier page missed, so its rows move
        the window one poll later.
        """
        first_page, others = [_clamp(t) for t in first_page], [_clamp(t) for t in others]
        known = [t for t in (self._newest, self._candidate) if t is not None]
        newest = max((*known, *first_page), default=None)
        if newest != self._newest:
            self._newest, self._newest_at, self._at_newest = newest, asked_at, 0
        if first_page or others:
            self._at_newest = sum(t == newest for t in (*first_page, *others))
        self._candidate = max((*others, *((newest,) if newest else ())), default=None)
        self._complete_at = asked_at
        self._count_ahead(Counter((*first_page, *others)), asked_at)

    def move_back(self, stamp: datetime, now: float) -> float:
        """
        Record a change before the floor that no poll has shown: a wrong clock had moved the window.

        Returns the time (monotonic) of the last poll that was certainly complete.
        """
        stamp = _clamp(stamp)
        self._complete_at = self._newest_at  # until then changes were shown
        if self._date is not None and abs(self._date.at_time(now) - stamp) <= self._overlap:
            self._date_rejected = False
        self._clock, self._seen, self._running = None, None, 0
        self._set_clock(ClockReading(stamp, now))
        return self._complete_at

    def _set_clock(self, tick: ClockReading) -> None:
        """Set the clock. While newest runs ahead of it, a jump forward is not accepted."""
        behind = None if self._clock is None else self._clock.at_time(tick.at) - tick.stamp
        if behind is None or not self._ahead or behind > timedelta():
            self._clock = tick
        if behind is not None and behind > self._overlap:
            self._seen = None  # rows that were not listed before are not new
        self._check_ahead(tick.at)

    def _check_ahead(self, at: float) -> None:
        """Update whether newest runs ahead of the clock; it does until the clock is well past it."""
        if self._newest is None or self._clock is None:
            return
        newest, now = self._newest, self._clock.at_time(max(at, self._clock.at))
        if not self._ahead and newest > now + self._overlap:
            self._ahead, self._seen, self._running = True, None, 0
        elif self._ahead and newest + SECOND <= now - self._overlap:
            self._ahead, self.repeated = False, 0

    def _count_ahead(self, seen: Counter[datetime], asked_at: float) -> None:
        """Count rows that run ahead of the clock; replace the clock if too many do."""
        if self._clock is None:
            return
        self._check_ahead(asked_at)
        if not self._ahead:
            return
        now = self._clock.at_time(max(asked_at, self._clock.at))
        news = Counter() if self._seen is None else seen - self._seen
        self._seen = seen
        late = [t for t in seen.elements() if t > now + self._overlap]
        self.repeated = len(late)
        if any(t <= now + self._overlap for t in news):
            self._running = 0
            return
        self._running += news.total()
        if self._running > MANY:
            self._replace_clock(max(news, default=now))

    def _replace_clock(self, latest: datetime) -> None:
        """Use the newest answer's date as the clock, or none if *latest* runs ahead of that, too."""
        date, self._clock, self._ahead, self.repeated = self._date, None, False, 0
        if date is not None and latest <= date.stamp + self._overlap:
            self._set_clock(date)
        else:
            self._date_rejected = date is not None


def _clamp(time: datetime) -> datetime:
    return min(max(time, EVERYTHING), LATEST)
