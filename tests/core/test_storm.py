"""
Users, the cloud and faults in any order, against the decisions, with a simulated clock.

What must hold whatever happens stands in invariants.py: never two servers for one object, never a deletion
that nobody asked for, no write without need; and once the storm is over the server is what the spec asks for.
"""

from __future__ import annotations

import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.core.mutants import CONCLUDE, DECIDE, NOTICED_SOON, writes_all
from tests.core.state_machine import OperatorMachine

SOAK = "SOAK" in os.environ
USUAL = settings(
    max_examples=1500 if SOAK else 250,
    stateful_step_count=30,
    deadline=None,
    derandomize=not SOAK,
    phases=[Phase.generate, *([Phase.shrink] if SOAK else [])],  # to shrink takes minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# It ends as soon as something is noticed; what a lost status hides is met in one of some thousand stories.
LONG = settings(USUAL, max_examples=20000, derandomize=True, phases=[Phase.generate])


def test_every_invariant_holds_whatever_happens() -> None:
    """Each soak runs other examples; SOAK=<number> runs those of one that failed."""
    if not SOAK:
        run_state_machine_as_test(OperatorMachine, settings=USUAL)
        return
    number = int(os.environ["SOAK"])
    number = number if number > 1 else secrets.randbelow(2**32)
    print(f"again: SOAK={number}")  # noqa: T201
    run_state_machine_as_test(seed(number)(OperatorMachine), settings=USUAL)


@pytest.mark.parametrize("mutant", [name for name in DECIDE if SOAK or name in NOTICED_SOON])
def test_the_storm_notices_an_operator_that(mutant: str) -> None:
    class Mutant(OperatorMachine):
        decide = staticmethod(DECIDE[mutant])

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Mutant, settings=LONG)


@pytest.mark.parametrize("mutant", [name for name in CONCLUDE if SOAK or name in NOTICED_SOON])
def test_the_storm_notices_an_operator_that_remembers_otherwise_and(mutant: str) -> None:
    class Mutant(OperatorMachine):
        conclude = staticmethod(CONCLUDE[mutant])

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Mutant, settings=LONG)


def test_the_storm_notices_an_operator_that_writes_every_status_again() -> None:
    class Mutant(OperatorMachine):
        conclude = staticmethod(writes_all)

    with pytest.raises(AssertionError, match=r"again and again|does not rest"):
        run_state_machine_as_test(Mutant, settings=LONG)
