"""
Rows that the first sweep read before their servers were watched.

After a restart the objects join one by one, and the sweep reads most servers before that. Without this cache
each would be read again. A row is valid until a poll or an event names its server, which may have changed.
"""

from __future__ import annotations

MAX_ROWS = 50_000  # the rest of a larger project is read again


class RecentRows:
    """Versions of servers without watchers, each with the time of its request (monotonic)."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, float]] = {}
        self._open = True

    def add(self, server_id: str, version: int, asked_at: float) -> None:
        """Add a listed row."""
        if self._open and len(self._rows) < MAX_ROWS:
            self._rows[server_id] = version, asked_at

    def take(self, server_id: str) -> tuple[int, float] | None:
        """Remove and return the row of *server_id*."""
        return self._rows.pop(server_id, None)

    def invalidate(self, server_id: str, version: object = None) -> None:
        """Remove the row of *server_id* unless it has this *version*."""
        known = self._rows.get(server_id)
        if known is not None and known[0] != version:
            del self._rows[server_id]

    def close(self) -> None:
        """Remove all rows, and add no more."""
        self._rows.clear()
        self._open = False
