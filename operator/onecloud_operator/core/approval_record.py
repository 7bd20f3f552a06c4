"""
The plan that a person approved, as the status has it, and what of it is done.

It is believed only while the annotation has its hash, which is of this object, this generation and exactly
these steps: whoever may write the status alone can approve nothing by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.plan_step import MAX_STEPS, Effect, PlanStep, hash_of
from onecloud_operator.core.status_values import given, mapping, rows, text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_EFFECTS = frozenset(Effect)


@fast_dataclass(frozen=True, slots=True)
class Approval:
    """
    The plan that was approved last.

    *after*: the one before it. *server_id*: of the server that it is about, None for one that was to be made.
    *steps*: () once all are done. *done*: their fields that were seen to be so.
    """

    hash: str
    approved_at: str
    steps: tuple[PlanStep, ...] = ()
    after: str | None = None
    server_id: str | None = None
    done: frozenset[str] = frozenset()

    @property
    def open(self) -> tuple[PlanStep, ...]:
        """Return what is not done yet."""
        return tuple(step for step in self.steps if step.field not in self.done)

    def made_for(self, uid: str, generation: int) -> bool:
        """Return whether the hash is that of these steps for this object as it is."""
        return self.hash == hash_of(uid, generation, self.server_id, self.after, self.steps)

    def with_done(self, fields: Collection[str]) -> Approval:
        """Return the record once *fields* were seen to be done, too; without any step if these are all."""
        done = self.done | frozenset(fields)
        if all(step.field in done for step in self.steps):
            return replace(self, steps=(), done=frozenset())
        return self if done == self.done else replace(self, done=done)


def approval_in(value: object) -> Approval | None:
    """Read the record out of a status; None if it is not of its form."""
    found = mapping(value)
    hashed, at = text(found.get("hash")), text(found.get("approvedAt"))
    if hashed is None or at is None:
        return None
    listed = rows(found.get("steps"))[:MAX_STEPS]
    steps = [step for row in listed if (step := _step_in(row)) is not None]
    done = {step.field for step, row in zip(steps, listed, strict=False) if row.get("done") is True}
    whole = len(steps) == len(listed)
    return Approval(
        hashed,
        at,
        tuple(steps) if whole else (),
        text(found.get("after")),
        text(found.get("serverID")),
        frozenset(done) if whole else frozenset(),
    )


def _step_in(row: Mapping[str, Any]) -> PlanStep | None:
    field, effect = text(row.get("field")), row.get("effect")
    if field is None or effect not in _EFFECTS:
        return None
    return PlanStep(field, text(row.get("from")), text(row.get("to")), Effect(str(effect)))


def approval_status(approval: Approval) -> dict[str, Any]:
    """Return the record as it stands in the status."""
    return given(
        {
            "hash": approval.hash,
            "after": approval.after,
            "serverID": approval.server_id,
            "approvedAt": approval.approved_at,
            "steps": [
                {**step_status(step), **({"done": True} if step.field in approval.done else {})}
                for step in approval.steps
            ]
            or None,
        }
    )


def step_status(step: PlanStep) -> dict[str, str]:
    """Return a step as it stands in the status."""
    shown = {"field": step.field, "from": step.before, "to": step.after, "effect": step.effect.value}
    return given(shown)
