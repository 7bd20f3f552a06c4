"""
How long nobody works when a leader is lost: two replicas with the default times of the Lease.

    python -m benchmarks.failover

Each round takes the leader away at another moment between two of its renewals, has an object applied in that
very moment, and waits until the other replica has made its server. Whoever ended is started again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import httpx

from benchmarks.ground import NAMESPACE
from benchmarks.machine import circumstances, machine, versions
from benchmarks.waiting import BenchmarkError, until
from onecloud_operator.election.election import Timing
from sandbox.cluster.control_plane import ControlPlane, free_port
from sandbox.cluster.proxy import Proxy
from sandbox.cluster.scratch import scratch
from sandbox.stage import CRDS, Cloud, Operator, grant
from tools.progress import StepError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sandbox.cluster.kube import Kube
    from sandbox.cluster.process import Process

TIMING: Final = Timing()  # the defaults
LEASE: Final = "onecloud-operator"
KIND: Final = "onecloudservers"
PATIENCE_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.02
STEP_SECONDS: Final = 0.3  # of a task in the cloud
HAPPENINGS: Final = {
    "asked": "the leader is asked to end (SIGTERM)",
    "killed": "the leader is killed (SIGKILL)",
    "cut-off": "the leader's calls to Kubernetes are not answered any more",
}


@dataclass(frozen=True)
class Replica:
    """One of the two, and its own way to the API server."""

    operator: Operator
    proxy: Proxy
    port: int

    @property
    def process(self) -> Process:
        """The process that runs now."""
        if self.operator.process is None:
            raise AssertionError("it was never started")
        return self.operator.process

    def is_ready(self, role: str) -> bool:
        """Say whether it is ready in this role."""
        try:
            reply = httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=2.0)
        except httpx.TransportError:
            return False
        return reply.is_success and reply.text.startswith(role)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one leader's loss, in seconds from the moment in which it happened."""

    happening: str
    renewed_before: float  # so long before it the leader had renewed
    ended: float  # the old leader's process
    taken: float  # the Lease is the other's
    written: float  # the other's first write to the cloud
    ready: float  # the object that was applied in that moment


@dataclass(frozen=True)
class Pair:
    """Two replicas over one fleet."""

    kube: Kube
    cloud: Cloud
    replicas: tuple[Replica, Replica]

    def roles(self) -> tuple[Replica, Replica]:
        """Wait until one leads and the other stands by; return them in this order."""

        def found() -> tuple[Replica, Replica] | None:
            for leader, other in (self.replicas, self.replicas[::-1]):
                if leader.is_ready("leading") and other.is_ready("standing by"):
                    return leader, other
            return None

        roles = until(found, "one leads, the other stands by", seconds=PATIENCE_SECONDS)
        assert roles is not None  # noqa: S101 - or until() had raised
        return roles

    def lease(self) -> dict[str, Any]:
        """Return the Lease."""
        found = self.kube.get("leases", LEASE, NAMESPACE)
        if found is None:
            raise BenchmarkError("there is no Lease")
        return found

    def apply(self, name: str) -> None:
        """Apply an object."""
        self.kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudServer",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": {
                    "credentialsRef": {"name": "onecloud"},
                    "server": {
                        "cpu": 1,
                        "memory": "1Gi",
                        "image": "ubuntu-22.04",
                        "networks": [{"network": "vnet-1"}],
                    },
                },
            },
            force=True,
        )

    def ready(self) -> int:
        """Return how many objects are Ready."""
        return sum(is_ready(found) for found in self.kube.list(KIND, NAMESPACE))

    def play(self, happening: str, phase: float, name: str, objects: int) -> Round:
        """Take the leader away, *phase* seconds after a renewal; *objects* are there before."""
        leader, other = self.roles()
        before = self.lease()
        until(lambda: self._renewed_since(before), "renewed", leader.process, seconds=PATIENCE_SECONDS)
        renewed_at = time.monotonic()
        time.sleep(phase)
        old = self.lease()["spec"]["holderIdentity"]
        self.cloud.call("reset_calls")
        process, began_at = leader.process, time.monotonic()
        match happening:
            case "asked":
                process.signal(SIGTERM)
            case "killed":
                process.signal(SIGKILL)
            case _:
                leader.proxy.fault("hang")
        self.apply(name)
        waits: dict[str, Callable[[], object]] = {
            "ended": lambda: process.exit_code is not None,
            "taken": lambda: self.lease()["spec"].get("holderIdentity") not in {old, "", None},
            "written": lambda: self.cloud.counts().get("POST /servers", 0),
            "ready": lambda: is_ready(self.kube.get(KIND, name, NAMESPACE)),
        }
        seconds: dict[str, float] = {}
        while len(seconds) < len(waits):
            for what, so in waits.items():
                if what not in seconds and so():
                    seconds[what] = time.monotonic() - began_at
            if time.monotonic() - began_at > PATIENCE_SECONDS or other.process.exit_code is not None:
                msg = f"{happening}: only {seconds}; the other says:\n{other.process.tail()}"
                raise BenchmarkError(msg)
            time.sleep(LOOK_SECONDS)
        leader.proxy.clear()
        leader.operator.kill()
        leader.operator.start()
        if len(self.cloud.servers()) != objects + 1:
            msg = f"{happening}: {len(self.cloud.servers())} servers for {objects + 1} objects"
            raise BenchmarkError(msg)
        return Round(happening, began_at - renewed_at, **seconds)

    def _renewed_since(self, before: dict[str, Any]) -> bool:
        return bool(self.lease()["spec"]["renewTime"] != before["spec"]["renewTime"])


def is_ready(found: Mapping[str, Any] | None) -> bool:
    """Say whether an object is Ready."""
    conditions = ((found or {}).get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@contextmanager
def pair(objects: int) -> Iterator[Pair]:
    """Set two replicas up over a fleet at rest."""
    with ExitStack() as stack:
        control_plane = stack.enter_context(ControlPlane())
        control_plane.install_crds(CRDS)
        cloud = stack.enter_context(Cloud(step_seconds=STEP_SECONDS))
        kube = stack.enter_context(control_plane.client())
        grant(kube)
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        kube.apply(cloud.secret(NAMESPACE))
        directory = stack.enter_context(scratch())
        replicas = []
        for number in range(2):
            proxy = stack.enter_context(Proxy(control_plane.url, control_plane.authority))
            port = free_port()
            operator = Operator(
                control_plane.kubeconfig_by(proxy.url, directory / f"kubeconfig-{number}", "operator"),
                namespaces=NAMESPACE,
                leader_election=True,
                lease_namespace=NAMESPACE,
                listen_address="127.0.0.1",
                listen_port=port,
                cluster_id="benchmark",
            )
            replicas.append(Replica(stack.enter_context(operator), proxy, port))
        made = Pair(kube, cloud, (replicas[0], replicas[1]))
        for number in range(objects):
            made.apply(f"web-{number:05d}")
        until(lambda: made.ready() == objects, "the fleet is at rest", seconds=10 * PATIENCE_SECONDS)
        yield made


def measure(rounds: int, objects: int, happenings: list[str]) -> list[Round]:
    """Play each happening *rounds* times, at moments that are spread evenly between two renewals."""
    found: list[Round] = []
    with pair(objects) as played:
        for happening in happenings:
            for number in range(rounds):
                phase = TIMING.renew_seconds * (number + 0.5) / rounds
                name = f"{happening}-{number}"
                found.append(played.play(happening, phase, name, objects + len(found)))
                say(f"{name}: {found[-1].taken:.1f} s until the Lease was taken")
    return found


def table(rounds: list[Round]) -> str:
    """Return median and most of each happening, as a table for the document."""
    lines = [
        "| what happens | old leader ended | Lease taken | first write to the cloud | new object Ready |",
        "| --- | --- | --- | --- | --- |",
    ]
    for happening, text in HAPPENINGS.items():
        played = [one for one in rounds if one.happening == happening]
        if not played:
            continue
        cells = [
            f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f}) s"
            for values in (
                [getattr(one, name) for one in played] for name in ("ended", "taken", "written", "ready")
            )
        ]
        lines.append(f"| {' | '.join([text, *cells])} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failover", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each kind")
    parser.add_argument("--objects", type=int, default=100, help="at rest, which the other has to read")
    parser.add_argument("--happenings", nargs="+", choices=list(HAPPENINGS), default=list(HAPPENINGS))
    parser.add_argument("--json", type=Path, default=Path("build/failover.json"))
    arguments = parser.parse_args()
    try:
        with circumstances() as around:
            rounds = measure(arguments.rounds, arguments.objects, arguments.happenings)
    except (BenchmarkError, StepError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    results = {
        "machine": machine(),
        "versions": versions(),
        "timing": asdict(TIMING),
        "objects": arguments.objects,
        **around,
        "rounds": [asdict(one) for one in rounds],
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.stdout.write(table(rounds))
    say(f"all that was measured is in {arguments.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
