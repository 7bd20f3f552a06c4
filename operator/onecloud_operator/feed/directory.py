"""
Resolves names in specs to ids, with one cache for all objects of a project.

One lookup runs at a time: an image service that hangs occupies one worker of a project, and not all of them.
Objects that wait are notified once their name is looked up; one that waits for another name goes next.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.core.references import Kind, Missing, UnderWay, Unknown
from onecloud_operator.engine import loggers
from onecloud_operator.onecloud.errors import CatalogError, Forbidden, OneCloudError
from onecloud_operator.translate import answer_of, collection_of, unknown_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from onecloud_operator.core.references import Answer, Reference
    from onecloud_operator.feed.source import Source

logger = logging.getLogger(loggers.CLOUD)

K = TypeVar("K", bound="Hashable")

FOUND_SECONDS = 600.0
MISSING_SECONDS = 60.0  # it may be created at any time
UNKNOWN_SECONDS = 60.0
REFUSED_SECONDS = 300.0  # each refused lookup causes one new sign-in
STALE_SECONDS = 3600.0  # how long an answer is used while lookups fail
MAX_NAMES = 1024  # the oldest is evicted
MAX_WAITING = 4096  # others retry by themselves


@dataclass(slots=True)
class _Cached:
    answer: Answer
    read_at: float
    until: float


class Directory(Generic[K]):
    """The names of one project. *monotonic* returns the time; *notify* is called with keys to requeue."""

    def __init__(self, monotonic: Callable[[], float], notify: Callable[[Iterable[K]], None]) -> None:
        self._monotonic = monotonic
        self._notify = notify
        self._cached: dict[tuple[Reference, Source | None], _Cached] = {}
        self._failures: dict[Kind, tuple[Unknown, float]] = {}
        self._asking = False
        self._waiting: dict[K, Reference] = {}

    def __len__(self) -> int:
        return len(self._cached)

    def answers(self, key: K, wanted: Iterable[Reference], source: Source) -> dict[Reference, Answer]:
        """
        Return the known answers for *key*, without those that it has to look up.

        While another object's lookup runs, the answer is UnderWay, and *key* is notified when it is finished.
        """
        now, found = self._monotonic(), {}
        self._waiting.pop(key, None)
        for reference in wanted:
            cached = self._cached.get(_cache_key(reference, source))
            if cached is not None and now < cached.until:
                found[reference] = cached.answer
            elif (silent := self._recent_failure(reference.kind, now)) is not None:
                found[reference] = _stale_answer(cached, now) or silent
            elif self._asking:
                found[reference] = _stale_answer(cached, now) or UnderWay()
                if isinstance(found[reference], UnderWay) and len(self._waiting) < MAX_WAITING:
                    self._waiting.setdefault(key, reference)
        return found

    def leave(self, key: K) -> None:
        """Stop notifying *key*."""
        self._waiting.pop(key, None)

    async def look_up(self, reference: Reference, source: Source) -> None:
        """Look *reference* up in the cloud, unless a lookup is running, and cache the answer."""
        if self._asking:
            return
        self._asking = True
        asked_at = self._monotonic()
        try:
            rows = await source.list_named(collection_of(reference.kind), reference.name)
        except OneCloudError as error:
            seconds = REFUSED_SECONDS if isinstance(error, Forbidden | CatalogError) else UNKNOWN_SECONDS
            self._failures[reference.kind] = unknown_of(error), self._monotonic() + seconds
            logger.debug(
                "failed to look up a name",
                extra={"kind": reference.kind.value, "error": type(error).__name__},
            )
        else:
            self._failures.pop(reference.kind, None)
            self._keep(reference, source, answer_of(reference.kind, rows), asked_at)
        finally:
            self._asking = False
            self._notify_waiting(reference)

    def _keep(self, reference: Reference, source: Source, answer: Answer, asked_at: float) -> None:
        cache_key = _cache_key(reference, source)
        seconds = MISSING_SECONDS if isinstance(answer, Missing | Unknown) else FOUND_SECONDS
        self._cached.pop(cache_key, None)  # keeps the oldest answer first
        self._cached[cache_key] = _Cached(answer, asked_at, self._monotonic() + seconds)
        while len(self._cached) > MAX_NAMES:
            del self._cached[next(iter(self._cached))]

    def _recent_failure(self, kind: Kind, now: float) -> Unknown | None:
        """Return the error of the last lookup of this *kind*, while no other is made."""
        silent = self._failures.get(kind)
        return silent[0] if silent is not None and now < silent[1] else None

    def _notify_waiting(self, reference: Reference) -> None:
        served = [key for key, wanted in self._waiting.items() if wanted == reference]
        others = (key for key, wanted in self._waiting.items() if wanted != reference)
        notified = [*served, *([first] if (first := next(others, None)) is not None else [])]
        for key in notified:
            del self._waiting[key]
        self._notify(notified)


def _cache_key(reference: Reference, source: Source) -> tuple[Reference, Source | None]:
    """Return the key of the cache. Key pairs belong to a user, so they are cached by credentials."""
    return reference, source if reference.kind is Kind.KEYPAIR else None


def _stale_answer(cached: _Cached | None, now: float) -> Answer | None:
    """Return an expired answer that may still be used."""
    if cached is None or isinstance(cached.answer, Unknown) or now - cached.read_at >= STALE_SECONDS:
        return None
    return cached.answer
