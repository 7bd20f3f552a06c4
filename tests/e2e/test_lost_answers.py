"""
Answers to writes go astray: the cloud has done what was asked, and we hear nothing, too late, or of a repeat.

Each scene is run once as it should be, to see which writes it makes; then with the answer to the first of
each kind going astray.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.fleet import soak, writes
from tests.e2e.impatient import CALL_SECONDS
from tests.e2e.test_crashes import PLAYED, SCENES, Scene, check, of_others
from tests.e2e.user import LONG

if TYPE_CHECKING:
    from tests.e2e.user import User

LATE_SECONDS = 200.0  # for several calls, each given up after 45 s
LATE_SCENES = ("create", "recycle")  # each waits for minutes
UNSTEADY = ("delete-while-it-is-made",)  # its calls are a matter of timing
NOT_TO_BE_REPEATED = ("add-a-network",)  # each request makes one more; tests/e2e/test_cards.py has its own
OF_FAULTS = ("create-after-a-refusal",)  # its first answer goes astray as it is
LEFT_OUT = UNSTEADY + NOT_TO_BE_REPEATED + OF_FAULTS


@dataclass(frozen=True)
class Mishap:
    """What the cloud does with a request, and how long the whole scene may take."""

    fault: dict[str, Any]
    seconds: float = LONG


def late(wait_seconds: float, most_seconds: float = LONG) -> dict[str, Mishap]:
    """Return what happens to calls that are given up before they are answered, or even carried out."""
    return {
        "too-late": Mishap({"effect": "hang", "work": True}, most_seconds),
        "done-too-late": Mishap({"effect": "pass", "latency_seconds": wait_seconds}, most_seconds),
    }


MISHAPS = {
    "lost": Mishap({"effect": "reset", "work": True}),
    "an-error-though-it-is-done": Mishap({"effect": "answer", "work": True, "status": 504}),
    "asked-for-twice": Mishap({"effect": "twice"}),
    "asked-for-twice-and-answered-as-once": Mishap({"effect": "twice", "work": True}),
}


def path_of(call: str) -> tuple[str, str]:
    """Return method and expression for the paths of a kind of call: ``PUT /servers/{id}``."""
    method, template = call.split(" ", 1)
    return method, "^" + re.sub(r"\\\{[^}]*\\\}", "[^/?]+", re.escape(template)) + r"(\?|$)"


def writes_of(user: User, scene: Scene, name: str, seconds: float = LONG) -> Counter[str]:
    """Have the scene come to its end, and see that it is the right one; return the writes."""
    others = of_others(user, name)
    user.cloud.call("reset_calls")
    scene.act(user, name)
    user.until(lambda: scene.over(user, name), f"{name}: it is over", seconds)
    check(user, scene, name, others)
    return writes(user.cloud.counts())


def check_mishaps(user: User, scene: Scene, mishaps: dict[str, Mishap]) -> None:
    """Run the scene with each of *mishaps*: what it spoils may be asked for once more, and nothing else."""
    scene.before(user, "plain")
    plain = writes_of(user, scene, "plain")
    for name, mishap in mishaps.items():
        scene.before(user, name)
        for call in plain:
            method, path = path_of(call)
            user.cloud.call("fault", method=method, path=path, **mishap.fault)
        found = writes_of(user, scene, name, mishap.seconds)
        assert user.cloud.call("faults") == [], f"{name}: not met"
        assert found <= plain + Counter([*plain]), f"{name}: {found}, not {plain}"


@pytest.mark.parametrize("title", [title for title in PLAYED if title not in LEFT_OUT])
def test_no_answer_that_goes_astray_changes_what_is_done(user: User, title: str) -> None:
    user.operator.stop()
    user.operator.knobs |= {"delete_again_seconds": 1, "post_settle_seconds": 2}
    user.operator.start()
    mishaps = MISHAPS | (late(50.0, LATE_SECONDS) if soak() and title in LATE_SCENES else {})
    check_mishaps(user, SCENES[title], mishaps)


def test_an_answer_that_comes_when_nobody_waits_any_more_changes_nothing(user: User) -> None:
    """Calls are given up sooner here; `make soak` plays it with the real times."""
    user.operator.stop()
    user.operator.knobs |= {"post_settle_seconds": CALL_SECONDS}
    user.operator.start("tests.e2e.impatient")
    check_mishaps(user, SCENES["create"], late(CALL_SECONDS + 1.0))
