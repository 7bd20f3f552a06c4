"""Counting the objects of a real API server: what a watch has missed is found, nothing else dropped."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.identity import SERVER
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.queue import Queue
from onecloud_operator.kube.calls import KubeError
from onecloud_operator.kube.resync import EVERY_SECONDS, FIRST_LOOKS, FIRST_SECONDS, SILENT_SECONDS, Resync
from onecloud_operator.kube.store import Key, Store, key_of
from tests.api.manifests import SPEC, manifest
from tests.client import cluster_of
from tests.engine.simulated import SimulatedClock
from tests.kube.api_server import answering, status_of
from tests.onecloud.origin import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onecloud_operator.kube.client import KubeClient
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.onecloud.origin import Asked


class Scene:
    """A census with all that it touches; the clock stands still until a test moves it."""

    def __init__(self, cluster: KubeClient, *namespaces: str, selector: str = "") -> None:
        self.clock = SimulatedClock()
        self.objects = Store(SERVERS, self.clock.monotonic)
        self.queue: Queue[Key] = Queue(
            clock=self.clock, backoff=Backoff(1.0, 2.0, lambda: 0.5), workers=1, per_group=1
        )
        self.gone: list[str] = []
        self.resync = Resync(
            cluster=cluster,
            objects=self.objects,
            queue=self.queue,
            namespaces=namespaces,
            selector=selector,
            clock=self.clock,
            gone=lambda key: self.gone.append(key.name),
        )

    def hear(self, *bodies: dict[str, Any]) -> None:
        for each in bodies:
            self.objects.heard(each, listed=True)

    async def count(self, *, later: bool = True) -> int:
        """Count; *later*: a while after whatever was heard."""
        if later:
            await self.clock.advance(1.0)
        return await self.resync.count()

    @property
    def known(self) -> set[str]:
        return {key.name for key in self.objects.keys()}  # noqa: SIM118 - no mapping


pytestmark = pytest.mark.usefixtures("served")


@pytest.fixture
async def scene(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Scene]:
    async with cluster_of(control_plane) as cluster:
        yield Scene(cluster, namespace)


def make(kube: Kube, namespace: str, *names: str, **labels: str) -> list[dict[str, Any]]:
    made = []
    for name in names:
        body = manifest(namespace, SPEC, name)
        body["metadata"]["labels"] = labels
        made.append(kube.create(body))
    return made


async def test_until_the_first_list_was_heard_whole_nothing_is_complete_and_nothing_is_fetched(
    scene: Scene, kube: Kube, namespace: str
) -> None:
    """The watch is about to bring them; fetched one by one they would come twice."""
    scene.hear(*make(kube, namespace, "web", "db")[:1])
    assert await scene.count() == 1
    assert scene.known == {"web"}
    assert scene.queue.depth(Lane.RESYNC) == 0


async def test_what_the_watch_has_missed_is_fetched_and_worked_on(
    scene: Scene, kube: Kube, namespace: str
) -> None:
    scene.hear(*make(kube, namespace, "web"))
    scene.objects.complete = True
    make(kube, namespace, "db")
    assert await scene.count() == 1
    assert scene.known == {"web", "db"}
    assert scene.queue.depth(Lane.RESYNC) == 1
    assert await scene.count() == 0


async def test_what_is_gone_is_dropped_with_all_that_was_kept_for_it(
    scene: Scene, kube: Kube, namespace: str
) -> None:
    scene.hear(*make(kube, namespace, "web", "db"))
    scene.objects.complete = True
    for key in scene.objects.keys():  # noqa: SIM118 - no mapping
        scene.queue.add(key, Lane.USER)
    kube.delete(SERVER.plural, "web", namespace)
    assert await scene.count() == 0
    assert (scene.known, scene.gone) == ({"db"}, ["web"])
    assert scene.queue.depth(Lane.USER) == 1


async def test_an_edit_that_the_watch_has_not_told_is_read_and_worked_on(
    scene: Scene, kube: Kube, namespace: str
) -> None:
    """The deletion of an object is such an edit, while a finalizer holds it."""
    scene.hear(*make(kube, namespace, "web", "db"))
    scene.objects.complete = True
    kube.patch(SERVER.plural, "web", namespace, {"spec": {"deletionPolicy": "Retain"}})
    assert await scene.count() == 0
    assert scene.queue.depth(Lane.RESYNC) == 1
    (web,) = (key for key in scene.objects.keys() if key.name == "web")  # noqa: SIM118 - no mapping
    found = scene.objects.get(web)
    assert found is not None
    assert found.generation == 2
    await scene.count()
    assert scene.queue.depth(Lane.RESYNC) == 1, "what is known is not read again"


async def test_a_namesake_takes_the_place_of_the_one_that_is_gone(
    scene: Scene, kube: Kube, namespace: str
) -> None:
    (old,) = make(kube, namespace, "web")
    scene.hear(old)
    scene.objects.complete = True
    kube.delete(SERVER.plural, "web", namespace)
    (new,) = make(kube, namespace, "web")
    assert await scene.count() == 1
    assert scene.gone == ["web"]
    assert key_of(old) not in scene.objects
    assert key_of(new) in scene.objects


async def test_what_is_heard_of_while_it_counts_is_never_taken_for_gone(
    scene: Scene, kube: Kube, namespace: str
) -> None:
    """It was made after the page that it would stand on was read."""
    (web,) = make(kube, namespace, "web")
    kube.delete(SERVER.plural, "web", namespace)
    scene.hear(web)
    assert await scene.count(later=False) == 0
    assert scene.known == {"web"}


async def test_objects_of_other_namespaces_and_shards_are_not_counted(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    make(kube, namespace, "web", shard="a")
    make(kube, namespace, "db", shard="b")
    async with cluster_of(control_plane) as cluster:
        assert await Scene(cluster, namespace, selector="shard=a").count() == 1
        assert await Scene(cluster, namespace).count() == 2
        assert await Scene(cluster, "no-such-namespace").count() == 0


async def test_an_object_whose_label_left_the_shard_is_let_go(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        scene = Scene(cluster, namespace, selector="shard=a")
        scene.hear(*make(kube, namespace, "web", shard="a"))
        kube.patch(SERVER.plural, "web", namespace, {"metadata": {"labels": {"shard": "b"}}})
        await scene.count()
        assert scene.gone == ["web"]


# -- for ever --------------------------------------------------------------------------------------------
class Lists:
    """An API server whose lists are as a test says."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.fault: Answer | None = None
        self.counts = 0

    async def respond(self, _asked: Asked) -> Answer:
        self.counts += 1
        if self.fault is not None:
            return self.fault
        return Answer(200, {"items": [body(name) for name in self.names], "metadata": {}})


def body(name: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name, "uid": f"u-{name}", "resourceVersion": "1"}}


@asynccontextmanager
async def running(lists: Lists, *namespaces: str) -> AsyncIterator[Scene]:
    async with answering(lists.respond) as (cluster, _, _):
        scene = Scene(cluster, *(namespaces or ("shop",)))
        run = asyncio.create_task(scene.resync.run())
        try:
            yield scene
        finally:
            run.cancel()
            await asyncio.wait([run])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def counted(scene: Scene, lists: Lists, seconds: float, times: int) -> None:
    """Let *seconds* pass and wait for the count that they lead to."""
    await scene.clock.advance(seconds)
    await until(lambda: lists.counts >= times)


async def test_it_counts_once_until_all_were_heard_of_and_then_rarely() -> None:
    lists = Lists("web", "db")
    async with running(lists) as scene:
        await counted(scene, lists, SILENT_SECONDS, 1)
        scene.hear(body("web"))
        await scene.clock.advance(FIRST_SECONDS)
        assert not scene.objects.complete
        scene.hear(body("db"))
        await scene.clock.advance(FIRST_SECONDS)
        await until(lambda: scene.objects.complete)
        await scene.clock.advance(EVERY_SECONDS - 1.0)
        assert lists.counts == 1
        await counted(scene, lists, 1.0, 2)


async def test_nothing_is_counted_again_while_the_watch_still_brings_objects() -> None:
    """Counting thousands of objects over and over takes CPU from the list that the watch begins with."""
    names = [f"web-{number}" for number in range(3 * FIRST_LOOKS)]
    lists = Lists(*names)
    async with running(lists) as scene:
        await counted(scene, lists, SILENT_SECONDS, 1)
        for name in names:
            await scene.clock.advance((FIRST_LOOKS - 1) * FIRST_SECONDS)
            scene.hear(body(name))
        await scene.clock.advance(FIRST_SECONDS)
        await until(lambda: scene.objects.complete)
        assert lists.counts == 1


async def test_what_is_never_heard_of_is_counted_again() -> None:
    lists = Lists("web", "db")
    async with running(lists) as scene:
        scene.hear(body("web"))
        await counted(scene, lists, SILENT_SECONDS, 1)
        lists.names = ("web",)  # the other was deleted before the watch began
        await scene.clock.advance((FIRST_LOOKS - 1) * FIRST_SECONDS)
        assert lists.counts == 1
        assert not scene.objects.complete
        await counted(scene, lists, FIRST_SECONDS, 2)
        await until(lambda: scene.objects.complete)


@pytest.mark.parametrize("code", [403, 410, 500])
async def test_a_count_that_fails_drops_nothing_and_completes_nothing(code: int) -> None:
    lists = Lists()
    lists.fault = status_of(code, "no")
    async with running(lists) as scene:
        await counted(scene, lists, SILENT_SECONDS, 1)
        scene.hear(body("web"))
        await scene.clock.advance(1.0)
        with pytest.raises(KubeError):
            await scene.resync.count()
        await counted(scene, lists, FIRST_SECONDS * 5, 3)
        assert (scene.known, scene.gone, scene.objects.complete) == ({"web"}, [], False)
        lists.fault, lists.names = None, ("web",)
        await counted(scene, lists, FIRST_SECONDS * 5, 4)
        await until(lambda: scene.objects.complete)


def page_of(*names: str, namespace: str = "shop", more: bool = False) -> dict[str, Any]:
    items = [{"metadata": body(name)["metadata"] | {"namespace": namespace}} for name in names]
    return {"items": items, "metadata": {"continue": "next"} if more else {}}


async def test_what_the_watch_itself_listed_is_not_counted_at_a_start() -> None:
    """It is all that there is: a list beside it would cost the API server as much again."""
    lists = Lists("web", "db")
    async with running(lists) as scene:
        scene.resync.listed("shop", page_of("web", more=True), continued=False)
        scene.hear(body("web"))
        await scene.clock.advance(FIRST_SECONDS)
        assert not scene.objects.complete, "another page is to come"
        scene.resync.listed("shop", page_of("db"), continued=True)
        await scene.clock.advance(FIRST_SECONDS)
        assert not scene.objects.complete, "it was not heard yet"
        scene.hear(body("db"))
        await scene.clock.advance(FIRST_SECONDS)
        assert scene.objects.complete
        await scene.clock.advance(EVERY_SECONDS - 2 * FIRST_SECONDS)
        assert lists.counts == 0
        await counted(scene, lists, 2 * FIRST_SECONDS, 1)


async def test_every_namespace_has_a_list_of_its_own() -> None:
    lists = Lists()
    async with running(lists, "shop", "bank") as scene:
        scene.resync.listed("shop", page_of(), continued=False)
        await scene.clock.advance(FIRST_SECONDS)
        assert not scene.objects.complete
        scene.resync.listed("bank", page_of(), continued=False)
        await scene.clock.settle()
        assert scene.objects.complete
        assert lists.counts == 0


async def test_a_list_that_begins_anew_shows_what_there_is_now() -> None:
    """An object of the first attempt may be gone, and nothing will bring it."""
    lists = Lists("web")
    async with running(lists) as scene:
        scene.resync.listed("shop", page_of("web", "gone", more=True), continued=False)
        scene.resync.listed("shop", page_of("web"), continued=False)
        scene.hear(body("web"))
        await scene.clock.advance(FIRST_SECONDS)
        assert scene.objects.complete
        assert lists.counts == 0


async def test_where_a_namespace_is_closed_to_the_watch_objects_are_counted_at_once() -> None:
    """Only a count notes whose objects are not known."""
    lists = Lists("web")
    async with running(lists, "shop", "bank") as scene:
        scene.resync.listed("shop", page_of("web"), continued=False)
        scene.resync.refused()
        await counted(scene, lists, 0.0, 2)


async def test_what_was_listed_and_never_comes_is_counted() -> None:
    lists = Lists("web")
    async with running(lists) as scene:
        scene.resync.listed("shop", page_of("web", "gone"), continued=False)
        scene.hear(body("web"))
        await counted(scene, lists, SILENT_SECONDS, 1)
        await until(lambda: scene.objects.complete)


class Granted:
    """An API server that lets us list the objects of some namespaces."""

    def __init__(self, *namespaces: str) -> None:
        self.namespaces = {*namespaces}

    async def respond(self, asked: Asked) -> Answer:
        name = asked.path.split("/namespaces/")[1].partition("/")[0]
        if name not in self.namespaces:
            return status_of(403, "no")
        return Answer(200, {"items": [web_in(name)], "metadata": {}})


def web_in(namespace: str) -> dict[str, Any]:
    return {"metadata": body("web")["metadata"] | {"namespace": namespace, "uid": f"u-{namespace}"}}


async def test_a_namespace_that_is_closed_to_us_hides_its_own_objects_only() -> None:
    """Nothing follows about them: neither that they are gone, nor that they live."""
    granted = Granted("shop", "bank")
    async with answering(granted.respond) as (cluster, _, _):
        scene = Scene(cluster, "shop", "bank")
        assert await scene.count() == 2
        for name in ("shop", "bank"):
            scene.hear(web_in(name))
        scene.hear(body("ghost"))
        scene.objects.complete = True
        assert not scene.objects.lives("u-other", "bank")
        granted.namespaces.remove("bank")
        assert await scene.count() == 0
        assert scene.gone == ["ghost"], "of the namespace that can be listed"
        assert len(scene.objects) == 2
        assert scene.objects.lives("u-other", "bank"), "nobody may adopt what may be its server"
        assert not scene.objects.lives("u-other", "shop")
        granted.namespaces.add("bank")
        assert await scene.count() == 0
        assert not scene.objects.lives("u-other", "bank")


async def test_where_every_namespace_is_closed_to_us_nothing_is_counted() -> None:
    async with answering(Granted().respond) as (cluster, _, _):
        scene = Scene(cluster, "shop", "bank")
        with pytest.raises(KubeError):
            await scene.resync.count()


async def test_a_watch_that_is_restarted_is_counted_after_at_once() -> None:
    lists = Lists("web")
    async with running(lists) as scene:
        scene.hear(body("web"))
        await counted(scene, lists, SILENT_SECONDS, 1)
        await until(lambda: scene.objects.complete)
        lists.names = ()
        await scene.clock.advance(60.0)
        scene.resync.relisted()
        await counted(scene, lists, 1.0, 2)
        await until(lambda: scene.gone == ["web"])
        for _ in range(3):
            await scene.resync.count()
        assert lists.counts == 5, "once, and not over and over"
