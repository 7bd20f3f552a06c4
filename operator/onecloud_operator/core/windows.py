"""
When windows are open.

A window begins at its local time, and lasts as long as it says, whatever the clocks do meanwhile. A time that
a change of the clocks leaves out is that of the old clock: 02:30 is half an hour after 02:00, when it has
become 03:00. One that comes twice is the first of the two. So do calendars (RFC 5545).
"""

from __future__ import annotations

import heapq
import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from onecloud_operator.api.windows import DAYS, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

__all__ = ["Interval", "Window", "meetings", "next_opening", "no_such_zone", "unknown_zones", "zone_of"]

Interval = tuple[datetime, datetime]

HORIZON: Final = timedelta(
    days=35
)  # windows of two sets may meet at a time of the year only: then it is seen late
FURTHEST: Final = timedelta(hours=16)  # of a time zone from UTC
ONE_DAY: Final = timedelta(days=1)
ZONES, ANSWERS = 1024, 4096  # remembered
_NAME: Final = re.compile(r"[A-Za-z][-+A-Za-z0-9_]*(/[A-Za-z0-9][-+A-Za-z0-9_]*){0,2}")
_NO_ZONES: Final = frozenset({"right", "posix", "localtime", "posixrules", "Factory"})  # of a machine's own


@lru_cache(maxsize=ZONES)
def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone, or None if there is none of this name: whoever writes a spec chooses it."""
    if _NAME.fullmatch(name) is None or name.partition("/")[0] in _NO_ZONES:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError, ImportError):
        return None


def unknown_zones(windows: Iterable[Window]) -> tuple[str, ...]:
    """Return the time zones of *windows* that nobody knows."""
    return tuple(sorted({window.zone for window in windows if zone_of(window.zone) is None}))


def no_such_zone(field: str, unknown: Sequence[str]) -> str:
    """Return what is said of *unknown* time zones in *field*."""
    return (
        f"{field}: there is no time zone called {', '.join(unknown)}. Give one by its IANA name, with its "
        "capitals, such as Europe/Berlin or Asia/Shanghai."
    )


def next_opening(sets: Iterable[Sequence[Window]], wall: datetime) -> datetime | None:
    """
    Return the first moment, from *wall* on, at which each of *sets* has a window that is open.

    *wall* itself: they are open now. None: not within five weeks. A set without windows is
    always open; a window in a time zone that nobody knows never is.
    """
    known = tuple(tuple(windows) for windows in sets if windows)
    if not known:
        return wall
    for start, end in meetings(known, wall.astimezone(UTC).date()):
        if wall < end:
            return max(start, wall)
    return None


@lru_cache(maxsize=ANSWERS)
def meetings(sets: tuple[tuple[Window, ...], ...], day: date) -> tuple[Interval, ...]:
    """Return when all *sets* are open on *day* (UTC), and next after it."""
    ends_at = datetime.combine(day, time(), UTC) + ONE_DAY
    found: list[Interval] = []
    for interval in _all_of([_open(windows, day) for windows in sets]):
        found.append(interval)
        if interval[0] >= ends_at:
            break
    return tuple(found)


def _all_of(sets: Sequence[Iterator[Interval]]) -> Iterator[Interval]:
    """Yield when all of *sets*, each in order and apart, are open."""
    found = sets[0]
    for other in sets[1:]:
        found = _both(found, other)
    return found


def _both(ones: Iterator[Interval], others: Iterator[Interval]) -> Iterator[Interval]:
    one, other = next(ones, None), next(others, None)
    while one is not None and other is not None:
        start, end = max(one[0], other[0]), min(one[1], other[1])
        if start < end:
            yield start, end
        if one[1] <= other[1]:
            one = next(ones, None)
        else:
            other = next(others, None)


def _open(windows: Sequence[Window], day: date) -> Iterator[Interval]:
    """Yield when one of *windows* is open, from *day* on, in order; what overlaps is joined."""
    joined: Interval | None = None
    for start, end in _begun_from(windows, day):
        if joined is None:
            joined = start, end
        elif start <= joined[1]:
            joined = joined[0], max(joined[1], end)
        else:
            yield joined
            joined = start, end
    if joined is not None:
        yield joined


def _begun_from(windows: Sequence[Window], day: date) -> Iterator[Interval]:
    """Yield each time that one of *windows* opens, in order; from two days before *day*: it may last."""
    zoned = [(window, zone) for window in windows if (zone := zone_of(window.zone)) is not None]
    ahead: list[Interval] = []
    for number in range(-2, HORIZON.days if zoned else -2):
        local = day + number * ONE_DAY
        for window, zone in zoned:
            if window.days is None or DAYS[local.weekday()] in window.days:
                heapq.heappush(ahead, _begun(window, zone, local))
        # Elsewhere the next date may have begun already.
        certain = datetime.combine(local, time(), UTC) + ONE_DAY - FURTHEST
        while ahead and ahead[0][0] < certain:
            yield heapq.heappop(ahead)


def _begun(window: Window, zone: ZoneInfo, local: date) -> Interval:
    """Return from when to when the window that begins on the date *local* is open."""
    start = datetime.combine(local, time.fromisoformat(window.start), zone).astimezone(UTC)
    return start, start + _lasting(window.duration)


def _lasting(duration: str) -> timedelta:
    number = int(duration[:-1])
    return timedelta(hours=number) if duration.endswith("h") else timedelta(minutes=number)
