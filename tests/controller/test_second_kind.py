"""A second kind, without namespaces, goes through the same store, queue, reconciler, client and resync."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from onecloud_operator.api.identity import SERVER
from onecloud_operator.controller.reconciler import Reconciler
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.queue import Queue
from onecloud_operator.kube import handlers
from onecloud_operator.kube.calls import KubeNotFound
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.kube.resync import Resync
from onecloud_operator.kube.store import Key, Store, key_of
from tests.api.manifests import SPEC, manifest
from tests.client import cluster_of
from tests.controller.beacons import BEACON, BEACONS, CRD, DEFINITION, Beacon, BeaconActuator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube


@dataclass
class Scene:
    kube: Kube
    actuator: BeaconActuator
    heard: handlers.WatchedKind
    resync: Resync
    steps: list[tuple[str, str | None]]
    gone: list[Key]

    async def make(self, brightness: int) -> str:
        """Make an object, and have the watch tell of it; return its name."""
        name = f"beacon-{uuid4().hex[:8]}"
        await self.heard.hear({"type": "ADDED", "object": self.kube.create(beacon(name, brightness))})
        return name

    async def until(self, name: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the object as soon as it *is_so*."""
        return await asyncio.to_thread(self.kube.wait_for, BEACON.plural, name, None, is_so)


def beacon(name: str, brightness: int) -> dict[str, Any]:
    return {
        "apiVersion": BEACON.api_version,
        "kind": BEACON.kind,
        "metadata": {"name": name},
        "spec": {"brightness": brightness},
    }


@pytest.fixture(scope="module")
def beacons_served(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("crds") / "beacons.yaml"
    path.write_text(yaml.safe_dump(CRD))
    control_plane.install_crds(path)


@pytest.fixture
async def scene(control_plane: ControlPlane, kube: Kube, beacons_served: None) -> AsyncIterator[Scene]:
    clock = SystemClock()
    steps: list[tuple[str, str | None]] = []
    gone: list[Key] = []
    async with cluster_of(control_plane) as cluster:
        objects: Store[Beacon] = Store(BEACONS, clock.monotonic)
        queue: Queue[Key] = Queue(
            clock=clock, backoff=Backoff(1.0, 2.0, random.random), workers=2, per_group=2
        )
        installed_crd = InstalledCRD(cluster, DEFINITION)
        async with asyncio.timeout(20.0):
            while installed_crd.status is None:  # it is published a while after it is served
                with suppress(KubeNotFound):
                    await installed_crd.look()
                await asyncio.sleep(0.05)
        actuator = BeaconActuator(objects, cluster, clock.monotonic)
        reconciler = Reconciler(
            actuator=actuator,
            objects=objects,
            cluster=cluster,
            installed_crd=installed_crd,
            monotonic=clock.monotonic,
            wall=lambda: datetime.now(UTC),
            random=random.random,
            resync_seconds=1800.0,
            on_step=lambda step, refusal: steps.append((step, refusal)),
        )

        def forget(key: Key) -> None:
            gone.append(key)
            reconciler.forget(key)

        resync = Resync(
            cluster=cluster, objects=objects, queue=queue, namespaces=(), clock=clock, gone=forget
        )
        working = asyncio.create_task(queue.run(reconciler))
        yield Scene(kube, actuator, handlers.WatchedKind(objects, queue, forget), resync, steps, gone)
        working.cancel()
        await asyncio.wait([working])
        assert queue.failures == 0


def said(found: dict[str, Any]) -> tuple[str, str] | None:
    conditions = found.get("status", {}).get("conditions") or [None]
    return (conditions[0]["status"], conditions[0]["reason"]) if conditions[0] else None


async def test_its_pass_writes_a_status_with_a_condition_and_an_event_in_default(
    scene: Scene, kube: Kube
) -> None:
    name = await scene.make(3)
    found = await scene.until(name, lambda seen: said(seen) is not None)
    assert said(found) == ("True", "UpToDate")
    assert (found["status"]["brightness"], found["status"]["observedGeneration"]) == (3, 1)
    assert found["metadata"]["finalizers"] == [BEACON.finalizer]
    assert scene.actuator.lamps[name] == 3
    assert scene.steps == [("Hold", None), ("Light", None)]
    assert str(key_of(found)) == name
    assert key_of(found).namespace == ""

    def told() -> list[dict[str, Any]]:
        events = kube.list("events", "default")
        return [each for each in events if each["involvedObject"].get("name") == name]

    async with asyncio.timeout(10.0):
        while not (events := await asyncio.to_thread(told)):
            await asyncio.sleep(0.05)
    (event,) = events
    assert (event["reason"], event["involvedObject"]["kind"]) == ("UpToDate", "Beacon")
    assert event["involvedObject"]["apiVersion"] == BEACON.api_version


async def test_what_is_refused_is_remembered_said_and_tried_again_until_it_succeeds(scene: Scene) -> None:
    scene.actuator.broken = broken = {"beacon"}
    name = await scene.make(0)
    broken.add(name)
    scene.actuator.lamps.pop(name, None)
    edited = scene.kube.patch(BEACON.plural, name, None, {"spec": {"brightness": 5}})
    await scene.heard.hear({"type": "MODIFIED", "object": edited})
    await scene.until(name, lambda seen: said(seen) == ("False", "ProviderError"))
    async with asyncio.timeout(10.0):
        while scene.steps.count(("Light", "ProviderError")) < 3:
            await asyncio.sleep(0.02)
    broken.clear()
    found = await scene.until(name, lambda seen: said(seen) == ("True", "UpToDate"))
    assert found["status"]["brightness"] == 5


async def test_an_edit_that_the_watch_delivers_during_a_write_is_worked_on(scene: Scene) -> None:
    name = await scene.make(1)
    found = await scene.until(name, lambda seen: said(seen) is not None)
    async with asyncio.timeout(10.0):
        while scene.heard.queue.running:  # its own write may not be over yet
            await asyncio.sleep(0.01)
    edited = scene.kube.patch(BEACON.plural, name, None, {"spec": {"brightness": 7}})
    with scene.heard.objects.writing(key_of(found)):
        await scene.heard.hear({"type": "MODIFIED", "object": edited})
    await scene.until(name, lambda seen: seen["status"]["brightness"] == 7)


async def test_a_deleted_one_is_let_go_and_forgotten(scene: Scene) -> None:
    name = await scene.make(1)
    await scene.until(name, lambda seen: said(seen) is not None)
    scene.kube.delete(BEACON.plural, name)
    going = scene.kube.get(BEACON.plural, name)
    assert going is not None
    await scene.heard.hear({"type": "MODIFIED", "object": going})
    await asyncio.to_thread(scene.kube.wait_gone, BEACON.plural, name)
    await scene.heard.hear({"type": "DELETED", "object": going})
    assert key_of(going) in scene.gone
    assert name not in scene.actuator.lamps


async def test_what_the_watch_has_missed_is_found_by_the_resync(scene: Scene) -> None:
    there = await scene.make(1)
    found = await scene.until(there, lambda seen: said(seen) is not None)
    objects = scene.heard.objects
    objects.drop(key_of(found))
    objects.complete = True
    assert await scene.resync.count() >= 1
    assert key_of(found) in objects
    scene.kube.patch(BEACON.plural, there, None, {"metadata": {"finalizers": None}})
    scene.kube.delete(BEACON.plural, there)
    await scene.resync.count()
    assert key_of(found) not in objects
    assert key_of(found) in scene.gone


def test_both_kinds_are_heard_by_one_watch(
    control_plane: ControlPlane, kube: Kube, namespace: str, served: None, beacons_served: None
) -> None:
    """Though servers are worked on in one namespace only, and beacons live in none."""
    server = kube.create(manifest(namespace, SPEC, "web"))["metadata"]["name"]
    light = kube.create(beacon(f"beacon-{uuid4().hex[:8]}", 1))["metadata"]["name"]
    beacons = {each["metadata"]["name"] for each in kube.list(BEACON.plural)}
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "KUBECONFIG": str(control_plane.kubeconfig_of("admin")),
        "PYTHONPATH": f"{root / 'operator'}:{root}",
    }
    command = [
        sys.executable,
        str(root / "tests" / "controller" / "hearing.py"),
        namespace,
        str(len(beacons) + 1),
    ]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    heard = {f"OneCloudServer {namespace}/{server}", *(f"Beacon {name}" for name in beacons)}
    assert light in beacons
    assert set(ended.stdout.splitlines()) == heard, ended.stderr


def test_a_selector_is_for_every_kind() -> None:
    chosen = handlers.settings(SERVER, BEACON, selector="shard=a").watching.label_selectors
    assert list(chosen.values()) == ["shard=a"] * 2
