"""The cloud's spellings of a time: whole seconds in its rows, microseconds in tokens, RFC 3339 in errors."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
_TIME = re.compile(
    r"^(\d{4})-?(\d{2})-?(\d{2})(?:[T ]?(\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
)


def row_time(moment: datetime) -> str:
    """Return *moment* as the database gives it back: whole seconds, six zeros."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def token_time(moment: datetime) -> str:
    """Return *moment* with its microseconds, as tokens carry it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def error_time(moment: datetime) -> str:
    """Return *moment* as an error's body carries it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def header_time(moment: datetime) -> str:
    """Return *moment* as the header Date carries it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_time(text: str) -> datetime | None:
    """Return the moment that *text* names (UTC unless it says otherwise), or None for what is no time."""
    match = _TIME.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), tzinfo=UTC)
        if hour is not None:
            moment += timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
    except ValueError:
        return None
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        digits = zone[1:].replace(":", "")
        offset = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
        moment = moment.replace(tzinfo=offset).astimezone(UTC)
    return moment
