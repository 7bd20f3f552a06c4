"""The benchmarks run and count rightly; how fast anything is, is no test's business."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from benchmarks.client import measure_client
from benchmarks.cloud import most_at_once
from benchmarks.figures import FIGURES, figures, growth
from benchmarks.ground import Lengths
from benchmarks.page import page, renewed, verdict
from benchmarks.run import measure
from benchmarks.samples import between, bound, histogram, quantile, spread, total
from sandbox.cloud.journal import Call

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
BRIEF = Lengths(
    rest_seconds=0.0,
    idle_seconds=2.0,
    hour_seconds=20.0,
    changes=1,
    changes_seconds=0.5,
    creations=1,
    tick_seconds=2.0,
    ticks_seconds=2.0,
)
METRICS = """\
# HELP lag_seconds How late.
lag_seconds_bucket{le="0.1"} 3
lag_seconds_bucket{le="1.0"} 4
lag_seconds_bucket{le="+Inf"} 4
calls_total{verb="PUT",kind="server"} 2
calls_total{verb="GET",kind="server"} 5
calls_total{verb="PATCH",kind="event"} 7
"""


@pytest.mark.parametrize("subject", ["operator", "baseline"])
def test_every_scene_is_played_by_real_processes(subject: str) -> None:
    run = measure(subject, 3, BRIEF)
    scenes = run["scenes"]
    assert scenes["cold_start"]["creations_asked_for"] == 3
    assert scenes["cold_start"]["cloud_calls"]["POST /servers"] == 3
    assert scenes["restart"]["written_in_the_cloud"] == 0
    assert scenes["deletion"]["objects"] == 4
    found = figures(run)
    only_ours = {"change_moving", "restart_lag"}
    missing = {figure.key for figure in FIGURES} - set(found)
    assert missing <= (only_ours if subject == "baseline" else set())
    assert all(math.isfinite(value) and value >= 0 for value in found.values())


def test_a_call_is_made_in_each_way() -> None:
    found = measure_client(rounds=1, calls=3)
    assert set(found) == {"client_ms", "httpx_ms", "httpcore_ms"}
    assert all(milliseconds > 0 for milliseconds in found.values())


def test_the_page_shows_what_was_measured() -> None:
    """`python -m benchmarks.page benchmarks/results.json docs/performance.md` writes it there."""
    text = PAGE.read_text()
    assert renewed(text, page(json.loads(RESULTS.read_text()))) == text


def test_a_quantile_is_a_sample_that_so_many_do_not_exceed() -> None:
    assert quantile([5, 1, 4, 2, 3], 0.5) == 3
    assert quantile([5, 1, 4, 2, 3], 0.9) == 5
    assert quantile([7], 0.1) == 7
    assert spread([0.2, 0.1]) == {"samples": 2, "p50": 0.1, "p90": 0.2, "most": 0.2}


def test_totals_and_histograms_are_read_from_metrics() -> None:
    assert total(METRICS, "calls_total", kind="server") == 7
    assert total(METRICS, "calls_total", verb=("PUT", "PATCH")) == 9
    assert total(METRICS, "calls_total", kind="none") == 0
    lag = histogram(METRICS, "lag_seconds")
    assert lag == {0.1: 3, 1.0: 4, math.inf: 4}
    assert bound(lag, 0.75) == 0.1
    assert bound(lag, 1.0) == 1.0
    assert bound(between(lag, lag), 1.0) is None


def test_writes_in_flight_are_those_that_overlap() -> None:
    def call(method: str, at: float, seconds: float, path: str = "/servers") -> Call:
        return Call(method, path, path, "", 200, at, seconds, "")

    calls = [
        call("POST", 0.0, 1.0),
        call("PUT", 0.5, 1.0),
        call("DELETE", 1.0, 1.0),
        call("GET", 0.0, 9.0),
        call("POST", 0.0, 9.0, "/v3/auth/tokens"),
    ]
    assert most_at_once(calls) == 2


def test_a_bar_is_met_or_missed_by_so_much() -> None:
    bars = {figure.key: figure for figure in FIGURES}
    assert verdict(bars["change_idle"], {"change_idle": 6.0}) == "met"
    assert verdict(bars["change_idle"], {"change_idle": 9.0}) == "missed by 50 %"
    assert verdict(bars["restart_writes"], {"restart_writes": 0}) == "met"
    assert verdict(bars["restart_writes"], {"restart_writes": 1}) == "missed"
    assert verdict(bars["create_seconds"], {"create_seconds": 1}) == ""


def test_growth_is_the_power_of_the_number_of_objects() -> None:
    small = made_up(100, cpu_seconds=1.0)
    assert growth([small, made_up(1000, cpu_seconds=10.0)])["restart_cpu"] == pytest.approx(1.0)
    assert growth([small, made_up(1000, cpu_seconds=100.0)])["restart_cpu"] == pytest.approx(2.0)
    assert growth([small]) == {}


def made_up(objects: int, *, cpu_seconds: float) -> dict[str, Any]:
    """Return a run that was never run."""
    scene: dict[str, Any] = {
        "cpu_seconds": cpu_seconds,
        "seconds": 1.0,
        "memory_mib": 1.0,
        "peak_mib": 1.0,
        "kubernetes_writes": 0,
        "written_in_the_cloud": 0,
        "events_posted": 0,
        "cloud_calls": {},
        "cluster_cpu_seconds": 1.0,
        "lag_p99_seconds": None,
        "latency_seconds": spread([1.0]),
        "apply_to_post_seconds": spread([1.0]),
        "running_to_ready_seconds": spread([1.0]),
    }
    numbers = (
        "cpu_ms_per_server", "most_writes_in_flight", "most_writes_of_an_object", "cpu_ms_per_object",
        "calls_per_object", "writes_per_object", "calls_an_hour", "region_cpu_seconds_an_hour", "cpu_percent",
    )  # fmt: skip
    scene |= dict.fromkeys(numbers, 1.0)
    names = ("cold_start", "idle", "change_idle", "creations", "restart", "deletion")
    return {"subject": "operator", "objects": objects, "scenes": dict.fromkeys(names, scene)}
