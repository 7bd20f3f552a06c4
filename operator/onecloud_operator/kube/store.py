"""The objects in their newest known version, from kopf's watch and from the answers to our own writes."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from onecloud_operator.api.prune import keeps
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.engine.packed import Packed
from onecloud_operator.kube.bounded_json import slim
from onecloud_operator.kube.by_place import ByPlace, Home
from onecloud_operator.kube.by_provider import ByProvider, Naming
from onecloud_operator.kube.standing import OTHER, Standing, standing_of
from onecloud_operator.kube.stored import (
    Entry,
    Key,
    ObjectT,
    StoredKind,
    key_in,
    key_of,
    let_go,
    older,
    shared,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Key", "Store", "StoredKind", "key_in", "key_of", "version_of"]

T = TypeVar("T")

PARSED = 256  # objects with running passes: several passes use one version
FRESH = 512  # bodies just heard of, a page of a list: most are asked for at once, and need no unpacking then
ECHO_SECONDS = 60.0  # a watch that lags behind for longer is broken


class Store(Generic[ObjectT]):
    """
    Every object of a kind, in its newest version that is known.

    A watch event can be older than the answer to our own last write: taken for news, it had decisions made
    on a status that no longer stands, and each of them written. So it is ignored, for that UID, as long as
    a late watch can explain it, and never when it comes out of a list: after a restore of the cluster's
    database versions really do go back.

    The watch may also be quicker than the answer to our write, and tell of nothing else: see `writing`.

    *sees*: whether all objects of a namespace are heard of. *handover_seconds*: for so long an object is left
    alone that comes to us while we run and was worked on before, since whoever did may not know yet.
    """

    def __init__(
        self,
        kind: StoredKind[ObjectT],
        monotonic: Callable[[], float],
        *,
        sees: Callable[[str], bool] = lambda _namespace: True,
        handover_seconds: float = 0.0,
    ) -> None:
        self.kind = kind
        self._monotonic = monotonic
        self._sees = sees
        self._handover_seconds = handover_seconds
        self._not_before: dict[Key, float] = {}
        self._entries: dict[Key, Entry] = {}
        self._fresh: dict[Key, Mapping[str, Any]] = {}
        self._parsed: dict[Key, ObjectT] = {}
        self._owners: dict[str, Key] = {}
        self._spaces: dict[str, dict[Key, None]] = {}  # by namespace
        self._named: dict[str, Key] = {}  # of a kind without namespaces
        self._secrets: Counter[tuple[str, str]] = Counter()  # how many objects refer to each
        self.by_provider: ByProvider[Key] = ByProvider()
        self.by_place = ByPlace()
        self.standings: Counter[tuple[str, Standing]] = Counter()  # how many of a namespace stand like this
        self._writing: dict[Key, str | None] = {}  # the version that the watch delivered meanwhile
        # Called with changes that were held back during a write; and with each version, None for the end.
        self.tell: Callable[[Key], None] = lambda _key: None
        self.follow: Callable[[Key, Mapping[str, Any] | None], None] = lambda _key, _body: None
        self.complete = False  # every object of the first list was received
        self.refused: frozenset[str] = frozenset()  # namespaces without permission to list objects

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def keys(self) -> Iterator[Key]:
        """Return the keys of all objects, as they are now."""
        return iter(tuple(self._entries))

    def keys_in(self, namespace: str) -> Iterator[Key]:
        """Return the keys of the objects of a namespace, as they are now."""
        return iter(tuple(self._spaces.get(namespace, ())))

    def lives(self, uid: str, namespace: str) -> bool:
        """Return whether an object with this UID may exist; any may if not all objects are known."""
        known = self.complete and self._sees(namespace) and namespace not in self.refused
        return not known or uid in self._owners

    def has(self, uid: str) -> bool:
        """Return whether an object with this UID is known."""
        return uid in self._owners

    def named(self, name: str) -> Key | None:
        """Return the key of the object of that name, of a kind without namespaces; None if there is none."""
        return self._named.get(name)

    def rest_seconds(self, key: Key) -> float:
        """Return for how long to leave the object alone, since another process owned it until now."""
        until = self._not_before.get(key)
        if until is None:
            return 0.0
        if (left := until - self._monotonic()) > 0:
            return left
        del self._not_before[key]
        return 0.0

    def heard(self, body: Mapping[str, Any], *, listed: bool) -> Key | None:
        """Store an object of the watch; return its key if it is new. *listed*: it came from a list."""
        key = key_of(body)
        old = self._entries.get(key)
        if old is not None and not listed:
            version, late = version_of(body), old.written and self._monotonic() - old.heard_at < ECHO_SECONDS
            if version == old.version or (late and older(version, old.version)):
                return None
        held = self.kind.identity.finalizer in (body["metadata"].get("finalizers") or ())
        if old is None and self.complete and held:
            self._not_before[key] = self._monotonic() + self._handover_seconds
        self._put(key, slim(body), written=False)
        if key in self._writing and not listed:
            self._writing[key] = version_of(body)
            return None
        return key

    @contextmanager
    def writing(self, key: Key) -> Iterator[None]:
        """
        Keep back what the watch tells of *key* while it is written: most often it is this very write.

        It is, if the answer to the write is of the version that was heard of last: each write is refused
        unless it follows on the version decided upon. Anything else is told at the end, also of a write that
        failed.
        """
        self._writing[key] = None
        try:
            yield
        finally:
            heard, entry = self._writing.pop(key), self._entries.get(key)
            echo = entry is not None and entry.written and entry.version == heard
            if heard is not None and entry is not None and not echo:
                self.tell(key)

    def answered(
        self, body: Mapping[str, Any], asked_at: float, *, status: Mapping[str, Any] | None = None
    ) -> None:
        """
        Take over the answer to a write of *status*, or to a read, of our own, sent at *asked_at* (monotonic).

        The watch may have been quicker, and tell of an edit made after our write: that is not told twice.
        The removal of the last finalizer is answered with the version that was there before.
        """
        key = key_of(body)
        old = self._entries.get(key)
        if old is None or (old.heard_at >= asked_at and older(version_of(body), old.version)):
            return
        kept = body.get("status")
        more = status is not None and status != kept and keeps(kept, status)
        wrote = Packed(status) if status is not None and more else None
        if old.version == version_of(body) and not let_go(body):  # the watch was quicker
            self._entries[key] = replace(old, heard_at=self._monotonic(), written=True, wrote=wrote)
        else:
            self._put(key, slim(body), written=True, wrote=wrote)

    def drop(self, key: Key) -> None:
        """Remove an object."""
        if (entry := self._entries.pop(key, None)) is not None:
            self._count(key, entry, -1)
            self._fresh.pop(key, None)
            self._parsed.pop(key, None)
            self._owners.pop(key.uid, None)
            self._leave_space(key)
            if self._named.get(key.name) == key:
                del self._named[key.name]
            self._not_before.pop(key, None)
            self.follow(key, None)

    def stale_before(self, moment: float) -> Iterator[Key]:
        """Return the keys that were not received since *moment* (monotonic)."""
        return iter(tuple(key for key, entry in self._entries.items() if entry.heard_at < moment))

    def get(self, key: Key) -> ObjectT | None:
        """Return the object, or None if it is gone."""
        entry, parsed = self._entries.get(key), self._parsed.get(key)
        if entry is None or parsed is not None:
            return parsed
        body = self._fresh.pop(key, None)
        parsed = self.kind.parse(body if body is not None else entry.body.value)
        _keep(self._parsed, key, parsed, PARSED)
        return parsed

    def version(self, key: Key) -> str | None:
        """Return the known resourceVersion of the object, or None if it is gone."""
        entry = self._entries.get(key)
        return entry.version if entry is not None else None

    def wrote(self, key: Key, version: str) -> Mapping[str, Any] | None:
        """Return the status that was written in this version, if the API server keeps more than that."""
        entry = self._entries.get(key)
        wrote = entry.wrote if entry is not None and entry.version == version else None
        return wrote.value if wrote is not None else None

    def secret_of(self, key: Key) -> tuple[str, str] | None:
        """Return namespace and name of the object's Secret, without parsing its spec."""
        entry = self._entries.get(key)
        return entry.secret if entry is not None else None

    def reason(self, key: Key) -> str:
        """Return the reason of the object's condition Synced, "" if it is gone."""
        entry = self._entries.get(key)
        return entry.standing.reason if entry is not None else ""

    def naming_of(self, key: Key) -> Naming | None:
        """Return which provider the object names, without parsing its spec."""
        entry = self._entries.get(key)
        return entry.naming if entry is not None else None

    def home_of(self, key: Key) -> Home | None:
        """Return where the object's server is on record, None if it has none."""
        entry = self._entries.get(key)
        return entry.home if entry is not None else None

    def state_of(self, key: Key) -> str:
        """Return the state of the object's server, in one of the words that we write."""
        entry = self._entries.get(key)
        return entry.standing.state if entry is not None else OTHER

    def names(self, secret: tuple[str, str]) -> bool:
        """Return whether any object refers to this Secret."""
        return self._secrets[secret] > 0

    def _put(self, key: Key, body: Mapping[str, Any], *, written: bool, wrote: Packed | None = None) -> None:
        if (old := self._entries.get(key)) is not None:
            self._count(key, old, -1)
            self._parsed.pop(key, None)
        entry = self._entries[key] = Entry(
            version=version_of(body),
            secret=shared(self.kind.secret_of(body)),
            naming=shared(self.kind.naming(body)),
            standing=standing_of(body),
            body=Packed(body),
            heard_at=self._monotonic(),
            written=written,
            wrote=wrote,
            home=shared(self.kind.home(body)),
        )
        _keep(self._fresh, key, body, FRESH)
        self._owners[key.uid] = key
        self._spaces.setdefault(key.namespace, {})[key] = None
        if not self.kind.identity.namespaced:
            self._named[key.name] = key
        self._count(key, entry, 1)
        self.follow(key, body)

    def _leave_space(self, key: Key) -> None:
        of_namespace = self._spaces[key.namespace]
        del of_namespace[key]
        if not of_namespace:
            del self._spaces[key.namespace]

    def _count(self, key: Key, entry: Entry, one: int) -> None:
        """Count what is counted of an object, or no longer."""
        _add(self.standings, (key.namespace, entry.standing), one)
        if entry.secret is not None:
            _add(self._secrets, entry.secret, one)
        if entry.naming is not None:
            count = self.by_provider.add if one > 0 else self.by_provider.drop
            count(key, key.namespace, entry.naming)
        if entry.home is not None:
            self.by_place.count(key.namespace, entry.home, one)


def _keep(found: dict[Key, T], key: Key, value: T, most: int) -> None:
    """Keep *value* in place of the one that has been there for the longest."""
    if key not in found and len(found) >= most:
        del found[next(iter(found))]
    found[key] = value


def _add(counts: Counter[T], what: T, one: int) -> None:
    """Count *what*, and forget it when there is none left."""
    counts[what] += one
    if not counts[what]:
        del counts[what]
