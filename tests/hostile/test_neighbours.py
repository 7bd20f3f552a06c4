"""
Whatever a hostile tenant does, the operator stays, keeps its Lease and its memory, and serves the honest one.

How much slower the honest one is served is a figure, and measured by ``python -m benchmarks.hostile``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sandbox.stranger.attacks import ATTACKS, Attack

if TYPE_CHECKING:
    from sandbox.stranger.street import Street

SCENE_SECONDS = 3.0  # tokens of two seconds have run out by then
PAUSE_SECONDS = 0.2
EDIT_SECONDS = 30.0  # less than any call that hangs is waited for, on a machine however busy
ASKED_SECONDS = 60.0
FEW_CALLS = 8
KNOWN = ATTACKS


@pytest.mark.parametrize("name", KNOWN)
def test_an_honest_edit_is_served_and_the_operator_stays_itself_beside(street: Street, name: str) -> None:
    attack = ATTACKS[name]
    try:
        street.stranger.begin(name, attack.few)
        if attack.restarts:
            street.restart()
        began_at = time.monotonic()
        while time.monotonic() < began_at + SCENE_SECONDS or not _arrived(street, name, attack):
            assert time.monotonic() < began_at + ASKED_SECONDS, "the stranger's cloud is not asked"
            street.honest.edit(EDIT_SECONDS)
            time.sleep(PAUSE_SECONDS)
        assert street.watched.wrongs() == []
    finally:
        street.stranger.end(name)
        if not street.watched.alive:
            street.restart()


def _arrived(street: Street, name: str, attack: Attack) -> bool:
    """Say whether the stranger's cloud, if it has one, was asked by now."""
    return attack.lie is None or street.stranger.asked(name) >= min(attack.few, FEW_CALLS)
