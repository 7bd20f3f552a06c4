"""
How an EIP of the object's own comes to be, exactly once.

    nothing recorded      network looked up → record number and id → POST
    POST unanswered       look, then the same POST again: its id can be used once only
    used, nothing there   twice, 60 s apart: that id is burnt, the next number
    there, and not ours   the same: the next number
    there                 look until it has an address → record
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, RecordEip
from onecloud_operator.core.eip_record import MADE, EipRecord, eip_id, eip_name, shown_in
from onecloud_operator.core.eip_writes import MakeEip
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.ownership import bound_id
from onecloud_operator.core.plan.eip_looks import LATELY_SECONDS, at_work, fresh_look, known_look, read
from onecloud_operator.core.plan.guards import look_up
from onecloud_operator.core.plan.retry import blocked
from onecloud_operator.core.references import Kind, Reference, Resolved, UnderWay, is_id, why_unresolved
from onecloud_operator.core.server_names import server_name
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.api.eip import EipSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.eip_memory import LookedAtEip
    from onecloud_operator.core.eip_record import EipState
    from onecloud_operator.core.facts import Facts

CHARGE_TYPE = "Bandwidth"


def begun(facts: Facts, want: EipSpec, before: EipRecord) -> Step:
    """Return the step that leads to the record of the next EIP of the object's own."""
    network = _network(facts, want)
    if network is not None and not isinstance(network, str):
        return network
    return RecordEip(_following(facts, want, before))


def followed(facts: Facts, want: EipSpec, record: EipRecord) -> Step:
    """Return the step to the next EIP after one that is lost: no quicker than a burnt id is given up."""
    ahead = facts.memory.latest(facts.memory.eip.posted_at) + facts.config.burnt_seconds - facts.now
    if ahead <= 0.0:
        return begun(facts, want, record)
    return Hold(
        Reason.UPDATING, f"{record.label} is not to be had. Another one is made in its place soon.", ahead
    )


def made(facts: Facts, want: EipSpec, record: EipRecord) -> Step:
    """Return the step that leads to the recorded EIP being there."""
    memory, one_id = facts.memory.eip, record.id or ""
    if memory.begun == one_id and memory.posted_at is None:
        return _post(facts, want, record)  # nobody can have made it yet
    look = fresh_look(facts, one_id) or _untagged_look(facts, record)
    if look is None:
        return read(facts, one_id)
    if look.state is None:
        return _absent(facts, want, record)
    return _there(facts, want, record, look.state)


def resolved(facts: Facts, reference: Reference, path: str) -> str | Step:
    """Return the id that *reference*, at *path* of the spec, stands for, or what comes before it is known."""
    if (step := look_up(facts, reference)) is not None:
        return step
    answer = facts.names.get(reference)
    if isinstance(answer, Resolved):
        return answer.id
    if answer is None or isinstance(answer, UnderWay):
        msg = "what is under way is waited for"
        raise AssertionError(msg)
    reason, message = why_unresolved(reference, answer)
    return Hold(reason, f"{path}: {message}")


def _network(facts: Facts, want: EipSpec) -> str | Step | None:
    """Return the id of the network that the address is to be of, None for the cloud's choice, or a step."""
    if want.network is None or is_id(want.network):
        return want.network
    return resolved(facts, Reference(Kind.NETWORK, want.network), "eip.network")


def _following(facts: Facts, want: EipSpec, before: EipRecord) -> EipRecord:
    attempt = before.attempt + 1
    one_id = eip_id(facts.resource.uid, attempt)
    return EipRecord(
        attempt=attempt,
        id=one_id,
        origin=MADE,
        name=eip_name(server_name(facts.resource, facts.config), one_id),
        bandwidth=want.bandwidth,
        charge_type=want.charge_type or CHARGE_TYPE,
        network=want.network,
    )


def _post(facts: Facts, want: EipSpec, record: EipRecord) -> Step:
    """Return the POST, as the spec has it by now: until it is made, all of it may be corrected."""
    network = _network(facts, want)
    if network is not None and not isinstance(network, str):
        return network
    charge_type = want.charge_type or CHARGE_TYPE
    if (record.charge_type, record.network) != (charge_type, want.network):
        return RecordEip(replace(record, charge_type=charge_type, network=want.network))
    name, bandwidth = record.name or f"eip-{record.id}", want.bandwidth or record.bandwidth or 1
    return MakeEip(bound_id(facts.resource), record.id or "", name, bandwidth, charge_type, network)


def _absent(facts: Facts, want: EipSpec, record: EipRecord) -> Step:
    """Return the step after a proven 404 of the recorded id."""
    burnt, posted = facts.memory.eip.burnt_at, facts.memory.eip.posted_at
    if burnt is not None and posted is not None and posted - burnt >= facts.config.burnt_seconds:
        return RecordEip(_following(facts, want, record))
    post = _post(facts, want, record)
    obstacle = blocked(facts, post)
    # One that was asked for twice may show a moment after the second request was refused for its name.
    return post if obstacle is None else replace(obstacle, look_seconds=LATELY_SECONDS)


def _untagged(record: EipRecord, state: EipState) -> bool:
    return state.owner is None and state.name == record.name


def _untagged_look(facts: Facts, record: EipRecord) -> LookedAtEip | None:
    look = known_look(facts, record.id or "")
    return look if look is not None and look.state is not None and _untagged(record, look.state) else None


def _there(facts: Facts, want: EipSpec, record: EipRecord, state: EipState) -> Step:
    if _untagged(record, state):
        # Our POST made it. Where a cloud shows no tags the next one would look the same, and so for ever.
        return Hold(
            Reason.EIP_UNAVAILABLE,
            f"{record.label} is the one that was to be made, but shows no owner tags. So it is left alone, "
            "and no other is made. Give its id in spec.server.eip; or declare eip: {none: true}, which "
            "leaves it there, and then it again.",
        )
    if state.owner is None or state.owner.uid != facts.resource.uid:
        return followed(facts, want, record)
    if state.address is not None:
        return RecordEip(shown_in(replace(record, made_at=text_of_time(facts.wall)), state))
    if not state.failed:
        return at_work(facts, record)
    return Hold(
        Reason.NO_CAPACITY,
        f"The cloud has found no address for {record.label}. Have room made in its network. To have another "
        "one made, declare eip: {none: true}, which has this one deleted, and then it again.",
    )
