"""Which objects name which provider, and how many of them have a server; kept, so that asking is free."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

K = TypeVar("K", bound="Hashable")


class Naming(NamedTuple):
    """That an object names *provider*. *bound*: its status has the record of a server."""

    provider: str
    bound: bool


class ByProvider(Generic[K]):
    """
    One for a kind. What counts as a server is a record in a status, which users of a namespace cannot write.

    A finalizer proves nothing: whoever makes an object may put it there. *released* is called with each
    provider of which no object has a server any more.
    """

    def __init__(self) -> None:
        self._keys: dict[str, dict[K, None]] = {}
        self._bound: Counter[tuple[str, str]] = Counter()  # by provider and namespace
        self.released: Callable[[str], None] = lambda _provider: None

    def add(self, key: K, namespace: str, naming: Naming) -> None:
        """Take note of an object."""
        self._keys.setdefault(naming.provider, {})[key] = None
        if naming.bound:
            self._bound[naming.provider, ""] += 1
            self._bound[naming.provider, namespace] += 1

    def drop(self, key: K, namespace: str, naming: Naming) -> None:
        """Undo `add` of the same."""
        keys = self._keys[naming.provider]
        del keys[key]
        if not keys:
            del self._keys[naming.provider]
        for which in ("", namespace) if naming.bound else ():
            self._bound[naming.provider, which] -= 1
            if not self._bound[naming.provider, which]:
                del self._bound[naming.provider, which]
                if not which:
                    self.released(naming.provider)

    def keys(self, provider: str) -> Iterator[K]:
        """Return the keys of the objects that name *provider*, as they are now."""
        return iter(tuple(self._keys.get(provider, ())))

    def every(self) -> Iterator[K]:
        """Return the keys of all objects that name a provider, as they are now."""
        return iter([key for keys in self._keys.values() for key in keys])

    def bound(self, provider: str, namespace: str = "") -> int:
        """Return how many of them have a server; *namespace* "": of all namespaces."""
        return self._bound[provider, namespace]
