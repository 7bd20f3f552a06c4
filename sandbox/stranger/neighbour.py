"""The honest tenant beside the hostile one, and what is seen of the operator that both share."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sandbox.cluster.kube import Kube
    from sandbox.stage import Cloud, Operator

KIND: Final = "onecloudservers"
LEASE: Final = "onecloud-operator"
SHARE: Final = 0.7  # of the chart's limit of memory, that may be used at the most
LOOK_SECONDS: Final = 0.02
SERVER: Final[dict[str, Any]] = {
    "cpu": 1,
    "memory": "1Gi",
    "image": "ubuntu-22.04",
    "networks": [{"network": "vnet-1"}],
}


class NotInTimeError(Exception):
    """Something of the honest tenant's did not come about."""


@dataclass(frozen=True, slots=True)
class Edit:
    """*seconds*: until the cloud had it. *told_seconds*: until any watch of the Kubernetes API told of it."""

    seconds: float
    told_seconds: float


class Neighbour:
    """Somebody with *count* servers in *namespace*, who edits one of them every now and then."""

    def __init__(self, kube: Kube, namespace: str, cloud: Cloud, count: int) -> None:
        self._kube = kube
        self._namespace = namespace
        self._cloud = cloud
        self.names = [f"web-{number:04d}" for number in range(count)]
        self._idents: dict[str, str] = {}
        self._turn: Iterator[str] = iter(())
        self._edits = 0
        self.last = ("", 0.0)  # the description that was last asked for, and when (monotonic)

    def settle(self, seconds: float) -> None:
        """Have all servers made, and wait until they are Ready."""
        self._kube.apply(self._cloud.secret(self._namespace))
        for name in self.names:
            self._apply(name, {})
        _wait(self._all_ready, "the honest tenant's servers are Ready", seconds, every=0.5)

    def edit(self, seconds: float) -> float:
        """Edit the next of the servers; return after how many seconds the cloud had it."""
        name = next(self._turn, None)
        if name is None:
            self._turn = iter(self.names)
            name = next(self._turn)
        self._edits += 1
        wanted = f"edit {self._edits}"
        began_at = time.monotonic()
        self.last = (wanted, began_at)
        self._apply(name, {"description": wanted})
        ident = self._idents[name]
        _wait(
            lambda: self._cloud.call("find", ident=ident).get("description") == wanted,
            f"an edit of {name} is carried out",
            seconds,
        )
        return time.monotonic() - began_at

    def edits(self, count: int, seconds: float) -> list[float]:
        """Edit so many of the servers, one after the other."""
        return [self.edit(seconds) for _ in range(count)]

    def _apply(self, name: str, more: dict[str, str]) -> None:
        self._kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudServer",
                "metadata": {"name": name, "namespace": self._namespace},
                "spec": {"credentialsRef": {"name": "onecloud"}, "server": SERVER | more},
            },
            force=True,
        )

    def _all_ready(self) -> bool:
        for found in self._kube.list(KIND, self._namespace):
            status = found.get("status") or {}
            ready = [one for one in status.get("conditions") or () if one["type"] == "Ready"]
            if not ready or ready[0]["status"] != "True":
                return False
            self._idents[found["metadata"]["name"]] = status["id"]
        return len(self._idents) == len(self.names)


@dataclass(frozen=True)
class Watched:
    """The operator's process and its Lease, since it was *started*."""

    kube: Kube
    namespace: str
    operator: Operator
    pid: int
    holder: str

    @classmethod
    def leading(
        cls, kube: Kube, namespace: str, operator: Operator, seconds: float, after: str | None = None
    ) -> Watched:
        """Wait until the operator that was just started leads, or the one that stood by *after* another."""
        before = _holder(kube, namespace) if after is None else after
        if (process := operator.process) is None:
            raise NotInTimeError("the operator was not started")
        _wait(
            lambda: process.exit_code is not None or _holder(kube, namespace) not in {before, ""},
            "the operator leads",
            seconds,
        )
        return cls(kube, namespace, operator, process.pid, _holder(kube, namespace))

    def wrongs(self) -> list[str]:
        """Return what must never be, and is."""
        found = []
        process = self.operator.process
        if not self.alive:
            code = None if process is None else process.exit_code
            found.append(f"the operator ended with {code}: {self.operator.text()[-2000:]}")
        elif (peak := self.peak_mib()) > limit_mib() * SHARE:
            found.append(f"{peak:.0f} MiB of {limit_mib():.0f} MiB were used")
        if (holder := _holder(self.kube, self.namespace)) != self.holder:
            found.append(f"the Lease was {self.holder}'s and is {holder}'s")
        return found

    @property
    def alive(self) -> bool:
        """Whether the very process still runs."""
        process = self.operator.process
        return process is not None and process.exit_code is None and process.pid == self.pid

    def peak_mib(self) -> float:
        """Return the most memory that it ever had."""
        return self._mib("VmHWM")

    def memory_mib(self) -> float:
        """Return the memory that it has."""
        return self._mib("VmRSS")

    def _mib(self, name: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) / 1024


def limit_mib() -> float:
    """Return the limit of memory that the chart sets."""
    values = yaml.safe_load((ROOT / "helm" / "onecloud-operator" / "values.yaml").read_text())
    text: str = values["resources"]["limits"]["memory"]
    return float(text.removesuffix("Gi")) * 1024 if text.endswith("Gi") else float(text.removesuffix("Mi"))


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the sample that *share* of them do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _holder(kube: Kube, namespace: str) -> str:
    found = kube.get("leases", LEASE, namespace)
    holder: str = found["spec"].get("holderIdentity") or "" if found is not None else ""
    return holder


def _wait(condition: Callable[[], Any], what: str, seconds: float, every: float = LOOK_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotInTimeError(f"not so within {seconds} s: {what}")
        time.sleep(every)
