"""
The scenes of a run, in order. Each is a function of the ground, and returns what was measured.

They build on each other: the first makes the servers, the last removes them.
"""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from benchmarks.api import is_moving, is_ready, server_of
from benchmarks.samples import quantile, spread
from benchmarks.subjects import HOUR_SECONDS, Ours
from benchmarks.waiting import BenchmarkError, until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.api import Object
    from benchmarks.ground import Ground, Scene

SECONDS_AN_OBJECT: Final = 0.5  # much more than anything here takes
HUNG: Final = "stopping"  # where a server is held so that it moves
SERVER: Final[dict[str, Any]] = {
    "cpu": 2,
    "memory": "4Gi",
    "image": "ubuntu-22.04",
    "networks": [{"network": "vnet-1"}],
}


def manifest(name: str, namespace: str) -> dict[str, Any]:
    """Return an object that needs a server."""
    return {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudServer",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"credentialsRef": {"name": "onecloud"}, "server": SERVER},
    }


def startup(ground: Ground, times: int) -> Scene:
    """Start it with no object so many times; the one whose CPU is in the middle counts."""
    found = []
    for _ in range(times):
        with ground.scene() as scene:
            ground.subject.start()
            _catch_up(ground)
            _until(ground, ground.subject.quiet, "it is quiet")
        ground.subject.stop()
        found.append(scene)
    return _middle(found)


def cold_start(ground: Ground) -> Scene:
    """Start the operator over objects that all need a server, until all are Ready."""
    ground.api.create(manifest(name, ground.api.namespace) for name in ground.names)
    _until(ground, lambda: len(ground.sight.present) == ground.objects, "all objects are there")
    ground.sight.changes.clear()
    with ground.scene() as scene:
        ground.subject.start()
        _until(ground, lambda: len(ground.sight.ready) == ground.objects, "all objects are Ready")
    stopwatch = ground.cloud.stopwatch()
    made = ground.cloud.live()
    if made != ground.objects:
        msg = f"{made} servers for {ground.objects} objects"
        raise BenchmarkError(msg)
    scene.more = {
        "cpu_ms_per_server": 1000.0 * scene.cpu_seconds / ground.objects,
        "writes_per_object": scene.kubernetes_writes / ground.objects,
        "writes_of_half_of_the_objects": quantile(list(ground.sight.changes.values()), 0.5),
        "most_writes_of_an_object": max(ground.sight.changes.values()),
        "most_writes_in_flight": stopwatch.most_writes_in_flight,
        "creations_asked_for": len(stopwatch.posts),
    }
    return scene


def idle(grounds: Sequence[Ground], seconds: float) -> list[Scene]:
    """Watch them, at the same time, while nothing happens, in real time."""
    for ground in grounds:
        _rest(ground)
    with ExitStack() as stack:
        watched = [stack.enter_context(ground.scene()) for ground in grounds]
        time.sleep(seconds)
    for scene in watched:
        scene.more = {
            "cpu_percent": 100.0 * scene.cpu_seconds / scene.seconds,
            "calls_an_hour": scene.calls * HOUR_SECONDS / scene.seconds,
            "region_cpu_seconds_an_hour": scene.region_cpu_seconds * HOUR_SECONDS / scene.seconds,
        }
    return watched


def idle_hour(grounds: Sequence[Ground], seconds: float) -> list[Scene]:
    """Start them with intervals so short that an hour passes in *seconds*, and watch them for so long."""
    for ground in grounds:
        ground.subject.stop()
        ground.subject.start(faster=HOUR_SECONDS / seconds)
        _catch_up(ground)
    with ExitStack() as stack:
        watched = [stack.enter_context(ground.scene()) for ground in grounds]
        before = [ground.subject.turns() for ground in grounds]
        time.sleep(seconds)
        after = [ground.subject.turns() for ground in grounds]
    for ground, scene, then, now in zip(grounds, watched, before, after, strict=True):
        ground.subject.stop()  # it is too busy to stay
        scene.more = {"turns": {job: now[job] - then[job] for job in now}}
    return watched


def change_outside(ground: Ground, samples: int, seconds: float, *, moving: bool) -> Scene:
    """Change servers beside the operator at random moments, and wait until the objects show it."""
    chosen = ground.names[-samples - 1 :]
    mover = chosen.pop(0)
    idents = ground.cloud.idents()
    prefix = ground.api.namespace + "."
    if moving:
        seen_at = ground.sight.when(mover, is_moving)
        ground.cloud.call("hang_at", statuses=[HUNG])
        ground.cloud.call("power", ident=idents[prefix + mover], on=False)
        seen_at.result(ground.patience_seconds)
    else:
        _rest(ground)
    moments = sorted(random.uniform(0.0, seconds) for _ in chosen)  # noqa: S311 - no secret
    latencies: list[float] = []
    with ground.scene() as scene:
        began_at = time.monotonic()
        awaited = []
        for name, moment in zip(chosen, moments, strict=True):
            time.sleep(max(0.0, began_at + moment - time.monotonic()))
            text = f"changed {time.monotonic():.3f}"
            awaited.append((time.monotonic(), ground.sight.when(name, _described(text))))
            ground.cloud.call("change", ident=idents[prefix + name], description=text)
        latencies = [seen_at.result(ground.patience_seconds) - changed_at for changed_at, seen_at in awaited]
    if moving:
        ground.cloud.call("hang_at", statuses=[])
        ground.cloud.call("release")
        _run_again(ground, mover, idents[prefix + mover])
    scene.more = {"latency_seconds": spread(latencies)}
    return scene


def creations(ground: Ground, samples: int) -> Scene:
    """Apply objects one after the other; time the way to the POST, and from a running server to Ready."""
    asked: list[float] = []
    shown: list[float] = []
    whole: list[float] = []
    with ground.scene() as scene:
        for number in range(samples):
            name = f"more-{number:03d}"
            ready = ground.sight.when(name, is_ready)
            applied_at = time.monotonic()
            ground.api.create([manifest(name, ground.api.namespace)])
            ready_at = ready.result(ground.patience_seconds)
            stopwatch = ground.cloud.stopwatch()
            asked.append(min(at for at in stopwatch.posts if at > applied_at) - applied_at)
            shown.append(ready_at - stopwatch.running_at[f"{ground.api.namespace}.{name}"])
            whole.append(ready_at - applied_at)
    scene.more = {
        "apply_to_post_seconds": spread(asked),
        "running_to_ready_seconds": spread(shown),
        "apply_to_ready_seconds": spread(whole),
        "writes_per_object": scene.kubernetes_writes / samples,
    }
    return scene


def edits(ground: Ground, samples: int) -> Scene:
    """Edit objects one after the other; time the way to the POST of a change that a running server takes."""
    names = sorted(ground.sight.ready)[:samples]
    asked: list[float] = []
    with ground.scene() as scene:
        for name in names:
            shown = ground.sight.when(name, _tagged(name))
            edited_at = time.monotonic()
            ground.api.edit(name, {"tags": {"edited": name}})
            shown.result(ground.patience_seconds)
            asked.append(min(at for at in ground.cloud.stopwatch().tagged if at > edited_at) - edited_at)
    scene.more = {"apply_to_post_seconds": spread(asked)}
    return scene


def restart(ground: Ground, times: int) -> Scene:
    """
    Stop it and start it again over a settled fleet so many times: it should do nothing but look.

    The one whose CPU is in the middle counts, with what was written in any.
    """
    found = [_restarted(ground) for _ in range(times)]
    middle = _middle(found)
    middle.kubernetes_writes = sum(scene.kubernetes_writes for scene in found)
    middle.events_posted = sum(scene.events_posted for scene in found)
    middle.more["written_in_the_cloud"] = sum(scene.more["written_in_the_cloud"] for scene in found)
    return middle


def deletion(ground: Ground) -> Scene:
    """Delete all objects at once, until the last is gone."""
    names = sorted(ground.sight.present)
    with ground.scene() as scene:
        ground.api.delete(names)
        _until(ground, lambda: not ground.sight.present, "all objects are gone")
    stopwatch = ground.cloud.stopwatch()
    left = ground.cloud.live()
    if left:
        msg = f"{left} servers are left of {len(names)}"
        raise BenchmarkError(msg)
    scene.more = {
        "objects": len(names),
        "cpu_ms_per_object": 1000.0 * scene.cpu_seconds / len(names),
        "calls_per_object": scene.calls / len(names),
        "writes_per_object": scene.kubernetes_writes / len(names),
        "most_writes_in_flight": stopwatch.most_writes_in_flight,
    }
    return scene


def _restarted(ground: Ground) -> Scene:
    ground.subject.stop()
    with ground.scene() as scene:
        ground.subject.start()
        _catch_up(ground)
    scene.more = {
        "objects": len(ground.sight.present),
        "written_in_the_cloud": sum(
            count
            for call, count in scene.cloud_calls.items()
            if not call.startswith("GET") and not call.endswith("/v3/auth/tokens")
        ),
    }
    return scene


def _middle(found: Sequence[Scene]) -> Scene:
    return sorted(found, key=lambda scene: scene.cpu_seconds)[len(found) // 2]


def _described(text: str) -> Callable[[Object], bool]:
    return lambda found: server_of(found).get("description") == text


def _run_again(ground: Ground, name: str, ident: str) -> None:
    """Wait until a server that was stopped is seen to run; who only watches is helped."""
    if not isinstance(ground.subject, Ours):
        _until(ground, lambda: ground.cloud.call("find", ident=ident)["status"] == "ready", "it stopped")
        ground.cloud.call("power", ident=ident, on=True)
    _until(ground, lambda: ground.cloud.call("find", ident=ident)["status"] == "running", "it runs again")
    _until(ground, lambda: name in ground.sight.ready, "its object is Ready again")


def _tagged(text: str) -> Callable[[Object], bool]:
    return lambda item: server_of(item).get("tags", {}).get("edited") == text


def _rest(ground: Ground) -> None:
    if isinstance(ground.subject, Ours):
        time.sleep(ground.lengths.rest_seconds)


def _catch_up(ground: Ground) -> None:
    count = len(ground.sight.present)
    _until(ground, lambda: ground.subject.caught_up(ground.cloud, count), "it has caught up")


def _until(ground: Ground, condition: Callable[[], bool], what: str) -> None:
    seconds = ground.patience_seconds + SECONDS_AN_OBJECT * ground.objects
    until(condition, what, ground.subject.operator.process, seconds=seconds)
