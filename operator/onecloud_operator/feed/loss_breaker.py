"""Holds back recreation when a cloud seems to have lost servers, as after a restore from a backup."""

from __future__ import annotations

from collections import OrderedDict

MAX_GONE = 2**16  # more than the share of any fleet
MAX_ACKNOWLEDGED = 4096  # namespaces; the oldest would have to acknowledge again


class LossBreaker:
    """
    Trips when more than max(*floor*, *share*) of a feed's servers are lost within *window_seconds*.

    Once tripped it holds until acknowledged, however long that takes: time alone does not repair a cloud. A
    namespace acknowledges only for itself: others that share the project decide about their own servers.
    ``bin_off`` is set when a plain DELETE deleted a server for good, so that the recycle bin cannot be relied
    on there, until a later one moves a server into it.
    """

    def __init__(self, floor: int = 5, share: float = 0.05, window_seconds: float = 600.0) -> None:
        self._floor = floor
        self._share = share
        self._window_seconds = window_seconds
        self._gone: OrderedDict[str, float] = OrderedDict()
        self._tripped = False
        self._count = 0  # of all losses, including servers that reappeared and were lost again
        self._acknowledged: dict[str, int] = {}  # by namespace, the count when it acknowledged
        self.bin_off = False
        self._bin_off_at = float("-inf")

    def record(self, server_id: str, now: float) -> None:
        """Record that *server_id* is proven gone although the operator did not delete it."""
        self._count += 1
        self._gone[server_id] = now
        self._gone.move_to_end(server_id)
        if len(self._gone) > MAX_GONE:
            self._gone.popitem(last=False)
        self._forget(now)

    def holding(self, now: float, owned: int, namespace: str) -> bool:
        """
        Return whether recreation and removals of a namespace must wait.

        *owned* counts the feed's servers, including lost ones.
        """
        self._forget(now)
        most = max(self._floor, self._share * owned)
        self._tripped = self._tripped or len(self._gone) > most
        acknowledged = self._acknowledged.get(namespace)
        if acknowledged is not None and min(len(self._gone), self._count - acknowledged) > most:
            acknowledged = None
            del self._acknowledged[namespace]  # as many were lost since then
        return self._tripped and acknowledged is None

    def trip(self) -> None:
        """Hold as before a restart: an object was held then, and nobody has acknowledged it."""
        self._tripped = self._share < 1.0  # unless the setting permits any number of losses

    def bin_fails(self, now: float) -> None:
        """Record that a plain DELETE deleted a server for good."""
        self.bin_off, self._bin_off_at = True, now

    def bin_works(self, deleted_at: float) -> bool:
        """Record that a plain DELETE sent then used the bin. Returns whether it was off before."""
        if not self.bin_off or deleted_at <= self._bin_off_at:
            return False
        self.bin_off = False
        return True

    def idle(self, now: float) -> bool:
        """Return whether its state equals that of a new breaker."""
        self._forget(now)
        return not (self._gone or self._tripped or self.bin_off)

    def acknowledge(self, namespace: str) -> None:
        """Stop holding *namespace* for the losses so far: somebody there has confirmed them."""
        self._acknowledged.pop(namespace, None)
        self._acknowledged[namespace] = self._count
        if len(self._acknowledged) > MAX_ACKNOWLEDGED:
            del self._acknowledged[next(iter(self._acknowledged))]

    def _forget(self, now: float) -> None:
        while self._gone and next(iter(self._gone.values())) <= now - self._window_seconds:
            self._gone.popitem(last=False)
