"""Exponential backoff with jitter, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")

JITTER = 0.2  # each way; enough to spread retries of what failed together
MAX_DOUBLINGS = 32


def spread(random: Callable[[], float]) -> float:
    """Return a random factor around 1 for a wait; *random* returns numbers in [0, 1)."""
    return 1.0 - JITTER + 2.0 * JITTER * random()


class Backoff(Generic[K]):
    """
    Waits that double with each failure of a key, from *first* to *maximum* seconds, ±20 %.

    *random* returns numbers in [0, 1). Only keys that failed since their last reset are stored.
    """

    def __init__(self, first: float, maximum: float, random: Callable[[], float]) -> None:
        self._first = first
        self._maximum = maximum
        self._random = random
        self._failures: dict[K, int] = {}

    def next(self, key: K) -> float:
        """Count one more failure of *key* and return the seconds to wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = min(self._first * 2.0 ** min(failures, MAX_DOUBLINGS), self._maximum)
        return seconds * spread(self._random)

    def failures(self, key: K) -> int:
        """Return how often *key* failed since its last reset."""
        return self._failures.get(key, 0)

    def reset(self, key: K) -> None:
        """Forget the failures of *key*."""
        self._failures.pop(key, None)
