"""The queue of servers whose details are read next: those that changed, and in rotation all others."""

from __future__ import annotations

from collections import OrderedDict

MIN_BATCH = 1


class DetailQueue:
    """
    Server ids, each once. A failed batch halves the next one, so that one bad row does not block the rest.

    *notify* marks ids whose watchers are notified even if nothing changed.
    """

    def __init__(self, batch_ids: int, refresh_seconds: float) -> None:
        self._most = batch_ids
        self._size = batch_ids
        self._refresh_seconds = refresh_seconds
        self._ids: OrderedDict[str, bool] = OrderedDict()
        self._ages: OrderedDict[str, float] = OrderedDict()  # when read last, the oldest first
        self._refreshed_at = 0.0

    def __len__(self) -> int:
        return len(self._ids)

    def watch(self, server_id: str, now: float) -> None:
        """Include *server_id* in the hourly refresh."""
        if not self._ages:
            self._refreshed_at = now
        self._ages[server_id] = float("-inf")
        self._ages.move_to_end(server_id, last=False)

    def drop(self, server_id: str) -> None:
        """Remove *server_id*."""
        self._ids.pop(server_id, None)
        self._ages.pop(server_id, None)

    def add(self, server_id: str, *, notify: bool = False) -> None:
        """Queue *server_id*."""
        self._ids[server_id] = notify or self._ids.get(server_id, False)

    def done(self, server_id: str, asked_at: float) -> None:
        """Record that the details of *server_id* were read."""
        self._ids.pop(server_id, None)
        if server_id in self._ages:
            self._ages[server_id] = asked_at
            self._ages.move_to_end(server_id)

    def take(self) -> dict[str, bool]:
        """Remove the next batch and return its ids, with whether to notify their watchers."""
        batch: dict[str, bool] = {}
        while self._ids and len(batch) < self._size:
            server_id, notify = self._ids.popitem(last=False)
            batch[server_id] = notify
        return batch

    def batch_succeeded(self) -> None:
        """Double the batch size again."""
        self._size = min(self._size * 2, self._most)

    def batch_failed(self, batch: dict[str, bool]) -> None:
        """Halve the batch size, and queue the ids of *batch* again at the end, without notification."""
        self._size = max(self._size // 2, MIN_BATCH)
        for server_id in batch:
            if server_id in self._ages:
                self._ids.setdefault(server_id, False)

    # -- the rolling refresh -----------------------------------------------------------------------------
    @property
    def refresh_at(self) -> float:
        """When the next batch is due for all to be read within the hour."""
        if not self._ages:
            return float("inf")
        batches = -(-len(self._ages) // self._most)
        return self._refreshed_at + self._refresh_seconds / batches

    def refresh(self, now: float) -> None:
        """Queue the batch that was read longest ago."""
        self._refreshed_at = now
        old = now - self._refresh_seconds / 2
        for server_id in [key for key, _ in zip(self._ages, range(self._most), strict=False)]:
            if self._ages[server_id] <= old:
                self._ids.setdefault(server_id, False)
