"""
What stands on the namespaces: whether one is frozen, what it agrees to, its labels.

    cluster-wide       one list and one watch for the process, of metadata only
    some namespaces    each is read every half minute, since a Role in it cannot grant a watch

Until a namespace was read, nothing is begun in it. Where it may not be read nothing is known of it, and it
counts as one that says nothing: but what was read before still stands.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.annotations import ALLOW_MASS_DELETION, FREEZE, switched_on
from onecloud_operator.core.surroundings import UNKNOWN, Surroundings
from onecloud_operator.engine import loggers
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.telling import tell_each
from onecloud_operator.kube.bounded_json import ANNOTATION_LENGTH, FEWER, decode
from onecloud_operator.kube.calls import KubeAnswerTooLarge, KubeError, KubeForbidden, KubeNotFound, named
from onecloud_operator.kube.client import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.store import Key

logger = logging.getLogger(loggers.KUBERNETES)

PATH: Final = "/api/v1/namespaces"
ONE: Final = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
LIST: Final = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
EACH_SECONDS: Final = 30.0  # between two reads of a namespace that cannot be watched
# The API server ends a watch after this. In between it may be silent: it promises no bookmark at any time.
WATCH_SECONDS: Final = 60
AGAIN_SECONDS: Final = 1.0  # between two watches: what ends one may end each at once
SILENT_SECONDS: Final = 90.0  # longer than any watch lasts: it does not answer any more
FIRST_SECONDS: Final = 10.0  # that the work waits for the first list; after it, each object waits by itself
MAX_LABELS: Final = 64  # of a namespace with more, none is known
UNAUTHORIZED: Final = 401  # says nothing of a right
GONE: Final = 410
NOTHING: Final = Surroundings()


class Namespaces:
    """
    The namespaces *names* (empty: all). *tell* is called with each object whose namespace says another thing.

    *objects_in*: the objects of a namespace.
    """

    def __init__(  # noqa: PLR0913 - its dependencies
        self,
        cluster: KubeClient,
        names: tuple[str, ...],
        *,
        objects_in: Callable[[str], Iterable[Key]],
        tell: Callable[[Key], None],
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._names = names
        self._objects_in = objects_in
        self._tell = tell
        self._clock = clock
        self._backoff: Backoff[str] = Backoff(1.0, EACH_SECONDS, random)
        self._found: dict[str, Surroundings] = {}
        self._refused = False
        self._listed = asyncio.Event()

    def of(self, namespace: str) -> Surroundings:
        """Return what is known of a namespace."""
        found = self._found.get(namespace)
        return found if found is not None else NOTHING if self._refused else UNKNOWN

    async def first(self) -> None:
        """Wait until the namespaces were read, or it is clear that this takes long; `run` goes on with it."""
        listed, sleeping = (
            asyncio.ensure_future(self._listed.wait()),
            asyncio.ensure_future(self._clock.sleep(FIRST_SECONDS)),
        )
        try:
            await asyncio.wait({listed, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listed.cancel()
            sleeping.cancel()

    async def run(self) -> None:
        """Follow the namespaces until cancelled."""
        while True:
            try:
                if self._names:
                    await self._read_each()
                    self._listed.set()
                    await self._clock.sleep(EACH_SECONDS)
                else:
                    version = await self._list()
                    self._listed.set()
                    while True:
                        version = await self._watch(version)
                        self._backoff.reset(PATH)
                        await self._clock.sleep(AGAIN_SECONDS)
            except KubeError as error:
                await self._failed(error)

    # -- all of them -------------------------------------------------------------------------------------
    async def _list(self) -> str:
        """Read all namespaces; return the version to watch from. Raises KubeError."""
        there: dict[str, Surroundings] = {}
        token, limit, version = "", PAGE, ""
        while True:
            query = {"limit": str(limit)} | ({"continue": token} if token else {})
            try:
                page = await self._cluster.call("namespaces", "GET", PATH, query=query, accept=LIST)
            except KubeAnswerTooLarge:
                if limit == 1:
                    raise
                limit = max(limit // FEWER, 1)
                continue
            for item in page.get("items") or ():
                there[item["metadata"]["name"]] = surroundings_in(item["metadata"])
            version = page.get("metadata", {}).get("resourceVersion") or version
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                break
        self._note_refused(None)
        for name in [name for name in self._found if name not in there]:
            del self._found[name]
        for name, found in there.items():
            await self._put(name, found)
        return str(version)

    async def _watch(self, version: str) -> str:
        """Follow the watch to its end; return the version to go on from. Raises KubeError."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        lines = self._cluster.lines(
            "watch_namespaces", PATH, query=query, accept=ONE, silent_seconds=SILENT_SECONDS
        )
        async with aclosing(lines):
            async for line in lines:
                kind, metadata = _event(line)
                version = str(metadata.get("resourceVersion") or version)
                if kind == "DELETED":
                    self._found.pop(metadata["name"], None)
                elif kind in {"ADDED", "MODIFIED"}:
                    await self._put(metadata["name"], surroundings_in(metadata))
        return version

    # -- one by one --------------------------------------------------------------------------------------
    async def _read_each(self) -> None:
        refused: KubeForbidden | None = None
        for name in self._names:
            try:
                body = await self._cluster.call("namespace", "GET", f"{PATH}/{named(name)}", accept=ONE)
            except KubeNotFound:
                await self._put(name, NOTHING)  # so there are no objects in it
            except KubeForbidden as error:
                if error.status == UNAUTHORIZED:
                    raise
                refused = error
                if name not in self._found:
                    await self._put(name, NOTHING)
            else:
                await self._put(name, surroundings_in(body["metadata"]))
        self._note_refused(refused)

    # -- both --------------------------------------------------------------------------------------------
    async def _failed(self, error: KubeError) -> None:
        if isinstance(error, KubeForbidden) and error.status != UNAUTHORIZED:
            self._note_refused(error)
            self._listed.set()
            await self._clock.sleep(EACH_SECONDS)
            return
        if error.status != GONE:  # else it is only listed again
            logger.warning("failed to follow the namespaces", extra={"error": str(error)})
        await self._clock.sleep(self._backoff.next(PATH))

    def _note_refused(self, error: KubeForbidden | None) -> None:
        """Say once that namespaces may not be read, until they may be again (None)."""
        if error is not None and not self._refused:
            logger.warning(
                "no permission to read namespaces, so nothing is known of a freeze on one",
                extra={"error": str(error)},
            )
        self._refused = error is not None

    async def _put(self, name: str, found: Surroundings) -> None:
        old = self._found.get(name)
        self._found[name] = found
        if found != old and self._listed.is_set():  # until then each object asks again by itself
            await tell_each(self._objects_in(name), self._tell, self._clock)


def _event(line: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return what a line of the watch tells of which metadata. Raises KubeError."""
    try:
        event = decode(line)
    except ValueError:
        raise KubeError(f"GET {PATH}: an event of the watch is not JSON") from None
    body = event.get("object") or {}
    if event.get("type") == "ERROR":
        raise KubeError(f"GET {PATH}: {str(body.get('message'))[:200]}", body.get("code"))
    return str(event.get("type")), body.get("metadata") or {}


def surroundings_in(metadata: Mapping[str, Any]) -> Surroundings:
    """Return what the metadata of a namespace says, within bounds: its owner may write what they like."""
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    agreed = annotations.get(ALLOW_MASS_DELETION)
    frozen = switched_on(annotations, FREEZE)
    return Surroundings(
        labels=dict(labels) if len(labels) <= MAX_LABELS else None,
        frozen_by=f"the annotation {FREEZE} on the namespace {metadata['name']}" if frozen else None,
        agreed_deletion=agreed[:ANNOTATION_LENGTH] if agreed is not None else None,
        deleting="deletionTimestamp" in metadata,
    )
