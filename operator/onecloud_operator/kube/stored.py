"""What is kept of one object, whatever its kind, and how it is told from others."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onecloud_operator.api.identity import Identity
    from onecloud_operator.engine.packed import Packed
    from onecloud_operator.kube.by_place import Home
    from onecloud_operator.kube.by_provider import Naming
    from onecloud_operator.kube.standing import Standing

ObjectT = TypeVar("ObjectT")
T = TypeVar("T")

SHARED: Final = 1024  # values that are kept once for all objects that have them


class Key(NamedTuple):
    """
    One object; *namespace* is "" where its kind has none.

    An object that was deleted and created again with the same name is another one.
    """

    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        """Return what a person calls it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@fast_dataclass(frozen=True, slots=True)
class StoredKind(Generic[ObjectT]):
    """
    What is known of a kind to keep its objects.

    *parse*: an object as decisions see it. *secret_of*: namespace and name of the Secret that an object
    names, without reading the rest of it. *naming*: which provider it names instead. *home*: where its server
    is.
    """

    identity: Identity
    parse: Callable[[Mapping[str, Any]], ObjectT]
    secret_of: Callable[[Mapping[str, Any]], tuple[str, str] | None]
    naming: Callable[[Mapping[str, Any]], Naming | None] = lambda _body: None
    home: Callable[[Mapping[str, Any]], Home | None] = lambda _body: None


@fast_dataclass(frozen=True, slots=True)
class Entry:
    """
    One version of an object, packed, and what is asked of it without unpacking.

    *heard_at*: monotonic, when it came. *written*: it is the answer to a write of ours. *wrote*: the status
    that was written, if the API server keeps more than that.
    """

    version: str
    secret: tuple[str, str] | None
    naming: Naming | None
    standing: Standing
    body: Packed
    heard_at: float
    written: bool
    wrote: Packed | None = None
    home: Home | None = None


def key_of(body: Mapping[str, Any]) -> Key:
    """Return the key of an object as the API server gives it."""
    return key_in(body["metadata"])


def key_in(metadata: Mapping[str, Any]) -> Key:
    """Return the key of the object that has this metadata."""
    return Key(sys.intern(metadata.get("namespace", "")), metadata["name"], metadata["uid"])


@lru_cache(SHARED, typed=True)
def shared(value: T) -> T:
    """Return what was first given of all that is equal to *value*: thousands of objects name one Secret."""
    return value


def version_of(body: Mapping[str, Any]) -> str:
    """Return the resourceVersion."""
    return str(body["metadata"].get("resourceVersion", ""))


def let_go(body: Mapping[str, Any]) -> bool:
    """Return whether this is the last of an object: it goes, and nobody holds it."""
    metadata = body["metadata"]
    return bool(metadata.get("deletionTimestamp")) and not metadata.get("finalizers")


def older(left: str, right: str) -> bool:
    """Return whether version *left* is older; only numeric versions can be compared."""
    return left.isdigit() and right.isdigit() and int(left) < int(right)
