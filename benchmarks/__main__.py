"""Measure, print the table, and keep everything as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.client import measure_client
from benchmarks.ground import Lengths
from benchmarks.machine import circumstances, machine, versions
from benchmarks.page import page
from benchmarks.run import measure
from benchmarks.subjects import SUBJECTS, Ours
from benchmarks.waiting import BenchmarkError
from sandbox.progress import StepError, say


def main() -> int:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the operator costs.")
    parser.add_argument(
        "--objects", type=int, nargs="+", default=[100, 1000, 10_000], help="how many objects"
    )
    parser.add_argument("--subjects", nargs="+", choices=list(SUBJECTS), default=list(SUBJECTS))
    parser.add_argument(
        "--json", type=Path, default=Path("build/benchmark.json"), help="where to keep what was measured"
    )
    parser.add_argument("--add", action="store_true", help="keep the other runs that the file holds")
    parser.add_argument("--profile", type=Path, help="sample the operator's stacks into this directory")
    arguments = parser.parse_args()
    runs: list[dict[str, Any]] = []
    if arguments.add and arguments.json.exists():
        runs = json.loads(arguments.json.read_text())["runs"]
    results: dict[str, Any] = {"machine": machine(), "versions": versions(), "runs": runs}
    try:
        with circumstances() as around:
            call = measure_client()
        results["client"] = {**call, **around}
        for objects in sorted(arguments.objects):
            for name in arguments.subjects:
                profile = arguments.profile if name == Ours.name else None
                with circumstances() as around:
                    measured = measure(name, objects, Lengths(), profile=profile)
                runs[:] = [run for run in runs if (run["subject"], run["objects"]) != (name, objects)]
                runs.append({**measured, **around})
                arguments.json.parent.mkdir(parents=True, exist_ok=True)
                arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    except (BenchmarkError, StepError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(page(results))
    say(f"all that was measured is in {arguments.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
