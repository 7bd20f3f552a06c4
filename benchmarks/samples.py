"""Figures out of many: quantiles of samples, and of Prometheus' histograms; totals of its counters."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERIES = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')

Histogram = dict[float, float]  # how many were at most so much, as Prometheus has it


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the sample that *share* of them do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(samples: Sequence[float]) -> dict[str, float]:
    """Return what is told of a distribution."""
    return {
        "samples": len(samples),
        "p50": round(quantile(samples, 0.5), 4),
        "p90": round(quantile(samples, 0.9), 4),
        "most": round(max(samples), 4),
    }


def total(text: str, name: str, **labels: str | Sequence[str]) -> float:
    """Return the sum of all series called *name* in *text* that have *labels* (one of several values)."""
    wanted = {key: {value} if isinstance(value, str) else set(value) for key, value in labels.items()}
    found = 0.0
    for series, own, value in SERIES.findall(text):
        if series != name:
            continue
        has = dict(LABEL.findall(own))
        if all(has.get(key) in values for key, values in wanted.items()):
            found += float(value)
    return found


def by_label(text: str, name: str, label: str) -> dict[str, float]:
    """Return the sums of the series called *name* in *text* by the value of *label*."""
    found: dict[str, float] = {}
    for series, own, value in SERIES.findall(text):
        if series == name:
            key = dict(LABEL.findall(own)).get(label, "")
            found[key] = found.get(key, 0.0) + float(value)
    return found


def histogram(text: str, name: str) -> Histogram:
    """Return a histogram without labels."""
    return {
        float(dict(LABEL.findall(own))["le"]): float(value)
        for series, own, value in SERIES.findall(text)
        if series == f"{name}_bucket"
    }


def between(before: Mapping[float, float], after: Mapping[float, float]) -> Histogram:
    """Return what was counted between two readings."""
    return {bound: count - before.get(bound, 0.0) for bound, count in after.items()}


def bound(counts: Mapping[float, float], share: float) -> float | None:
    """Return the bound that *share* of what was counted does not exceed; None if nothing was counted."""
    if not counts or counts[math.inf] <= 0:
        return None
    return min(limit for limit, count in counts.items() if count >= share * counts[math.inf])
