"""What holds back recreation when a cloud seems to have lost its servers, as a restored one does."""

from __future__ import annotations

from collections import OrderedDict

MAX_GONE = 2**16  # that are remembered at a time; the share of no fleet is larger
MAX_AGREED = 4096  # namespaces; the first that acknowledged would have to do so again


class LossBreaker:
    """
    Trips when more than max(*floor*, *share*) of a feed's servers vanished within *window_seconds*.

    Once tripped it holds until acknowledged, however long that takes: time alone repairs no cloud. A
    namespace acknowledges for itself: whoever shares the project may not have others' servers made again.
    ``bin_off`` is set when a plain DELETE really deleted, so that the recycle bin cannot be relied on there,
    until a later one leads to it.
    """

    def __init__(self, floor: int = 5, share: float = 0.05, window_seconds: float = 600.0) -> None:
        self._floor = floor
        self._share = share
        self._window_seconds = window_seconds
        self._gone: OrderedDict[str, float] = OrderedDict()
        self._tripped = False
        self._count = 0  # of all that vanished, also of what came back and vanished again
        self._agreed: dict[str, int] = {}  # by namespace, how many had when it acknowledged
        self.bin_off = False
        self._bin_off_at = float("-inf")

    def record(self, server_id: str, now: float) -> None:
        """Note that *server_id* is proven gone though nobody here asked for it."""
        self._count += 1
        self._gone[server_id] = now
        self._gone.move_to_end(server_id)
        if len(self._gone) > MAX_GONE:
            self._gone.popitem(last=False)
        self._forget(now)

    def holding(self, now: float, owned: int, namespace: str) -> bool:
        """
        Say whether recreation and removals of a namespace must wait.

        *owned* counts the feed's servers, gone ones too.
        """
        self._forget(now)
        most = max(self._floor, self._share * owned)
        self._tripped = self._tripped or len(self._gone) > most
        agreed = self._agreed.get(namespace)
        if agreed is not None and min(len(self._gone), self._count - agreed) > most:
            agreed = None
            del self._agreed[namespace]  # as many went again since
        return self._tripped and agreed is None

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

    def acknowledge(self, namespace: str) -> None:
        """Hold nothing of *namespace* for what vanished until now: a person there has confirmed it."""
        self._agreed.pop(namespace, None)
        self._agreed[namespace] = self._count
        if len(self._agreed) > MAX_AGREED:
            del self._agreed[next(iter(self._agreed))]

    def _forget(self, now: float) -> None:
        while self._gone and next(iter(self._gone.values())) <= now - self._window_seconds:
            self._gone.popitem(last=False)
