"""Work whose own time in the event loop is told, step by step: waiting costs others nothing, working does."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


class Metered(Generic[T]):
    """
    Await *work*; *spend* is told the seconds of each of its steps, not those of tasks that it starts.

    Before each step *turn* is asked for what has to be waited for, if anything.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        spend: Callable[[float], None],
        clock: Callable[[], float] = time.perf_counter,
        turn: Callable[[], asyncio.Future[None] | None] = lambda: None,
    ) -> None:
        self._work = work
        self._spend = spend
        self._clock = clock
        self._turn = turn

    def __await__(self) -> Generator[Any, Any, T]:
        """Step through the work as the loop does."""
        error: BaseException | None = None
        while True:
            if error is None and (turn := self._turn()) is not None:
                try:
                    yield from turn.__await__()
                except BaseException as raised:  # noqa: BLE001 - as below
                    error = raised
            began = self._clock()
            try:
                waited = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self._spend(self._clock() - began)
            error = None
            try:
                yield waited
            except BaseException as raised:  # noqa: BLE001 - whatever the loop throws is the work's to handle
                error = raised
