"""One rate for several loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.engine.clock import Clock


class Pace:
    """Gives turns at one rate to all who ask, in the order in which they ask; nothing is saved up."""

    def __init__(self, clock: Clock, *, per_second: float) -> None:
        self._clock = clock
        self._apart = 1.0 / per_second
        self._next_at = clock.monotonic()

    async def turn(self) -> None:
        """Return when it is the caller's turn."""
        now = self._clock.monotonic()
        at = max(self._next_at, now)
        self._next_at = at + self._apart
        await self._clock.sleep(at - now)
