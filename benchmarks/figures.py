"""The figures of a run that people compare, out of all that was measured, and the bars for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.subjects import HOUR_SECONDS, Ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MB_A_MIB = 1.048576
GROWTH = 1.1  # exponent: what is more grows faster than the number of objects, beyond the noise


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. *bar*: at most so much, of the operator, at any number of objects."""

    key: str
    what: str
    unit: str = ""
    bar: float | None = None
    grows: bool = False  # with the number of objects, and linearly at most


FIGURES = (
    Figure("idle_calls", "cloud calls in an idle hour", "", 1200, grows=True),
    Figure("idle_region_cpu", "the region's CPU in an idle hour", "s", 70, grows=True),
    Figure("idle_cpu", "operator CPU while idle, of a core", "%", 2, grows=True),
    Figure("change_idle_half", "change outside → on the object, idle, half of them", "s"),
    Figure("change_idle", "change outside → on the object, idle, longest", "s", 6),
    Figure("change_moving", "the same while something moves, longest", "s", 3),
    Figure("apply_to_post", "apply → POST at the cloud, idle, 9 of 10", "ms", 150),
    Figure("running_to_ready", "runs in the cloud → Ready, longest", "s", 3),
    Figure("memory", "memory, all objects with full status", "MB", 350, grows=True),
    Figure("restart_writes", "writes after a restart, to either API", "", 0),
    Figure("restart_cpu", "operator CPU until a restart has caught up", "s", 15, grows=True),
    Figure("restart_seconds", "time until a restart has caught up", "s", grows=True),
    Figure("restart_calls", "cloud calls in that time"),
    Figure("restart_peak", "memory at its peak in that time", "MB", grows=True),
    Figure("restart_lag", "event loop late by at most, 99 of 100, in that time", "ms"),
    Figure("create_cpu", "operator CPU for a server, all created at once", "ms", 9),
    Figure("create_in_flight", "writes in flight at the cloud, at most", "", 4),
    Figure("create_writes", "Kubernetes writes for a server's whole creation, most", "", 5),
    Figure("create_seconds", "all created at once: until the last is Ready", "s", grows=True),
    Figure("create_cluster_cpu", "API server's and etcd's CPU for a server", "ms"),
    Figure("create_peak", "memory at its peak in that time", "MB", grows=True),
    Figure("create_lag", "event loop late by at most, 99 of 100, in that time", "ms"),
    Figure("delete_seconds", "all deleted at once: until the last is gone", "s", grows=True),
    Figure("delete_cpu", "operator CPU for a deletion", "ms"),
    Figure("delete_calls", "cloud calls for a deletion"),
    Figure("delete_writes", "Kubernetes writes for a deletion"),
)


def figures(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of one run by their keys."""
    scenes, objects = run["scenes"], run["objects"]
    idle, create, delete, restart = (scenes[n] for n in ("idle", "cold_start", "deletion", "restart"))
    found: dict[str, float | None] = {
        "change_idle_half": scenes["change_idle"]["latency_seconds"]["p50"],
        "change_idle": scenes["change_idle"]["latency_seconds"]["most"],
        "apply_to_post": 1000.0 * scenes["creations"]["apply_to_post_seconds"]["p90"],
        "running_to_ready": scenes["creations"]["running_to_ready_seconds"]["most"],
        "memory": MB_A_MIB * max(idle["memory_mib"], restart["memory_mib"]),
        "restart_writes": restart["kubernetes_writes"]
        + restart["events_posted"]
        + restart["written_in_the_cloud"],
        "restart_cpu": restart["cpu_seconds"],
        "restart_seconds": restart["seconds"],
        "restart_calls": sum(restart["cloud_calls"].values()),
        "restart_peak": MB_A_MIB * restart["peak_mib"],
        "restart_lag": _ms(restart["lag_p99_seconds"]),
        "create_cpu": create["cpu_ms_per_server"],
        "create_in_flight": create["most_writes_in_flight"],
        "create_writes": create["most_writes_of_an_object"],
        "create_seconds": create["seconds"],
        "create_cluster_cpu": 1000.0 * create["cluster_cpu_seconds"] / objects,
        "create_peak": MB_A_MIB * create["peak_mib"],
        "create_lag": _ms(create["lag_p99_seconds"]),
        "delete_seconds": delete["seconds"],
        "delete_cpu": delete["cpu_ms_per_object"],
        "delete_calls": delete["calls_per_object"],
        "delete_writes": delete["writes_per_object"],
        **(_idle_of_hour(scenes) if "idle_hour" in scenes else _idle_scaled(idle)),
    }
    if "change_moving" in scenes:
        found["change_moving"] = scenes["change_moving"]["latency_seconds"]["most"]
    return {key: value for key, value in found.items() if value is not None}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000.0 * seconds


def _idle_scaled(idle: Mapping[str, Any]) -> dict[str, float]:
    return {
        "idle_calls": idle["calls_an_hour"],
        "idle_region_cpu": idle["region_cpu_seconds_an_hour"],
        "idle_cpu": idle["cpu_percent"],
    }


def _idle_of_hour(scenes: Mapping[str, Any]) -> dict[str, float]:
    """
    Return the figures of a squeezed hour, rounded up.

    A poll that waits for a sweep comes late, and fewer fit into a squeezed hour than into a real one: those
    that are missing are added. What goes by real time (the watch, the heartbeat) is missing too: all of the
    CPU of the scene in real time is added, though its polls are counted twice then.
    """
    hour, idle = scenes["idle_hour"], scenes["idle"]
    polled = {
        "poll_idle_seconds": hour["turns"].get("delta", 0.0),
        "events_seconds": hour["cloud_calls"].get("GET /events", 0),
    }
    missing = sum(max(0.0, HOUR_SECONDS / Ours.INTERVALS[each] - done) for each, done in polled.items())
    calls = sum(hour["cloud_calls"].values()) + missing
    return {
        "idle_calls": calls,
        "idle_region_cpu": hour["region_cpu_seconds"] + missing * 0.003,
        "idle_cpu": 100.0 * hour["cpu_seconds"] / HOUR_SECONDS + idle["cpu_percent"],
    }


def growth(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return by which power of the number of objects each figure grew between the two largest runs."""
    if len(runs) < 2:  # noqa: PLR2004 - it takes two
        return {}
    small, large = sorted(runs, key=lambda run: int(run["objects"]))[-2:]
    less, more = figures(small), figures(large)
    times = math.log(large["objects"] / small["objects"])
    return {
        figure.key: math.log(more[figure.key] / less[figure.key]) / times
        for figure in FIGURES
        if figure.grows and less.get(figure.key) and more.get(figure.key)
    }
