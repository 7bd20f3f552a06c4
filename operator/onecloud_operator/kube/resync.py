"""
A count of all objects, by their metadata, every ten minutes.

After HTTP 410 a watch starts again with a list, which does not show deletions: objects deleted in between
would be kept forever, and their servers watched. Other missed changes, new objects or edits, are read.

At a start nothing is counted: the list that the watch begins with shows all objects as well.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from onecloud_operator.engine import loggers
from onecloud_operator.engine.clock import wait_for
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.kube.calls import KubeError, KubeForbidden, KubeNotFound
from onecloud_operator.kube.first_list import FirstList
from onecloud_operator.kube.store import key_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.queue import Queue
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.store import Key, Store

logger = logging.getLogger(loggers.KUBERNETES)

EVERY_SECONDS = 600.0
FIRST_SECONDS = 2.0  # between two looks at what the watch has delivered of the first list
FIRST_LOOKS = 5  # that show nothing new, until objects are counted: what is missing may have been deleted
SILENT_SECONDS = FIRST_LOOKS * FIRST_SECONDS  # of the watch, until objects are counted


class Resync:
    """
    Lists the objects in *namespaces* (empty: in the cluster) that *selector* matches (empty: all).

    *gone* is called with each that is gone, *completed* once every object of the first list was received.
    """

    def __init__(  # noqa: PLR0913 - its dependencies
        self,
        *,
        cluster: KubeClient,
        objects: Store[Any],
        queue: Queue[Key],
        namespaces: tuple[str, ...],
        selector: str = "",
        clock: Clock,
        gone: Callable[[Key], None],
        completed: Callable[[], None] = lambda: None,
    ) -> None:
        self._cluster = cluster
        self._objects = objects
        self._queue = queue
        self._namespaces = namespaces
        self._selector = selector
        self._clock = clock
        self._hurried = asyncio.Event()
        self._gone = gone
        self._completed = completed
        self._first = FirstList(namespaces)
        self._missed: tuple[Key, ...] = ()  # by the last list

    async def run(self) -> None:
        """Resync until cancelled; more often until the watch has delivered every object."""
        if await self._begun():
            await self._rest()
        while True:
            try:
                await self.count()
            except KubeError as error:
                logger.warning("failed to list the objects", extra={"error": str(error)})
                await self._clock.sleep(FIRST_SECONDS * 5)
                continue
            if self._objects.complete or await self._delivered(self._missed):
                await self._rest()

    def relisted(self) -> None:
        """Count at once: the watch has listed again, and missed deletions in between."""
        self._hurried.set()

    def listed(self, namespace: str | None, page: Mapping[str, Any], *, continued: bool) -> None:
        """Note a page of a list of the watch."""
        self._first.add(namespace, page, continued=continued)

    def refused(self) -> None:
        """Note that the watch may not list a namespace."""
        self._first.refuse()

    async def _begun(self) -> bool:
        """Wait until the watch has delivered the list that it begins with; return whether it has."""
        first = await self._first.whole(SILENT_SECONDS, self._clock)
        return first is not None and await self._delivered(first)

    async def _delivered(self, listed: Sequence[Key]) -> bool:
        """
        Wait until the watch has delivered what a list showed; return whether it has.

        As long as it delivers, nothing is counted: a list of all objects would only slow it down.
        """
        before, idle = len(listed) + 1, 0
        while left := sum(key not in self._objects for key in listed):
            idle = 0 if left < before else idle + 1
            if idle == FIRST_LOOKS:
                return False
            before = left
            await self._clock.sleep(FIRST_SECONDS)
        self._objects.complete = True
        self._completed()
        return True

    async def _rest(self) -> None:
        if await wait_for(self._hurried, EVERY_SECONDS, self._clock):
            self._hurried.clear()

    async def count(self) -> int:
        """Drop objects that are gone, and read those that were missed; return how many were missed."""
        began_at = self._clock.monotonic()
        there = await self._list()
        stale: list[Key] = []
        for key in self._objects.stale_before(began_at):
            if key.namespace in self._objects.refused:
                continue  # it may still have its objects
            if key not in there:
                self._objects.drop(key)
                self._queue.abandon(key)
                self._gone(key)
            elif there[key] != self._objects.version(key):
                stale.append(key)
        missed = [key for key in there if key not in self._objects]
        if self._objects.complete:
            for key in (*missed, *stale):
                await self._fetch(key)
        self._missed = tuple(missed)
        return len(missed)

    async def _list(self) -> dict[Key, str]:
        """
        Return the versions of all objects that there are, and note whose we may not list.

        Raises KubeError; KubeForbidden only if we may list none.
        """
        there: dict[Key, str] = {}
        refused: set[str] = set()
        for namespace in self._namespaces or (None,):
            try:
                identity = self._objects.kind.identity
                async for page in self._cluster.list_metadata(identity, namespace, self._selector):
                    there.update((key_in(meta), meta["resourceVersion"]) for meta in page)
            except KubeForbidden as error:
                if namespace is None or len(refused) == len(self._namespaces) - 1:
                    raise
                refused.add(namespace)
                if namespace not in self._objects.refused:
                    logger.warning(
                        "no permission to list the objects of a namespace",
                        extra={"namespace": namespace, "error": str(error)},
                    )
        self._objects.refused = frozenset(refused)
        return there

    async def _fetch(self, key: Key) -> None:
        try:
            body = await self._cluster.read(self._objects.kind.identity, key.namespace, key.name)
        except KubeNotFound:
            return
        if (found := self._objects.heard(body, listed=False)) is not None:
            self._queue.add(found, Lane.RESYNC)
