"""The storm of ``state_machine``, with an elastic IP (EIP) that users edit and other hands take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from onecloud_operator.core.actions import Hold, Settled
from tests.core.eip_invariants import one_eip_at_most, own_eips
from tests.core.eips import Eip, bind, free
from tests.core.fixtures import spec
from tests.core.state_machine import OperatorMachine

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

FRONT = "f0000000-0000-4000-8000-000000000001"
ELSEWHERE = "another-server"
FORMS: list[dict[str, Any] | None] = [
    {"bandwidth": 10},
    {"bandwidth": 20},
    {"id": FRONT},
    {"none": True},
    None,
]


class EipMachine(OperatorMachine):
    """What may happen to an EIP besides."""

    def _front(self) -> Eip:
        """Return the EIP that was there before."""
        return self.world.cloud.eips.setdefault(FRONT, Eip("front", "10.89.0.201"))

    @rule(form=st.sampled_from(FORMS))
    def the_user_edits_the_eip(self, form: dict[str, Any] | None) -> None:
        self._front()
        self.base = {name: value for name, value in self.base.items() if name != "eip"}
        if form is not None:
            self.base["eip"] = form
        self.world.cluster.respec(spec(self.base, **self.policies))

    @precondition(lambda self: self.row is not None and self.row.details.eip is not None)
    @rule()
    def somebody_takes_the_eip_off(self) -> None:
        assert self.row is not None
        free(self.world.cloud, self.row)

    @rule(taken=st.booleans())
    def something_else_has_it_or_gives_it_back(self, taken: bool) -> None:
        front = self._front()
        if front.holder == ELSEWHERE:
            front.holder = front.holder if taken else None
            front.touched_at = self.world.now
        elif taken and front.holder is None:
            bind(self.world.cloud, FRONT, ELSEWHERE)

    @invariant()
    def there_is_one_of_its_own_at_most(self) -> None:
        one_eip_at_most(self.world)

    def _clear(self) -> None:
        super()._clear()
        if (front := self._front()).holder == ELSEWHERE:
            front.holder = None

    def teardown(self) -> None:
        """See besides that no EIP is left behind, whatever comes late, and none of others is gone."""
        super().teardown()
        if not hasattr(self, "world"):
            return
        assert FRONT in self.world.cloud.eips, "an EIP of others is gone"
        if self.world.cluster.released:
            self.world.cloud.advance(self.world.now + 400.0)
            assert not own_eips(self.world), "an EIP of its own is left behind"

    def _judge(self, step: Step | None) -> None:
        if isinstance(step, Hold) and "dataDisks[" in step.message:
            return  # which disk is which is not this storm's question
        super()._judge(step)
        want, row = self.base.get("eip"), self.row
        if want is None or row is None or self.story == "observe" or not isinstance(step, Settled):
            return
        own = own_eips(self.world)
        held = {one for one, eip in self.world.cloud.eips.items() if eip.holder == row.server.id}
        if "bandwidth" in want:
            assert held == own, "settled, and without its own"
            assert {self.world.cloud.eips[one].bandwidth for one in own} == {want["bandwidth"]}
        else:
            assert not own, "settled, and its own is left"
            assert held == ({FRONT} if "id" in want else set())
        assert (row.details.eip is not None) == bool(held)
