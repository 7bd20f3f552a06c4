"""
What makes /healthz and /readyz fail, and what does not: the operator's own parts behind their own server.

Only time is not real: it stands still until a row moves it.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import kopf
import pytest
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.api.identity import SERVER
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.queue import Queue
from onecloud_operator.engine.tasks import Supervisor
from onecloud_operator.feed import Feeds
from onecloud_operator.kube.calls import KubeError
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.store import Key, Store
from onecloud_operator.kube.watch import Watch
from onecloud_operator.telemetry.health import Health, Server
from onecloud_operator.telemetry.health_checks import (
    DEAF_SECONDS,
    SILENT_SECONDS,
    STUCK_SECONDS,
    alive,
    ready,
)
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import SimulatedCloud
from tests.feed.world import PLACE, feeds_on
from tests.kube.api_server import NoListener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

KEY = Key("shop", "web-1", "u1")
AGO_SECONDS = DEAF_SECONDS + 100.0


@dataclass
class Site:
    """An operator's parts, a Kubernetes API that answers every call with *status*, and the probes."""

    url: str
    probes: str = ""
    status: int = 200
    # Where the calls to Kubernetes are timed, time is real; so what is to be long ago is so in real time.
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(time.monotonic() - AGO_SECONDS))
    watch_ended: bool = False
    worker: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.clock)
        self.cluster = KubeClient(ApiClient(Configuration(host=self.url)))
        self.watch = Watch({"onecloudservers": NoListener()}, monotonic=self.clock.monotonic)
        self.objects = Store(SERVERS, self.clock.monotonic)
        self.objects.complete = True
        self.cloud = SimulatedCloud(self.clock)
        self.feeds: Feeds[Key] = feeds_on(self.clock)
        self.queue: Queue[Key] = Queue(
            clock=self.clock, backoff=Backoff(1.0, 2.0, lambda: 0.5), workers=1, per_group=1
        )
        self.health = Health(
            alive(
                self.supervisor,
                self.cluster,
                self.watch,
                self.feeds,
                self.queue,
                watch_ended=lambda: self.watch_ended,
            ),
            ready(self.objects, self.watch),
            "leading",
        )

    async def _work(self, _key: Key) -> float | None:
        await self.worker.wait()
        return None

    async def begin(self) -> None:
        """Let the operator do what it does."""
        self.supervisor.start("queue", self.queue.run(self._work))
        self.feeds.join(KEY, PLACE, self.cloud).watch(KEY, "s1")
        await self.clock.settle()

    async def end(self) -> None:
        """Stop everything."""
        self.worker.set()
        await self.supervisor.close()
        await self.feeds.close()
        await self.cluster.close()

    async def ask(self) -> Probes:
        """Ask both probes, as a kubelet does."""
        return Probes(*[await self._get(path) for path in ("/healthz", "/readyz")])

    async def _get(self, path: str) -> tuple[int, list[str]]:
        host, _, port = self.probes.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = (await asyncio.wait_for(reader.read(), 20.0)).decode()
        writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]), [line for line in body.splitlines() if line.startswith("[-]")]

    # -- what happens ------------------------------------------------------------------------------------
    async def call(self, status: int = 200) -> None:
        """Make a call of our own to Kubernetes."""
        self.status = status
        try:
            await self.cluster.read(SERVER, "shop", "web-1")
        except KubeError:
            assert status != 200

    async def hear(self) -> None:
        """Have kopf list the objects, now."""
        self.status = 200
        self.clock.now = max(self.clock.now, time.monotonic())
        session = self.watch.session(kopf.ConnectionInfo(server=self.url)).aiohttp_session
        async with session, session.get(self.url + "/apis/onecloud.io/v1alpha1/onecloudservers"):
            pass

    async def wait(self, seconds: float) -> None:
        """Let time pass in which nothing comes from anywhere."""
        self.clock.now += seconds

    async def work(self, seconds: float) -> None:
        """Have a worker at one object for so long, while the watch is heard."""
        self.queue.add(KEY, Lane.USER)
        await self.clock.settle()
        self.clock.now += seconds
        await self.hear()

    async def finish(self) -> None:
        """Have the worker finish."""
        self.worker.set()
        await self.clock.settle()

    async def fault_in_a_task(self) -> None:
        async def faulty() -> None:
            raise ValueError

        self.supervisor.start("census", faulty())
        await self.clock.settle()

    async def fault_in_the_feed(self) -> None:
        def broken(_kind: str, _query: object) -> None:
            raise ValueError

        self.cloud.fail = broken
        await self.clock.advance(10.0)
        assert self.feeds.restarts >= 1

    async def end_the_feed(self) -> None:
        await self.feeds.close()

    async def leave_the_feed(self) -> None:
        self.feeds.leave(KEY)

    async def end_the_watch(self) -> None:
        self.watch_ended = True

    async def forget(self) -> None:
        self.objects.complete = False

    async def know_all(self) -> None:
        self.objects.complete = True


class Probes:
    """What both say."""

    def __init__(self, healthz: tuple[int, list[str]], readyz: tuple[int, list[str]]) -> None:
        self.statuses = (healthz[0], readyz[0])
        self.wrong = readyz[1]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with answering() as made:
        pages = {"/healthz": made.health.healthz, "/readyz": made.health.readyz}
        async with Server(pages).listening("127.0.0.1", 0) as port:
            made.probes = f"127.0.0.1:{port}"
            await made.begin()
            yield made
        await made.end()


@asynccontextmanager
async def answering() -> AsyncIterator[Site]:
    """Run a Kubernetes API that knows one object, and a site beside it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                head = (
                    f"HTTP/1.1 {made.status} X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
                )
                writer.write(head.encode() + b"{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        made = Site(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield made


WELL = (200, 200)
NOT_READY = (200, 503)  # it passes by itself
DEAD = (503, 503)  # only a new process helps


def after(*steps: tuple[str, float] | str) -> Callable[[Site], Awaitable[None]]:
    """Return what does one thing after the other, each a method of the site's, perhaps with a number."""

    async def cause(site: Site) -> None:
        for step in steps:
            name, arguments = (step, ()) if isinstance(step, str) else (step[0], step[1:])
            await getattr(site, name)(*arguments)

    return cause


@pytest.mark.parametrize(
    ("cause", "statuses", "wrong", "mends"),
    [
        pytest.param(after(), WELL, None, None, id="all-is-well"),
        pytest.param(
            after("call"), DEAD, "watch: silent for 4", "hear",
            id="a-watch-that-is-deaf-beside-calls-that-work",
        ),
        pytest.param(
            after(("wait", SILENT_SECONDS + 1)), NOT_READY, "watch is heard: silent for 151 s", "hear",
            id="an-api-server-that-is-down-is-no-reason-to-restart",
        ),
        pytest.param(after(("wait", SILENT_SECONDS - 1)), WELL, None, None, id="two-bookmarks-may-be-missed"),
        pytest.param(
            after(("call", 503)), WELL, None, None, id="an-api-server-that-fails-at-everything-is-as-if-down"
        ),
        pytest.param(after(("call", 403)), WELL, None, None, id="and-one-that-refuses-everything"),
        pytest.param(after("hear", "call"), WELL, None, None, id="a-watch-that-was-heard-is-not-deaf"),
        pytest.param(
            after("end_the_watch"), DEAD, "watch: its task has ended", None, id="a-watch-that-has-ended"
        ),
        pytest.param(
            after("end_the_feed"), DEAD, "feeds: 1 have ended", "leave_the_feed", id="a-feed-that-is-dead"
        ),
        pytest.param(after("fault_in_the_feed"), WELL, None, None, id="a-feed-that-was-started-again-lives"),
        pytest.param(
            after(("work", STUCK_SECONDS + 5.0)), DEAD, "workers: one has been busy for ", "finish",
            id="a-worker-that-is-stuck",
        ),
        pytest.param(
            after(("work", STUCK_SECONDS - 600.0)), WELL, None, None, id="a-worker-that-has-much-to-do"
        ),
        pytest.param(
            after("fault_in_a_task"), DEAD, "tasks: census: ValueError in faulty (test_health_", None,
            id="a-shared-task-that-has-ended",
        ),
        pytest.param(
            after("forget"), NOT_READY, "objects: not all are known yet (0)", "know_all",
            id="objects-that-are-not-all-known",
        ),
    ],
)  # fmt: skip
async def test_what_the_probes_say(
    site: Site,
    cause: Callable[[Site], Awaitable[None]],
    statuses: tuple[int, int],
    wrong: str | None,
    mends: str | None,
) -> None:
    await cause(site)
    probes = await site.ask()
    assert probes.statuses == statuses
    assert len(probes.wrong) == (wrong is not None)
    assert all(line.startswith(f"[-] {wrong}") for line in probes.wrong)
    if mends is not None:
        await getattr(site, mends)()
        assert (await site.ask()).statuses == WELL
