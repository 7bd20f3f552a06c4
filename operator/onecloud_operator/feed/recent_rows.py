"""
What the first sweep passed before anybody asked for it.

At a restart the objects come one by one, and the sweep is through with most servers before their objects
join. Without this each would be asked for again. A row counts until a poll or an event names its server:
then it may have changed, and it is asked for as any other.
"""

from __future__ import annotations

MOST = 50_000  # rows; of a larger project the rest is asked for again


class RecentRows:
    """Versions of servers that nobody watches yet, each with the time it was asked for (monotonic)."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, float]] = {}
        self._open = True

    def note(self, server_id: str, version: int, asked_at: float) -> None:
        """Remember a row that was listed."""
        if self._open and len(self._rows) < MOST:
            self._rows[server_id] = version, asked_at

    def take(self, server_id: str) -> tuple[int, float] | None:
        """Return what is remembered of *server_id*, once."""
        return self._rows.pop(server_id, None)

    def stirred(self, server_id: str, version: object = None) -> None:
        """Forget what something was heard of, unless that is of the *version* that was passed."""
        noted = self._rows.get(server_id)
        if noted is not None and noted[0] != version:
            del self._rows[server_id]

    def close(self) -> None:
        """Forget everything, and remember nothing more."""
        self._rows.clear()
        self._open = False
