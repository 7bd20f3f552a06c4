"""The conditions of a server's object, from one verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.fixed import IMAGE, fixed_field_of
from onecloud_operator.api.reasons import CREDENTIALS_REASONS, Reason, reason_in
from onecloud_operator.core.conditions import Condition, listed, standing
from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.values import time_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.report.verdict import Verdict


@fast_dataclass(frozen=True, slots=True)
class Ready:
    """The condition Ready; *generation* where it is an older one than the object's, that was realised."""

    status: str
    reason: Reason
    message: str
    generation: int | None = None


def kept(facts: Facts) -> Ready | None:
    """Return Ready as it stands in the status, if it ever said anything certain."""
    old = standing(facts.resource.status, "Ready")
    reason = reason_in(old.get("reason")) if old is not None else None
    if old is None or reason is None or old.get("status") not in ("True", "False"):
        return None
    generation = old.get("observedGeneration")
    return Ready(
        str(old["status"]),
        reason,
        str(old.get("message", "")),
        generation if isinstance(generation, int) else None,
    )


def conditions(
    facts: Facts, verdict: Verdict, *, ready: Ready, drift: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """
    Return all conditions, in a fixed order, each keeping its time while its status is the same.

    *drift*: as it is going to stand in the status.
    """
    generation = facts.resource.generation
    realised = generation if ready.generation is None else ready.generation
    wanted = (
        Condition("Ready", ready.status, ready.reason, ready.message, realised),
        *(Condition(*entry, generation) for entry in _others(facts, verdict, drift)),
    )
    return listed(wanted, facts.resource.status, facts.wall)


def _others(
    facts: Facts, verdict: Verdict, drift: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, str, str]]:
    synced = _synced(facts, verdict)
    yield ("Synced", *synced)
    yield ("CredentialsValid", *_credentials(facts))
    deleting = facts.resource.deleting
    if not deleting and verdict.reconciling is not None:
        yield ("Reconciling", "True", verdict.reconciling, verdict.message)
    if verdict.stalled:
        yield ("Stalled", "True", verdict.reason, verdict.message)
    if drift:
        yield ("Drifted", "True", Reason.DRIFT_DETECTED, _drifted(facts, verdict, drift))
    if deleting:
        yield ("Deleting", "True", verdict.reason, verdict.message)
    if facts.resource.paused:
        yield ("Paused", "True", Reason.PAUSED_BY_ANNOTATION, "Nothing is sent to the cloud for this object.")
    if _expiring(facts):
        yield (
            "Expiring",
            "True",
            Reason.EXPIRES_SOON,
            "The server's paid time, or its lease, ends soon; see status.server.billing.",
        )


def _drifted(facts: Facts, verdict: Verdict, drift: Sequence[Mapping[str, Any]]) -> str:
    """Return what differs, and for what can no longer change that it is only reported."""
    creation = facts.resource.records.creation
    made = creation is not None and creation.completed_at is not None
    named = {str(each.get("field")) for each in drift}
    left = {IMAGE} & named if verdict.synced == "True" else set()
    fields = sorted({*left, *(field for one in named if (field := fixed_field_of(one)))})
    if not made or not fields:
        return "The server differs from the spec; see status.drift."
    return (
        f"The server is not, or is no longer, what the spec says of its making: {', '.join(fields)}; see "
        "status.drift. Nothing is done about it. A field that is taken out of the spec is not looked after."
    )


def _synced(facts: Facts, verdict: Verdict) -> tuple[str, str, str]:
    # A column of kubectl is a plain path, so Ready and Synced say what keeps an object that is being deleted.
    return "False" if facts.resource.deleting else verdict.synced, verdict.reason, verdict.message


def _credentials(facts: Facts) -> tuple[str, str, str]:
    trouble = facts.trouble
    # A session that once signed in, and still says where, may be refused by now.
    if trouble is not None and trouble.reason in CREDENTIALS_REASONS:
        return "False", trouble.reason, trouble.message
    if trouble is not None and trouble.reason in {Reason.NOT_ALLOWED, Reason.PROVIDER_NOT_FOUND}:
        return "Unknown", trouble.reason, trouble.message
    if facts.place is not None:
        return "True", Reason.AUTHENTICATED, "The credentials sign in."
    if trouble is not None and trouble.reason == Reason.ENDPOINT_UNREACHABLE:
        return "Unknown", Reason.ENDPOINT_UNREACHABLE, trouble.message
    old = standing(facts.resource.status, "CredentialsValid")
    if old is not None:
        return str(old.get("status")), str(old.get("reason")), str(old.get("message"))
    return "Unknown", Reason.NOT_YET_OBSERVED, "The credentials have not been tried yet."


def _expiring(facts: Facts) -> bool:
    server = facts.server
    if server is None or (server.plain("billing.type") == "Prepaid" and server.plain("billing.autoRenew")):
        return False
    moment = time_of_text(server.expires_at)
    return moment is not None and moment - facts.wall <= timedelta(days=facts.config.expiring_days)
