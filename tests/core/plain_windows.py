"""Whether windows are open, by the plainest reckoning: a witness beside what finds the next opening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from onecloud_operator.api.windows import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onecloud_operator.api.windows import Window


def open_at(windows: Iterable[Window], wall: datetime) -> bool:
    """Return whether one of *windows* is open."""
    for one in windows:
        zone = ZoneInfo(one.zone)
        for back in range(-2, 4):
            day = (wall.astimezone(zone) - timedelta(days=back)).date()
            hour, minute = map(int, one.start.split(":"))
            start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
            unit = 60 if one.duration.endswith("h") else 1
            length = timedelta(minutes=unit * int(one.duration[:-1]))
            if start <= wall < start + length and (one.days is None or DAYS[day.weekday()] in one.days):
                return True
    return False
