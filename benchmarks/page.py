"""
The figures as a page shows them: ``python -m benchmarks.page RESULTS.json [PAGE.md]``.

With a page, what stands there between two marks is replaced.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import FIGURES, GROWTH, figures, growth
from benchmarks.subjects import Baseline, Ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.figures import Figure

Run = dict[str, Any]
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->"
SMALL, LARGE = 10, 100  # a figure below has two decimals, or one


def page(results: Mapping[str, Any]) -> str:
    """Return the tables."""
    runs = sorted(results["runs"], key=lambda run: (run["subject"] != Ours.name, run["objects"]))
    ours = [run for run in runs if run["subject"] == Ours.name]
    theirs = {run["objects"]: run for run in runs if run["subject"] == Baseline.name}
    parts = [_circumstances(results, runs), _table(runs, ours, theirs), _client(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(figure: Figure, found: Mapping[str, float]) -> str:
    """Say whether the bar is met, or by how much it is not."""
    value = found.get(figure.key)
    if figure.bar is None or value is None:
        return ""
    if value <= figure.bar:
        return "met"
    return f"missed by {100.0 * (value - figure.bar) / figure.bar:.0f} %" if figure.bar else "missed"


def _table(runs: Sequence[Run], ours: Sequence[Run], theirs: Mapping[int, Run]) -> str:
    head = ["what", "bar", *(f"{run['subject']}, {run['objects']:,}" for run in runs), "times less", "bar is"]
    largest = figures(ours[-1]) if ours else {}
    both = next((run for run in reversed(ours) if run["objects"] in theirs), None)
    pair = (figures(both), figures(theirs[both["objects"]])) if both else ({}, {})
    grown = growth(ours)
    columns = [figures(run) for run in runs]
    rows = []
    for figure in FIGURES:
        said = [verdict(figure, largest)]
        if grown.get(figure.key, 0.0) > GROWTH:
            said.append(f"grows as n^{grown[figure.key]:.2f}")
        rows.append(
            [
                figure.what,
                "" if figure.bar is None else f"≤ {_number(figure.bar)} {figure.unit}".rstrip(),
                *(_value(figure, found) for found in columns),
                _ratio(figure.key, *pair),
                ", ".join(filter(None, said)),
            ]
        )
    right = ["---", "---", *("--:" for _ in runs), "--:", "---"]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, right, *rows])


def _client(results: Mapping[str, Any]) -> str:
    found = results.get("client")
    if not found:
        return ""
    noise = f" (provisional: others used {found['others_cpu_percent']:.0f} %)" if found["provisional"] else ""
    return (
        "CPU of a call to the cloud, measured in turns: {client_ms:.2f} ms by the operator's client, "
        "{httpx_ms:.2f} ms by httpx alone,\n{httpcore_ms:.2f} ms by httpcore alone"
    ).format_map(found) + f"{noise}."


def _value(figure: Figure, found: Mapping[str, float]) -> str:
    value = found.get(figure.key)
    return "-" if value is None else f"{_number(value)} {figure.unit}".rstrip()


def _ratio(key: str, ours: Mapping[str, float], theirs: Mapping[str, float]) -> str:
    """Return how many times less the operator needs than the baseline."""
    mine, other = ours.get(key), theirs.get(key)
    return _number(other / mine) if mine and other else ""


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= LARGE:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < SMALL else f"{value:.1f}"


def _circumstances(results: Mapping[str, Any], runs: Iterable[Run]) -> str:
    machine = results["machine"]
    lines = [
        "Measured on {cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}.".format_map(machine),
        "API server, etcd, the simulated cloud and the measuring share the machine with the operator.",
        "Versions: " + ", ".join(f"{name} {text}" for name, text in results["versions"].items()) + ".",
    ]
    noisy = [run for run in runs if run["provisional"]]
    if noisy:
        told = ", ".join(
            f"{run['subject']} {run['objects']:,} ({run['others_cpu_percent']:.0f} %)" for run in noisy
        )
        lines.append(f"Provisional, since others used so much of the machine meanwhile: {told}.")
    return "\n".join(lines)


def renewed(text: str, measured: str) -> str:
    """Return a page's *text* with what was *measured* between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{measured}\n{END}{after}"


if __name__ == "__main__":
    measured = page(json.loads(Path(sys.argv[1]).read_text()))
    if len(sys.argv) > 2:  # noqa: PLR2004 - the page is given
        shown = Path(sys.argv[2])
        shown.write_text(renewed(shown.read_text(), measured))
    else:
        sys.stdout.write(measured)
