"""The storm of ``state_machine``, in which changes are frozen, and stops have their windows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.core.actions import BeginRestart, RemoveFinalizer
from onecloud_operator.core.cloud_writes import CloudWrite, Stop
from onecloud_operator.core.plan.beginnings import begins_change
from onecloud_operator.core.policies import power
from onecloud_operator.core.surroundings import UNKNOWN, Surroundings
from tests.core.fixtures import spec
from tests.core.invariants import keep
from tests.core.plain_windows import open_at
from tests.core.state_machine import OperatorMachine

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from tests.core.world import World

FROZEN = Surroundings(frozen_by="the annotation onecloud.io/freeze on the namespace shop")
# The story begins on a Monday, 12:00 UTC.
WINDOWS: list[list[dict[str, Any]] | None] = [
    None,
    [{"start": "12:02", "duration": "10m"}],
    [{"start": "13:01", "duration": "10m", "timeZone": "Europe/Berlin", "days": ["Mon"]}],
    [{"start": "02:00", "duration": "2h", "days": ["Sun"]}],
    [{"start": "12:00", "duration": "10m"}, {"start": "12:11", "duration": "10m"}],
]


def hold(world: World, facts: Facts, step: Step) -> None:
    """Judge *step* before it is taken, by what stands on the object and around it."""
    keep(world, facts, step)
    resource, around = facts.resource, world.surroundings
    if resource.annotations.get(FREEZE) == "true" or around.frozen_by is not None or not around.known:
        assert not isinstance(step, CloudWrite), "a write while changes are frozen"
        assert not begins_change(facts, step), "it is recorded that a change begins, while they are frozen"
    if isinstance(step, RemoveFinalizer) and step.why == "Detached":
        assert resource.force_detach
    chosen = resource.spec.disruption if resource.spec is not None else None
    windows = chosen.windows if chosen is not None else None
    if windows is not None and isinstance(step, Stop | BeginRestart) and power(resource) != "Stopped":
        assert open_at(windows, facts.wall), "a stop while no window is open"


class HeldMachine(OperatorMachine):
    """What may hold changes besides."""

    def begun(self) -> None:
        self.world.before = hold

    @rule(on=st.booleans())
    def the_user_freezes(self, on: bool) -> None:
        self.world.cluster.edit(annotations={**self.asked, **({FREEZE: "true"} if on else {})})

    @rule(around=st.sampled_from([FROZEN, UNKNOWN, Surroundings(), Surroundings()]))
    def the_namespace_says(self, around: Surroundings) -> None:
        self.world.surroundings = around

    @rule(windows=st.sampled_from(WINDOWS))
    def the_user_edits_the_windows(self, windows: list[dict[str, Any]] | None) -> None:
        kept = {"allow": self.policies["disruption"]["allow"]}
        self.policies["disruption"] = {**kept, **({"windows": windows} if windows is not None else {})}
        self.world.cluster.respec(spec(self.base, **self.policies))

    @rule(minutes=st.integers(1, 15))
    def some_minutes_pass(self, minutes: int) -> None:
        self.world.now += 60.0 * minutes
        self._turn()

    def _clear(self) -> None:
        self.world.surroundings = replace(FROZEN, frozen_by=None)
        self.policies["disruption"] = {"allow": self.policies["disruption"]["allow"]}
        super()._clear()
