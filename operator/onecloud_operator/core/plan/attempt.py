"""What is certain of the attempt under way: that it has made nothing, was refused, or is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.disk_records import going_along
from onecloud_operator.core.observed import Phase

if TYPE_CHECKING:
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.records import Creation
    from onecloud_operator.core.values import Problem


def unmade(facts: Facts) -> bool:
    """Return whether it is certain that the attempt has made no server, nor can a POST under way make one."""
    reading, records = facts.reading, facts.resource.records
    if records.creation is None or records.seen:
        return False
    if facts.never_sent:
        return True
    return reading.gone and reading.asked_at >= settled_at(facts)


def settled_at(facts: Facts) -> float:
    """Return from when on a 404 proves that no POST of the attempt can make a server any more."""
    if facts.all_refused:
        return float("-inf")
    memory, refused = facts.memory, refused_with(facts)
    sent_at = memory.latest(memory.posted_at)
    answered = memory.posted_at is not None and refused is not None and not refused.ambiguous
    settle = facts.config.post_settle_seconds
    # A clear answer to a later one says nothing of one whose answer was lost, here or by a process before.
    creation = facts.resource.records.creation
    reopened = creation is not None and memory.reopened_attempt == creation.attempt
    lost_at = memory.lost_at if facts.begun_here or reopened else memory.latest(memory.lost_at)
    lost = lost_at + settle if lost_at is not None else sent_at
    return max(lost, sent_at if answered else sent_at + settle)


def refused_with(facts: Facts) -> Problem | None:
    """Return what the newest POST was refused with."""
    refusal = facts.memory.refusals.get("Create")
    return refusal.problem if refusal else None


def completes(facts: Facts) -> bool:
    """
    Return whether the attempt is complete with this reading: the server rests for the first time.

    From then on no state of it ever leads to a deletion that nobody asked for.
    """
    creation, server = facts.resource.records.creation, facts.server
    if creation is None or creation.completed_at is not None or server is None or server.id != creation.id:
        return False  # what is observed meanwhile may be another
    if not facts.fresh or server.recycled or facts.resource.deleting or facts.trouble is not None:
        return False
    if creation.failure is None:
        return server.phase is Phase.RUNNING or (server.phase.stable and facts.reading.confirmed)
    quiet_since = facts.memory.latest(facts.memory.moved_at)
    quiet = facts.now - quiet_since >= facts.config.delete_again_seconds
    return server.phase is Phase.RUNNING and facts.reading.confirmed and quiet


def begun_disks(facts: Facts, creation: Creation) -> tuple[DiskRecord, ...]:
    """Return the record of the data disks that go with the POST of *creation*, made of the spec of today."""
    spec, records = facts.resource.server_spec, facts.resource.records
    if spec is None:
        return records.disks
    again = records.creation is not None and records.creation.attempt == creation.attempt
    return going_along(spec, records.disks if again else (), unmade=not again or unmade(facts))
