"""Runs the jobs of a feed one at a time, so a feed has at most one list in flight."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from onecloud_operator.engine.clock import wait_for
from onecloud_operator.onecloud.errors import OneCloudError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from onecloud_operator.engine.backoff import Backoff
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed.context import Job

NEVER = float("-inf")


class Schedule:
    """
    Runs the first of *jobs* whenever it is due, and the others in rotation between.

    A job that fails backs off. While the first job fails the others are suspended: it is the cheapest way to
    find out whether the cloud answers. *on_outcome* is called after every run, with the job and its error or
    None; *on_run*, which must not raise, with the job's name, the seconds it took, and whether it failed.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        clock: Clock,
        backoff: Backoff[str],
        on_outcome: Callable[[Job, OneCloudError | None], Awaitable[None]],
        on_run: Callable[[str, float, bool], None] = lambda _job, _seconds, _failed: None,
    ) -> None:
        self._jobs = tuple(jobs)
        self._clock = clock
        self._backoff = backoff
        self._on_outcome = on_outcome
        self._on_run = on_run
        self._wake = asyncio.Event()
        self._ran_at: dict[str, float] = {}
        self._retry_at: dict[str, float] = {}

    def wake(self) -> None:
        """Check at once which job is due."""
        self._wake.set()

    def clear_failures(self, job: Job) -> None:
        """Reset the backoff of *job*."""
        self._backoff.reset(job.name)
        self._retry_at.pop(job.name, None)

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            now = self._clock.monotonic()
            self._wake.clear()
            job, due_at = self._next(now)
            if due_at > now:
                await wait_for(self._wake, due_at - now, self._clock)
            else:
                await self._run_job(job)

    def _next(self, now: float) -> tuple[Job, float]:
        first = self._jobs[0]
        dues = {job.name: max(job.due_at(now), self._retry_at.get(job.name, NEVER)) for job in self._jobs}
        if dues[first.name] <= now or self._backoff.failures(first.name):
            return first, dues[first.name]
        ready = [job for job in self._jobs if dues[job.name] <= now]
        if ready:
            job = min(ready, key=lambda one: self._ran_at.get(one.name, NEVER))
        else:
            job = min(self._jobs, key=lambda one: dues[one.name])
        return job, dues[job.name]

    async def _run_job(self, job: Job) -> None:
        error: OneCloudError | None = None
        began_at = self._clock.monotonic()
        try:
            await job.run()
        except OneCloudError as caught:
            error = caught
        now = self._clock.monotonic()
        self._ran_at[job.name] = now
        self._on_run(job.name, now - began_at, error is not None)
        if error is None:
            self._backoff.reset(job.name)
            self._retry_at.pop(job.name, None)
        else:
            self._retry_at[job.name] = now + self._backoff.next(job.name)
        await self._on_outcome(job, error)
