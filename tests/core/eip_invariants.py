"""What must hold of elastic IPs (EIPs) at every step, judged by what really is in the cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import RemoveFinalizer
from onecloud_operator.core.eip_writes import BindEip, ChangeEip, DeleteEip, DisownEip, MakeEip, UnbindEip
from onecloud_operator.core.plan.eip_looks import LATELY_SECONDS
from onecloud_operator.core.policies import deletion_policy
from tests.core.fixtures import OTHER_UID

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from tests.core.eips import Eip
    from tests.core.world import World


def keep_eips(world: World, step: Step) -> None:
    """Judge *step* before it is taken."""
    match step:
        case MakeEip(eip_id=eip_id):
            assert _recorded(world) == eip_id, "a POST of an EIP that is not on record"
        case BindEip(eip_id=eip_id):
            assert _recorded(world) == eip_id, "bound, and not on record"
            eip = world.cloud.eips.get(eip_id)
            foreign = eip is not None and eip.owner is not None and eip.owner.uid == OTHER_UID
            assert not foreign or _just_now(world, eip), "an EIP of another object is bound"
        case UnbindEip(server_id=server_id):
            bound = next((one for one, e in world.cloud.eips.items() if e.holder == server_id), None)
            moved = bound is not None and _just_now(world, world.cloud.eips[bound])
            assert bound in {None, _recorded(world)} or moved, "an EIP that others bound is taken off"
        case ChangeEip(eip_id=eip_id):
            _own(world, eip_id)
        case DeleteEip(eip_id=eip_id) | DisownEip(eip_id=eip_id):
            _own(world, eip_id)
        case RemoveFinalizer(why=why) if why not in {"Detached", "Observed"}:
            _let_go(world)
        case _:
            pass


def one_eip_at_most(world: World) -> None:
    """See that the object has one EIP of its own, and that those of others are there."""
    assert len(own_eips(world)) <= 1, "a second EIP"


def own_eips(world: World) -> set[str]:
    """Return the EIPs that the object has made, and that nobody has taken from it since."""
    uid = world.cluster.stored.uid
    found = ((one, e) for one, e in world.cloud.eips.items() if e.made_for == uid)
    return {one for one, e in found if e.owner is not None and e.owner.uid == uid}


def _own(world: World, eip_id: str) -> None:
    eip = world.cloud.eips.get(eip_id)
    ours = eip is None or (eip.made_for == world.cluster.stored.uid and eip_id in own_eips(world))
    assert ours or _just_now(world, eip), "a write to an EIP of others"


def _just_now(world: World, eip: Eip | None) -> bool:
    """Say whether another hand had it so late that the last look may be older."""
    return eip is not None and world.now - eip.touched_at <= LATELY_SECONDS


def _recorded(world: World) -> str | None:
    record = world.cluster.stored.records.eip
    return record.id if record is not None else None


def _let_go(world: World) -> None:
    stored = world.cluster.stored
    if stored.version != world.cluster.heard.version:
        return  # a write that will be refused
    assert not own_eips(world), "let go, and an EIP of its own is left behind"
    if deletion_policy(stored) == "Retain":
        return
    late = {step.eip_id for _, step, _ in world.cloud.under_way if isinstance(step, MakeEip)}
    assert not late - world.cloud.used_eips, "let go, and an EIP of its own comes after it"
