"""
The figures as a page shows them: ``python -m benchmarks.page RESULTS.json [PAGE.md]``.

With a page, what stands there between two marks is replaced.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figures import FIGURES, GROWTH, figures, growth
from benchmarks.growing import growing
from benchmarks.subjects import Baseline, Before, Ours
from benchmarks.tables import number, table
from benchmarks.units import APART

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.figures import Figure

Run = dict[str, Any]
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->"
UNITS: Final = {"r_ms", "w_ms", "object_bytes"}  # of the machine and the object, so nobody needs less
IDLE: Final = ("idle_cpu", "idle_object")
LAST: Final = "deletion"
ORDER: Final = [Ours.name, Before.name, Baseline.name]


def page(results: Mapping[str, Any]) -> str:
    """Return the tables."""
    runs = sorted(results["runs"], key=lambda run: (ORDER.index(run["subject"]), run["objects"]))
    ours = [run for run in runs if run["subject"] == Ours.name]
    abreast = results.get("abreast", [])
    # The bars are those of the numbers of objects that every scene was played with.
    judged = [run for run in runs if LAST in run["scenes"]]
    parts = [
        _circumstances(results, runs),
        _table(judged, [run for run in judged if run in ours], abreast),
        _abreast(abreast),
        growing(ours),
        _client(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(figure: Figure, found: Mapping[str, float], before: Mapping[str, float] | None = None) -> str:
    """Say whether the bar is met, or by how much it is not; *before*: what the other commit needs."""
    value = found.get(figure.key)
    bar = figure.bar
    if figure.of_before is not None:
        other = (before or {}).get(figure.key)
        bar = None if other is None else other * figure.of_before
    if bar is None or value is None:
        return ""
    if value <= bar:
        return "met"
    return f"missed by {100.0 * (value - bar) / bar:.0f} %" if bar else "missed"


def _table(runs: Sequence[Run], ours: Sequence[Run], abreast: Sequence[Run]) -> str:
    """
    Return the main table. Comparisons are those of the largest runs that both were measured with.

    What two operators need while nothing happens is compared by what they needed at the same time.
    """
    largest = figures(ours[-1]) if ours else {}
    mine, baseline = _pair(ours, runs, Baseline.name)
    own, before = (
        {**alone, **_idle_of(abreast, name)}
        for name, alone in zip((Ours.name, Before.name), _pair(ours, runs, Before.name), strict=True)
    )
    grown = growth(ours)
    columns = [figures(run) for run in runs]
    rows = []
    for figure in FIGURES:
        # What only smaller runs have played is judged by the largest of these.
        judged = own if figure.of_before else _last(columns[: len(ours)], figure.key) or largest
        said = [verdict(figure, judged, before)]
        if grown.get(figure.key, 0.0) > GROWTH:
            said.append(f"grows as n^{grown[figure.key]:.2f}")
        rows.append(
            [
                figure.what,
                _bar(figure),
                *(_value(figure, found) for found in columns),
                _part(figure.key, own, before),
                _times_less(figure, mine, baseline),
                ", ".join(filter(None, said)),
            ]
        )
    named = [f"{run['subject']}, {run['objects']:,}" for run in runs]
    head = ["what", "bar", *named, "of before", "times less", "bar is"]
    sides = ["---", "---", *("--:" for _ in runs), "--:", "--:", "---"]
    if not before:  # its column says nothing
        left_out = head.index("of before")
        for row in [head, sides, *rows]:
            del row[left_out]
    return table(head, sides, rows)


def _pair(ours: Sequence[Run], runs: Iterable[Run], name: str) -> tuple[dict[str, float], dict[str, float]]:
    theirs = {run["objects"]: run for run in runs if run["subject"] == name}
    both = next((run for run in reversed(ours) if run["objects"] in theirs), None)
    return (figures(both), figures(theirs[both["objects"]])) if both else ({}, {})


def _idle_of(abreast: Iterable[Run], name: str) -> dict[str, float]:
    found = [figures(run) for run in abreast if run["subject"] == name]
    return {key: one[key] for one in found for key in IDLE}


def _abreast(abreast: Sequence[Run]) -> str:
    """Say what operators needed that were idle at the same time."""
    if not abreast:
        return ""
    told = [f"{run['subject']} {number(figures(run)['idle_cpu'])} % of a core" for run in abreast]
    return (
        f"Idle at the same time, each with {abreast[0]['objects']:,} objects: {', '.join(told)}.\n"
        'By this what an idle hour costs is compared with "before".'
    )


def _last(columns: Sequence[dict[str, float]], key: str) -> dict[str, float] | None:
    return next((found for found in reversed(columns) if key in found), None)


def _bar(figure: Figure) -> str:
    if figure.of_before is not None:
        return f"≤ {figure.of_before:g} of before"
    return "" if figure.bar is None else f"≤ {number(figure.bar)} {figure.unit}".rstrip()


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
    return "-" if value is None else f"{number(value)} {figure.unit}".rstrip()


def _part(key: str, ours: Mapping[str, float], before: Mapping[str, float]) -> str:
    """Return which part of what the other commit needs the operator needs."""
    mine, other = ours.get(key), before.get(key)
    return number(mine / other) if mine and other and key not in UNITS else ""


def _times_less(figure: Figure, ours: Mapping[str, float], theirs: Mapping[str, float]) -> str:
    """Return how many times less the operator needs than the baseline, whose R is another."""
    mine, other = ours.get(figure.key), theirs.get(figure.key)
    comparable = figure.unit != "R" and figure.key not in UNITS
    return number(other / mine) if mine and other and comparable else ""


def _circumstances(results: Mapping[str, Any], runs: Iterable[Run]) -> str:
    machine = results["machine"]
    lines = [
        "Measured on {cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}.".format_map(machine),
        "API server, etcd, the simulated cloud and the measuring share the machine with the operator.",
        "Versions: " + ", ".join(f"{name} {text}" for name, text in results["versions"].items()) + ".",
    ]
    lines += _commits(runs)
    noisy = [f"{run['subject']} {run['objects']:,} ({_noise(run)})" for run in runs if run["provisional"]]
    if noisy:
        lines.append(f"Provisional: {', '.join(noisy)}.")
    return "\n".join(lines)


def _commits(runs: Iterable[Run]) -> list[str]:
    """Say what "before" is, and which runs were made of which commit, if not all of one."""
    found: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        found.setdefault(run["subject"], {}).setdefault(run["commit"], []).append(f"{run['objects']:,}")
    before = found.pop(Before.name, {})
    lines = (
        [f"Before: the operator and its definition of the resource as of {', '.join(before)}."]
        if before
        else []
    )
    if len({commit for commits in found.values() for commit in commits}) > 1:
        told = [
            f"{subject} {' and '.join(objects)} of {commit}"
            for subject, commits in found.items()
            for commit, objects in commits.items()
        ]
        lines.append(f"Not measured in one go: {', '.join(told)}.")
    return lines


def _noise(run: Run) -> str:
    """Return why a run is provisional."""
    noise = [f"others used {run['others_cpu_percent']:.0f} % of the machine"]
    if (apart := run.get("units_apart", 0.0)) > APART:
        noise.append(f"R or W moved by {100.0 * apart:.0f} %")
    return ", ".join(noise)


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
