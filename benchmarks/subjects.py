"""What is measured: our operator, and the baseline; each a process of its own."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import httpx

from benchmarks.samples import Histogram, by_label, histogram, total
from benchmarks.vitals import Vitals, vitals
from benchmarks.waiting import BenchmarkError, until
from sandbox.cluster.control_plane import free_port
from sandbox.stage import ROOT, Operator, program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.cloud import TimedCloud
    from sandbox.cluster.process import Process

TICK_SECONDS = 60.0  # of the baseline, at least: sixty GETs an hour for each object
TICK_SECONDS_AN_OBJECT = 0.06  # more of them need more time: ten minutes for 10,000
QUIET_SHARE = 0.25  # of a core, or less: it is through with what it was about
QUIET_SECONDS = 1.1  # a scrape is good for one second
START_SECONDS = 60.0
HOUR_SECONDS = 3600.0
MASS_DELETION = "mass_deletion_percent"
JOBS = ("delta", "events", "sweep", "details", "refresh")


@dataclass
class Subject(ABC):
    """One operator as a process, which can be started again and again."""

    operator: Operator
    namespace: str
    objects: int
    tick_seconds: float = TICK_SECONDS
    profile: Path | None = None  # directory for a file of sampled stacks from each start
    starts: int = 0

    name: ClassVar[str]
    lag_metric: ClassVar[str]

    @abstractmethod
    def start(self, *, faster: float = 1.0) -> None:
        """Start it, with all its intervals *faster* by this factor; return when it answers scrapes."""

    @abstractmethod
    def caught_up(self, cloud: TimedCloud, objects: int) -> bool:
        """Say whether it has seen all *objects* and their servers, and is through with it."""

    @property
    @abstractmethod
    def round_seconds(self) -> float:
        """How long it takes at most, idle, until it has looked at every server again."""

    def stop(self) -> None:
        """Ask it to end."""
        self.operator.stop()

    @property
    def pid(self) -> int:
        """The id of its process."""
        if self.operator.process is None:
            msg = f"{self.name} does not run"
            raise BenchmarkError(msg)
        return self.operator.process.pid

    def vitals(self) -> Vitals:
        """Return what it has used."""
        return vitals(self.pid)

    @property
    def port(self) -> int:
        """Where its metrics are."""
        return int(str(self.operator.knobs["listen_port"]))

    def metrics(self) -> str:
        """Return its metrics, or nothing if it does not answer."""
        return self._page("/metrics")[1]

    def lag(self) -> Histogram:
        """Return by how much its event loop was late so far."""
        return histogram(self.metrics(), self.lag_metric)

    def turns(self) -> dict[str, float]:
        """Return how often each job of its feeds ran, if it has any."""
        return {}

    def passes(self) -> dict[str, float]:
        """Return how often its reconciler was called so far, by lane, if it has one."""
        return {}

    def quiet(self) -> bool:
        """Look for a moment whether it is through with what it was about."""
        before, since = self.vitals(), time.monotonic()
        time.sleep(QUIET_SECONDS)
        spent = self.vitals().cpu_seconds - before.cpu_seconds
        return spent < QUIET_SHARE * (time.monotonic() - since)

    def _page(self, path: str) -> tuple[int, str]:
        try:
            reply = httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=30.0)
        except httpx.TransportError:
            return 0, ""
        return reply.status_code, reply.text

    def _answers(self) -> None:
        until(
            lambda: self._page("/metrics")[0],
            f"{self.name} answers",
            self.operator.process,
            seconds=START_SECONDS,
        )


class Ours(Subject):
    """The operator of this repository, as it is installed by default."""

    name = "operator"
    lag_metric = "onecloud_operator_event_loop_lag_seconds"
    # Every interval of an idle hour that can be set; what is asked for by these scales with them.
    INTERVALS: ClassVar = {
        "poll_moving_seconds": 2.0,
        "poll_idle_seconds": 5.0,
        "events_seconds": 15.0,
        "sweep_seconds": 600.0,
        "details_seconds": 3600.0,
        "resync_seconds": 1800.0,
        "secret_seconds": 60.0,
    }

    @property
    def round_seconds(self) -> float:
        """One poll."""
        return self.INTERVALS["poll_idle_seconds"]

    def start(self, *, faster: float = 1.0) -> None:
        """Start it."""
        knobs = {name: seconds / faster for name, seconds in self.INTERVALS.items()}
        self.operator.knobs |= {**knobs, "listen_port": free_port(), "listen_address": "127.0.0.1"}
        self.starts += 1
        if self.profile is None:
            self.operator.start()
        else:
            self.profile.mkdir(parents=True, exist_ok=True)
            self.operator.start("benchmarks.sampled", str(self.profile.resolve() / f"{self.starts}.txt"))
        self._answers()

    def turns(self) -> dict[str, float]:
        """Return how often each job of its feeds ran."""
        return {
            job: total(text, "onecloud_operator_feed_calls_total", task=job)
            for text in [self.metrics()]
            for job in JOBS
        }

    def passes(self) -> dict[str, float]:
        """Return how often its reconciler was called so far, by lane."""
        return by_label(self.metrics(), "onecloud_operator_passes_total", "lane")

    def caught_up(self, cloud: TimedCloud, objects: int) -> bool:  # noqa: ARG002 - the baseline's way
        """Say whether it is ready, watches every server, and has nothing left to do."""
        if self._page("/readyz")[0] != httpx.codes.OK:
            return False
        text = self.metrics()
        prefix = "onecloud_operator_"
        busy = sum(total(text, prefix + name) for name in ("queue_depth", "queue_running", "queue_parked"))
        if busy or total(text, f"{prefix}feed_servers") < objects:
            return False
        return self.quiet()


class Before(Ours):
    """The operator of another commit."""

    name = "before"


class Baseline(Subject):
    """An ordinary operator."""

    name = "baseline"
    lag_metric = "baseline_event_loop_lag_seconds"

    @property
    def round_seconds(self) -> float:
        """One tick."""
        return max(self.tick_seconds, self.objects * TICK_SECONDS_AN_OBJECT)

    def start(self, *, faster: float = 1.0) -> None:
        """Start it."""
        self.operator.knobs["listen_port"] = free_port()
        tick = self.round_seconds / faster
        self.operator.start("benchmarks.baseline", self.namespace, str(self.port), str(tick))
        self._answers()

    def caught_up(self, cloud: TimedCloud, objects: int) -> bool:
        """Say whether it has looked at every server since the calls were last reset."""
        return cloud.counts().get("GET /servers/{id}", 0) >= objects


SUBJECTS: dict[str, type[Subject]] = {kind.name: kind for kind in (Before, Ours, Baseline)}


def subject(name: str, kubeconfig: Path, namespace: str, objects: int, root: Path = ROOT) -> Subject:
    """Return a subject that is not running yet; its operator is that of the repository at *root*."""
    operator = Operator(kubeconfig, waiting=True)

    def start(module: str, arguments: list[str], *, log: Path, env: Mapping[str, str]) -> Process:
        path = os.pathsep.join((str(root / "operator"), str(ROOT)))
        return program(module, arguments, log=log, env={**env, "PYTHONPATH": path})

    operator.program = start  # how this one is started
    settings = root / "operator" / "onecloud_operator" / "settings.py"
    if name != Baseline.name and MASS_DELETION in settings.read_text():  # not yet in each commit
        operator.knobs[MASS_DELETION] = 100  # all objects are deleted at once, and nobody is asked
    return SUBJECTS[name](operator, namespace, objects)
