"""
How long the storms play: users, the cloud and faults in any order.

Each soak plays other examples, and says its number; ``SOAK=<number>`` plays those of one that failed again.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

SOAK = "SOAK" in os.environ
USUAL = settings(
    max_examples=1000 if SOAK else 120,
    stateful_step_count=30,
    deadline=None,
    derandomize=not SOAK,
    phases=[Phase.generate, *([Phase.shrink] if SOAK else [])],  # to shrink takes minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# For an operator that is broken: it ends as soon as something is noticed.
BROKEN = settings(USUAL, max_examples=2000, derandomize=True, phases=[Phase.generate])


def play(machine: type[RuleBasedStateMachine], how: settings = USUAL) -> None:
    """Play the stories of *machine*; raises at the first that goes wrong."""
    if not SOAK:
        run_state_machine_as_test(machine, settings=how)
        return
    number = int(os.environ["SOAK"])
    number = number if number > 1 else secrets.randbelow(2**32)
    print(f"again: SOAK={number}")  # noqa: T201
    run_state_machine_as_test(seed(number)(machine), settings=how)
