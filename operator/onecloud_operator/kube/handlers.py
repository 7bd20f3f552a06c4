"""All kopf handlers. They turn watch events into keys in the queue, and decide nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import kopf

from onecloud_operator.engine.lanes import Lane
from onecloud_operator.kube import connection
from onecloud_operator.kube.client import PAGE
from onecloud_operator.kube.stored import key_of
from onecloud_operator.kube.watch import LIST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from onecloud_operator.api.identity import Identity
    from onecloud_operator.engine.queue import Queue
    from onecloud_operator.kube.store import Key, Store
    from onecloud_operator.kube.watch import Watch

# kopf removes the finalizer that it considers its own, so it gets one that nothing ever sets.
UNUSED_FINALIZER = "onecloud.io/never-set"
# The API server ends a watch after this; kopf then continues from the last version that it received.
WATCH_SECONDS = 300
LONGEST_WAIT_SECONDS = 13.0
WORKER_IDLE_SECONDS = 0.5


class ServerBackoff:
    """kopf's waits between attempts at a request, without an end: permissions may be granted later."""

    def __iter__(self) -> Iterator[float]:
        """Start from the shortest wait."""
        yield from (1.0, 1.0, 2.0, 3.0, 5.0, 8.0)
        while True:
            yield LONGEST_WAIT_SECONDS


class NoDiffBase(kopf.DiffBaseStorage):
    """Stores nothing, so that kopf writes nothing to the objects: no handler uses diffs."""

    def build(self, *, body: Any, extra_fields: Any = None, **_: Any) -> Any:  # noqa: ANN401, ARG002 - kopf's
        """Return the essence of an object: always the same."""
        return {}

    def fetch(self, *, body: Any, **_: Any) -> Any:  # noqa: ANN401, ARG002 - kopf's signature
        """Return the essence as last handled: always the same."""
        return {}

    def store(self, **_: object) -> None:
        """Store nothing."""


class NoProgress(kopf.ProgressStorage):
    """Stores no progress of handlers, since none are retried."""

    def fetch(self, **_: object) -> None:
        """Return no progress."""

    def store(self, **_: object) -> None:
        """Store nothing."""

    def purge(self, **_: object) -> None:
        """Remove nothing."""

    def touch(self, **_: object) -> None:
        """Change nothing."""

    def clear(self, *, essence: Any) -> Any:  # noqa: ANN401 - kopf's signature
        """Return the essence, which stores nothing."""
        return essence


@dataclass(frozen=True, slots=True)
class WatchedKind:
    """Handles the watch events of one kind; *gone* is called with keys of objects that left the watch."""

    objects: Store[Any]
    queue: Queue[Key]
    gone: Callable[[Key], None]

    def __post_init__(self) -> None:
        # What the watch delivers during a write is news of a user's, too, unless it is that very write.
        self.objects.tell = partial(self.queue.add, lane=Lane.USER)

    @property
    def identity(self) -> Identity:
        """The identity of the kind."""
        return self.objects.kind.identity

    async def hear(self, event: Any, **_: object) -> None:  # noqa: ANN401 - kopf's signature
        """Handle one event."""
        body = event["object"]
        if event["type"] == "DELETED":
            self._deleted(body)
            return
        listed = event["type"] is None
        if (key := self.objects.heard(body, listed=listed)) is not None:
            self.queue.add(key, Lane.RESYNC if listed else Lane.USER)

    def _deleted(self, body: Mapping[str, Any]) -> None:
        key = key_of(body)
        self.objects.drop(key)
        if "deletionTimestamp" in body["metadata"]:
            self.queue.forget(key)
        else:
            # It no longer matches our selector, so another process may own it; or it never had a server.
            self.queue.abandon(key)
        self.gone(key)


def settings(*identities: Identity, selector: str = "") -> kopf.OperatorSettings:
    """
    Return kopf's settings: it watches what *selector* matches (empty: everything), and never writes.

    *identities*: of the kinds.
    """
    made = kopf.OperatorSettings()
    made.persistence.finalizer = UNUSED_FINALIZER
    made.persistence.diffbase_storage = NoDiffBase()
    made.persistence.progress_storage = NoProgress()
    made.posting.enabled = False
    # The operator waits for the CRD itself, and needs no permission to watch CRDs or namespaces.
    made.scanning.disabled = True
    for named in identities if selector else ():
        made.watching.label_selectors[named.group, named.version, named.plural] = selector
    made.watching.server_timeout = WATCH_SECONDS
    # Parsing all objects in one answer would block the event loop for seconds.
    made.watching.chunk_size = PAGE
    made.watching.connect_timeout = 10.0
    made.networking.request_timeout = LIST_SECONDS
    made.networking.error_backoffs = ServerBackoff()
    # After a list each object has a worker of kopf's, of some kB, that waits so long for another event.
    made.queueing.idle_timeout = WORKER_IDLE_SECONDS
    made.process.ultimate_exiting_timeout = None
    return made


def registry(watch: Watch, *kinds: WatchedKind) -> kopf.OperatorRegistry:
    """Return the handlers of all *kinds*, with the connections of *watch*."""
    made = kopf.OperatorRegistry()

    last: kopf.ConnectionInfo | None = None
    waits = iter(ServerBackoff())

    @kopf.on.login(registry=made)
    async def login(**_: object) -> kopf.AiohttpSession:
        nonlocal last, waits
        info = connection.for_kopf(await connection.configuration())
        if info == last:  # just refused, and kopf would retry at once
            await asyncio.sleep(next(waits))
        else:
            waits = iter(ServerBackoff())
        last = info
        return watch.session(info)

    for kind in kinds:
        named = kind.identity
        kopf.on.event(named.group, named.version, named.plural, registry=made, id=named.plural)(kind.hear)
    return made
