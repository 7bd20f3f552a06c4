"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.cluster.kube import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Return what *condition* gives as soon as that is true. Raises AssertionError after *seconds*."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds} s: {what}"
        time.sleep(POLL_SECONDS)
    return found
