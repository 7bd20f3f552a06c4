"""What an object costs, the more of them there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figures import MB_A_MIB, figures
from benchmarks.tables import number, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BAR: Final = 0.25  # more at the largest number than at the smallest, at most
KB_A_MB: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Cost:
    """One line: what one object costs. *judged*: its growth has the bar."""

    key: str
    what: str
    unit: str
    judged: bool = True


COSTS: Final = (
    Cost("idle_object", "operator CPU of an idle hour", "R"),
    Cost("restart_object", "operator CPU until a restart has caught up", "R"),
    Cost("create_object", "operator CPU for a server, all created at once", "W"),
    Cost("memory_object", "memory, beside that of a start with no object", "kB", judged=False),
)


def costs(run: Mapping[str, Any]) -> dict[str, float]:
    """Return what one object of a run costs, by key."""
    found = figures(run)
    scenes = run["scenes"]
    if "memory" in found and "startup" in scenes:
        more = found["memory"] - MB_A_MIB * scenes["startup"]["memory_mib"]
        found["memory_object"] = KB_A_MB * more / run["objects"]
    return {cost.key: found[cost.key] for cost in COSTS if cost.key in found}


def growing(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of *runs* of one subject; nothing if no two of them can be compared."""
    ordered = sorted(runs, key=lambda run: int(run["objects"]))
    columns = [costs(run) for run in ordered]
    rows = []
    for cost in COSTS:
        values = [found.get(cost.key) for found in columns]
        known = [value for value in values if value is not None]
        if len(known) < 2 or known[0] <= 0:  # noqa: PLR2004 - it takes two
            continue
        grown = known[-1] / known[0] - 1.0
        shown = ["-" if value is None else f"{number(value)} {cost.unit}" for value in values]
        rows.append([cost.what, *shown, *_verdict(cost, grown)])
    if not rows:
        return ""
    head = ["for one object", *(f"{run['objects']:,}" for run in ordered), "growth", "bar is"]
    return table(head, ["---", *("--:" for _ in ordered), "--:", "---"], rows)


def _verdict(cost: Cost, grown: float) -> tuple[str, str]:
    bar = "met" if grown <= BAR else "missed"
    return f"{100.0 * grown:+.0f} %", f"≤ {100.0 * BAR:.0f} %: {bar}" if cost.judged else ""
