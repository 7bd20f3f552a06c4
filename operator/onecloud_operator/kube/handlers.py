"""Every kopf decorator. Turns what kopf hears into keys in the queue, and decides nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kopf

from onecloud_operator.engine.lanes import Lane
from onecloud_operator.kube import connection
from onecloud_operator.kube.client import PAGE
from onecloud_operator.kube.watch import LIST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from onecloud_operator.api.identity import Identity
    from onecloud_operator.engine.queue import Queue
    from onecloud_operator.kube.store import Key, Store
    from onecloud_operator.kube.watch import Watch

# kopf takes off the finalizer that it believes to be its own, so it is given one that nothing ever sets.
UNUSED_FINALIZER = "onecloud.io/never-set"
# The API server ends a watch after this; kopf then goes on from the last version that it heard.
WATCH_SECONDS = 300
LONGEST_WAIT_SECONDS = 13.0


class ServerBackoff:
    """kopf's waits between attempts at a request, without an end: what is refused may be granted later."""

    def __iter__(self) -> Iterator[float]:
        """Begin anew."""
        yield from (1.0, 1.0, 2.0, 3.0, 5.0, 8.0)
        while True:
            yield LONGEST_WAIT_SECONDS


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing, so that kopf writes nothing on the objects: no handler asks for a difference."""

    def build(self, *, body: Any, extra_fields: Any = None, **_: Any) -> Any:  # noqa: ANN401, ARG002 - kopf's
        """Return the essence of an object: always the same."""
        return {}

    def fetch(self, *, body: Any, **_: Any) -> Any:  # noqa: ANN401, ARG002 - kopf's signature
        """Return the essence as last handled: always the same."""
        return {}

    def store(self, **_: object) -> None:
        """Store nothing."""


class NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: there are none that could be retried."""

    def fetch(self, **_: object) -> None:
        """Return that there is none."""

    def store(self, **_: object) -> None:
        """Store nothing."""

    def purge(self, **_: object) -> None:
        """Remove nothing."""

    def touch(self, **_: object) -> None:
        """Touch nothing."""

    def clear(self, *, essence: Any) -> Any:  # noqa: ANN401 - kopf's signature
        """Return the essence without what is stored in it: as it is."""
        return essence


@dataclass(frozen=True, slots=True)
class WatchedKind:
    """What hears of the objects of one kind; *gone* is told of those that are not ours any more."""

    objects: Store[Any]
    queue: Queue[Key]
    gone: Callable[[Key], None]

    @property
    def identity(self) -> Identity:
        """Return which kind."""
        return self.objects.kind.identity

    async def hear(self, event: Any, **_: object) -> None:  # noqa: ANN401 - kopf's signature
        """Take over one event."""
        body = event["object"]
        if event["type"] == "DELETED":
            self._deleted(body)
            return
        listed = event["type"] is None
        if (key := self.objects.heard(body, listed=listed)) is not None:
            self.queue.add(key, Lane.RESYNC if listed else Lane.USER)

    def _deleted(self, body: Mapping[str, Any]) -> None:
        if (key := self.objects.heard(body, listed=True)) is None:
            return
        self.objects.drop(key)
        if "deletionTimestamp" in body["metadata"]:
            self.queue.forget(key)
        else:
            # It left our selector, so it may be another's by now; or it never had a server.
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
    # We wait for the CRD ourselves, and need no right to watch CRDs or namespaces.
    made.scanning.disabled = True
    for named in identities if selector else ():
        made.watching.label_selectors[named.group, named.version, named.plural] = selector
    made.watching.server_timeout = WATCH_SECONDS
    # All objects in one answer would be parsed in one go: seconds in which nothing else runs.
    made.watching.chunk_size = PAGE
    made.watching.connect_timeout = 10.0
    made.networking.request_timeout = LIST_SECONDS
    made.networking.error_backoffs = ServerBackoff()
    made.process.ultimate_exiting_timeout = None
    return made


def registry(watch: Watch, *kinds: WatchedKind) -> kopf.OperatorRegistry:
    """Return the handlers of all *kinds*; *watch* listens."""
    made = kopf.OperatorRegistry()

    last: kopf.ConnectionInfo | None = None
    waits = iter(ServerBackoff())

    @kopf.on.login(registry=made)
    async def login(**_: object) -> kopf.AiohttpSession:
        nonlocal last, waits
        info = connection.for_kopf(await connection.configuration())
        if info == last:  # they were just refused, and kopf would come back at once
            await asyncio.sleep(next(waits))
        else:
            waits = iter(ServerBackoff())
        last = info
        return watch.session(info)

    for kind in kinds:
        named = kind.identity
        kopf.on.event(named.group, named.version, named.plural, registry=made, id=named.plural)(kind.hear)
    return made
