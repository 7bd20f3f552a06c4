"""Measure, print the tables, and keep everything as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.abreast import idle_abreast
from benchmarks.against import checked_out
from benchmarks.client import measure_client
from benchmarks.ground import Lengths
from benchmarks.machine import circumstances, machine, versions
from benchmarks.page import page
from benchmarks.run import GROWTH, QUICK, SCENES, SLOW, measure
from benchmarks.subjects import SUBJECTS, Baseline, Before, Ours
from benchmarks.units import APART
from benchmarks.waiting import BenchmarkError
from sandbox.stage import ROOT
from tools.progress import StepError, say

if TYPE_CHECKING:
    from collections.abc import Mapping

FEW: Final = 1000  # objects of which the baseline looks at each once a minute
MOST_BESIDE: Final = 10_000  # objects; with more only the operator is measured, and only how costs grow


def main() -> int:
    """Parse the command line and measure."""
    arguments = _arguments()
    runs: list[dict[str, Any]] = []
    if arguments.add and arguments.json.exists():
        runs = json.loads(arguments.json.read_text())["runs"]
    results: dict[str, Any] = {"machine": machine(), "versions": versions(), "runs": runs}
    try:
        with ExitStack() as stack:
            roots = (
                {Before.name: stack.enter_context(checked_out(arguments.against))}
                if arguments.against
                else {}
            )
            if not arguments.quick:
                with circumstances() as around:
                    call = measure_client()
                results["client"] = {**call, **around}
            for name, objects in _plan(arguments):
                root = roots.get(name, ROOT)
                played = QUICK if arguments.quick else _played(name, objects)
                profile = arguments.profile if name == Ours.name else None
                with circumstances(root) as around:
                    found = measure(name, objects, Lengths(), played=played, profile=profile, root=root)
                around["provisional"] |= found["units_apart"] > APART
                runs[:] = [run for run in runs if (run["subject"], run["objects"]) != (name, objects)]
                runs.append({**found, **around})
                _keep(results, arguments.json)
            if roots:
                objects = min(arguments.objects)
                results["abreast"] = idle_abreast({Ours.name: ROOT, **roots}, objects, Lengths())
                _keep(results, arguments.json)
    except (BenchmarkError, StepError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(page(results))
    say(f"all that was measured is in {arguments.json}")
    return 0


def _keep(results: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the operator costs.")
    parser.add_argument("--objects", type=int, nargs="+", help="how many objects; 1000 10000 30000")
    parser.add_argument("--subjects", nargs="+", choices=[Ours.name, Baseline.name], help="all of them")
    parser.add_argument(
        "--quick", action="store_true", help="the operator with 1000 objects: the same ratios in ten minutes"
    )
    parser.add_argument(
        "--against", metavar="REF", help="measure the operator and the CRD of this commit, too, in turn"
    )
    parser.add_argument(
        "--json", type=Path, default=Path("build/benchmark.json"), help="where to keep what was measured"
    )
    parser.add_argument("--add", action="store_true", help="keep the other runs that the file holds")
    parser.add_argument("--profile", type=Path, help="sample the operator's stacks into this directory")
    found = parser.parse_args()
    found.objects = found.objects or ([1000] if found.quick else [1000, 10_000, 30_000])
    found.subjects = found.subjects or ([Ours.name] if found.quick else [Ours.name, Baseline.name])
    return found


def _plan(arguments: argparse.Namespace) -> list[tuple[str, int]]:
    """
    Return what is measured, in order: with each number of objects one subject after the other.

    The operator of another commit only with the fewest: what it needs is compared there.
    """
    asked = {*arguments.subjects, *([Before.name] if arguments.against else [])}
    fewest = min(arguments.objects)
    most = {Ours.name: max(arguments.objects), Before.name: fewest, Baseline.name: MOST_BESIDE}
    return [
        (name, objects)
        for objects in sorted(arguments.objects)
        for name in SUBJECTS
        if name in asked and objects <= most[name]
    ]


def _played(name: str, objects: int) -> tuple[str, ...]:
    """Return the scenes of a subject; the more objects there are, the longer each takes."""
    if objects > MOST_BESIDE:
        return GROWTH
    return SLOW if name == Baseline.name and objects > FEW else SCENES


if __name__ == "__main__":
    sys.exit(main())
