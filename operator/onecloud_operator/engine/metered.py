"""Measures how long a coroutine runs in the event loop, without the time that it waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


class Metered(Generic[T]):
    """
    Await *work*; *charge* is called with the seconds of each step, without those of tasks that it starts.

    Before each step *gate* returns a future to wait for, or None.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        charge: Callable[[float], None],
        clock: Callable[[], float] = time.perf_counter,
        gate: Callable[[], asyncio.Future[None] | None] = lambda: None,
    ) -> None:
        self._work = work
        self._charge = charge
        self._clock = clock
        self._gate = gate

    def __await__(self) -> Generator[Any, Any, T]:
        """Run the work step by step, as the event loop does."""
        error: BaseException | None = None
        while True:
            if error is None and (gate := self._gate()) is not None:
                try:
                    yield from gate.__await__()
                except BaseException as raised:  # noqa: BLE001 - as below
                    error = raised
            began = self._clock()
            try:
                waited = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self._charge(self._clock() - began)
            error = None
            try:
                yield waited
            except BaseException as raised:  # noqa: BLE001 - the work handles whatever the loop throws
                error = raised
