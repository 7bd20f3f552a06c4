"""
What an honest tenant notices of a hostile one: its edits alone, then beside every attack that is known.

    python -m benchmarks.hostile

The same operator serves both, with the default settings. The attacks are played several at a time, in random
order; see sandbox/stranger.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.machine import circumstances, machine, versions
from benchmarks.samples import quantile
from benchmarks.vitals import vitals
from sandbox.cluster.control_plane import ControlPlane
from sandbox.stranger.mixture import beside, quiet
from sandbox.stranger.neighbour import NotInTimeError, limit_mib
from sandbox.stranger.street import street
from tools.progress import say

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMES_SLOWER: Final = 3.0  # p99 beside the stranger, at most
MAX_SECONDS: Final = 5.0
ALONE, BESIDE = "alone", "beside the stranger"


@dataclass(frozen=True, slots=True)
class Part:
    """What was seen in one part of the run."""

    edits: Sequence[float]
    cpu_seconds: float
    memory_mib: float
    peak_mib: float


def measure(objects: int, seconds: float, share: float, seed: int) -> tuple[dict[str, Part], list[str]]:
    """Return what was seen in each part, and what was wrong at the end."""
    with ControlPlane() as control_plane, control_plane.client() as kube:
        say(f"making {objects} servers")
        with street(control_plane, kube, objects) as played:
            found = {}
            for name in (ALONE, BESIDE):
                say(f"editing {name}")
                before = vitals(played.watched.pid)
                edits = quiet(played, seconds) if name == ALONE else beside(played, seconds, seed, share)
                after = vitals(played.watched.pid)
                spent = after.cpu_seconds - before.cpu_seconds
                found[name] = Part(edits, spent, after.memory_mib, after.peak_mib)
            return found, played.watched.wrongs()


def table(parts: dict[str, Part]) -> str:
    """Return the figures as a table for the document."""
    lines = [
        "| from the edit to the cloud | edits | half | 99 of 100 | longest | memory at its peak |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for name, part in parts.items():
        times = [f"{quantile(part.edits, share):.2f} s" for share in (0.5, 0.99, 1.0)]
        lines.append(f"| {name} | {len(part.edits)} | {' | '.join(times)} | {part.peak_mib:.0f} MiB |")
    return "\n".join([*lines, ""])


def verdict(parts: dict[str, Part]) -> list[str]:
    """Return what misses the budget."""
    alone, hurt = (quantile(parts[name].edits, 0.99) for name in (ALONE, BESIDE))
    missed = []
    if hurt > alone * TIMES_SLOWER:
        missed.append(f"99 of 100 edits took {hurt / alone:.1f} times as long, not {TIMES_SLOWER:g}")
    if (longest := max(parts[BESIDE].edits)) > MAX_SECONDS:
        missed.append(f"the longest took {longest:.1f} s, not {MAX_SECONDS:g}")
    return missed


def main() -> int:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--objects", type=int, default=1000, help="of the honest tenant")
    parser.add_argument("--seconds", type=float, default=300.0, help="of each part")
    parser.add_argument("--share", type=float, default=1.0, help="of the full size of each attack")
    parser.add_argument("--seed", type=int, default=1, help="of the order")
    parser.add_argument("--json", type=Path, default=Path("build/hostile.json"))
    arguments = parser.parse_args()
    try:
        with circumstances() as around:
            parts, wrongs = measure(arguments.objects, arguments.seconds, arguments.share, arguments.seed)
    except NotInTimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    missed = [*wrongs, *verdict(parts)]
    results = {
        "machine": machine(),
        "versions": versions(),
        "objects": arguments.objects,
        "limit_mib": limit_mib(),
        **around,
        "missed": missed,
        "parts": {
            name: {
                "edits": [round(one, 3) for one in part.edits],
                "cpu_seconds": part.cpu_seconds,
                "memory_mib": part.memory_mib,
                "peak_mib": part.peak_mib,
            }
            for name, part in parts.items()
        },
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.stdout.write(table(parts))
    say(f"all that was measured is in {arguments.json}")
    for each in missed:
        say(f"missed: {each}")
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
