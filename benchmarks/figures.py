"""
The figures of a run that people compare, out of all that was measured, and the bars for them.

CPU has its bars in units that hold on any machine: R and W, see yardstick.py. What a start with no object
needs is taken off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.subjects import HOUR_SECONDS, Ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MB_A_MIB: Final = 1.048576
GROWTH: Final = 1.1  # exponent: what is more grows faster than the number of objects, beyond the noise
POLL_SECONDS: Final = 0.003  # of the region's CPU, for a poll that found nothing


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One line of the table.

    *bar*: at most so much, of the operator, at any number of objects. *of_before*: at most so large a part of
    what the commit that it is measured against needs in the same run.
    """

    key: str
    what: str
    unit: str = ""
    bar: float | None = None
    grows: bool = False  # with the number of objects, and linearly at most
    of_before: float | None = None


FIGURES: Final = (
    Figure("r_ms", "R: to decode one object of the lists", "ms"),
    Figure("object_bytes", "bytes of that object"),
    Figure("w_ms", "W: to make the requests of a creation", "ms"),
    Figure("startup_cpu", "operator CPU of a start with no object", "s"),
    Figure("idle_calls", "cloud calls in an idle hour", "", 1200, grows=True),
    Figure("idle_region_cpu", "the region's CPU in an idle hour", "s", 70, grows=True),
    Figure("idle_cpu", "operator CPU while idle, of a core", "%", grows=True, of_before=0.5),
    Figure("idle_object", "operator CPU of an idle hour, an object", "R"),
    Figure("change_idle_half", "change outside → on the object, idle, half of them", "s"),
    Figure("change_idle", "change outside → on the object, idle, longest", "s", 6),
    Figure("change_moving", "the same while something moves, longest", "s", 3),
    Figure("apply_to_post", "apply → POST at the cloud, idle, 9 of 10", "ms", 150),
    Figure("edit_to_post", "edit of a running server → POST at the cloud, idle, 9 of 10", "ms", 150),
    Figure("running_to_ready", "runs in the cloud → Ready, longest", "s", 3),
    Figure("memory", "memory, all objects with full status", "MB", 250, grows=True),
    Figure("restart_writes", "writes after a restart, to either API", "", 0),
    Figure("restart_object", "operator CPU until a restart has caught up, an object", "R", 15),
    Figure("restart_passes", "calls of the reconciler in that time, an object"),
    Figure("restart_cpu", "operator CPU in that time, with the start", "s", grows=True),
    Figure("restart_seconds", "time until a restart has caught up", "s", grows=True),
    Figure("restart_calls", "cloud calls in that time"),
    Figure("restart_peak", "memory at its peak in that time", "MB", grows=True),
    Figure("restart_lag", "event loop late by at most, 99 of 100, in that time", "ms"),
    Figure("create_object", "operator CPU for a server, all created at once", "W", 2.2),
    Figure("create_cpu", "the same in milliseconds", "ms"),
    Figure("create_passes", "calls of the reconciler for a server", "", 3),
    Figure("create_in_flight", "writes in flight at the cloud, at most", "", 4),
    Figure("create_writes_half", "Kubernetes writes for a server's whole creation, half of them", "", 4),
    Figure("create_writes", "Kubernetes writes for a server's whole creation, most", "", 5),
    Figure("create_writes_mean", "Kubernetes writes for a server, by the API server's count"),
    Figure("create_seconds", "all created at once: until the last is Ready", "s", grows=True),
    Figure("create_cluster_cpu", "API server's and etcd's CPU for a server", "ms", of_before=0.5),
    Figure("create_peak", "memory at its peak in that time", "MB", grows=True),
    Figure("create_lag", "event loop late by at most, 99 of 100, in that time", "ms"),
    Figure("delete_seconds", "all deleted at once: until the last is gone", "s", grows=True),
    Figure("delete_object", "operator CPU for a deletion", "W", 2.2),
    Figure("delete_cpu", "the same in milliseconds", "ms"),
    Figure("delete_passes", "calls of the reconciler for a deletion", "", 3),
    Figure("delete_calls", "cloud calls for a deletion"),
    Figure("delete_writes", "Kubernetes writes for a deletion"),
)


def figures(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of one run by their keys: those of the scenes that were played."""
    scenes, objects = run["scenes"], run["objects"]
    start = scenes["startup"]["cpu_seconds"] if "startup" in scenes else 0.0
    found: dict[str, float | None] = {"startup_cpu": start or None}
    if "cold_start" in scenes:
        found |= _created(scenes["cold_start"], objects, start)
    if "idle" in scenes:
        found |= _idle(scenes, objects)
    if "restart" in scenes:
        found |= _restarted(scenes["restart"], objects, start)
    if "deletion" in scenes:
        found |= _deleted(scenes["deletion"])
    if "creations" in scenes:
        found["apply_to_post"] = 1000.0 * scenes["creations"]["apply_to_post_seconds"]["p90"]
        found["running_to_ready"] = scenes["creations"]["running_to_ready_seconds"]["most"]
    if "edits" in scenes:
        found["edit_to_post"] = 1000.0 * scenes["edits"]["apply_to_post_seconds"]["p90"]
    if "change_idle" in scenes:
        found["change_idle_half"] = scenes["change_idle"]["latency_seconds"]["p50"]
        found["change_idle"] = scenes["change_idle"]["latency_seconds"]["most"]
    if "change_moving" in scenes:
        found["change_moving"] = scenes["change_moving"]["latency_seconds"]["most"]
    full = [scenes[name]["memory_mib"] for name in ("idle", "restart") if name in scenes]
    found["memory"] = MB_A_MIB * max(full) if full else None
    return {key: value for key, value in found.items() if value is not None}


def _created(scene: Mapping[str, Any], objects: int, start: float) -> dict[str, float | None]:
    spent = scene["cpu_seconds"] - start
    return {
        "w_ms": _unit(scene, "w_ms"),
        "create_object": _in_unit(scene, "w_ms", spent / objects),
        "create_cpu": 1000.0 * spent / objects,
        "create_passes": _passes(scene, objects),
        "create_in_flight": scene["most_writes_in_flight"],
        "create_writes_half": scene.get("writes_of_half_of_the_objects"),
        "create_writes": scene["most_writes_of_an_object"],
        "create_writes_mean": scene["kubernetes_writes"] / objects,
        "create_seconds": scene["seconds"],
        "create_cluster_cpu": 1000.0 * scene["cluster_cpu_seconds"] / objects,
        "create_peak": MB_A_MIB * scene["peak_mib"],
        "create_lag": _ms(scene["lag_p99_seconds"]),
    }


def _restarted(scene: Mapping[str, Any], objects: int, start: float) -> dict[str, float | None]:
    count = scene.get("objects", objects)
    return {
        "r_ms": _unit(scene, "r_ms"),
        "object_bytes": _unit(scene, "bytes"),
        "restart_writes": scene["kubernetes_writes"] + scene["events_posted"] + scene["written_in_the_cloud"],
        "restart_object": _in_unit(scene, "r_ms", (scene["cpu_seconds"] - start) / count),
        "restart_passes": _passes(scene, count),
        "restart_cpu": scene["cpu_seconds"],
        "restart_seconds": scene["seconds"],
        "restart_calls": sum(scene["cloud_calls"].values()),
        "restart_peak": MB_A_MIB * scene["peak_mib"],
        "restart_lag": _ms(scene["lag_p99_seconds"]),
    }


def _deleted(scene: Mapping[str, Any]) -> dict[str, float | None]:
    return {
        "delete_seconds": scene["seconds"],
        "delete_object": _in_unit(scene, "w_ms", scene["cpu_ms_per_object"] / 1000.0),
        "delete_cpu": scene["cpu_ms_per_object"],
        "delete_passes": _passes(scene, scene["objects"]),
        "delete_calls": scene["calls_per_object"],
        "delete_writes": scene["writes_per_object"],
    }


def _idle(scenes: Mapping[str, Any], objects: int) -> dict[str, float | None]:
    idle = scenes["idle"]
    found = _idle_of_hour(scenes) if "idle_hour" in scenes else _idle_scaled(idle)
    an_hour = HOUR_SECONDS * found["idle_cpu"] / 100.0
    return {**found, "idle_object": _in_unit(idle, "r_ms", an_hour / objects)}


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
        "idle_region_cpu": hour["region_cpu_seconds"] + missing * POLL_SECONDS,
        "idle_cpu": 100.0 * hour["cpu_seconds"] / HOUR_SECONDS + idle["cpu_percent"],
    }


def _unit(scene: Mapping[str, Any], key: str) -> float | None:
    value: float | None = scene.get("units", {}).get(key)
    return value


def _in_unit(scene: Mapping[str, Any], key: str, seconds: float) -> float | None:
    unit_ms = _unit(scene, key)
    return 1000.0 * seconds / unit_ms if unit_ms else None


def _passes(scene: Mapping[str, Any], objects: int) -> float | None:
    passes = scene.get("passes")
    return sum(passes.values()) / objects if passes else None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000.0 * seconds


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
