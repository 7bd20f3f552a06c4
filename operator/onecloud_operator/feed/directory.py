"""
Which ids the names in a project's specs stand for: asked for once for all of its objects.

One question at a time: an image service that hangs costs a project one worker, and not all of them. Who waits
meanwhile is told, each for its own name; the first of those who wait for another name asks next.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.core.references import Kind, Missing, UnderWay, Unknown
from onecloud_operator.onecloud.errors import CatalogError, Forbidden, OneCloudError
from onecloud_operator.translate import answer_of, collection_of, unknown_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from onecloud_operator.core.references import Answer, Reference
    from onecloud_operator.feed.source import Source

logger = logging.getLogger(__name__)

K = TypeVar("K", bound="Hashable")

GOOD_SECONDS = 600.0
MISSING_SECONDS = 60.0  # what is missing may be made at any time, and is waited for
UNKNOWN_SECONDS = 60.0
REFUSED_SECONDS = 300.0  # each question that is refused makes one new sign-in
STALE_SECONDS = 3600.0  # how long a good answer stands in while the cloud cannot be asked again
MAX_NAMES = 1024  # the oldest is asked for again
MAX_WAITING = 4096  # those beyond look again by themselves


@dataclass(slots=True)
class _Kept:
    answer: Answer
    read_at: float
    until: float


class Directory(Generic[K]):
    """The names of one project. *monotonic* tells the time; *tell* is called with keys to look at."""

    def __init__(self, monotonic: Callable[[], float], tell: Callable[[Iterable[K]], None]) -> None:
        self._monotonic = monotonic
        self._tell = tell
        self._kept: dict[tuple[Reference, Source | None], _Kept] = {}
        self._silent: dict[Kind, tuple[Unknown, float]] = {}
        self._asking = False
        self._waiting: dict[K, Reference] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, key: K, wanted: Iterable[Reference], source: Source) -> dict[Reference, Answer]:
        """
        Return the answers that are known to *key*; one that is to be asked for is not among them.

        What another object is just asking for is "under way", and *key* is told when it may look again.
        """
        now, found = self._monotonic(), {}
        self._waiting.pop(key, None)
        for reference in wanted:
            kept = self._kept.get(_place(reference, source))
            if kept is not None and now < kept.until:
                found[reference] = kept.answer
            elif (silent := self._silence(reference.kind, now)) is not None:
                found[reference] = _standing(kept, now) or silent
            elif self._asking:
                found[reference] = _standing(kept, now) or UnderWay()
                if isinstance(found[reference], UnderWay) and len(self._waiting) < MAX_WAITING:
                    self._waiting.setdefault(key, reference)
        return found

    def leave(self, key: K) -> None:
        """Tell *key* nothing more."""
        self._waiting.pop(key, None)

    async def look_up(self, reference: Reference, source: Source) -> None:
        """Ask the cloud, unless somebody is asking; whatever it answers is remembered, for a time."""
        if self._asking:
            return
        self._asking = True
        asked_at = self._monotonic()
        try:
            rows = await source.list_named(collection_of(reference.kind), reference.name)
        except OneCloudError as error:
            seconds = REFUSED_SECONDS if isinstance(error, Forbidden | CatalogError) else UNKNOWN_SECONDS
            self._silent[reference.kind] = unknown_of(error), self._monotonic() + seconds
            logger.debug(
                "a name could not be looked up",
                extra={"kind": reference.kind.value, "error": type(error).__name__},
            )
        else:
            self._silent.pop(reference.kind, None)
            self._keep(reference, source, answer_of(reference.kind, rows), asked_at)
        finally:
            self._asking = False
            self._tell_waiting(reference)

    def _keep(self, reference: Reference, source: Source, answer: Answer, asked_at: float) -> None:
        place = _place(reference, source)
        seconds = MISSING_SECONDS if isinstance(answer, Missing | Unknown) else GOOD_SECONDS
        self._kept.pop(place, None)  # so that the order is that of the last answers
        self._kept[place] = _Kept(answer, asked_at, self._monotonic() + seconds)
        while len(self._kept) > MAX_NAMES:
            del self._kept[next(iter(self._kept))]

    def _silence(self, kind: Kind, now: float) -> Unknown | None:
        """Return why nothing of this *kind* is asked for just now: the last question had no answer."""
        silent = self._silent.get(kind)
        return silent[0] if silent is not None and now < silent[1] else None

    def _tell_waiting(self, reference: Reference) -> None:
        served = [key for key, wanted in self._waiting.items() if wanted == reference]
        others = (key for key, wanted in self._waiting.items() if wanted != reference)
        told = [*served, *([first] if (first := next(others, None)) is not None else [])]
        for key in told:
            del self._waiting[key]
        self._tell(told)


def _place(reference: Reference, source: Source) -> tuple[Reference, Source | None]:
    """Key pairs are a user's own, so one user's name must not be another's."""
    return reference, source if reference.kind is Kind.KEYPAIR else None


def _standing(kept: _Kept | None, now: float) -> Answer | None:
    """Return an answer that is old, but better than none."""
    if kept is None or isinstance(kept.answer, Unknown) or now - kept.read_at >= STALE_SECONDS:
        return None
    return kept.answer
