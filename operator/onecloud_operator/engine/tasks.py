"""
Supervised tasks.

A shared task that fails takes the process down: half an operator that looks alive is worse than a restart. A
restarting task (one feed of many) is started again without affecting others.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NoReturn

from onecloud_operator.engine import loggers
from onecloud_operator.engine.safe_traceback import text_of_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from onecloud_operator.engine.backoff import Backoff
    from onecloud_operator.engine.clock import Clock

logger = logging.getLogger(loggers.PROCESS)

STEADY_SECONDS = 300.0  # the backoff is reset after a run this long


class TaskFault(Exception):
    """A shared task ended unexpectedly. The message names the task and the fault."""


class Supervisor:
    """Starts, supervises and cancels tasks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: asyncio.Future[str] | None = None
        self._text: str | None = None
        self.restarts = 0  # of restarting tasks, for the metrics

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run *work* as a shared task, which must not end by itself, not even without an error."""
        task = self._add(name, work)
        task.add_done_callback(self._shared_ended)
        return task

    def restarting(
        self,
        name: str,
        factory: Callable[[], Coroutine[Any, Any, None]],
        backoff: Backoff[str],
        on_fault: Callable[[str], None] | None = None,
    ) -> asyncio.Task[None]:
        """
        Run ``factory()``, and restart it with *backoff* whenever it fails; when it returns, it is done.

        *on_fault* is called with the text of each fault.
        """
        task = self._add(name, self._run_with_restarts(name, factory, backoff, on_fault))
        task.add_done_callback(self._shared_failed)
        return task

    @property
    def fault_text(self) -> str | None:
        """The text of the first fault of a shared task, or None."""
        return self._text

    async def fault(self) -> NoReturn:
        """Wait for the first fault of a shared task, and raise TaskFault."""
        if self._text is None:
            if self._fault is None:
                self._fault = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._fault)
        raise TaskFault(self._text)

    async def close(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _add(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run_with_restarts(
        self,
        name: str,
        factory: Callable[[], Coroutine[Any, Any, None]],
        backoff: Backoff[str],
        on_fault: Callable[[str], None] | None,
    ) -> None:
        while True:
            began_at = self._clock.monotonic()
            run = asyncio.get_running_loop().create_task(factory(), name=f"{name} (run)")
            try:
                await asyncio.wait({run})
            except asyncio.CancelledError:
                run.cancel()
                await asyncio.wait({run})
                if not run.cancelled() and (late := run.exception()) is not None:
                    # It ran for one more step, in which what it uses may have been closed already.
                    logger.debug(
                        "a task failed while it was cancelled",
                        extra={"task": name, "fault": text_of_fault(late)},
                    )
                raise
            error = None if run.cancelled() else run.exception()
            if error is None:
                return
            if self._clock.monotonic() - began_at >= STEADY_SECONDS:
                backoff.reset(name)
            seconds = backoff.next(name)
            text = text_of_fault(error)
            self.restarts += 1
            logger.error("a task failed, restarting it", extra={"task": name, "fault": text, "in": seconds})
            if on_fault is not None:
                on_fault(text)
            await self._clock.sleep(seconds)

    def _shared_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        self._report(f"{task.get_name()}: {text_of_fault(error) if error else 'ended, though it must not'}")

    def _shared_failed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._shared_ended(task)

    def _report(self, text: str) -> None:
        logger.critical("a shared task failed", extra={"fault": text})
        if self._text is None:
            self._text = text
        if self._fault is not None and not self._fault.done():
            self._fault.set_result(text)
