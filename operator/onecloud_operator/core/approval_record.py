"""
The plan that a person approved, as the status has it, and what of it is done.

Its steps are known again by their marks, which say nothing else: what is still to be done stands in the plan.
It is believed only while the annotation has its hash, which is of this object, this generation and exactly
these marks: whoever may write the status alone can approve nothing by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.plan_step import MAX_STEPS, Effect, hash_of
from onecloud_operator.core.status_values import given, mapping, text, texts

if TYPE_CHECKING:
    from collections.abc import Collection

    from onecloud_operator.core.plan_step import PlanStep

_DONE = " done"
_EFFECTS = frozenset(Effect)


@fast_dataclass(frozen=True, slots=True)
class Mark:
    """What a step is known by: digests of its field and its values, "" for none, and its effect."""

    field: str
    after: str
    before: str
    effect: Effect


@fast_dataclass(frozen=True, slots=True)
class Approval:
    """
    The plan that was approved last.

    *after*: the one before it. *server_id*: of the server that it is about, None for one that was to be made.
    *marks*: of its steps, () once all are done. *done*: those that were seen to be so.
    """

    hash: str
    approved_at: str
    marks: tuple[str, ...] = ()
    after: str | None = None
    server_id: str | None = None
    done: frozenset[str] = frozenset()

    @property
    def open(self) -> tuple[Mark, ...]:
        """Return what is not done yet."""
        left = (mark for mark in self.marks if mark not in self.done)
        return tuple(found for mark in left if (found := _mark(mark)) is not None)

    @property
    def whole(self) -> tuple[Mark, ...]:
        """Return all that was approved, as far as it is still noted."""
        return tuple(found for mark in self.marks if (found := _mark(mark)) is not None)

    def made_for(self, uid: str, generation: int) -> bool:
        """Return whether the hash is that of these steps for this object as it is."""
        return self.hash == hash_of(uid, generation, self.server_id, self.after, self.marks)

    def without(self, marks: Collection[Mark]) -> Approval:
        """Return the record once *marks* were seen to be done, too; without any if these are all."""
        done = self.done | {_text(mark) for mark in marks}
        if all(mark in done for mark in self.marks):
            return replace(self, marks=(), done=frozenset())
        return self if done == self.done else replace(self, done=done)


def _mark(written: str) -> Mark | None:
    parts = written.split(".")
    if len(parts) != 4 or parts[3] not in _EFFECTS:  # noqa: PLR2004 - as mark_of makes it
        return None
    return Mark(parts[0], parts[1], parts[2], Effect(parts[3]))


def _text(mark: Mark) -> str:
    return f"{mark.field}.{mark.after}.{mark.before}.{mark.effect.value}"


def approval_in(value: object) -> Approval | None:
    """Read the record out of a status; None if it is not of its form."""
    found = mapping(value)
    hashed, at = text(found.get("hash")), text(found.get("approvedAt"))
    if hashed is None or at is None:
        return None
    listed = texts(found.get("steps"))[:MAX_STEPS]
    return Approval(
        hashed,
        at,
        tuple(mark.removesuffix(_DONE) for mark in listed),
        text(found.get("after")),
        text(found.get("serverID")),
        frozenset(mark.removesuffix(_DONE) for mark in listed if mark.endswith(_DONE)),
    )


def approval_status(approval: Approval) -> dict[str, Any]:
    """Return the record as it stands in the status."""
    steps = [f"{mark}{_DONE if mark in approval.done else ''}" for mark in approval.marks]
    return given(
        {
            "hash": approval.hash,
            "after": approval.after,
            "serverID": approval.server_id,
            "approvedAt": approval.approved_at,
            "steps": steps or None,
        }
    )


def step_status(step: PlanStep) -> dict[str, str]:
    """Return a step as it stands in the status."""
    shown = {"field": step.field, "from": step.before, "to": step.after, "effect": step.effect.value}
    return given(shown)
