"""What is known of an EIP just now, or the look that comes first; whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, ReadEip
from onecloud_operator.core.eip_record import eip_id as made_id
from onecloud_operator.core.ownership import bound_id, once_ours
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.tenancy import named, other

if TYPE_CHECKING:
    from onecloud_operator.core.eip_memory import LookedAtEip
    from onecloud_operator.core.eip_record import EipRecord, EipState
    from onecloud_operator.core.facts import Facts

AGAIN_SECONDS = 1.0  # at first, while the cloud is at work on an EIP
LATELY_SECONDS = 5.0  # how old a look may be on which a step rests
LONGEST_SECONDS = 300.0  # between looks at one that stays as it is


def fresh_look(facts: Facts, eip_id: str) -> LookedAtEip | None:
    """Return the look at an EIP that is of now, and newer than our last write; None where there is none."""
    look = _newest(facts, eip_id)
    return look if look is not None and facts.now < look.at + _good_seconds(facts, eip_id, look) else None


def known_look(facts: Facts, eip_id: str) -> LookedAtEip | None:
    """Return an older look that tells why nothing is done, good for longer the longer it shows the same."""
    look = _newest(facts, eip_id)
    return look if look is not None and facts.now < look.at + _longer(look) else None


def _newest(facts: Facts, eip_id: str) -> LookedAtEip | None:
    memory = facts.memory
    look = memory.eip.looks.get(eip_id)
    written = max(memory.eip.wrote_at or float("-inf"), memory.wrote_at or float("-inf"))
    return look if look is not None and look.at >= written else None


def _good_seconds(facts: Facts, one_id: str, look: LookedAtEip) -> float:
    """Return how long a look is good for; what cannot be had is asked for at growing intervals."""
    state, records = look.state, facts.resource.records
    if state is None:
        attempt = records.eip.attempt if records.eip is not None else 0
        return LATELY_SECONDS if one_id == made_id(facts.resource.uid, attempt) else _longer(look)
    if state.holder_id not in {None, records.bound_id} or _is_foreign(facts, state):
        return _longer(look)
    if state.moving:  # or in a state that it never leaves
        return min(max(look.at - look.since, AGAIN_SECONDS), LONGEST_SECONDS)
    return LATELY_SECONDS


def _longer(look: LookedAtEip) -> float:
    return min(max(look.at - look.since, LATELY_SECONDS), LONGEST_SECONDS)


def _is_foreign(facts: Facts, state: EipState) -> bool:
    return state.owner is not None and not once_ours(state.owner, facts.resource, facts.config)


def again_seconds(facts: Facts, eip_id: str, *, still: bool = False) -> float | None:
    """Return in how many seconds an EIP is looked at again that cannot be had, or is *still* as it was."""
    look = facts.memory.eip.looks.get(eip_id)
    if look is None:
        return None
    return max(look.at + (_longer(look) if still else _good_seconds(facts, eip_id, look)) - facts.now, 0.0)


def read(facts: Facts, eip_id: str) -> ReadEip:
    """Return the look at an EIP."""
    return ReadEip(bound_id(facts.resource), eip_id)


def at_work(facts: Facts, record: EipRecord) -> Hold:
    """Wait for an EIP that the cloud is at work on."""
    reason = Reason.REMOVING if facts.resource.deleting else Reason.UPDATING
    seconds = again_seconds(facts, record.id or "") or AGAIN_SECONDS
    return Hold(reason, f"The cloud is at work on {record.label}.", seconds)


def foreign(facts: Facts, eip_id: str, label: str, state: EipState) -> Hold | None:
    """Return a hold if the tags of an EIP name another object, that of this name in this cluster excepted."""
    if state.owner is None or not _is_foreign(facts, state):
        return None
    return Hold(
        Reason.EIP_UNAVAILABLE,
        f"{label} carries the owner tags of {named(facts, state.owner)}, so it is left alone. Take it out of "
        "that object's spec, take those tags off in the cloud, or give another one.",
        again_seconds(facts, eip_id),
    )


def bound_elsewhere(facts: Facts, eip_id: str, label: str, state: EipState) -> Hold:
    """Hold for an EIP that something else has."""
    message = f"{label} is bound to {other(facts, str(state.holder_id))}, so it is not taken from there."
    if facts.resource.deleting:
        cure = f"Dissociate it there to have it deleted, take its owner tags off to keep it, or {DETACH}"
    else:
        cure = "Dissociate it there, or give another one. It is looked at again at growing intervals."
    return Hold(Reason.EIP_UNAVAILABLE, f"{message} {cure}", again_seconds(facts, eip_id))
