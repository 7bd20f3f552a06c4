"""Tells many of one thing, without keeping the event loop from everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from onecloud_operator.engine.clock import Clock

T = TypeVar("T")
TOLD_AT_ONCE: Final = 100


async def tell_each(ones: Iterable[T], tell: Callable[[T], None], clock: Clock) -> None:
    """Call *tell* with each of *ones*, as they are now."""
    for number, one in enumerate(tuple(ones), start=1):
        tell(one)
        if number % TOLD_AT_ONCE == 0:
            await clock.sleep(0)
