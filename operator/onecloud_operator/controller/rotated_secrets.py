"""
The Secrets of passwords that follow them (``passwordFrom.rotate``): each is read now and then, one by one.

The operator may not watch Secrets, so that one was changed is found by ``get``. These reads share the rate of
those of awaited Secrets, and namespaces take turns, so that the Secrets of one do not delay those of another.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onecloud_operator.engine import loggers
from onecloud_operator.engine.telling import tell_each
from onecloud_operator.kube.calls import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.pace import Pace
    from onecloud_operator.kube.secrets import Part, Secrets
    from onecloud_operator.kube.store import Key

logger = logging.getLogger(loggers.KUBERNETES)


@dataclass(frozen=True, slots=True)
class Version:
    """UID and resource version of a Secret, both None where it is not there or may not be read."""

    uid: str | None = None
    version: str | None = None


@dataclass(slots=True)
class _Followed:
    """*number*: of its turn; an older one that is still in the queue counts no more."""

    number: int
    seen: Version | None = None
    keys: dict[Key, None] = field(default_factory=dict)


class RotatedSecrets:
    """
    One for the process. *tell* is called with each object whose Secret has another version.

    *each_seconds*: between two reads of one Secret, at least. *pace*: one for all who read Secrets like this.
    """

    def __init__(
        self, secrets: Secrets, tell: Callable[[Key], None], clock: Clock, pace: Pace, *, each_seconds: float
    ) -> None:
        self._each_seconds = each_seconds
        self._secrets = secrets
        self._tell = tell
        self._clock = clock
        self._pace = pace
        self._followed: dict[Part, _Followed] = {}
        self._parts: dict[Key, Part] = {}
        self._turns: dict[str, list[tuple[float, int, Part]]] = {}  # by namespace
        self._number = 0
        self._any = asyncio.Event()

    def __len__(self) -> int:
        return len(self._followed)

    def follow(self, key: Key, part: Part | None) -> None:
        """Have *part* read for *key* now and then, or nothing any more."""
        before = self._parts.get(key)
        if before == part:
            return
        if before is not None:
            del self._parts[key]
            followed = self._followed[before]
            del followed.keys[key]
            if not followed.keys:
                del self._followed[before]
        if part is not None:
            self._parts[key] = part
            if part not in self._followed:
                self._followed[part] = _Followed(0)
                self._turn(part, self._clock.monotonic())
            self._followed[part].keys[key] = None
        if self._followed:
            self._any.set()
        else:
            self._any.clear()

    def seen(self, key: Key) -> Version | None:
        """Return the version that the Secret of *key* had when it was last read, None before that."""
        part = self._parts.get(key)
        return self._followed[part].seen if part is not None else None

    async def run(self) -> None:
        """Read for ever what is followed."""
        while True:
            await self._any.wait()
            if (part := await self._pace.next_of(self._next, self._followed)) is not None:
                await self._read(part)

    def _turn(self, part: Part, due_at: float) -> None:
        self._number += 1
        self._followed[part].number = self._number
        heapq.heappush(self._turns.setdefault(part.namespace, []), (due_at, self._number, part))

    def _next(self) -> Part | None:
        """Return the Secret whose turn it is, of the first namespace that has one that is due."""
        now = self._clock.monotonic()
        for namespace in tuple(self._turns):
            turns = self._turns[namespace]
            while turns and not self._counts(turns[0]):
                heapq.heappop(turns)
            if not turns:
                del self._turns[namespace]
            elif turns[0][0] <= now:
                _, _, part = heapq.heappop(turns)
                del self._turns[namespace]  # to the end of the round
                self._turns[namespace] = turns
                self._turn(part, now + self._each_seconds)
                return part
        return None

    def _counts(self, turn: tuple[float, int, Part]) -> bool:
        followed = self._followed.get(turn[2])
        return followed is not None and followed.number == turn[1]

    async def _read(self, part: Part) -> None:
        try:
            found = await self._secrets.version(part)
        except KubeError as error:
            logger.debug("the Secret of a password could not be read", extra={"error": str(error)})
            return
        followed, seen = self._followed.get(part), Version(*found) if found is not None else Version()
        if followed is None or followed.seen == seen:
            return
        followed.seen = seen
        await tell_each(followed.keys, self._tell, self._clock)
