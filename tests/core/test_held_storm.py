"""Users, the cloud and faults in any order, while changes are frozen and stops have their windows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis.stateful import run_state_machine_as_test

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.surroundings import Surroundings
from tests.core.held_machine import HeldMachine
from tests.core.storms import BROKEN, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts


def test_nothing_is_changed_while_it_is_frozen_and_nothing_stopped_outside_of_windows() -> None:
    play(HeldMachine)


def deaf_to_its_namespace(facts: Facts) -> Step:
    return plan(replace(facts, surroundings=Surroundings()))


def deaf_to_its_object(facts: Facts) -> Step:
    kept = {name: value for name, value in facts.resource.annotations.items() if name != FREEZE}
    return plan(replace(facts, resource=replace(facts.resource, annotations=kept)))


def without_windows(facts: Facts) -> Step:
    found = facts.resource.spec
    if found is None or found.disruption is None:
        return plan(facts)
    disruption = found.disruption.model_copy(update={"windows": None})
    spec = found.model_copy(update={"disruption": disruption})
    return plan(replace(facts, resource=replace(facts.resource, spec=spec)))


@pytest.mark.parametrize("mutant", [deaf_to_its_namespace, deaf_to_its_object, without_windows])
def test_the_storm_notices_an_operator_that_is(mutant: Callable[[Facts], Step]) -> None:
    class Mutant(HeldMachine):
        decide = staticmethod(mutant)

        def teardown(self) -> None:
            """It has to be noticed before the sky clears."""

    with pytest.raises(AssertionError, match=r"frozen|no window is open"):
        run_state_machine_as_test(Mutant, settings=BROKEN)
