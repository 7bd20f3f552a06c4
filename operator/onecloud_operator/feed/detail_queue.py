"""Whose details are to be read next: what changed, and by and by everyone's, for what no version shows."""

from __future__ import annotations

from collections import OrderedDict

LEAST = 1


class DetailQueue:
    """
    Server ids, each once. A batch that fails halves the next: one poisonous row must not block the rest.

    An id is wanted *loudly* if its watchers are to be told even if nothing turns out to be new.
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
        """Have the details of *server_id* read within every hour from now on."""
        if not self._ages:
            self._refreshed_at = now
        self._ages[server_id] = float("-inf")
        self._ages.move_to_end(server_id, last=False)

    def drop(self, server_id: str) -> None:
        """Read nothing more of *server_id*."""
        self._ids.pop(server_id, None)
        self._ages.pop(server_id, None)

    def add(self, server_id: str, *, loudly: bool = False) -> None:
        """Have the details of *server_id* read soon."""
        self._ids[server_id] = loudly or self._ids.get(server_id, False)

    def satisfied(self, server_id: str, asked_at: float) -> None:
        """Note that the details of *server_id* were read."""
        self._ids.pop(server_id, None)
        if server_id in self._ages:
            self._ages[server_id] = asked_at
            self._ages.move_to_end(server_id)

    def take(self) -> dict[str, bool]:
        """Take the next batch out: ids, and whether they are wanted loudly."""
        batch: dict[str, bool] = {}
        while self._ids and len(batch) < self._size:
            server_id, loudly = self._ids.popitem(last=False)
            batch[server_id] = loudly
        return batch

    def worked(self) -> None:
        """Note that a batch could be read."""
        self._size = min(self._size * 2, self._most)

    def put_back(self, batch: dict[str, bool]) -> None:
        """Note that *batch* could not be read; its ids come last now, and are wanted quietly."""
        self._size = max(self._size // 2, LEAST)
        for server_id in batch:
            if server_id in self._ages:
                self._ids.setdefault(server_id, False)

    # -- the rolling refresh -----------------------------------------------------------------------------
    @property
    def refresh_at(self) -> float:
        """Return when the next batch is due, so that everyone's turn comes within the hour."""
        if not self._ages:
            return float("inf")
        batches = -(-len(self._ages) // self._most)
        return self._refreshed_at + self._refresh_seconds / batches

    def refresh(self, now: float) -> None:
        """Want the oldest batch."""
        self._refreshed_at = now
        old = now - self._refresh_seconds / 2
        for server_id in [key for key, _ in zip(self._ages, range(self._most), strict=False)]:
            if self._ages[server_id] <= old:
                self._ids.setdefault(server_id, False)
