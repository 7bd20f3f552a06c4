"""The same stories under ``approval: Manual``, with a person who approves now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis.stateful import rule

from onecloud_operator.api.annotations import APPROVE_PLAN
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import (
    CloudWrite,
    Delete,
    KeepDisk,
    SetTags,
    Start,
    Stop,
    SyncStatus,
    Unlock,
)
from onecloud_operator.core.plan.concerns import concerns
from onecloud_operator.core.plan_step import Effect, PlanStep
from tests.core.fixtures import spec
from tests.core.invariants import keep
from tests.core.state_machine import OperatorMachine

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from tests.core.world import World

MAX_APPROVALS = 40
MADE_WITH_TAGS = ("tags", Effect.CREATE)  # of a creation; what was edited after its POST follows on it


class ApprovalMachine(OperatorMachine):
    """*agreed*: what the person has read and approved, by its hash, with the generation that it was for."""

    def begun(self) -> None:
        self.agreed: dict[str, tuple[int, tuple[PlanStep, ...]]] = {}
        self.policies["approval"] = "Manual"
        self.world.cluster.respec(spec(self.base, **self.policies))
        self.world.before = self.keep

    @rule()
    def the_person_approves(self) -> None:
        stored = self.world.cluster.stored
        plan = stored.status.get("plan")
        if not isinstance(plan, dict):
            return
        read = tuple(
            PlanStep(row["field"], row.get("from"), row.get("to"), Effect(row["effect"]))
            for row in plan["steps"]
        )
        self.agreed.setdefault(plan["hash"], (stored.generation, read))
        self.asked = {**self.asked, APPROVE_PLAN: plan["hash"]}
        self.world.cluster.edit(annotations=self.asked)

    @rule()
    def the_person_takes_it_back(self) -> None:
        self.asked = {name: value for name, value in self.asked.items() if name != APPROVE_PLAN}
        self.world.cluster.edit(annotations=self.asked)

    def keep(self, world: World, facts: Facts, step: Step) -> None:
        """Judge *step*: what changes the cloud stands in a plan that was read, of this generation."""
        keep(world, facts, step)
        if not isinstance(step, CloudWrite) or _free(facts, step):
            return
        hashed = facts.resource.annotations.get(APPROVE_PLAN)
        assert hashed in self.agreed, f"{step} without an approval"
        generation, read = self.agreed[hashed]
        assert generation == facts.resource.generation, f"{step} by the approval of another generation"
        follows = isinstance(step, SetTags) and MADE_WITH_TAGS in {(one.field, one.effect) for one in read}
        assert follows or any(concerns(step, one) for one in read), f"{step} is not in what was approved"

    def _rest(self) -> Step | None:
        """See that all comes to rest, with a person who approves whatever is asked."""
        for _ in range(MAX_APPROVALS):
            step = super()._rest()
            if not (isinstance(step, Hold) and step.awaits is not None):
                return step
            self.the_person_approves()
        msg = f"it asks again and again: {step}"
        raise AssertionError(msg)


def _free(facts: Facts, step: CloudWrite) -> bool:
    """Return whether *step* ends what was begun, or asks for nothing but a look."""
    records = facts.resource.records
    failed = records.creation is not None and records.creation.failure is not None
    if failed and not facts.resource.deleting and isinstance(step, Unlock | Delete | KeepDisk):
        return True
    return isinstance(step, SyncStatus) or (isinstance(step, Start | Stop) and records.restart is not None)
