"""
An hour of every attack that is known, several at a time, squeezed into minutes.

The operator's intervals are shorter by the same factor, so that as many polls, sweeps and looks are taken.
The suite plays a moment of it; `make soak` all, and prints the figures that ``python -m benchmarks.hostile``
measures on a machine that does nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.hostile import ALONE, BESIDE, Part, table, verdict
from benchmarks.subjects import HOUR_SECONDS, Ours
from benchmarks.vitals import vitals
from sandbox.stranger.mixture import beside, quiet
from sandbox.stranger.street import street
from tests.e2e.fleet import soak

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SERVERS, SECONDS, SHARE = (1000, 300.0, 1.0) if soak() else (12, 12.0, 0.0)
ALONE_SECONDS = SECONDS / 5
FASTER = HOUR_SECONDS / SECONDS if soak() else 1.0


def test_in_an_hour_of_all_attacks_the_operator_stays_itself_and_every_honest_edit_is_served(
    control_plane: ControlPlane, kube: Kube
) -> None:
    knobs = {name: max(seconds / FASTER, 1.0) for name, seconds in Ours.INTERVALS.items()}
    with street(control_plane, kube, SERVERS, **knobs) as played:
        parts = {}
        for name in (ALONE, BESIDE):
            edits = (
                quiet(played, ALONE_SECONDS)
                if name == ALONE
                else beside(played, SECONDS, seed=1, share=SHARE)
            )
            assert played.watched.wrongs() == []
            used = vitals(played.watched.pid)
            parts[name] = Part(edits, used.cpu_seconds, used.memory_mib, used.peak_mib)
    print(table(parts), *verdict(parts), sep="\n")  # noqa: T201 - shown by make soak
