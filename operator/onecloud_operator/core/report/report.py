"""What a pass has to say: the new status, as a value. The same facts always give the same status."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import Reason
from onecloud_operator.api.server import folded
from onecloud_operator.core.actions import Hold, MarkFailedCreation
from onecloud_operator.core.conditions import cut_message, standing
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.observed import Phase, Reading, carried, rooted
from onecloud_operator.core.plan.explain import explain
from onecloud_operator.core.plan.failed_create import retry_seconds
from onecloud_operator.core.plan.own_tags import managed_tags
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.policies import deletion_policy, observing
from onecloud_operator.core.report.drift import drift_of
from onecloud_operator.core.report.effective_values import effective_values, shown_policy
from onecloud_operator.core.report.held_back import held_back
from onecloud_operator.core.report.next_records import records_after, records_status
from onecloud_operator.core.report.planned import PLAN, with_plan
from onecloud_operator.core.report.readiness import READY_KEPT_SECONDS, ready_of, state_of
from onecloud_operator.core.report.server_conditions import conditions
from onecloud_operator.core.report.verdict import Verdict, verdict_of
from onecloud_operator.core.restart import pending_seconds
from onecloud_operator.core.status_values import given
from onecloud_operator.core.values import text_of_time, time_of_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.records import Records
    from onecloud_operator.core.values import Problem

# Nobody tells when a reading is merely repeated, so what waits for a newer one asks again.
LOOK_SOON_REASONS = frozenset(
    {Reason.CREATING, Reason.UPDATING, Reason.NOT_YET_OBSERVED, Reason.WAITING_FOR_CLOUD, Reason.REMOVING}
)
LOOK_SOON_SECONDS = 5.0
TAGS_LENGTH = 32  # the CRD's bound
# Of status.server, before the server has settled for the first time: which it is, and what columns show.
SHOWN_EARLY = frozenset({"id", "name", "instanceType", "cpu", "memory", "image"})
SAME_MOMENT_SECONDS = 2.0
UNREAD_SECONDS = 120.0  # a restart over 10,000 objects has read them all by then


@fast_dataclass(frozen=True, slots=True)
class Report:
    """
    The status to be written, or None if what stands there will do, and when to look again at the latest.

    *requeue_after* None: only an event or the resync leads to another pass.
    """

    status: Mapping[str, Any] | None
    requeue_after: float | None
    verdict: Verdict


def report(facts: Facts, step: Step, problem: Problem | None = None) -> Report:
    """
    Return what *step* leaves to be said; *problem* is why it was refused, None if it was done.

    Idempotent: reported again over its own status, it has nothing to write.
    """
    # What is said is said of the object as it is after the step: an adopted server is not being made.
    records = records_after(facts, step)
    recorded = records is not facts.resource.records
    if recorded:
        facts = replace(facts, resource=replace(facts.resource, records=records))
    if facts.server is not None and records.id not in {None, facts.server.id}:
        facts = replace(facts, reading=Reading())  # of another server, which is not this object's to show
    problem = explain(facts, step, problem) if problem is not None else None
    verdict = verdict_of(facts, step, problem)
    seconds = _seconds(facts, step, verdict)
    if isinstance(step, Hold) and step.unread and not recorded and _stands(facts):
        return Report(None, seconds, verdict)
    old = {name: each for name, each in facts.resource.status.items() if name != PLAN}
    status = _status(facts, step, problem, verdict)
    status = with_plan(facts, step, status, written=differs(old, status))
    return Report(status if differs(facts.resource.status, status) else None, seconds, verdict)


def _stands(facts: Facts) -> bool:
    """
    Return whether the status may stand while a reading is waited for, as after a restart.

    Not for an older generation, and not for long: what does not get read must be said.
    """
    memory, synced = facts.memory, standing(facts.resource.status, "Synced")
    since = max(memory.born_at, memory.wrote_at or memory.born_at)
    if facts.server is not None and facts.server.detailed:
        since = max(since, facts.reading.first_seen_at)  # it is read, and only looked at once more
    said = synced is not None and synced.get("observedGeneration") == facts.resource.generation
    return said and not facts.resource.deleting and facts.now - since < UNREAD_SECONDS


def differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Return whether *new* is worth a write: the server's version or time of update alone are not."""
    return _weighed(old) != _weighed(new)


def _weighed(status: Mapping[str, Any]) -> dict[str, Any]:
    weighed = dict(status)
    server = weighed.get("server")
    if isinstance(server, dict):
        lifecycle = server.get("lifecycle")
        if isinstance(lifecycle, dict):
            kept = {k: v for k, v in lifecycle.items() if k not in {"updateVersion", "updatedAt"}}
            weighed["server"] = {**server, "lifecycle": kept}
    return weighed


def _status(facts: Facts, step: Step, problem: Problem | None, verdict: Verdict) -> dict[str, Any]:
    resource, records, old = facts.resource, facts.resource.records, facts.resource.status
    # What was refused has not begun: the server is as it was.
    taken = step if problem is None or problem.ambiguous else Hold(verdict.reason, verdict.message)
    status: dict[str, Any] = {
        "observedGeneration": resource.generation,
        "id": records.id,
        "state": state_of(facts, taken, verdict),
        "ip": _ip(facts, old),
        "deletionPolicy": shown_policy(facts, deletion_policy(resource)),
        "effective": effective_values(facts),
        "server": _mirror(facts, records),
        "managedTags": list(_managed_tags(facts, records)) or None,
        "drift": drift_of(facts, step, verdict) or None,
        "lastError": _last_error(facts, verdict, problem),
        "heldBack": held_back(facts, step, verdict, problem),
        "nextRetryTime": _next_retry(facts, step, problem, verdict),
        "lastHandledReconcileAt": resource.reconcile_requested_at or old.get("lastHandledReconcileAt"),
    }
    status["adoptionHeldAt"] = _adoption_held_at(facts, verdict)
    status |= records_status(records)
    status["conditions"] = conditions(
        facts,
        verdict,
        ready=ready_of(facts, taken, verdict),
        drift=status["drift"] or (),
    )
    return given(status)


def _mirror(facts: Facts, records: Records) -> Mapping[str, Any] | None:
    """
    Return ``status.server``.

    While a server moves, what stands there stays: its raw status changes at every step, and each would be
    a write for 10,000 objects. The state says that it moves. Of one that moves before anything stood there,
    as while it is made, only what tells it from others is shown: the rest is written once it has settled.
    """
    server = facts.server
    kept = records.mirror or None
    if kept is not None and kept.get("id") != records.id:
        kept = None
    if server is None or server.id != records.id:
        return kept
    moving = server.phase is Phase.MOVING
    if kept is None and moving:
        return {name: value for name, value in server.mirror.items() if name in SHOWN_EARLY} or None
    if kept is None:
        return rooted(server.mirror, records.root_disk_id) or None
    if moving or not server.detailed or not server.mirror:
        return kept
    # After a restart it was read by a list only; the status knows the rest, unless others wrote it.
    alone = server.whole or records.mirror_shared
    return rooted(server.mirror if alone else carried(server.mirror, kept), records.root_disk_id)


def _adoption_held_at(facts: Facts, verdict: Verdict) -> str | None:
    """Return when an adoption that was recorded was realised; None where it is not, or nobody noted it."""
    records, old = facts.resource.records, facts.resource.status
    if records.adopted_at is None or records.creation is not None:
        return None
    if old.get("adoptedAt") == records.adopted_at:
        if "adoptionHeldAt" in old:
            return str(old["adoptionHeldAt"])
        if (standing(old, "Synced") or {}).get("status") == "True":
            return None
    realised = verdict.synced == "True" and not facts.resource.deleting  # what is let go is adopted no more
    return text_of_time(facts.wall) if realised else None


def _ip(facts: Facts, old: Mapping[str, Any]) -> str | None:
    server = facts.server
    if server is not None and server.details is not None:
        return server.details.ip
    kept = old.get("ip")
    return kept if isinstance(kept, str) and not facts.reading.gone else None


def _managed_tags(facts: Facts, records: Records) -> tuple[str, ...]:
    """Return the keys that we set, so that one that leaves the spec is taken off the server."""
    spec = facts.resource.server_spec
    wanted = (spec.tags if spec else None) or {}
    server = facts.server
    if observing(facts.resource):
        return records.managed_tags
    if server is None or server.details is None:
        # They go along with the POST, and one that leaves the spec before anything was read is to go, too.
        if records.creation is None or records.creation.completed_at is not None:
            return records.managed_tags
        known = {folded(key): key for key in (*records.managed_tags, *wanted)}
        return tuple(sorted(known.values()))[:TAGS_LENGTH]
    have = {folded(key): value for key, value in server.details.tags.items()}
    kept = {folded(key): key for key in managed_tags(facts) if folded(key) in have}
    kept |= {folded(key): key for key, value in wanted.items() if have.get(folded(key)) == value}
    return tuple(sorted(kept.values()))[:TAGS_LENGTH]


def _last_error(facts: Facts, verdict: Verdict, problem: Problem | None) -> Mapping[str, Any] | None:
    if verdict.synced == "True":
        return None
    old = facts.resource.status.get("lastError")
    kept = old if isinstance(old, dict) else None
    if not verdict.error:
        return kept
    if kept is not None and (kept.get("reason"), kept.get("message")) == (
        verdict.reason,
        cut_message(verdict.message),
    ):
        return kept
    entry = {
        "reason": verdict.reason,
        "message": cut_message(verdict.message),
        "requestID": (problem.request_id if problem else None) or _refused_request(facts, verdict),
        "time": text_of_time(facts.wall),
    }
    return given(entry)


def _refused_request(facts: Facts, verdict: Verdict) -> str | None:
    found = (r.problem for r in facts.memory.refusals.values())
    return next(
        (p.request_id for p in found if (p.reason, p.message) == (verdict.reason, verdict.message)), None
    )


def _next_retry(facts: Facts, step: Step, problem: Problem | None, verdict: Verdict) -> str | None:
    """
    Return the time of the next try of what *verdict* is about, where this object alone decides on it.

    What is written stays while it names the same moment: the two clocks that it comes from differ a little.
    """
    seconds = _try_seconds(facts, step, problem) if verdict.own_retry else None
    if seconds is None or seconds < 0:
        return None
    moment, kept = facts.wall + timedelta(seconds=seconds), facts.resource.status.get("nextRetryTime")
    before = time_of_text(kept) if isinstance(kept, str) else None
    if before is not None and abs((before - moment).total_seconds()) <= SAME_MOMENT_SECONDS:
        return str(kept)
    return text_of_time(moment)


def _try_seconds(facts: Facts, step: Step, problem: Problem | None) -> float | None:
    """Return in how many seconds *step*, or what it holds, is tried again; None: not known, or not at all."""
    if problem is not None:
        refusal = facts.memory.refusals.get(kind_of(step))
        return refusal.until - facts.now if refusal is not None else None
    if isinstance(step, Hold):
        return None if step.paced else step.requeue_after
    return retry_seconds(facts, failed_at=facts.now) if isinstance(step, MarkFailedCreation) else None


def _seconds(facts: Facts, step: Step, verdict: Verdict) -> float | None:
    """Return when to look again at the latest; None: when something is heard of it."""
    waits = [
        refusal.until - facts.now for refusal in facts.memory.refusals.values() if refusal.until > facts.now
    ]
    if isinstance(step, Hold):
        waits += [seconds for seconds in (step.requeue_after, step.look_seconds) if seconds is not None]
    if (pending := pending_seconds(facts)) > 0.0:
        waits.append(pending)  # then the record of the restart is taken away
    if facts.server is not None and facts.server.phase is Phase.MOVING:
        since = facts.memory.moving_since if facts.memory.moving_since is not None else facts.now
        kept = since + READY_KEPT_SECONDS - facts.now
        hung = facts.memory.latest(facts.memory.moved_at) + facts.config.hung_seconds - facts.now
        waits.append(kept if kept > 0 else hung if hung > 0 else facts.config.hung_seconds)
    if verdict.reason in LOOK_SOON_REASONS and not waits:
        waits.append(LOOK_SOON_SECONDS)
    return max(min(waits), 0.0) if waits else None
