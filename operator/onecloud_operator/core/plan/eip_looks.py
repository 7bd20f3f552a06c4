"""What is known of an EIP just now, or the look that comes first; whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, ReadEip
from onecloud_operator.core.ownership import bound_id, once_ours
from onecloud_operator.core.step_text import DETACH

if TYPE_CHECKING:
    from onecloud_operator.core.eip_memory import LookedAtEip
    from onecloud_operator.core.eip_record import EipState
    from onecloud_operator.core.facts import Facts

AGAIN_SECONDS = 1.0  # while the cloud is at work on an EIP
LATELY_SECONDS = 5.0  # how old a look may be on which a step rests
LONGEST_SECONDS = 300.0  # between looks at one that something else has


def fresh_look(facts: Facts, eip_id: str) -> LookedAtEip | None:
    """Return the look at an EIP that is of now, and newer than our last write; None where there is none."""
    memory = facts.memory
    look = memory.eip.looks.get(eip_id)
    if look is None:
        return None
    written = max(memory.eip.wrote_at or float("-inf"), memory.wrote_at or float("-inf"))
    return look if facts.now < look.at + _good_seconds(facts, look) and look.at >= written else None


def _good_seconds(facts: Facts, look: LookedAtEip) -> float:
    """Return how long a look is good for; what cannot be had is asked for at growing intervals."""
    state = look.state
    if state is None:
        return LATELY_SECONDS
    elsewhere = state.holder_id not in {None, facts.resource.records.bound_id}
    if elsewhere or _is_foreign(facts, state):
        return min(max(look.at - look.since, LATELY_SECONDS), LONGEST_SECONDS)
    return AGAIN_SECONDS if state.moving else LATELY_SECONDS


def _is_foreign(facts: Facts, state: EipState) -> bool:
    return state.owner is not None and not once_ours(state.owner, facts.resource, facts.config)


def again_seconds(facts: Facts, eip_id: str) -> float | None:
    """Return in how many seconds an EIP that cannot be had is looked at again."""
    look = facts.memory.eip.looks.get(eip_id)
    return None if look is None else max(look.at + _good_seconds(facts, look) - facts.now, 0.0)


def read(facts: Facts, eip_id: str) -> ReadEip:
    """Return the look at an EIP."""
    return ReadEip(bound_id(facts.resource), eip_id)


def at_work(facts: Facts, label: str) -> Hold:
    """Wait for an EIP that the cloud is at work on."""
    reason = Reason.REMOVING if facts.resource.deleting else Reason.UPDATING
    return Hold(reason, f"The cloud is at work on {label}.", AGAIN_SECONDS)


def foreign(facts: Facts, eip_id: str, label: str, state: EipState) -> Hold | None:
    """Return a hold if the tags of an EIP name another object, that of this name in this cluster excepted."""
    if not _is_foreign(facts, state):
        return None
    return Hold(
        Reason.EIP_UNAVAILABLE,
        f"{label} carries the owner tags of {state.owner}, so it is left alone. Take it out of that object's "
        "spec, take those tags off in the cloud, or give another one.",
        again_seconds(facts, eip_id),
    )


def bound_elsewhere(facts: Facts, eip_id: str, label: str, state: EipState) -> Hold:
    """Hold for an EIP that something else has."""
    message = f"{label} is bound to {state.holder_id}, so it is not taken from there."
    if facts.resource.deleting:
        cure = f"Dissociate it there to have it deleted, take its owner tags off to keep it, or {DETACH}"
    else:
        cure = "Dissociate it there, or give another one. It is looked at again at growing intervals."
    return Hold(Reason.EIP_UNAVAILABLE, f"{message} {cure}", again_seconds(facts, eip_id))
