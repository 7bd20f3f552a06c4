"""The benchmarks run and count rightly; how fast anything is, is no test's business."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.abreast import idle_abreast
from benchmarks.against import checked_out
from benchmarks.client import measure_client
from benchmarks.cloud import most_at_once
from benchmarks.figures import FIGURES, figures, growth
from benchmarks.ground import Lengths
from benchmarks.growing import costs, growing
from benchmarks.page import page, renewed, verdict
from benchmarks.run import measure
from benchmarks.samples import between, bound, by_label, histogram, quantile, spread, total
from benchmarks.stacks import by_function, by_package, read
from benchmarks.subjects import HOUR_SECONDS
from benchmarks.tables import number
from benchmarks.units import Units, mean
from benchmarks.vitals import vitals
from benchmarks.waiting import BenchmarkError
from benchmarks.yardstick import decoded
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
    starts=1,
    restarts=1,
    yardsticks=3,
    samples=1,
)
MACHINE = {"cpu": "a processor", "cores": 2, "memory_gib": 4, "kernel": "6"}
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
    only_ours = {
        "change_moving",
        "edit_to_post",
        "restart_lag",
        "restart_passes",
        "create_passes",
        "delete_passes",
    }
    missing = {figure.key for figure in FIGURES} - set(found)
    assert missing <= (only_ours if subject == "baseline" else set())
    assert all(math.isfinite(value) for value in found.values())
    assert all(value >= 0 for key, value in found.items() if not key.startswith(("restart_", "create_")))
    for scene in scenes.values():
        assert scene["units"]["w_ms"] > 0
    assert scenes["restart"]["units"]["r_ms"] > 0
    assert scenes["restart"]["units"]["bytes"] > 1000  # with their status
    if subject == "operator":
        assert sum(scenes["cold_start"]["passes"].values()) >= 3
        assert scenes["cold_start"]["writes_of_half_of_the_objects"] <= 5


def test_another_commit_is_measured_by_the_same_scenes_and_idle_at_the_same_time() -> None:
    with checked_out("HEAD") as root:
        assert (root / "operator" / "onecloud_operator").is_dir()
        before, ours = idle_abreast({"before": root, "operator": ROOT}, 2, BRIEF)
    assert not root.exists()
    assert (before["subject"], ours["subject"]) == ("before", "operator")
    for run in (before, ours):
        assert list(run["scenes"]) == ["idle", "idle_hour"]
        assert run["scenes"]["idle"]["cloud_calls"].keys() <= {"GET /servers", "GET /events"}
        assert sum(run["scenes"]["idle_hour"]["turns"].values()) > 1
        found = figures(run)
        assert found["idle_cpu"] > 0
        assert found["idle_object"] > 0


def test_a_commit_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(BenchmarkError, match="no such commit"), checked_out("no-such-branch"):
        pass


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


def test_totals_are_told_apart_by_a_label() -> None:
    assert by_label(METRICS, "calls_total", "kind") == {"server": 7, "event": 7}
    assert by_label(METRICS, "none_total", "kind") == {}


def test_the_cpu_of_a_process_is_told_finely() -> None:
    began, own = vitals(os.getpid()).cpu_seconds, time.process_time()
    sum(range(200_000))
    spent, least = vitals(os.getpid()).cpu_seconds - began, time.process_time() - own
    assert 0 < least <= spent * 1.5 < 2.0


def test_what_is_dearest_is_told_by_package_and_by_function() -> None:
    lines = ["a:run;kopf/core:watch;json:loads 3", "a:run;onecloud_operator/plan:plan 1"]
    stacks = read(["\n".join(lines), "a:run;onecloud_operator/plan:plan;onecloud_operator/plan:plan 4"])
    assert by_package(stacks) == {"onecloud_operator/plan": 0.625, "json": 0.375}
    assert by_function(stacks) == {"kopf/core:watch": 0.375, "json:loads": 0.375}


def test_the_unit_of_reading_is_that_of_one_object() -> None:
    page = json.dumps({"items": [{"spec": {"name": "x" * 200}}] * 500}).encode()
    assert 0 < decoded([page, page], 1000) < decoded([page, page], 10)


def test_the_units_of_a_scene_are_the_middle_of_before_and_after() -> None:
    before = Units.of({"w_ms": [9.0, 4.0, 3.0]})
    after = Units.of({"w_ms": [6.0, 6.0, 6.0], "r_ms": [0.1, 0.2, 0.3], "bytes": 5000})
    assert before == Units(4.0)
    assert mean(before, after) == {"w_ms": 5.0, "r_ms": 0.2, "bytes": 5000, "apart": 0.5}


def test_a_run_whose_units_moved_is_shown_as_provisional() -> None:
    run = made_up(100, cpu_seconds=1.0) | {"others_cpu_percent": 1.0, "provisional": True, "commit": "c"}
    results = {"machine": MACHINE, "versions": {}, "runs": [{**run, "units_apart": 0.31}]}
    assert "operator 100 (others used 1 % of the machine, R or W moved by 31 %)" in page(results)


def test_what_was_not_measured_in_one_go_says_so() -> None:
    run = made_up(100, cpu_seconds=1.0) | {"provisional": False, "commit": "c"}
    before = run | {"subject": "before", "commit": "a"}
    results = {"machine": MACHINE, "versions": {}, "runs": [run, before]}
    assert "as of a." in page(results)
    assert "in one go" not in page(results)
    results["runs"] = [run, run | {"objects": 200, "commit": "b"}]
    assert "Not measured in one go: operator 100 of c, operator 200 of b." in page(results)


def test_what_is_needed_while_nothing_happens_is_compared_side_by_side() -> None:
    run = made_up(100, cpu_seconds=1.0) | {"provisional": False, "commit": "c"}
    before = run | {"subject": "before", "commit": "a"}
    results = {"machine": MACHINE, "versions": {}, "runs": [run, before]}
    assert _row(page(results), "operator CPU while idle")[-2:] == ["1", "missed by 100 %"]
    less = {**run["scenes"]["idle"], "cpu_percent": 0.4}
    results["abreast"] = [{**run, "scenes": {"idle": less}}, before]
    shown = page(results)
    assert _row(shown, "operator CPU while idle")[-2:] == ["0.40", "met"]
    assert "each with 100 objects: operator 0.40 % of a core, before 1 % of a core." in shown


def test_a_run_of_a_part_of_the_scenes_tells_only_how_costs_grow() -> None:
    run = made_up(100, cpu_seconds=1.0) | {"provisional": False, "commit": "c"}
    more = made_up(300, cpu_seconds=9.0) | {"provisional": False, "commit": "c"}
    del more["scenes"]["deletion"]
    head, *lines = page({"machine": MACHINE, "versions": {}, "runs": [run, more]}).split("\n\n")[1:]
    assert head.startswith("| what | bar | operator, 100 | times less |")
    assert "| for one object | 100 | 300 | growth |" in "".join(lines)


def _row(shown: str, what: str) -> list[str]:
    line = next(line for line in shown.splitlines() if line.startswith(f"| {what}"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return [cell for cell in cells if cell]


def test_cpu_is_told_in_units_without_what_a_start_needs() -> None:
    found = figures(made_up(100, cpu_seconds=1.0))
    assert found["startup_cpu"] == 0.5
    assert found["restart_object"] == pytest.approx(0.5 / 100 / 0.0001)  # R is 0.1 ms
    assert found["create_object"] == pytest.approx(0.5 / 100 / 0.005)  # W is 5 ms
    assert found["delete_object"] == pytest.approx(0.001 / 0.005)
    assert found["idle_object"] == pytest.approx(0.01 * HOUR_SECONDS / 100 / 0.0001)


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


def test_a_bar_may_be_a_part_of_what_another_commit_needs() -> None:
    figure = next(figure for figure in FIGURES if figure.key == "create_cluster_cpu")
    assert verdict(figure, {"create_cluster_cpu": 30.0}, {"create_cluster_cpu": 60.0}) == "met"
    assert verdict(figure, {"create_cluster_cpu": 45.0}, {"create_cluster_cpu": 60.0}) == "missed by 50 %"
    assert verdict(figure, {"create_cluster_cpu": 45.0}) == ""


def test_what_an_object_costs_may_grow_by_a_quarter() -> None:
    small, large = made_up(1000, cpu_seconds=1.5), made_up(30_000, cpu_seconds=45.5)
    assert costs(small)["restart_object"] == pytest.approx(10.0)
    shown = growing([large, small]).splitlines()
    assert shown[0] == "| for one object | 1,000 | 30,000 | growth | bar is |"
    assert any("| 10 R | 15 R | +50 % | ≤ 25 %: missed |" in line for line in shown)
    assert growing([small]) == ""


def test_what_is_beyond_the_last_bucket_is_shown_as_such() -> None:
    assert number(math.inf) == "∞"


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
    units = {"w_ms": 5.0, "r_ms": 0.1, "bytes": 5000, "apart": 0.0}
    scene |= {"units": units, "passes": {"user": 2.0}, "objects": objects}
    numbers = (
        "cpu_ms_per_server", "most_writes_in_flight", "most_writes_of_an_object", "cpu_ms_per_object",
        "calls_per_object", "writes_per_object", "calls_an_hour", "region_cpu_seconds_an_hour", "cpu_percent",
    )  # fmt: skip
    scene |= dict.fromkeys(numbers, 1.0)
    names = ("cold_start", "idle", "change_idle", "creations", "restart", "deletion")
    scenes = dict.fromkeys(names, scene) | {"startup": {**scene, "cpu_seconds": 0.5, "memory_mib": 0.5}}
    return {"subject": "operator", "objects": objects, "scenes": scenes}
