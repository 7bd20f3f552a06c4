"""Which objects the list showed that kopf's watch begins with: so nobody has to list them a second time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from onecloud_operator.engine.clock import wait_for
from onecloud_operator.kube.stored import key_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.stored import Key


class FirstList:
    """The list of each of *namespaces* (empty: of the cluster), page by page."""

    def __init__(self, namespaces: tuple[str, ...]) -> None:
        self._pages: dict[str | None, set[Key]] = {name: set() for name in namespaces or (None,)}
        self._awaited = set(self._pages)
        self._moved = asyncio.Event()
        self._refused = False
        self._over = False

    def add(self, namespace: str | None, page: Mapping[str, Any], *, continued: bool) -> None:
        """Note a page, as long as it is waited for; one not *continued* begins its namespace's list anew."""
        if self._over:
            return
        keys = self._pages.setdefault(namespace, set())
        if not continued:
            keys.clear()
            self._awaited.add(namespace)
        keys |= {key_in(item["metadata"]) for item in page.get("items") or ()}
        if not page.get("metadata", {}).get("continue"):
            self._awaited.discard(namespace)
        self._moved.set()

    def refuse(self) -> None:
        """Note that a namespace may not be listed: which objects there are is not known by this list."""
        self._refused = True
        self._moved.set()

    async def whole(self, seconds: float, clock: Clock) -> tuple[Key, ...] | None:
        """
        Wait for all of it, once, and return what it showed.

        None if a namespace is refused, or nothing more comes for *seconds*.
        """
        while self._awaited and not self._refused and await wait_for(self._moved, seconds, clock):
            self._moved.clear()
        known = not (self._awaited or self._refused)
        shown = tuple(key for keys in self._pages.values() for key in keys) if known else None
        self._over = True
        self._pages.clear()
        return shown
