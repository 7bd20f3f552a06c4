"""Times as Kubernetes writes them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def text_of_time(moment: datetime) -> str:
    """Return *moment* as ``2026-11-23T07:28:28Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of_text(text: str | None) -> datetime | None:
    """Return the moment that *text* names, or None if it names none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # somebody may have edited a status
        return None
