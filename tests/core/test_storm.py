"""
Users, the cloud and faults in any order, against the decisions, with a simulated clock.

What must hold whatever happens stands in invariants.py: never two servers for one object, never a deletion
that nobody asked for, no write without need; and once the storm is over the server is what the spec asks for.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.core.mutants import CONCLUDE, DECIDE, NOTICED_SOON, writes_all
from tests.core.state_machine import OperatorMachine
from tests.core.storms import BROKEN, SOAK, USUAL, play

MANY = settings(USUAL, max_examples=1500 if SOAK else 250)
# What a lost status hides is met in one of some thousand stories.
LONG = settings(BROKEN, max_examples=20000)


def test_every_invariant_holds_whatever_happens() -> None:
    play(OperatorMachine, MANY)


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
