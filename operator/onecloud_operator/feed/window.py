"""
Which rows the next delta asks for, by the cloud's own clock.

    newest rises           ask from newest less overlap: a slow transaction shows after its time stamp
    seen whole afterwards  ask from newest: after a burst the wide window would repeat it for ever
    and many share newest  ask from newest + 1 s: nothing can be stamped with that second any more
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)  # before any row: for a project that has none yet
MANY = 20  # rows of one second that are worth not repeating
SECOND = timedelta(seconds=1)


class Window:
    """The start of the next delta. Its times come from rows: our clock need not agree with the cloud's."""

    def __init__(self, overlap_seconds: float) -> None:
        self._overlap_seconds = overlap_seconds
        self._newest: datetime | None = None
        self._candidate: datetime | None = None
        self._at_newest = 0
        self._risen_at = 0.0
        self._whole_at = 0.0

    def start(self, newest: datetime | None, asked_at: float) -> None:
        """Begin at *newest*, the time of the last change before now; None if there are no rows."""
        self._newest = self._candidate = newest
        self._risen_at = self._whole_at = asked_at

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
        candidate = max([*first_page, *others], default=None)
        known = [t for t in (self._newest, self._candidate, max(first_page, default=None)) if t is not None]
        newest = max(known, default=None)
        if newest is not None and newest != self._newest:
            self._newest = newest
            self._risen_at = asked_at
            self._at_newest = 0
        if first_page or others:
            self._at_newest = sum(t == self._newest for t in (*first_page, *others))
        self._candidate = max((t for t in (candidate, self._newest) if t is not None), default=None)
        self._whole_at = asked_at
