"""
The Secrets that objects wait for to be made or corrected: read every few seconds, one by one.

The operator may not watch Secrets, so a correction is found by ``get``. All reads that no object's pass asks
for have one rate, and namespaces take turns, so that the Secrets of one do not delay those of another.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from onecloud_operator.engine import loggers
from onecloud_operator.engine.pace import Pace
from onecloud_operator.engine.telling import tell_each
from onecloud_operator.kube.calls import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.secrets import Part, Secrets
    from onecloud_operator.kube.store import Key

logger = logging.getLogger(loggers.KUBERNETES)

READS_PER_SECOND: Final = 5.0  # for the process, whoever reads
EACH_SECONDS: Final = 3.0  # between two reads of one Secret, at least


@dataclass(slots=True)
class _Awaited:
    """*digest*: of what was read last; None if that is not remembered."""

    digest: bytes | None
    due_at: float
    keys: dict[Key, None] = field(default_factory=dict)


class AwaitedSecrets:
    """
    One for the process, for objects of every kind. *tell* is called with each whose Secret has changed.

    *pace*: for all who read Secrets like this.
    """

    def __init__(self, secrets: Secrets, tell: Callable[[Key], None], clock: Clock) -> None:
        self.pace = Pace(clock, per_second=READS_PER_SECOND)
        self._secrets = secrets
        self._tell = tell
        self._clock = clock
        self._awaited: dict[Part, _Awaited] = {}
        self._turns: dict[str, dict[Part, None]] = {}  # by namespace; both in the order of their turns
        self._credentials: dict[Key, Part] = {}
        self._values: dict[Key, tuple[Part, ...]] = {}
        self._changed: set[Key] = set()
        self._any = asyncio.Event()

    def __len__(self) -> int:
        return len(self._awaited)

    def credentials(self, key: Key, part: Part | None) -> None:
        """Have *key* wait for its credentials, or for none any more."""
        before = self._credentials.pop(key, None)
        if part is not None:
            self._credentials[key] = part
        self._wait(key, () if part is None else (part,), () if before is None else (before,))

    def values(self, key: Key, parts: Iterable[Part] = ()) -> None:
        """Have *key* wait for the values that its spec refers to, or for none any more."""
        before, wanted = self._values.pop(key, ()), tuple(parts)
        if wanted:
            self._values[key] = wanted
        self._wait(key, wanted, before)

    def changed(self, key: Key) -> bool:
        """Return whether a Secret that *key* waits for has changed since this was last asked."""
        changed = key in self._changed
        self._changed.discard(key)
        return changed

    def note_change(self, key: Key) -> None:
        """Have `changed` say so of *key* the next time."""
        self._changed.add(key)

    def forget(self, key: Key) -> None:
        """Let go of an object that is gone."""
        self.credentials(key, None)
        self.values(key)
        self._changed.discard(key)

    async def run(self) -> None:
        """Read for ever what is awaited."""
        while True:
            await self._any.wait()
            if (part := await self.pace.next_of(self._next, self._awaited)) is not None:
                await self._read(part)

    def _wait(self, key: Key, wanted: tuple[Part, ...], before: tuple[Part, ...]) -> None:
        for part in wanted:
            if (awaited := self._awaited.get(part)) is None:
                due_at = self._clock.monotonic() + EACH_SECONDS
                awaited = self._awaited[part] = _Awaited(self._secrets.digest(part), due_at)
                self._turns.setdefault(part.namespace, {})[part] = None
            awaited.keys[key] = None
        for part in before:
            if part not in wanted and part not in {self._credentials.get(key), *self._values.get(key, ())}:
                self._leave(key, part)
        if self._awaited:
            self._any.set()
        else:
            self._any.clear()

    def _leave(self, key: Key, part: Part) -> None:
        awaited = self._awaited[part]
        awaited.keys.pop(key, None)
        if awaited.keys:
            return
        del self._awaited[part]
        of_namespace = self._turns[part.namespace]
        del of_namespace[part]
        if not of_namespace:
            del self._turns[part.namespace]

    def _next(self) -> Part | None:
        """Return the Secret whose turn it is, of the first namespace that has one that is due."""
        now = self._clock.monotonic()
        for namespace, parts in self._turns.items():
            part = next(iter(parts))
            if self._awaited[part].due_at > now:
                continue
            self._turns[namespace] = self._turns.pop(namespace)
            parts[part] = parts.pop(part)
            self._awaited[part].due_at = now + EACH_SECONDS
            return part
        return None

    async def _read(self, part: Part) -> None:
        try:
            digest = await self._secrets.look_again(part)
        except KubeError as error:
            logger.debug("an awaited Secret could not be read", extra={"error": str(error)})
            return
        awaited = self._awaited.get(part)
        if awaited is None or awaited.digest == digest:
            return
        awaited.digest = digest
        await tell_each(awaited.keys, self._tell_of_change, self._clock)

    def _tell_of_change(self, key: Key) -> None:
        self.note_change(key)
        self._tell(key)
