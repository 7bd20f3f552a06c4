"""
The storm of test_storm, with key pairs and passwords that are edited, rotated, refused, lost and late.

What must hold besides: nothing is sent that is not on record, no server is stopped for a Secret that changed
alone, and in the end the password and the key pair inside are those of the spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from onecloud_operator.core.actions import BeginRestart, Hold
from onecloud_operator.core.login_writes import LoginWrite
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.references import Kind, Reference, Resolved
from tests.core import invariants
from tests.core.fixtures import spec
from tests.core.logins import left_outside
from tests.core.state_machine import OperatorMachine
from tests.core.storms import SOAK, USUAL, play

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from tests.core.cloud import Row
    from tests.core.world import World

PAIRS = {Reference(Kind.KEYPAIR, name): Resolved(name) for name in ("k1", "k2")}
SOURCES: list[dict[str, Any]] = [
    {"secretKeyRef": {"name": name, "key": "password"}, "rotate": rotate}
    for name in ("login", "other")
    for rotate in (True, False)
]
FEWER = settings(USUAL, max_examples=1000 if SOAK else 100)


def keep(world: World, facts: Facts, step: Step) -> None:
    """Judge *step* before it is taken."""
    invariants.keep(world, facts, step)
    records = world.cluster.stored.records
    if isinstance(step, LoginWrite):
        login = records.login
        assert login is not None, "a change of the login that is not on record"
        pending = {login.pending, login.pending_keypair_id}
        target = getattr(step, "secret", None) or getattr(step, "keypair_id", None)
        assert target in pending, "a change of the login that is not on record"
    if isinstance(step, BeginRestart) and step.restart.why == "passwordFrom":
        last = records.login.password if records.login is not None else None
        wanted = world.cloud.logins.wanted(facts.resource)
        sent = records.login.pending if records.login is not None else None
        edited = wanted is not None and not (wanted.of_same_key(last) and wanted.of_same_key(sent or last))
        assert edited, "a stop for a Secret that has changed"


class LoginMachine(OperatorMachine):
    """What may happen to the login besides."""

    # Of disks test_storm tells; a suspended server that keeps one is not let go by itself.
    somebody_attaches_a_disk: Any = None

    def begun(self) -> None:
        self.world.before = keep
        self.world.cloud.named |= PAIRS

    @rule(
        wanted=st.fixed_dictionaries(
            {}, optional={"keypair": st.sampled_from(["k1", "k2"]), "passwordFrom": st.sampled_from(SOURCES)}
        )
    )
    def the_user_edits_the_login(self, wanted: dict[str, Any]) -> None:
        self.base |= wanted
        self.world.cluster.respec(spec(self.base, **self.policies))

    @rule(name=st.sampled_from(["login", "other"]))
    def a_secret_changes(self, name: str) -> None:
        self.world.cloud.logins.rotate(name)

    @rule(agent=st.booleans(), deploys=st.sampled_from([True, True, False]))
    def guest_agents_and_hosts_come_and_go(self, agent: bool, deploys: bool) -> None:
        self.world.cloud.logins.agent, self.world.cloud.logins.deploys = agent, deploys

    def _clear(self) -> None:
        self.world.cloud.logins.deploys = True
        super()._clear()

    def _waits_for_a_stop(self, row: Row, left: set[str]) -> bool:
        """Say whether nobody has allowed the stop that a change of *left* needs."""
        never = self.policies["disruption"]["allow"] == "Never" or row.server.phase is Phase.SUSPENDED
        wanted = self.world.cloud.logins.wanted(self.world.cluster.stored)
        rides = left == {"passwordFrom"} and wanted is not None and wanted.of_same_key(row.inside_password)
        return never or rides

    def _judge(self, step: Step | None) -> None:
        world, row = self.world, self.row
        if self.story == "observe" or row is None:
            super()._judge(step)
            return
        left = left_outside(row, world.cluster.stored, world.cloud.logins)
        drift = {each["field"] for each in world.cluster.stored.status.get("drift", ())}
        if isinstance(step, Hold) and step.reason == "RestartNeeded" and drift & {"keypair", "passwordFrom"}:
            return  # it may be inside without that anybody can know it; what else waits is judged elsewhere
        if isinstance(step, Hold) and left and left <= drift and self._waits_for_a_stop(row, left):
            # Something else is told first, which a person has to end, too; then this is.
            super()._judge(step)
            return
        assert not left, f"{left} are not inside, and {step}"
        super()._judge(step)


def test_every_invariant_holds_whatever_happens_to_the_login() -> None:
    play(LoginMachine, FEWER)
