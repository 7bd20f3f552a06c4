"""Times of the API server, as a person reads them: how long ago, and how soon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def moment(text: object) -> datetime | None:
    """Return the time that *text* says, or None if it says none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def span(seconds: float) -> str:
    """Return a length of time in one unit, as kubectl shows an age."""
    whole = max(int(seconds), 0)
    letter, size = next((unit for unit in UNITS if whole >= unit[1]), UNITS[-1])
    return f"{whole // size}{letter}"


def ago(text: object, now: datetime) -> str:
    """Return how long ago *text* was, "" if it is no time."""
    found = moment(text)
    return f"{span((now - found).total_seconds())} ago" if found is not None else ""


def until(text: object, now: datetime) -> str:
    """Return how soon *text* will be, "" if it is no time."""
    found = moment(text)
    if found is None:
        return ""
    left = (found - now).total_seconds()
    return f"in {span(left)}" if left > 0 else "now"
