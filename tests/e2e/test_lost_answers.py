"""
Answers to writes go astray: the cloud has done what was asked, and we hear nothing, too late, or of a repeat.

Each scene is played once as it should be, to see which writes it makes; then with the answer to the first of
each kind going astray.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.fleet import soak, writes
from tests.e2e.play import LONG
from tests.e2e.test_crashes import SCENES, Scene

if TYPE_CHECKING:
    from tests.e2e.play import Play

LATE_SECONDS = 200.0  # for several calls, each given up after 45 s
LATE_SCENES = ("create", "recycle")  # each waits for minutes
MOST_AGAIN = 2  # of one kind: once since nothing was heard, once since too much was


@dataclass(frozen=True)
class Mishap:
    """What the cloud does with a request, and how long the whole scene may take."""

    fault: dict[str, Any]
    seconds: float = LONG


MISHAPS = {
    "lost": Mishap({"effect": "reset", "work": True}),
    "an-error-though-it-is-done": Mishap({"effect": "answer", "work": True, "status": 504}),
    "asked-for-twice": Mishap({"effect": "twice"}),
    "asked-for-twice-and-answered-as-once": Mishap({"effect": "twice", "work": True}),
}
LATE_MISHAPS = {
    "too-late": Mishap({"effect": "hang", "work": True}, LATE_SECONDS),
    "done-too-late": Mishap({"effect": "pass", "latency_seconds": 50.0}, LATE_SECONDS),
}


def path_of(call: str) -> tuple[str, str]:
    """Return method and expression for the paths of a kind of call: ``PUT /servers/{id}``."""
    method, template = call.split(" ", 1)
    return method, "^" + re.sub(r"\\\{[^}]*\\\}", "[^/?]+", re.escape(template)) + r"(\?|$)"


def played(play: Play, scene: Scene, name: str, seconds: float = LONG) -> Counter[str]:
    """Have the scene come to its end; return the writes."""
    play.cloud.call("reset_calls")
    scene.act(play, name)
    play.until(lambda: scene.over(play, name), "it is over", seconds)
    return writes(play.cloud.counts())


@pytest.mark.parametrize("title", SCENES)
def test_no_answer_that_goes_astray_changes_what_is_done(play: Play, title: str) -> None:
    scene = SCENES[title]
    play.operator.stop()
    play.operator.knobs |= {"delete_again_seconds": 1, "post_settle_seconds": 2}
    play.operator.start()
    scene.before(play, "plain")
    plain = played(play, scene, "plain")
    scene.check(play, "plain")
    late = LATE_MISHAPS if soak() and title in LATE_SCENES else {}
    for name, mishap in (MISHAPS | late).items():
        scene.before(play, name)
        for call in plain:
            method, path = path_of(call)
            play.cloud.call("fault", method=method, path=path, **mishap.fault)
        found = played(play, scene, name, mishap.seconds)
        scene.check(play, name)
        assert all(n <= plain[call] + MOST_AGAIN for call, n in found.items()), f"{name}: {found}"
        play.cloud.call("clear_faults")
