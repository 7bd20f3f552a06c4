"""
Operators that are idle at the same time.

What it costs a process to wake up changes by the minute, with what else the machine and its host do, and by
more than two operators differ. So what they need while nothing happens is compared side by side.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks import scenes
from benchmarks.ground import ground

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.ground import Ground, Lengths, Scene


def idle_abreast(roots: Mapping[str, Path], objects: int, lengths: Lengths) -> list[dict[str, Any]]:
    """
    Return a run of each subject of *roots*, with the scenes in which nothing happens.

    *roots*: by the subject's name, the repository whose operator it is.
    """
    with ExitStack() as stack:
        grounds = [
            stack.enter_context(ground(name, objects, lengths, root=root)) for name, root in roots.items()
        ]
        for where in grounds:
            scenes.cold_start(where)
        found = {
            "idle": scenes.idle(grounds, lengths.idle_seconds),
            "idle_hour": scenes.idle_hour(grounds, lengths.squeezed(objects)),
        }
        return [
            {"subject": name, "objects": objects, "scenes": _scenes(where, found, number)}
            for number, (name, where) in enumerate(zip(roots, grounds, strict=True))
        ]


def _scenes(where: Ground, found: Mapping[str, list[Scene]], number: int) -> dict[str, Any]:
    units = where.units()
    return {title: of_all[number].measured(units, units) for title, of_all in found.items()}
