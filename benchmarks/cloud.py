"""
The simulated cloud in a process of its own, with a stopwatch: ``python -m benchmarks.cloud READY STEP``.

Beside everything that ``sandbox.cloud`` answers there are ``/_control/idents``, ``/_control/live`` and
``/_control/stopwatch``: since the last reset, when creations and tags were asked for, when servers came to
run, and how many writes were in flight at most.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.waiting import until
from sandbox.cloud import Control, running_cloud
from sandbox.cloud.endpoint import ControlEndpoint
from sandbox.cloud.events import PLATFORM
from sandbox.cloud.wire import Answer, Request, answer
from sandbox.cloud.world import World
from sandbox.cluster.process import Process
from sandbox.cluster.scratch import scratch
from sandbox.stage import ROOT, Cloud

if TYPE_CHECKING:
    from typing import Self

    from sandbox.cloud.events import Actor
    from sandbox.cloud.guests import Guest
    from sandbox.cloud.journal import Call

READS = frozenset({"GET", "HEAD"})
START_SECONDS = 30.0
TAGS = "POST /servers/{id}/user-metadata"


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Times are monotonic seconds, which all processes of a machine share."""

    posts: list[float]  # when each creation that was answered came in
    tagged: list[float]  # and each change of tags
    running_at: dict[str, float]  # by the server's name
    most_writes_in_flight: int


@dataclass(slots=True)
class TimedWorld(World):
    """A world that notes when each server came to run, by name."""

    running_at: dict[str, float] = field(default_factory=dict)

    def set_status(
        self,
        guest: Guest,
        status: str,
        reason: Any = "",
        actor: Actor = PLATFORM,
        **columns: Any,
    ) -> None:
        """Write a status."""
        World.set_status(self, guest, status, reason, actor, **columns)
        if status == "running":
            self.running_at[guest.name] = time.monotonic()


@dataclass(frozen=True, slots=True)
class TimedEndpoint:
    """The control endpoint, and the stopwatch."""

    control: Control
    world: TimedWorld

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        match request.path.removeprefix("/_control/"):
            case "stopwatch":
                return answer({"result": self._stopwatch()})
            case "idents":
                return answer({"result": {guest.name: guest.id for guest in self.world.store.all()}})
            case "live":
                return answer({"result": sum(not guest.pending for guest in self.world.store.all())})
        return ControlEndpoint(self.control)(request)

    def _stopwatch(self) -> dict[str, Any]:
        calls = self.control.calls
        return {
            "posts": [call.at for call in calls if str(call) == "POST /servers" and call.status],
            "tagged": [call.at for call in calls if str(call) == TAGS and call.status],
            "running_at": self.world.running_at,
            "most_writes_in_flight": most_at_once(calls),
        }


def most_at_once(calls: list[Call]) -> int:
    """Return how many writes were in flight at the same time at most; sign-in is none."""
    writes = [c for c in calls if c.method not in READS and not c.path.startswith("/v3")]
    ends = [(call.at, 1) for call in writes] + [(call.at + call.seconds, -1) for call in writes]
    most = now = 0
    for _, one in sorted(ends):
        now += one
        most = max(most, now)
    return most


class TimedCloud(Cloud):
    """The same as `Cloud`, with the stopwatch."""

    def __enter__(self) -> Self:
        """Start it; return when it listens."""
        directory = self._stack.enter_context(scratch())
        ready = directory / "ready.json"
        self.process = Process(
            [sys.executable, "-m", "benchmarks.cloud", str(ready), str(self._step_seconds)],
            log=directory / "cloud.log",
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "operator"), str(ROOT)))},
        )
        self._stack.callback(self.process.stop)
        until(ready.exists, "the simulated cloud listens", self.process, seconds=START_SECONDS)
        found = json.loads(ready.read_text())
        self.url = found["url"]
        self.auth_url = found["auth_url"]
        self.secret_data = found["secret"]
        self._http = self._stack.enter_context(
            httpx.Client(base_url=self.url, trust_env=False, timeout=120.0)
        )
        return self

    def idents(self) -> dict[str, str]:
        """Return the ids of all servers by their names."""
        found: dict[str, str] = self.call("idents")
        return found

    def live(self) -> int:
        """Return how many servers there are, not counting the recycle bin."""
        return int(self.call("live"))

    def stopwatch(self) -> Stopwatch:
        """Return what was timed since the last reset of the calls."""
        return Stopwatch(**self.call("stopwatch"))


async def _serve(ready: Path, step_seconds: float) -> None:
    world = TimedWorld()
    async with running_cloud(step_seconds, world=world) as cloud:
        cloud.app.control = TimedEndpoint(cloud, world)
        found = {"url": cloud.url, "auth_url": cloud.auth_url, "secret": cloud.secret()}
        partial = ready.with_suffix(".partial")
        partial.write_text(json.dumps(found))
        partial.replace(ready)
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2])))
