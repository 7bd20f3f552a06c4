"""Waiting for something under a timeout, while the process that it depends on lives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cluster.process import Process

T = TypeVar("T")


class BenchmarkError(Exception):
    """Something did not happen in time, or came out wrong: the figures would mean nothing."""


def until(
    condition: Callable[[], T],
    what: str,
    process: Process | None = None,
    *,
    seconds: float,
    every_seconds: float = 0.05,
) -> T:
    """Return what *condition* gives as soon as it is true of something. Raises BenchmarkError."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if process is not None and process.exit_code is not None:
            msg = f"not so: {what}; {process.name} ended with {process.exit_code}:\n{process.tail()}"
            raise BenchmarkError(msg)
        if time.monotonic() > deadline:
            tail = process.tail() if process is not None else ""
            msg = f"not so within {seconds:.0f} s: {what}\n{tail}"
            raise BenchmarkError(msg)
        time.sleep(every_seconds)
    return found
