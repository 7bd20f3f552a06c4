"""What the operator knows of namespaces: at a real API server, and where one misbehaves."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.surroundings import UNKNOWN, Surroundings
from onecloud_operator.kube.namespaces import (
    EACH_SECONDS,
    FIRST_SECONDS,
    MAX_LABELS,
    Namespaces,
    surroundings_in,
)
from onecloud_operator.kube.store import Key
from tests.client import cluster_of
from tests.engine.simulated import SimulatedClock
from tests.kube.api_server import answering, status_of
from tests.onecloud.origin import HANG, Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onecloud_operator.kube.client import KubeClient
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.onecloud.origin import Asked

WEB = Key("shop", "web", "u-web")
FROZEN = {"annotations": {"onecloud.io/freeze": "true"}}


class Scene:
    """The namespaces, and the objects that they told of a change."""

    def __init__(self, cluster: KubeClient, *names: str) -> None:
        self.clock = SimulatedClock()
        self.told: list[str] = []
        self.namespaces = Namespaces(
            cluster,
            names,
            objects_in=lambda namespace: (Key(namespace, "web", "u-web"),),
            tell=lambda key: self.told.append(key.namespace),
            clock=self.clock,
            random=lambda: 0.5,
        )

    def frozen(self, name: str) -> bool:
        return self.namespaces.of(name).frozen_by is not None


@asynccontextmanager
async def following(cluster: KubeClient, *names: str) -> AsyncIterator[Scene]:
    scene = Scene(cluster, *names)
    running = asyncio.create_task(scene.namespaces.run())
    try:
        yield scene
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def passing(scene: Scene, condition: Callable[[], bool]) -> None:
    """Let time go by until *condition* holds."""
    async with asyncio.timeout(10):
        while not condition():
            await scene.clock.advance(EACH_SECONDS)
            await asyncio.sleep(0.001)


def meta(name: str, **changes: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": "5", **changes}}


# -- at a real API server --------------------------------------------------------------------------------
async def test_a_freeze_is_heard_of_at_once_and_so_is_its_end(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster, following(cluster) as scene:
        await until(lambda: scene.namespaces.of(namespace).known)
        assert not scene.frozen(namespace)
        kube.patch("namespaces", namespace, None, {"metadata": FROZEN})
        await until(lambda: scene.frozen(namespace))
        assert scene.told[-1] == namespace
        kube.patch("namespaces", namespace, None, {"metadata": {"annotations": {"onecloud.io/freeze": None}}})
        await until(lambda: not scene.frozen(namespace))
        assert scene.namespaces.of("no-such-namespace") == UNKNOWN


async def test_a_single_namespace_is_read_without_a_watch(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    kube.patch("namespaces", namespace, None, {"metadata": {**FROZEN, "labels": {"team": "a"}}})
    async with cluster_of(control_plane) as cluster, following(cluster, namespace) as scene:
        await until(lambda: scene.frozen(namespace))
        labels = scene.namespaces.of(namespace).labels
        assert labels is not None
        assert labels["team"] == "a"
        kube.patch(
            "namespaces", namespace, None, {"metadata": {"annotations": {"onecloud.io/freeze": "false"}}}
        )
        await passing(scene, lambda: not scene.frozen(namespace))
        assert scene.told == [namespace]


# -- where it misbehaves ---------------------------------------------------------------------------------
class Server:
    """An API server of namespaces that lists, and watches, as a test says."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = items
        self.fault: Answer | None = None
        self.events: list[dict[str, Any]] | None = None
        self.hangs = True
        self.calls = 0

    async def respond(self, asked: Asked) -> Answer:
        self.calls += 1
        if self.fault is not None:
            return self.fault
        if "watch=true" in asked.target:
            if self.events is None:
                return HANG if self.hangs else Answer(200, b"")
            lines = "".join(f"{json.dumps(event)}\n" for event in self.events).encode()
            self.events = None
            return Answer(200, lines)
        if asked.path.count("/") > 3:
            return Answer(200, self.items[0])
        return Answer(200, {"items": self.items, "metadata": {"resourceVersion": "9"}})


async def test_nothing_is_known_before_the_first_list_and_the_work_waits_for_it_only_so_long() -> None:
    server = Server(meta("shop"))
    server.fault = status_of(500, "etcd")
    async with answering(server.respond) as (cluster, _, _), following(cluster) as scene:
        await until(lambda: server.calls > 0)
        assert scene.namespaces.of("shop") == UNKNOWN
        waiting = asyncio.create_task(scene.namespaces.first())
        await scene.clock.advance(FIRST_SECONDS / 2.0)
        assert not waiting.done()
        server.fault = None
        await scene.clock.advance(FIRST_SECONDS)
        await waiting
        await until(lambda: scene.namespaces.of("shop") == Surroundings(labels={}))
        assert not scene.told, "each object asks again by itself until then"


async def test_without_the_right_to_read_them_no_freeze_is_known_which_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server()
    server.fault = status_of(403, "cannot list")
    with caplog.at_level(logging.WARNING):
        async with answering(server.respond) as (cluster, _, _), following(cluster) as scene:
            await scene.namespaces.first()
            assert scene.namespaces.of("shop") == Surroundings()
            await passing(scene, lambda: server.calls > 1)
            server.fault, server.items = None, (meta("shop", **FROZEN),)
            await passing(scene, lambda: scene.frozen("shop"))
    assert len([r for r in caplog.records if "no permission" in r.message]) == 1


async def test_a_refused_identity_says_nothing_of_a_freeze() -> None:
    server = Server()
    server.fault = status_of(401, "Unauthorized")
    async with answering(server.respond) as (cluster, _, _), following(cluster) as scene:
        await until(lambda: server.calls > 0)
        assert scene.namespaces.of("shop") == UNKNOWN


@pytest.mark.parametrize("names", [pytest.param((), id="watched"), pytest.param(("shop",), id="read")])
async def test_a_freeze_that_was_seen_stands_while_nothing_can_be_read(names: tuple[str, ...]) -> None:
    server = Server(meta("shop", **FROZEN))
    server.hangs = False
    async with answering(server.respond) as (cluster, _, _), following(cluster, *names) as scene:
        await until(lambda: scene.frozen("shop"))
        for fault in (status_of(403, "no right"), status_of(500, "etcd"), Answer(200, b"<html>")):
            server.fault, before = fault, server.calls
            await passing(scene, lambda: server.calls >= before + 2)  # noqa: B023 - awaited here
            assert scene.frozen("shop")


async def test_a_watch_that_is_too_old_is_followed_by_a_list() -> None:
    server = Server(meta("shop"), meta("bank"))
    too_old = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}
    server.events = [{"type": "MODIFIED", "object": meta("bank", **FROZEN)}, too_old]
    async with answering(server.respond) as (cluster, _, _), following(cluster) as scene:
        await until(lambda: server.calls >= 2)
        await until(lambda: scene.frozen("bank"))
        assert scene.told == ["bank"]
        server.items = (meta("shop", **FROZEN),)
        await passing(scene, lambda: scene.frozen("shop"))
        assert scene.namespaces.of("bank") == UNKNOWN, "it is gone"


async def test_an_event_of_a_deletion_is_the_end_of_what_is_known() -> None:
    server = Server(meta("shop"))
    server.events = [{"type": "DELETED", "object": meta("shop")}]
    async with answering(server.respond) as (cluster, _, _), following(cluster) as scene:
        await until(lambda: server.calls >= 2)
        await passing(scene, lambda: server.calls >= 3)
        assert scene.namespaces.of("shop") == UNKNOWN


def test_what_a_namespaces_owner_writes_is_bounded() -> None:
    """Of too many labels none is known: with one left out, a selector that wants it absent would match."""
    labels = {f"label-{number}": "x" for number in range(MAX_LABELS + 1)}
    found = surroundings_in(
        {
            "name": "shop",
            "labels": labels,
            "annotations": {"onecloud.io/allow-mass-deletion": "x" * 10_000, "other": "y" * 10_000},
        }
    )
    assert found.labels is None
    del labels["label-0"]
    assert surroundings_in({"name": "shop", "labels": labels}).labels == labels
    assert found.agreed_deletion is not None
    assert len(found.agreed_deletion) <= 512
    assert found.frozen_by is None


@pytest.mark.parametrize(
    ("value", "frozen"), [("true", True), ("", True), ("incident", True), ("false", False), ("False ", False)]
)
def test_any_value_but_false_freezes(value: str, frozen: bool) -> None:
    found = surroundings_in({"name": "shop", "annotations": {"onecloud.io/freeze": value}})
    assert (found.frozen_by is not None) is frozen
