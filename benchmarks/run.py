"""One run: a subject, a number of objects, all scenes."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmarks import scenes
from benchmarks.ground import ground
from benchmarks.subjects import Ours
from sandbox.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.ground import Ground, Lengths, Scene


def measure(name: str, objects: int, lengths: Lengths, *, profile: Path | None = None) -> dict[str, Any]:
    """
    Run all scenes of the subject called *name* and return what was measured, as JSON has it.

    *profile*: a directory for sampled stacks, which cost some of the CPU that is measured.
    """
    with ground(name, objects, lengths, profile=profile) as where:
        ours = isinstance(where.subject, Ours)
        samples = min(lengths.changes, objects - 1)
        acts: dict[str, Callable[[Ground], Scene]] = {
            "cold_start": scenes.cold_start,
            # Of the baseline whole ticks, since all objects tick together.
            "idle": lambda ground: scenes.idle(
                ground, lengths.idle_seconds if ours else lengths.idle_ticks(ground.subject.round_seconds)
            ),
            "change_idle": lambda ground: scenes.change_outside(
                ground, samples, lengths.changes_seconds, moving=False
            ),
            "creations": lambda ground: scenes.creations(ground, lengths.creations),
        }
        if ours:
            # The baseline has one interval, whatever moves, and nothing that is seldom.
            acts["change_moving"] = lambda ground: scenes.change_outside(
                ground, samples, lengths.changes_seconds, moving=True
            )
            acts["idle_hour"] = lambda ground: scenes.idle_hour(ground, lengths.hour_seconds)
        acts |= {"restart": scenes.restart, "deletion": scenes.deletion}
        measured: dict[str, Any] = {}
        for title, act in acts.items():
            began_at = time.monotonic()
            scene = asdict(act(where))
            more = scene.pop("more")
            measured[title] = {**scene, **more}
            say(f"{name}, {objects} objects, {title}: {time.monotonic() - began_at:.0f} s")
        return {"subject": name, "objects": objects, "scenes": measured}
