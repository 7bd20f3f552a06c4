"""What the measurer asks of the API server: many objects at once, metrics, and a watch that keeps times."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import yaml

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

PATH = "/apis/onecloud.io/v1alpha1"
PLURAL = "onecloudservers"
THREADS = 4  # more than two cores can keep busy
CALL_SECONDS = 60.0
BUSY_SECONDS = 0.2

Object = dict[str, Any]


class Api:
    """The objects of one *namespace*, by a kubeconfig with every right."""

    def __init__(self, kubeconfig: Path, namespace: str, *, verify: ssl.SSLContext) -> None:
        found = yaml.safe_load(kubeconfig.read_text())
        self.namespace = namespace
        self._http = httpx.Client(
            base_url=found["clusters"][0]["cluster"]["server"],
            headers={"Authorization": f"Bearer {found['users'][0]['user']['token']}"},
            verify=verify,
            timeout=CALL_SECONDS,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def collection(self) -> str:
        """The path of the objects."""
        return f"{PATH}/namespaces/{self.namespace}/{PLURAL}"

    def metrics(self) -> str:
        """Return the API server's own metrics."""
        return self._http.get("/metrics").raise_for_status().text

    def create(self, manifests: Iterable[Mapping[str, Any]]) -> None:
        """Create objects, several at a time."""
        with ThreadPoolExecutor(THREADS) as pool:
            for reply in pool.map(lambda one: self._http.post(self.collection, json=one), manifests):
                reply.raise_for_status()

    def edit(self, name: str, server: Mapping[str, Any]) -> None:
        """Change fields of an object's server."""
        reply = self._http.patch(
            f"{self.collection}/{name}",
            json={"spec": {"server": server}},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        reply.raise_for_status()

    def delete(self, names: Iterable[str]) -> None:
        """Ask for the deletion of objects, several at a time."""
        with ThreadPoolExecutor(THREADS) as pool:
            for reply in pool.map(lambda name: self._http.delete(f"{self.collection}/{name}"), names):
                reply.raise_for_status()

    def list(self) -> tuple[str, list[Object]]:
        """Return the version of the list, and the objects."""
        reply = self._http.get(self.collection)
        while reply.status_code == httpx.codes.TOO_MANY_REQUESTS:  # it still reads its storage
            time.sleep(BUSY_SECONDS)
            reply = self._http.get(self.collection)
        found = reply.raise_for_status().json()
        return found["metadata"]["resourceVersion"], found["items"]

    def watch(self, version: str, heard: Callable[[str, Object], None], stopped: threading.Event) -> None:
        """Tell *heard* of every change after *version* until *stopped* is set and the connection ends."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        timeout = httpx.Timeout(CALL_SECONDS, read=2 * CALL_SECONDS)  # a bookmark comes once a minute
        while not stopped.is_set():
            try:
                with self._http.stream("GET", self.collection, params=query, timeout=timeout) as reply:
                    for line in reply.iter_lines():
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            raise RuntimeError(event["object"].get("message", ""))
                        query["resourceVersion"] = event["object"]["metadata"]["resourceVersion"]
                        if event["type"] != "BOOKMARK":
                            heard(event["type"], event["object"])
            except httpx.TransportError:
                if not stopped.is_set():
                    raise


@dataclass
class Sight:
    """
    What a user sees: how many objects are Ready, how often each was written, and when something came about.

    It watches in a thread of its own, as long as it is entered.
    """

    api: Api
    present: set[str] = field(default_factory=set)
    ready: set[str] = field(default_factory=set)
    changes: Counter[str] = field(default_factory=Counter)
    _awaited: dict[str, list[tuple[Callable[[Object], bool], Future[float]]]] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin to watch."""
        version, items = self.api.list()
        for item in items:
            self._heard("ADDED", item)
        self._thread = threading.Thread(
            target=self.api.watch, args=(version, self._heard, self._stopped), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Watch no more. The thread ends with the connection, or at the latest with the API server."""
        self._stopped.set()

    def when(self, name: str, condition: Callable[[Object], bool]) -> Future[float]:
        """Return when (monotonic) the next change of object *name* arrived of which *condition* is true."""
        future: Future[float] = Future()
        self._awaited.setdefault(name, []).append((condition, future))
        return future

    def _heard(self, kind: str, found: Object) -> None:
        now = time.monotonic()
        name = found["metadata"]["name"]
        if kind == "DELETED":
            self.present.discard(name)
            self.ready.discard(name)
            return
        self.present.add(name)
        if kind == "MODIFIED":
            self.changes[name] += 1
        (self.ready.add if is_ready(found) else self.ready.discard)(name)
        for awaited in tuple(self._awaited.get(name, ())):
            condition, future = awaited
            if condition(found):
                self._awaited[name].remove(awaited)
                future.set_result(now)


def is_ready(found: Object) -> bool:
    """Say whether the object says that its server is as wanted."""
    return _is(found, "Ready")


def is_moving(found: Object) -> bool:
    """Say whether the object says that its server is being changed."""
    return _is(found, "Reconciling")


def _is(found: Object, kind: str) -> bool:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def server_of(found: Object) -> Object:
    """Return the server as the object shows it."""
    return (found.get("status") or {}).get("server") or {}
