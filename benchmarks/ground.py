"""Where a run takes place: an API server and a cloud of its own, one operator, meters on all of them."""

from __future__ import annotations

import ssl
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.api import PLURAL, Api, Sight
from benchmarks.cloud import TimedCloud
from benchmarks.samples import between, bound, total
from benchmarks.subjects import QUIET_SECONDS, TICK_SECONDS, Ours, subject
from benchmarks.units import mean, measure_units, prepare
from benchmarks.vitals import Vitals, reset_peak, vitals
from sandbox.cluster.control_plane import ControlPlane
from sandbox.stage import ROOT, grant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.subjects import Subject
    from benchmarks.units import Units

NAMESPACE = "bench"
STEP_SECONDS = 0.3  # of a task in the cloud, as recorded
WRITE_SECONDS = 0.03  # of the cloud's work on a write, as its CPU was measured
PATIENCE_SECONDS = 120.0
SQUEEZED_OBJECTS = 10_000  # that the shortest squeezed hour is long enough for
WRITES = ("PATCH", "APPLY", "PUT")


@dataclass
class Scene:
    """What was measured between two moments. It is filled in when the scene is over."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cluster_cpu_seconds: float = 0.0  # API server and etcd
    cloud_calls: dict[str, int] = field(default_factory=dict)
    region_cpu_seconds: float = 0.0  # what these calls would cost the real region, as measured
    kubernetes_writes: int = 0  # requests that write an object of ours, those that change nothing too
    events_posted: int = 0
    passes: dict[str, float] = field(default_factory=dict)  # calls of the reconciler, by lane
    memory_mib: float = 0.0
    peak_mib: float = 0.0
    lag_p99_seconds: float | None = None  # the bound of the bucket
    lag_most_seconds: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """All calls to the cloud."""
        return sum(self.cloud_calls.values())

    def measured(self, before: Units, after: Units) -> dict[str, Any]:
        """Return it as JSON has it, with the units as they were *before* and *after* it."""
        own = asdict(self)
        more = own.pop("more")
        return {**own, **more, "units": mean(before, after)}


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long is looked, and how often."""

    rest_seconds: float = 32.0  # after a write of its own the operator polls more often for 30 s
    idle_seconds: float = 45.0
    hour_seconds: float = 90.0  # in which an hour's intervals are squeezed
    changes: int = 20
    changes_seconds: float = 20.0
    creations: int = 8
    tick_seconds: float = TICK_SECONDS  # of the baseline, at least
    ticks_seconds: float = 120.0
    starts: int = 3  # with no object
    restarts: int = 3
    yardsticks: int = 100  # that W is measured with
    samples: int = 3  # of R and W each time

    def squeezed(self, objects: int) -> float:
        """Return the seconds of a squeezed hour, in which so many objects can be looked at as often."""
        return self.hour_seconds * max(1.0, objects / SQUEEZED_OBJECTS)

    def idle_ticks(self, tick_seconds: float) -> float:
        """Return the seconds of whole ticks, one at least."""
        return max(1, self.ticks_seconds // tick_seconds) * tick_seconds


@dataclass(frozen=True)
class Ground:
    """One subject and what it works on. *objects*: how many there are."""

    control_plane: ControlPlane
    cloud: TimedCloud
    api: Api
    sight: Sight
    subject: Subject
    objects: int
    lengths: Lengths

    @property
    def patience_seconds(self) -> float:
        """How long anything that concerns one object may take."""
        return PATIENCE_SECONDS + self.subject.round_seconds

    @property
    def names(self) -> list[str]:
        """The names of the objects."""
        return [f"web-{number:05d}" for number in range(self.objects)]

    def units(self) -> Units:
        """Measure R and W."""
        lengths = self.lengths
        return measure_units(self.control_plane.kubeconfig, lengths.yardsticks, lengths.samples)

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Measure from here to the end of the block; a subject that is started within is measured whole."""
        scene = Scene()
        started = self.subject.operator.process
        before = vitals(started.pid) if started is not None else Vitals(0.0, 0.0, 0.0)
        lag = self.subject.lag() if started is not None else {}
        passes = self.subject.passes() if started is not None else {}
        if started is not None:
            reset_peak(started.pid)
        cluster = self._cluster_cpu()
        metrics = self.api.metrics()
        self.cloud.call("reset_calls")
        began_at = time.monotonic()
        yield scene
        scene.seconds = time.monotonic() - began_at
        after = self.subject.vitals()
        scene.cloud_calls = self.cloud.counts()
        scene.region_cpu_seconds = self.cloud.call("region_cpu_ms") / 1000.0
        scene.cpu_seconds = after.cpu_seconds - before.cpu_seconds
        scene.memory_mib, scene.peak_mib = after.memory_mib, after.peak_mib
        scene.cluster_cpu_seconds = self._cluster_cpu() - cluster
        counted = between(lag, self.subject.lag())
        scene.lag_p99_seconds, scene.lag_most_seconds = bound(counted, 0.99), bound(counted, 1.0)
        now = self.api.metrics()
        scene.kubernetes_writes = _writes(now) - _writes(metrics)
        scene.events_posted = _events(now) - _events(metrics)
        if isinstance(self.subject, Ours):
            time.sleep(QUIET_SECONDS)  # until a scrape is new; what is called meanwhile, belongs to the scene
        scene.passes = {lane: count - passes.get(lane, 0.0) for lane, count in self.subject.passes().items()}

    def _cluster_cpu(self) -> float:
        return sum(vitals(process.pid).cpu_seconds for process in self.control_plane.processes)


def _writes(metrics: str) -> int:
    return int(total(metrics, "apiserver_request_total", resource=PLURAL, verb=WRITES))


def _events(metrics: str) -> int:
    return int(total(metrics, "apiserver_request_total", resource="events", verb="POST"))


@contextmanager
def ground(
    name: str, objects: int, lengths: Lengths, *, profile: Path | None = None, root: Path = ROOT
) -> Iterator[Ground]:
    """Set all up for the subject called *name* of the repository at *root*, which is not started yet."""
    with ExitStack() as stack:
        control_plane = stack.enter_context(ControlPlane())
        control_plane.install_crds(root / "crds")
        cloud = stack.enter_context(TimedCloud(step_seconds=STEP_SECONDS))
        for method in ("POST", "PUT", "DELETE"):
            cloud.call(
                "fault",
                effect="pass",
                method=method,
                path="^/servers",
                latency_seconds=WRITE_SECONDS,
                count=None,
            )
        with control_plane.client() as kube:
            grant(kube, rights=root / "sandbox" / "rbac.yaml")
            prepare(kube)
            kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
            kube.apply(cloud.secret(NAMESPACE))
        trust = ssl.create_default_context(cafile=str(control_plane.authority))
        # kopf's own scanning needs rights that our operator does without: the baseline is an administrator.
        user = "admin" if name == "baseline" else "operator"
        measured = subject(name, control_plane.kubeconfig_of(user), NAMESPACE, objects, root)
        measured.tick_seconds, measured.profile = lengths.tick_seconds, profile
        stack.enter_context(measured.operator)
        api = stack.enter_context(Api(control_plane.kubeconfig, NAMESPACE, verify=trust))
        sight = stack.enter_context(Sight(api))
        yield Ground(control_plane, cloud, api, sight, measured, objects, lengths)
