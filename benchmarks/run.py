"""One run: a subject, a number of objects, scenes, and the units of CPU before and after each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks import scenes
from benchmarks.ground import ground
from benchmarks.subjects import Ours
from sandbox.stage import ROOT
from tools.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from benchmarks.ground import Ground, Lengths, Scene

SCENES: Final = (
    "startup", "cold_start", "idle", "change_idle", "creations", "edits", "change_moving", "idle_hour",
    "restart", "deletion",
)  # fmt: skip
# One interval has no others to differ from, and the baseline knows no tags.
ONLY_OURS: Final = {"change_moving", "idle_hour", "edits"}
QUICK: Final = ("startup", "cold_start", "idle", "creations", "edits", "idle_hour", "restart", "deletion")
# Of a baseline that looks at each object once in ten minutes: what does not wait for that again and again.
SLOW: Final = ("startup", "cold_start", "idle", "restart", "deletion")
GROWTH: Final = ("startup", "cold_start", "idle", "idle_hour", "restart")  # what is looked at with the most


def measure(  # noqa: PLR0913 - each is a choice of its own
    name: str,
    objects: int,
    lengths: Lengths,
    *,
    played: Collection[str] = SCENES,
    profile: Path | None = None,
    root: Path = ROOT,
) -> dict[str, Any]:
    """
    Run the scenes *played* of the subject called *name* and return what was measured, as JSON has it.

    *profile*: a directory for sampled stacks, which cost some of the CPU that is measured. *root*: of the
    repository whose operator is measured.
    """
    with ground(name, objects, lengths, profile=profile, root=root) as where:
        ours = isinstance(where.subject, Ours)
        acts = _acts(where)
        measured: dict[str, Any] = {}
        before = where.units()
        for title in SCENES:
            if title not in played or (title in ONLY_OURS and not ours):
                continue
            began_at = time.monotonic()
            scene = acts[title](where)
            took = time.monotonic() - began_at
            after = where.units()
            measured[title] = scene.measured(before, after)
            before = after
            say(f"{name}, {objects} objects, {title}: {took:.0f} s; {after}")
        apart = max(scene["units"]["apart"] for scene in measured.values())
        return {"subject": name, "objects": objects, "scenes": measured, "units_apart": apart}


def _acts(where: Ground) -> dict[str, Callable[[Ground], Scene]]:
    lengths = where.lengths
    samples = min(lengths.changes, where.objects - 1)
    # Of the baseline whole ticks, since all objects tick together.
    ours = isinstance(where.subject, Ours)
    idle = lengths.idle_seconds if ours else lengths.idle_ticks(where.subject.round_seconds)
    span = lengths.changes_seconds
    hour = lengths.squeezed(where.objects)
    return {
        "startup": lambda ground: scenes.startup(ground, lengths.starts),
        "cold_start": scenes.cold_start,
        "idle": lambda ground: scenes.idle([ground], idle)[0],
        "change_idle": lambda ground: scenes.change_outside(ground, samples, span, moving=False),
        "creations": lambda ground: scenes.creations(ground, lengths.creations),
        "edits": lambda ground: scenes.edits(ground, lengths.creations),
        "change_moving": lambda ground: scenes.change_outside(ground, samples, span, moving=True),
        "idle_hour": lambda ground: scenes.idle_hour([ground], hour)[0],
        "restart": lambda ground: scenes.restart(ground, lengths.restarts),
        "deletion": scenes.deletion,
    }
