"""One rate for several loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from onecloud_operator.engine.clock import Clock

T = TypeVar("T")


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

    async def next_of(self, due: Callable[[], T | None], kept: Container[T]) -> T | None:
        """
        Return what is *due*, once it is its turn; None if nothing is, or if it is not *kept* any more then.

        Where nothing is due it waits as long as between two turns.
        """
        if (found := due()) is None:
            await self._clock.sleep(self._apart)
            return None
        await self.turn()
        return found if found in kept else None
