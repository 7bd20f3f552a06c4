"""
Users, the cloud and faults in any order, against the decisions, with a simulated clock.

What must hold whatever happens: never two servers for one object, never a deletion that nobody asked for, and
rest once the storm is over.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    Create,
    Delete,
    Find,
    Hold,
    Look,
    ReadHistory,
    Record,
    RemoveFinalizer,
    Settled,
)
from onecloud_operator.core.facts import Facts, History, Memory
from onecloud_operator.core.memory import Done, accepted, noted, refused, wait_after
from onecloud_operator.core.observed import Observed, Reading, phase_of
from onecloud_operator.core.plan import plan
from onecloud_operator.core.problem import Problem
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report import report
from tests.core.scenes import PLACE, resource, spec, wall_at
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

QUIET_SECONDS = 3600.0
MOST_PASSES = 400
NO = Problem("ProviderError", "no")
LOST = Problem("ProviderError", "no answer", ambiguous=True)
BURNT = Problem("ProviderError", "1062 ... PRIMARY", duplicate_id=True)  # an id is used once, for ever
# Kubernetes' writes and looks are made elsewhere, or change nothing.
NOT_TO_THE_CLOUD = (AddFinalizer, RemoveFinalizer, Record, Look, Find, ReadHistory, Hold, Settled)


class Storm(World):
    """A world whose cloud may refuse, lose answers and change by itself; what is gone must be looked for."""

    fault: str = "none"
    lying: bool = False  # lists leave the server out
    last_seen: Observed | None = None
    knows_gone: bool = False

    def facts(self) -> Facts:
        """Return what the next decision sees: a list that leaves a server out only raises a question."""
        if self.server is not None:
            self.last_seen, self.knows_gone = self.server, False
            known = Reading(self.server, self.now - 5, self.now, missing=self.lying and not self.looked)
        elif self.knows_gone:
            known = Reading(asked_at=self.now, gone=True)
        elif self.last_seen is not None:
            known = Reading(self.last_seen, self.now - 5, self.now, missing=True)
        else:
            known = Reading(missing=self.resource.records.creation is not None)
        self.memory = noted(self.memory, known, self.now)
        return Facts(
            self.resource,
            self.now,
            wall_at(self.now),
            memory=self.memory,
            place=PLACE,
            reading=known,
            candidates=(),
        )

    def turn(self) -> Step:
        """Make one pass; whatever it sends meets the fault of the hour."""
        self.now += 1.0
        facts = self.facts()
        step = plan(facts)
        self.steps.append(step)
        self._judge(facts, step)
        to_the_cloud = not isinstance(step, NOT_TO_THE_CLOUD)
        fault = self.fault if to_the_cloud else "none"
        problem = {"none": None, "refused": NO, "lost": LOST, "unsent": LOST}[fault]
        burnt = isinstance(step, Create) and self.server is None and step.creation.id in self.created_ids
        if burnt and fault == "none":
            problem = BURNT
        elif fault in {"none", "lost"} and not burnt:
            self._apply(step)
        self.looked = isinstance(step, Look)
        if isinstance(step, Look):
            self.knows_gone = self.server is None
            if self.server is None:
                self.last_seen = None
        done = Done(
            self.now, self.now, gone=self.knows_gone, version=self.server.version if self.server else None
        )
        if isinstance(step, ReadHistory):
            done = replace(done, history=History(started=False, failure="no room"))
        said = report(facts, step, problem)
        if problem is not None:
            wait = wait_after(problem, facts, step, first=10.0, most=300.0)
            self.memory = refused(facts, step, problem, ended_at=self.now, wait_seconds=wait)
        elif not isinstance(step, Hold | Settled):
            self.memory = accepted(facts, step, done)
        if self.memory.wrote_at is not None:
            self.memory = replace(self.memory, wrote_at=None)  # the next reading is newer
        if said.status is not None and not self.released:
            self.resource = replace(self.resource, status=said.status, records=records_of(said.status))
        self.wait = said.seconds
        return step

    wait: float | None = None
    looked: bool = False  # the last pass asked for the server by its id

    def _judge(self, facts: Facts, step: Step) -> None:
        records = facts.resource.records
        if isinstance(step, BeginCreation | Create):
            assert self.server is None or self.server.id == step.creation.id, "a second server"
        if isinstance(step, Delete):
            failed = records.creation is not None and records.creation.failure is not None
            assert facts.resource.deleting or failed, "a deletion that nobody asked for"
            whole = records.creation is not None and records.creation.completed_at is not None
            wished = facts.resource.spec is not None and facts.resource.spec.deletion_policy == "Delete"
            assert not (whole and step.for_good and not wished), "past the recycle bin without being asked"

    def _create(self, server_id: str, name: str) -> None:
        if self.server is None:  # a repeated POST of an id that is used makes nothing
            super()._create(server_id, name)


class Weather(RuleBasedStateMachine):
    """What may happen, one thing at a time."""

    @initialize(
        again=st.sampled_from(["Report", "Recreate"]), policy=st.sampled_from(["RecycleBin", "Delete"])
    )
    def begin(self, again: str, policy: str) -> None:
        self.policies: dict[str, Any] = {
            "onExternalDeletion": again,
            "deletionPolicy": policy,
            "disruption": {"allow": "Restart"},
        }
        self.wanted: dict[str, Any] = {}
        self.world = Storm(resource(finalizers=(), records=Records(), spec=spec(**self.policies)))

    @rule(passes=st.integers(1, 8))
    def time_passes(self, passes: int) -> None:
        for _ in range(passes):
            self.the_operator_works()
            self.world.now += min(self.world.wait or 0.0, 30.0)

    @invariant()
    def the_operator_works(self) -> None:
        world = self.world
        for _ in range(2):
            if not world.released and (world.resource.held or not world.resource.deleting):
                world.turn()

    @rule(lying=st.booleans())
    def lists_lie(self, lying: bool) -> None:
        self.world.lying = lying

    @rule(fault=st.sampled_from(["none", "refused", "lost", "unsent"]))
    def the_cloud_changes_its_mood(self, fault: str) -> None:
        self.world.fault = fault

    @rule()
    def the_operator_is_killed(self) -> None:
        self.world.memory = Memory(born_at=self.world.now)

    @rule(
        cpu=st.sampled_from([1, 2, 8]),
        tag=st.sampled_from(["a", "b"]),
        power=st.sampled_from(["Running", "Stopped"]),
    )
    def the_user_edits(self, cpu: int, tag: str, power: str) -> None:
        self.wanted = {"cpu": cpu, "tags": {"t": tag}, "powerState": power}
        changed = spec(self.wanted, **self.policies)
        self.world.resource = replace(
            self.world.resource, spec=changed, generation=self.world.resource.generation + 1
        )

    @rule(on=st.booleans())
    def the_user_pauses(self, on: bool) -> None:
        self.world.resource = replace(
            self.world.resource, annotations={"onecloud.io/paused": "true"} if on else {}
        )

    @rule()
    def the_user_deletes(self) -> None:
        self.world.resource = replace(self.world.resource, deleting=True)

    @precondition(lambda self: self.world.server is not None)
    @rule(status=st.sampled_from(["running", "ready", "unknown", "start_fail", "sched_fail", "deploying"]))
    def the_server_changes(self, status: str) -> None:
        self.world._change(status=status, phase=phase_of(status))  # noqa: SLF001 - the world's own hand

    @precondition(lambda self: self.world.server is not None)
    @rule()
    def somebody_erases_the_server(self) -> None:
        self.world.server = None

    @precondition(lambda self: self.world.server is not None)
    @rule(there=st.booleans())
    def somebody_recycles_the_server(self, there: bool) -> None:
        self.world._change(recycled=there)  # noqa: SLF001

    def teardown(self) -> None:
        """See that all comes to rest once the storm is over."""
        world = getattr(self, "world", None)
        if world is None:
            return
        world.fault, world.lying = "none", False
        world.resource = replace(world.resource, annotations={})
        if world.server is not None:
            world._change(status="running", phase=phase_of("running"), recycled=False)  # noqa: SLF001
        until = world.now + 12 * QUIET_SECONDS
        step: Step | None = None
        for _ in range(MOST_PASSES):
            if world.released or world.now > until:
                break
            step = world.turn()
            if isinstance(step, Settled) and not world.resource.deleting:
                break
            world.now += world.wait if world.wait is not None else QUIET_SECONDS
        if world.resource.deleting:
            assert world.released or not world.resource.held, f"not let go: {world.steps[-5:]}"
            return
        assert isinstance(step, Settled | Hold), f"no rest: {world.steps[-5:]}"
        if isinstance(step, Hold):
            assert step.reason in {"ExternallyDeleted", "OperationFailed"}, step


TestWeather = Weather.TestCase
TestWeather.settings = settings(
    max_examples=3000 if "SOAK" in os.environ else 400,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
