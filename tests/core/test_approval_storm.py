"""Users, the cloud and faults in any order, and nothing is done that no person has approved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis.stateful import run_state_machine_as_test

from onecloud_operator.core.plan.plan import plan
from tests.core.approval_machine import ApprovalMachine
from tests.core.storms import BROKEN, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts


def test_nothing_is_done_that_was_not_approved_and_all_that_was_is_done() -> None:
    play(ApprovalMachine)


def unasked(facts: Facts) -> Step:
    """Do all at once, whatever the spec says of approvals."""
    wanted = facts.resource.spec
    automatic = wanted.model_copy(update={"approval": "Automatic"}) if wanted is not None else None
    return plan(replace(facts, resource=replace(facts.resource, spec=automatic)))


def for_any_generation(facts: Facts) -> Step:
    """Take the approval of one generation for one of all that follow."""
    return plan(replace(facts, resource=replace(facts.resource, generation=1)))


@pytest.mark.parametrize("mutant", [unasked, for_any_generation], ids=["asks-nobody", "takes-any-generation"])
def test_the_storm_notices_an_operator_that(mutant: Callable[[Facts], Step]) -> None:
    class Mutant(ApprovalMachine):
        decide = staticmethod(mutant)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Mutant, settings=BROKEN)
