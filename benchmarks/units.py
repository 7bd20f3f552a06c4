"""
The units of CPU that hold on any machine, R and W, and what a scene cost in them.

They are measured before and after each scene, in the same run; see yardstick.py for what they are.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import yaml

from benchmarks.api import PLURAL
from benchmarks.waiting import BenchmarkError
from benchmarks.yardstick import GROUP, NAMESPACE
from sandbox.stage import CRDS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.cluster.kube import Kube

APART: Final = 0.2  # before and after a scene, of the smaller: more makes a run provisional
SECONDS: Final = 1200.0  # much more than it takes


@dataclass(frozen=True, slots=True)
class Units:
    """R and W at one moment, in milliseconds; R only if there were objects, with the bytes of each."""

    w_ms: float
    r_ms: float | None = None
    bytes: int | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Return the middle of the samples."""
        r_ms = found.get("r_ms")
        return cls(
            statistics.median(found["w_ms"]), statistics.median(r_ms) if r_ms else None, found.get("bytes")
        )

    def __str__(self) -> str:
        """Return them as they are told."""
        r = f"R {self.r_ms:.4f} ms of {self.bytes:,} bytes, " if self.r_ms is not None else ""
        return f"{r}W {self.w_ms:.2f} ms"


def prepare(kube: Kube) -> None:
    """Make what W is measured with: the resource as it is here, whatever is measured, in another group."""
    (path,) = CRDS.glob(f"*_{PLURAL}.yaml")
    definition = yaml.safe_load(path.read_text())
    name = f"{PLURAL}.{GROUP}"
    definition["metadata"]["name"] = name
    definition["spec"]["group"] = GROUP
    kube.apply(definition)
    kube.wait_for("CustomResourceDefinition", name, None, _established)
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})


def measure_units(kubeconfig: Path, objects: int, samples: int) -> Units:
    """Measure both now, by a process of its own. Raises BenchmarkError."""
    command = ["-m", "benchmarks.yardstick", str(kubeconfig)]
    command += ["--objects", str(objects), "--samples", str(samples)]
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        raise BenchmarkError(f"the units were not measured:\n{done.stderr[-2000:]}")
    return Units.of(json.loads(done.stdout))


def mean(before: Units, after: Units) -> dict[str, Any]:
    """Return the units of a scene: the mean of what they were *before* and *after* it."""
    known = [r_ms for r_ms in (before.r_ms, after.r_ms) if r_ms is not None]
    return {
        "w_ms": round((before.w_ms + after.w_ms) / 2, 4),
        "r_ms": round(sum(known) / len(known), 5) if known else None,
        "bytes": after.bytes if after.bytes is not None else before.bytes,
        "apart": round(max(_apart(before.w_ms, after.w_ms), _apart(before.r_ms, after.r_ms)), 3),
    }


def _established(found: Mapping[str, Any]) -> bool:
    conditions = found.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _apart(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0
    return max(one, other) / min(one, other) - 1.0
