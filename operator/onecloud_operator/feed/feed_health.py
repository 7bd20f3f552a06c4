"""Whether a feed is connected to its cloud."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlsplit

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.values import Problem
from onecloud_operator.engine import loggers
from onecloud_operator.feed.details import is_row_error
from onecloud_operator.translate import Doing, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from onecloud_operator.core.values import Place
    from onecloud_operator.feed.context import Job
    from onecloud_operator.feed.feed_options import FeedOptions
    from onecloud_operator.feed.jobs import Jobs
    from onecloud_operator.onecloud.errors import OneCloudError

logger = logging.getLogger(loggers.CLOUD)

K = TypeVar("K", bound="Hashable")

NEVER_DUE = float("inf")
BUG = "bug"


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """
    Times are monotonic.

    *problem* is why nothing new is known, or None; *since* when that is so. *fresh_at* is when the newest
    complete poll was sent, or None before the first.
    """

    problem: Problem | None = None
    since: float = 0.0
    fresh_at: float | None = None


class HealthTracker(Generic[K]):
    """Derives a feed's health from the outcomes of its jobs. *place* is told in the log."""

    def __init__(self, place: Place, now: Callable[[], float], options: FeedOptions) -> None:
        self._place = place
        self._now = now
        self._options = options
        self._problems: dict[str, Problem] = {}
        self.health = FeedHealth(since=now())

    def crashed(self, fault: str, covered_at: float) -> bool:
        """Record a bug of ours, which restarts the feed. Returns whether the problem changed."""
        message = f"The operator failed to watch this project, and tries again: {fault}."
        self._problems = {BUG: Problem(Reason.PROVIDER_ERROR, message)}
        return self._update(covered_at)

    def job_finished(self, jobs: Jobs[K], job: Job, error: OneCloudError | None, covered_at: float) -> bool:
        """Record the outcome of *job*: repeated failures are a problem. Returns whether that changed."""
        if error is None:
            self._problems.pop(job.name, None)
            if job is jobs.delta:
                self._problems.pop(BUG, None)
            self._clear_idle_jobs(jobs)
        else:
            self._job_failed(jobs, job, error)
        return self._update(covered_at)

    def _job_failed(self, jobs: Jobs[K], job: Job, error: OneCloudError) -> None:
        failures = jobs.retries.failures(job.name)
        logger.debug(
            "failed to read servers",
            extra={"project": self._place.project_id, "job": job.name, "error": type(error).__name__},
        )
        if job is jobs.sweep:
            if failures > self._options.tolerated_failures:
                jobs.sweep.abandon()  # it only looks for missing servers, and is repeated later
        elif job is jobs.details and is_row_error(error):
            pass  # smaller and smaller batches find the row that causes it
        elif failures > self._options.tolerated_failures:
            self._problems[job.name] = problem_of(error, doing=Doing.READ)

    def _clear_idle_jobs(self, jobs: Jobs[K]) -> None:
        """Drop the problems of jobs that have nothing left to do, since no success would clear them."""
        now = self._now()
        for job in jobs.lists:
            if job.name in self._problems and job.due_at(now) == NEVER_DUE:
                del self._problems[job.name]
                jobs.schedule.clear_failures(job)

    def _update(self, covered_at: float) -> bool:
        problem = next(iter(self._problems.values()), None)
        before = self.health
        changed = problem != before.problem
        self.health = FeedHealth(
            problem, self._now() if changed else before.since, covered_at if covered_at > 0 else None
        )
        if changed and (problem is None) != (before.problem is None):
            logger.log(
                logging.INFO if problem is None else logging.WARNING,
                "reconnected to the cloud" if problem is None else "lost the connection to the cloud",
                extra={
                    "project": self._place.project_id,
                    "cloud": urlsplit(self._place.auth_url).netloc,
                    "reason": problem.reason if problem else None,
                    "detail": problem.message if problem else None,
                    loggers.GATHERED: True,
                },
            )
        return changed
