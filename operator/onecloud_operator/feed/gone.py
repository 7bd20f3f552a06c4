"""What holds back recreation when a cloud seems to have lost its servers, as a restored one does."""

from __future__ import annotations

from collections import OrderedDict


class GoneLimiter:
    """
    Trips when more than max(*floor*, *share*) of a feed's servers vanished within *window_seconds*.

    Once tripped it holds until acknowledged, however long that takes: time alone repairs no cloud.
    ``bin_off`` is set when a plain DELETE really deleted, so that the recycle bin cannot be relied on there,
    until a later one leads to it.
    """

    def __init__(self, floor: int = 5, share: float = 0.05, window_seconds: float = 600.0) -> None:
        self._floor = floor
        self._share = share
        self._window_seconds = window_seconds
        self._gone: OrderedDict[str, float] = OrderedDict()
        self._tripped = False
        self.bin_off = False
        self._bin_off_at = float("-inf")

    def record(self, server_id: str, now: float) -> None:
        """Note that *server_id* is proven gone though nobody here asked for it."""
        self._gone[server_id] = now
        self._gone.move_to_end(server_id)
        self._forget(now)

    def holding(self, now: float, owned: int) -> bool:
        """Say whether recreation and removals must wait; *owned* counts the feed's servers, gone ones too."""
        self._forget(now)
        if len(self._gone) > max(self._floor, self._share * owned):
            self._tripped = True
        return self._tripped

    def trip(self) -> None:
        """Hold as before a restart: an object tells that it was held then, and nobody has confirmed it."""
        self._tripped = self._share < 1.0  # the setting that any number may vanish is a confirmation, too

    def bin_fails(self, now: float) -> None:
        """Note that a plain DELETE really deleted."""
        self.bin_off, self._bin_off_at = True, now

    def bin_works(self, deleted_at: float) -> bool:
        """Note that a plain DELETE sent then led to the bin. Return whether it was off, and is on again."""
        if not self.bin_off or deleted_at <= self._bin_off_at:
            return False
        self.bin_off = False
        return True

    def idle(self, now: float) -> bool:
        """Say whether nothing would be lost if a new one took its place."""
        self._forget(now)
        return not (self._gone or self._tripped or self.bin_off)

    def acknowledge(self, now: float) -> None:
        """Forget what vanished until *now*: a person has confirmed that it was meant to."""
        for server_id in [key for key, at in self._gone.items() if at <= now]:
            del self._gone[server_id]
        self._tripped = False

    def _forget(self, now: float) -> None:
        while self._gone and next(iter(self._gone.values())) <= now - self._window_seconds:
            self._gone.popitem(last=False)
