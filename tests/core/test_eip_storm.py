"""Users, the cloud and faults in any order, and an elastic IP among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis.stateful import run_state_machine_as_test

from onecloud_operator.core.actions import RecordEip
from onecloud_operator.core.eip_record import EipRecord, eip_id
from onecloud_operator.core.eip_writes import BindEip, DeleteEip
from onecloud_operator.core.plan.plan import plan
from tests.core.eip_machine import EipMachine
from tests.core.storms import BROKEN, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts


def test_no_eip_is_made_twice_left_behind_or_taken_from_others() -> None:
    play(EipMachine)


def hasty(facts: Facts) -> Step:
    """Take the next number whenever an EIP is to be bound, as if the last one were gone."""
    step = plan(facts)
    if not isinstance(step, BindEip):
        return step
    before = facts.resource.records.eip or EipRecord()
    one_id = eip_id(facts.resource.uid, before.attempt + 1)
    return RecordEip(EipRecord(before.attempt + 1, one_id, "Made", bandwidth=10, charge_type="Bandwidth"))


def forgetful(facts: Facts) -> Step:
    """Forget an EIP of its own instead of having it deleted."""
    step, record = plan(facts), facts.resource.records.eip
    return RecordEip(record.emptied()) if isinstance(step, DeleteEip) and record is not None else step


@pytest.mark.parametrize("mutant", [hasty, forgetful], ids=["makes-another", "leaves-one-behind"])
def test_the_storm_notices_an_operator_that(mutant: Callable[[Facts], Step]) -> None:
    class Mutant(EipMachine):
        decide = staticmethod(mutant)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Mutant, settings=BROKEN)
