"""Why a root disk is not rebuilt, or not now, and the ways out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import ACCEPT_ROOT_DISK, RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.plan.failure_cause import asking, of_accepted, said
from onecloud_operator.core.plan.retry import acceptance_of, kind_of, same_intent
from onecloud_operator.core.records import HeldBack

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.image_writes import Rebuild
    from onecloud_operator.core.plan.diff import Difference
    from onecloud_operator.core.references import Reference
    from onecloud_operator.core.values import Problem

_DAMAGED = "What is on it may be damaged."
_UNKNOWN = (
    "The operator was started anew just then, so it is not known whether the cloud was asked for it: if it "
    "was, what is on the disk may be damaged."
)


def awaited(seconds: float) -> Hold:
    """Return the hold for *seconds* in which a rebuild may still begin."""
    return Hold(
        Reason.UPDATING,
        "The cloud was asked to rebuild the root disk, and nothing is seen of it yet. Nothing else is sent "
        "until it is certain what has come of it.",
        seconds,
    )


def first_declared(odd: Difference) -> Hold:
    """Return the hold for an adopted server of another image than the spec declares first."""
    return Hold(
        Reason.IMMUTABLE_FIELD,
        f"The server that was adopted is of image {odd.have or '(unknown)'}, and the spec declares "
        f"{odd.want} for the first time, which never rebuilds a root disk. Give the image that it has, or "
        "take image out. An edit of image after this one rebuilds it, where disruption.allow is Rebuild.",
    )


def uncertain() -> Hold:
    """Return the hold for a server whose root disk is not known."""
    return Hold(
        Reason.OPERATION_FAILED,
        "It is not known which of the server's disks is its root disk, so none is rebuilt. Set the "
        f"annotation {ACCEPT_ROOT_DISK} to the id of the disk that is, or set image back.",
    )


def inactive(reference: Reference, status: str) -> Hold:
    """Return the hold for an image of which nothing can be made yet."""
    return Hold(
        Reason.REFERENCE_NOT_FOUND,
        f"The {reference} is not active ({status}), so nothing can be made of it. It is asked for again; or "
        "give another image.",
    )


def not_allowed(before: str, text: str) -> Hold:
    """Return the hold for a change that nobody has allowed."""
    return Hold(
        Reason.RESTART_NEEDED,
        f"A change of image, from {before} to {text}, rebuilds the root disk, and what is on it is lost. Set "
        "disruption.allow: Rebuild to have the server stopped, rebuilt and started again, or set image back.",
    )


def without_login(problem: Problem | None) -> Hold:
    """Return the hold while the password that goes along is not known, or cannot be."""
    if problem is not None:
        return Hold(problem.reason, problem.message)
    return Hold(Reason.UPDATING, "The Secret of the password has not been read yet.", 5.0)


def without_effect(facts: Facts, step: Rebuild, text: str) -> Hold:
    """Return the hold for a disk that is still of the old image, in the cloud's own words."""
    acceptance = acceptance_of(facts, step)
    question = of_accepted(facts, step, acceptance) if acceptance is not None else None
    why = said(facts, question) if question is not None else None
    message = (
        f"The root disk was to be rebuilt of image {text} ({step.image_id}), and it is still of the one "
        f"before{f': {why}' if why else ''}. {_harm(facts, step)} It is not repeated by itself: "
        f"another edit of image, or the annotation {RECONCILE_REQUESTED_AT}, has it tried again."
    )
    spent = HeldBack(kind_of(step), Reason.OPERATION_FAILED, message)
    held = Hold(Reason.OPERATION_FAILED, message, spent=(spent,))
    return asking(facts, question, held) if question is not None else held


def _harm(facts: Facts, step: Rebuild) -> str:
    """Return what may have become of the old disk: one that ended after the record may have sent nothing."""
    kind, resource = kind_of(step), facts.resource
    refusal = facts.memory.refusals.get(kind)
    unheard = refusal is not None and refusal.problem.ambiguous
    told = (held.message for held in resource.records.held_back if held.change == kind)
    before = same_intent(resource) and any(_DAMAGED in message for message in told)
    return _DAMAGED if before or unheard or acceptance_of(facts, step) is not None else _UNKNOWN
