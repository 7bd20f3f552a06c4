"""The state word and the condition Ready: what a person looks at first. The facts have a step's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginCreation
from onecloud_operator.core.cloud_writes import Stop
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.diff import wrong_power
from onecloud_operator.core.policies import observing, reporting
from onecloud_operator.core.report.server_conditions import Ready, kept
from onecloud_operator.core.restart import power_now, stopped_by_us
from onecloud_operator.core.step_text import doing

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.report.verdict import Verdict

READY_KEPT_SECONDS = 60.0  # a rename or a tag moves a server for a second, and must not flap it


def state_of(facts: Facts, step: Step, verdict: Verdict) -> str:
    """Return the word of ``status.state``."""
    server, records = facts.server, facts.resource.records
    if facts.resource.deleting and verdict.removing:
        return "Deleting"
    if _lost(facts) and not isinstance(step, BeginCreation):
        return "Missing"
    creating = _creating(facts)
    kept = facts.resource.status.get("state")
    if server is None:
        if facts.reading.gone or not records.seen:
            return "Creating" if creating and _asked_for(facts, verdict) else "Pending"
        return kept if isinstance(kept, str) else "Unknown"
    if server.recycled:
        return "InRecycleBin"
    match server.phase:
        case Phase.MOVING:
            return "Creating" if creating else "Updating"
        case Phase.FAILED | Phase.UNKNOWN | Phase.RUNNING | Phase.SUSPENDED:
            return "Creating" if creating and server.phase is Phase.RUNNING else server.phase.value
        case Phase.STOPPED:
            if creating:
                return "Creating"
            if stopped_by_us(facts.resource, server) and not verdict.error:
                return "Updating"
            if facts.reading.confirmed:
                return "Stopped"
            # Not yet believed: ``ready`` is shown for a moment in the middle of tasks.
            return kept if isinstance(kept, str) else "Pending"


def _creating(facts: Facts) -> bool:
    """Return whether the server shown is one that is being made."""
    creation, server = facts.resource.records.creation, facts.server
    if creation is None or creation.completed_at is not None:
        return False
    return not observing(facts.resource) or (server is not None and server.id == creation.id)


def _asked_for(facts: Facts, verdict: Verdict) -> bool:
    """Return whether the server may be on its way, though it was never read: its POST was sent."""
    if verdict.reason == Reason.CREATING:
        return True
    records = facts.resource.records
    if facts.reading.gone or (records.creation is not None and records.creation.failure is not None):
        return False
    posted = facts.memory.posted_at is not None
    return posted or (facts.trouble is not None and facts.resource.status.get("state") == "Creating")


def _lost(facts: Facts) -> bool:
    """Return whether the server is gone, and it was not us who removed what a failed creation had left."""
    records = facts.resource.records
    failed = records.creation is not None and records.creation.failure is not None
    return facts.reading.gone and records.seen and not failed


def ready_of(facts: Facts, step: Step, verdict: Verdict) -> Ready:
    """Return whether the server is what was asked for, and usable."""
    keep, server, records = kept(facts), facts.server, facts.resource.records
    if facts.resource.deleting:
        return Ready("False", verdict.reason, verdict.message)
    if facts.trouble is not None and keep is not None and records.seen:
        return keep
    if _lost(facts):
        return Ready("False", Reason.EXTERNALLY_DELETED, "The server is gone from the cloud.")
    if server is None or not records.id:
        if keep is not None and records.seen and not facts.reading.gone:
            return keep
        return Ready(
            "Unknown" if verdict.reason == Reason.NOT_YET_OBSERVED else "False",
            verdict.reason,
            verdict.message,
        )
    if server.recycled:
        return Ready("False", Reason.IN_RECYCLE_BIN, "The server is in the cloud's recycle bin.")
    creating = _creating(facts)
    match server.phase:
        case Phase.UNKNOWN:
            return Ready("Unknown", Reason.SERVER_UNKNOWN, "The cloud does not know the server's state.")
        case Phase.FAILED:
            if creating:
                return Ready("False", verdict.reason, verdict.message)
            failed = f"An operation on the server failed ({server.status}); its disks are intact."
            # What is under way, or waits, says nothing of the failure.
            message = verdict.message if verdict.error else failed
            return Ready("False", Reason.OPERATION_FAILED, message)
        case _ if creating:
            return _ready_in_creation(facts, verdict, server)
        case Phase.MOVING:
            since = facts.memory.moving_since
            recent = since is not None and facts.now - since < READY_KEPT_SECONDS
            if keep is not None and keep.status == "True" and recent:
                return keep
            return Ready("False", Reason.UPDATING, doing(facts.resource))
        case Phase.RUNNING | Phase.STOPPED | Phase.SUSPENDED:
            return _ready_at_rest(facts, step, verdict, server, keep)


def _ready_in_creation(facts: Facts, verdict: Verdict, server: Observed) -> Ready:
    """Return Ready of a server that is there and not complete: what keeps it from that, if anything does."""
    records = facts.resource.records
    failed = records.creation is not None and records.creation.failure is not None
    if verdict.error or failed or (facts.resource.paused and server.phase is not Phase.MOVING):
        return Ready("False", verdict.reason, verdict.message)
    return Ready("False", Reason.CREATING, "The server is being made.")


def _ready_at_rest(facts: Facts, step: Step, verdict: Verdict, server: Observed, keep: Ready | None) -> Ready:
    if observing(facts.resource):
        return Ready("True", Reason.OBSERVED, "The server is observed.")
    if isinstance(step, Stop):
        return Ready("False", Reason.UPDATING, doing(facts.resource))
    if not server.detailed or (server.phase is not Phase.RUNNING and not facts.reading.confirmed):
        return keep or Ready("False", Reason.UPDATING, "The server is being read.")
    spec = facts.resource.server_spec
    if spec is not None and wrong_power(power_now(facts.resource, server), server):
        ours = stopped_by_us(facts.resource, server)
        waits = verdict.reason == Reason.PLAN_PENDING
        left = waits or facts.resource.paused or (reporting(facts.resource) and not ours)
        if verdict.error or left:
            return Ready("False", Reason.WRONG_POWER_STATE, f"The server is {server.phase.value}.")
        if ours:
            return Ready("False", Reason.UPDATING, doing(facts.resource))
        return Ready("False", Reason.UPDATING, f"The server is {server.phase.value}; that is being changed.")
    good = (
        Ready("True", Reason.AVAILABLE, "The server runs.")
        if server.phase is Phase.RUNNING
        else Ready("True", Reason.SUSPENDED, "The server is suspended.")
        if server.phase is Phase.SUSPENDED
        else Ready("True", Reason.POWERED_OFF, "The server is stopped.")
    )
    # True only for a generation that was realised: until then it stays what it was.
    if verdict.synced == "True":
        return good
    if keep is not None and keep.status == "True":
        return replace(good, generation=keep.generation)
    if verdict.error:
        # It is of use as it is, and what it should be besides may never come; no generation says that it is.
        newest = facts.resource.generation - 1
        return replace(good, generation=min((keep.generation if keep else None) or newest, newest))
    return Ready("False", Reason.UPDATING, "The server does not yet agree with its spec.")
