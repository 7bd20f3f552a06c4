"""
Which rows the next delta asks for, by the cloud's own clock.

    newest rises           ask from newest less overlap: a slow transaction shows after its time stamp
    seen whole afterwards  ask from newest: after a burst the wide window would repeat it for ever
    and many share newest  ask from newest + 1 s: nothing can be stamped with that second any more
    a stamp runs ahead     go on from newest: if that clock is set right, what follows is stamped before it
    and many do            the clock was set: newest follows the last of them
    it was wrong to rise   ask from where it last was right, and follow only what changes from now on

A stamp runs ahead if it is later than the cloud's clock can be, by what it said before and by the time that
went by since.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)  # before any row: for a project that has none yet
MANY = 20  # rows of one second that are worth not repeating; or that do not run ahead by chance
SECOND = timedelta(seconds=1)
SLACK = timedelta(minutes=2)  # stamps that run ahead by less do not matter: the clock gets there soon
STEP = timedelta(minutes=1)
STEPS = 500  # a working day of steps; who needs older ones begins with everything


@dataclass(frozen=True, slots=True)
class Tick:
    """The cloud's clock said *stamp* some time between *after* and *before*, in monotonic seconds of ours."""

    stamp: datetime
    after: float
    before: float

    def least(self, at: float) -> datetime:
        """Return what the cloud's clock has passed at *at*."""
        return self.stamp + timedelta(seconds=at - self.before) - SLACK

    def most(self, at: float) -> datetime:
        """Return what the cloud's clock has not passed at *at*."""
        return self.stamp + timedelta(seconds=at - self.after) + SLACK


class Window:
    """The start of the next delta. Its times come from rows: our clock need not agree with the cloud's."""

    def __init__(self, overlap_seconds: float) -> None:
        self._overlap_seconds = overlap_seconds
        self._newest: datetime | None = None
        self._candidate: datetime | None = None
        self._at_newest = 0
        self._risen_at = 0.0
        self._whole_at = 0.0
        self._began_at = 0.0
        self._tick: Tick | None = None
        self._old: Counter[datetime] = Counter()  # later than newest, and seen before
        self._running = 0  # changes in a row whose stamps ran ahead
        self._fell_to: datetime | None = None
        self.repeated = 0  # rows that every poll shows again, since their stamps run ahead
        self._steps: deque[tuple[datetime, float]] = deque(maxlen=STEPS)  # newest before it rose, and when

    def start(self, newest: datetime | None, asked_at: float) -> None:
        """Begin at *newest*, the time of the last change before now; None if there are no rows."""
        self._newest = self._candidate = newest
        self._risen_at = self._whole_at = self._began_at = asked_at

    def floor(self) -> datetime:
        """Return the least ``updated_at`` to ask for."""
        if self._newest is None:
            return EVERYTHING
        quiet = self._whole_at - self._risen_at
        if quiet > self._overlap_seconds + 1 and self._at_newest > MANY:
            return self._newest + SECOND
        if quiet >= self._overlap_seconds:
            return self._newest
        return self._newest - timedelta(seconds=self._overlap_seconds)

    def seen_whole(self, first_page: list[datetime], others: list[datetime], asked_at: float) -> None:
        """
        Note a poll that saw everything from the floor on: the times of its first page and of those after it.

        A later page may show a change that is younger than what an earlier page missed, so what it shows
        moves the window one poll later.
        """
        seen = Counter(t for t in (*first_page, *others) if self._newest is None or t > self._newest)
        believed = self._believed(seen, asked_at)
        known = [t for t in (self._newest, self._candidate, self._fell_to) if t is not None]
        newest = max((*known, *(t for t in first_page if t in believed)), default=None)
        if newest is not None and newest != self._newest:
            self._rise(newest, asked_at)
        if first_page or others:
            self._at_newest = sum(t == self._newest for t in (*first_page, *others))
        later = (t for t in (*others, self._newest) if t is not None and (t in believed or t == self._newest))
        self._candidate = max(later, default=None)
        self._old = Counter({t: count for t, count in seen.items() if newest is None or t > newest})
        self.repeated = sum(
            count for t, count in self._old.items() if self._candidate is None or t > self._candidate
        )
        self._fell_to = None
        self._whole_at = asked_at

    def heard(self, stamp: datetime, now: float) -> None:
        """Note a change that was read elsewhere before a poll showed it: it tells the time as well."""
        if self._tick is None or stamp <= self._tick.most(now):
            self._tick = Tick(stamp, self._whole_at, now)

    def fall_back(self, stamp: datetime, now: float) -> float:
        """
        Note a change of *stamp*, before the floor, that no poll has shown: the window rose by a wrong clock.

        Return the time (monotonic) of the last poll that is sure to have shown everything.
        """
        while self._steps and self._steps[-1][0] > stamp:
            self._steps.pop()
        newest, right_at = self._steps[-1] if self._steps else (None, self._began_at)
        self._newest = self._candidate = newest
        self._at_newest = self._running = self.repeated = 0
        self._risen_at = self._whole_at
        self._tick = Tick(stamp, right_at, now)
        self._old.clear()
        self._fell_to = stamp
        return right_at

    def _rise(self, newest: datetime, asked_at: float) -> None:
        before = self._newest or EVERYTHING
        if not self._steps or newest >= self._steps[-1][0] + STEP:
            self._steps.append((before, asked_at))
        self._newest = newest
        self._risen_at = asked_at
        self._at_newest = 0

    def _believed(self, seen: Counter[datetime], asked_at: float) -> set[datetime]:
        """Return those of *seen*, later than newest, to which the window may rise."""
        if self._fell_to is not None:
            return set()  # which of them are news shows from the next poll on
        past = set() if self._tick is None else {t for t in seen if t <= self._tick.least(asked_at)}
        news = set(seen - self._old)
        right = news if self._tick is None else {t for t in news if t <= self._tick.most(asked_at)}
        if news and not right:
            self._running += (seen - self._old).total()
            right = news if self._running > MANY else set()
        if right:
            self._running = 0
            self._tick = Tick(max(right), self._whole_at, asked_at)
        return past | right
