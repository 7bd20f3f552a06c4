"""
What is about to be done, as steps that a person can read and approve: values, bounds, and the hash.

The hash covers the object's UID and generation, its server, and each step as it is shown; and the plan that
was approved before, so that the same steps, once done, need another approval when they come again.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import TYPE_CHECKING

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_STEPS = 64  # of one plan; a new server has less, and what else is beyond makes the next plan
FIELD_LENGTH, VALUE_LENGTH = 96, 64  # the CRD's bounds
HASH_LENGTH = 32  # 128 bits: nobody finds two plans of one hash
_DIGEST_LENGTH = 8
_MARK_LENGTH = 12
_SHOWN = 5  # steps in a message

SERVER, OWNER_TAGS, RESTART = "server", "ownerTags", "restart"
_WHOLE = frozenset({SERVER, OWNER_TAGS, RESTART})


class Effect(StrEnum):
    """What a step does to the server, from the mildest on."""

    LIVE = "Live"
    RESTART = "Restart"
    REBUILD = "Rebuild"
    CREATE = "Create"
    RECYCLE = "Recycle"
    DELETE = "Delete"


@fast_dataclass(frozen=True, slots=True)
class PlanStep:
    """
    One change that is about to be made.

    *field*: its path below ``spec.server``; or ``server`` for the whole of it, ``ownerTags``, ``restart``.
    *before*, *after*: texts to show, None where there is nothing; never the value of a Secret.
    """

    field: str
    before: str | None
    after: str | None
    effect: Effect

    def __str__(self) -> str:
        """Return it as a message names it."""
        match self.before, self.after:
            case None, None:
                change = ""
            case None, after:
                change = f" {after}"
            case before, None:
                change = f" {before} → none"
            case before, after:
                change = f" {before} → {after}"
        return f"{self.field}{change} ({self.effect})"


@fast_dataclass(frozen=True, slots=True)
class Plan:
    """All steps that are about to be taken, and the hash by which they are approved."""

    hash: str
    steps: tuple[PlanStep, ...]


def planned(field: str, before: str | None, after: str | None, effect: Effect) -> PlanStep:
    """Return a step whose texts are within their bounds."""
    return PlanStep(_bounded(field, FIELD_LENGTH) or "", _bounded(before), _bounded(after), effect)


def _bounded(text: str | None, length: int = VALUE_LENGTH) -> str | None:
    """Return *text*, if it is long its beginning and a digest: two that differ at their ends stay apart."""
    if not text:
        return None
    if len(text) <= length:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{text[: length - _DIGEST_LENGTH - 4]}… ({digest})"[:length]


def ordered(steps: Iterable[PlanStep]) -> tuple[PlanStep, ...]:
    """Return *steps* in the order of a plan: each field once, what is about the whole server first."""
    found: dict[str, PlanStep] = {}
    for step in steps:
        found.setdefault(step.field, step)
    fields = sorted(found, key=lambda field: (field not in _WHOLE, field))
    return tuple(found[field] for field in fields)


def digest_of(text: str | None) -> str:
    """Return a short digest of a part of a step, "" for one that is absent."""
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH] if text else ""


def mark_of(step: PlanStep) -> str:
    """Return what stands for *step* where it is only to be known again."""
    return ".".join((digest_of(step.field), digest_of(step.after), digest_of(step.before), step.effect.value))


def hash_of(uid: str, generation: int, server_id: str | None, after: str | None, marks: Sequence[str]) -> str:
    """
    Return the hash by which the steps of these *marks*, as one plan of the object *uid*, are approved.

    *server_id*: of the server that they are about, None for one to be made. *after*: the hash that was
    approved before.
    """
    body = json.dumps([uid, generation, server_id, after, list(marks)], separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()[:HASH_LENGTH]


def steps_text(steps: Sequence[PlanStep]) -> str:
    """Return the first of *steps* in words, for a message."""
    more = f" and {len(steps) - _SHOWN} more" if len(steps) > _SHOWN else ""
    return f"{', '.join(map(str, steps[:_SHOWN]))}{more}"
