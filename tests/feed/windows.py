"""Times of a cloud's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

T = datetime(2026, 11, 23, 7, 28, 28, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)
