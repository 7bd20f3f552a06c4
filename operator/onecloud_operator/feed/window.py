"""
Which rows the next delta asks for, by the cloud's own clock.

    newest rises           ask from newest less overlap: a slow transaction shows after its time stamp
    seen whole afterwards  ask from newest: after a burst the wide window would repeat it for ever
    and many share newest  ask from newest + 1 s: nothing can be stamped with that second any more
    newest runs ahead      ask from what the cloud's clock said at the last whole poll, less overlap
    the clock went back    the poll under way asked for too little: it is no whole one
    many changes run ahead of the clock, and none does not: it is not the clock that stamps

The clock is what answers are dated by, or the stamp of a change that was read elsewhere and that no poll can
show. A window never starts later than it says; that it could start earlier than rows say is its only use, so
a date that is missing, or wrong, costs rows that are shown again, or what it would have been without one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)  # before any row: for a project that has none yet
LATEST = datetime(2200, 1, 1, tzinfo=UTC)  # what lies outside of these is no time
MANY = 20  # rows of one second that are worth not repeating; or changes that do not run ahead by chance
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """The cloud's clock said *stamp* not later than *at*, in monotonic seconds of ours."""

    stamp: datetime
    at: float

    def reads(self, at: float) -> datetime:
        """Return what the clock says at *at*, or, since an answer takes time, what it has passed by then."""
        seconds = min(max(at - self.at, -1e9), 1e9)
        return _sane(self.stamp + timedelta(seconds=seconds))


class Window:
    """The start of the next delta. Its times are the cloud's: our clock need not agree with them."""

    def __init__(self, overlap_seconds: float) -> None:
        self._overlap = timedelta(seconds=overlap_seconds)
        self._overlap_seconds = overlap_seconds
        self._newest: datetime | None = None
        self._candidate: datetime | None = None
        self._at_newest = 0
        self._risen_at = 0.0
        self._whole_at = 0.0
        self._clock: Tick | None = None
        self._date: Tick | None = None  # of the newest answer
        self._misdated = False  # by a clock that is behind the one that stamps, as a proxy's
        self._bound = False  # newest runs ahead of the clock, by more than what is asked for again anyway
        self._seen: Counter[datetime] | None = None  # by the last poll since; None: none yet
        self._running = 0  # changes in a row that ran ahead of the clock
        self.repeated = 0  # rows that every poll shows again, since their stamps run ahead

    def start(self, newest: datetime | None, asked_at: float) -> None:
        """Begin at *newest*, the time of the last change before now; None if there are no rows."""
        self._newest = self._candidate = None if newest is None else _sane(newest)
        self._risen_at = self._whole_at = asked_at

    def floor(self) -> datetime:
        """Return the least ``updated_at`` to ask for."""
        if self._newest is None:
            return EVERYTHING
        floor = self._by_rows(self._newest)
        if self._bound and self._clock is not None:
            floor = min(floor, self._clock.reads(self._whole_at) - self._overlap)
        return _sane(floor)

    def _by_rows(self, newest: datetime) -> datetime:
        quiet = self._whole_at - self._risen_at
        if quiet > self._overlap_seconds + 1 and self._at_newest > MANY:
            return newest + SECOND
        return newest if quiet >= self._overlap_seconds else newest - self._overlap

    def dated(self, date: datetime | None, now: float) -> None:
        """Note the date of an answer that has just come."""
        self._date = None if date is None or date != _sane(date) else Tick(date, now)
        if self._date is not None and not self._misdated:
            self._told(self._date)

    def missed(self, floor: datetime) -> bool:
        """Say whether a poll from *floor* on asked for too little, by what is known of the clock since."""
        return self.floor() < floor - self._overlap

    def seen_whole(self, first_page: list[datetime], others: list[datetime], asked_at: float) -> None:
        """
        Note a poll that saw everything from the floor on: the times of its first page and of those after it.

        A later page may show a change that is younger than what an earlier page missed, so what it shows
        moves the window one poll later.
        """
        first_page, others = [_sane(t) for t in first_page], [_sane(t) for t in others]
        known = [t for t in (self._newest, self._candidate) if t is not None]
        newest = max((*known, *first_page), default=None)
        if newest != self._newest:
            self._newest, self._risen_at, self._at_newest = newest, asked_at, 0
        if first_page or others:
            self._at_newest = sum(t == newest for t in (*first_page, *others))
        self._candidate = max((*others, *((newest,) if newest else ())), default=None)
        self._whole_at = asked_at
        self._weigh(Counter((*first_page, *others)), asked_at)

    def fall_back(self, stamp: datetime, now: float) -> float:
        """
        Note a change of *stamp*, before the floor, that no poll has shown: the window rose by a wrong clock.

        Return the time (monotonic) of the last poll that is sure to have shown everything.
        """
        stamp = _sane(stamp)
        self._whole_at = self._risen_at  # until then changes were shown
        if self._date is not None and abs(self._date.reads(now) - stamp) <= self._overlap:
            self._misdated = False
        self._clock, self._seen, self._running = None, None, 0
        self._told(Tick(stamp, now))
        return self._whole_at

    def _told(self, tick: Tick) -> None:
        """Take what the clock says. While newest runs ahead of it, it is not believed to have been set on."""
        behind = None if self._clock is None else self._clock.reads(tick.at) - tick.stamp
        if behind is None or not self._bound or behind > timedelta():
            self._clock = tick
        if behind is not None and behind > self._overlap:
            self._seen = None  # rows that were not asked for before are no news
        self._bind(tick.at)

    def _bind(self, at: float) -> None:
        """See whether newest runs ahead of the clock, and does until the clock is well past it."""
        if self._newest is None or self._clock is None:
            return
        newest, now = self._newest, self._clock.reads(max(at, self._clock.at))
        if not self._bound and newest > now + self._overlap:
            self._bound, self._seen, self._running = True, None, 0
        elif self._bound and newest + SECOND <= now - self._overlap:
            self._bound, self.repeated = False, 0

    def _weigh(self, seen: Counter[datetime], asked_at: float) -> None:
        """See which of *seen* run ahead of the clock, and whether so many do that it is not the clock."""
        if self._clock is None:
            return
        self._bind(asked_at)
        if not self._bound:
            return
        now = self._clock.reads(max(asked_at, self._clock.at))
        news = Counter() if self._seen is None else seen - self._seen
        self._seen = seen
        late = [t for t in seen.elements() if t > now + self._overlap]
        self.repeated = len(late)
        if any(t <= now + self._overlap for t in news):
            self._running = 0
            return
        self._running += news.total()
        if self._running > MANY:
            self._disbelieve(max(news, default=now))

    def _disbelieve(self, latest: datetime) -> None:
        """Take the newest answer's date for the clock, or none at all if *latest* runs ahead of that, too."""
        date, self._clock, self._bound, self.repeated = self._date, None, False, 0
        if date is not None and latest <= date.stamp + self._overlap:
            self._told(date)
        else:
            self._misdated = date is not None


def _sane(time: datetime) -> datetime:
    return min(max(time, EVERYTHING), LATEST)
