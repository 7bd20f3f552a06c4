"""Which Kubernetes Events two statuses in a row give: one for each turn that matters, none for a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.api.reasons import UNALARMING, EventReason, Reason, reason_in
from onecloud_operator.core.conclusion import KubeEvent
from onecloud_operator.core.conditions import part_of, stance, standing
from onecloud_operator.core.records import records_of
from onecloud_operator.core.report.card_events import cards_attached
from onecloud_operator.core.report.disk_events import disk_events
from onecloud_operator.core.report.eip_events import eip_events
from onecloud_operator.core.report.image_events import image_events
from onecloud_operator.core.restart import stopped_for
from onecloud_operator.core.restart_request import NOT_NEEDED, UNKNOWN
from onecloud_operator.core.values import cut, time_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

VALUE_LENGTH = 64  # of an annotation, in a message
LATELY_SECONDS = 600.0  # a restart or a failover is over by then
_QUIET = frozenset(
    {
        Reason.CREATING,
        Reason.UPDATING,
        Reason.NOT_YET_OBSERVED,
        Reason.UP_TO_DATE,
        Reason.OBSERVING,
        Reason.WAITING_FOR_CLOUD,
        Reason.REMOVING,
        Reason.RELEASED,
    }
)


def events_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    """Yield what is worth an Event between two statuses of one object."""
    began, begun = part_of(old, "creation"), part_of(new, "creation")
    if begun and begun.get("attempt") != began.get("attempt"):
        yield KubeEvent(
            "Normal", EventReason.CREATING, f"Making server {begun.get('name')} ({begun.get('id')})."
        )
    completed = bool(begun.get("completedAt") and not began.get("completedAt"))
    if completed:
        yield KubeEvent(
            "Normal", EventReason.CREATED, f"Server {begun.get('name')} ({begun.get('id')}) is made."
        )
    if adopted(old, new):
        yield _adoption(new)
    yield from _restored(old, new)
    yield from _restarts(old, new)
    yield from rebuilds(old, new)
    if new.get("deletion") and not old.get("deletion"):
        yield KubeEvent("Normal", EventReason.REMOVING, f"Removing server {_named(new)}.")
    yield from disks_kept(old, new)
    yield from eip_events(old, new)
    yield from cards_attached(old, new, _named(new))
    yield from disk_events(old, new, _named(new))
    before, after = standing(old, "Ready"), standing(new, "Ready")
    ready = after is not None and after.get("status") == "True" and stance(before) != stance(after)
    another = (standing(new, "Synced") or {}).get("reason") == Reason.OWNED_BY_ANOTHER
    if after is not None and ready and not completed and not another:  # "is made" says as much
        yield from _of(after, "Normal")
    # From its deletion on Synced repeats what Deleting says.
    kind = "Synced" if standing(new, "Deleting") is None else "Deleting"
    before, after = standing(old, kind), standing(new, kind)
    reported = after is not None and stance(before) != stance(after) and after.get("reason") not in _QUIET
    if after is not None and reported:
        yield from _of(after, "Normal" if after.get("reason") in UNALARMING else "Warning")
    drifted = standing(new, "Drifted")
    if drifted is not None and not reported and not _drifting(new) <= _drifting(old):
        yield from _of(drifted, "Warning")


def _restored(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    if not new.get("restore"):
        return  # before all the other records are read
    before, after = records_of(old).restore, records_of(new).restore
    if after is None or after.done_at is None or (before is not None and before.done_at is not None):
        return
    message = f"Server {_named(new)} is taken out of the recycle bin."
    if after.name is not None:
        message += (
            f" The cloud gave it this name, since its own, {after.name}, is taken by now; it is renamed as "
            "soon as that is free, or to spec.server.name."
        )
    kind = "Normal" if after.name is None else "Warning"
    yield KubeEvent(kind, EventReason.RESTORED, message)


def _restarts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    if not (new.get("restart") or new.get("restartRequest")):
        return  # before all the other records are read
    before, after = records_of(old), records_of(new)
    if after.restart is not None and before.restart is None:
        why = f"for {stopped_for(after.restart)}; it is started again"
        yield KubeEvent("Normal", EventReason.RESTARTING, f"Stopping server {_named(new)} {why}.")
    asked, same_server = after.restart_request, (before.id, before.adopted_at) == (after.id, after.adopted_at)
    if asked is None or asked == before.restart_request or not same_server:
        return
    asking = f"{RESTART_REQUESTED_AT}: {cut(asked.value, VALUE_LENGTH)}"
    completed = part_of(new, "creation").get("completedAt") != part_of(old, "creation").get("completedAt")
    if asked.outcome == NOT_NEEDED and not completed:
        message = f"Server {_named(new)} is off, so there is nothing to restart for {asking}."
        yield KubeEvent("Normal", EventReason.RESTART_NOT_NEEDED, message)
    if asked.outcome == UNKNOWN:
        yield KubeEvent(
            "Warning",
            EventReason.RESTART_UNKNOWN,
            f"It is not known whether server {_named(new)} was restarted for {asking}: a stop may have been "
            "sent, and the server was not seen to be off. It is not restarted again for this value; give the "
            "annotation another one for that.",
        )


def _of(condition: Mapping[str, Any], kind: str) -> Iterator[KubeEvent]:
    if (reason := reason_in(condition.get("reason"))) is not None:
        yield KubeEvent(kind, reason, str(condition.get("message")))


def _drifting(status: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that drifted."""
    found = status.get("drift")
    rows = (row for row in found if isinstance(row, dict)) if isinstance(found, list) else ()
    return frozenset(str(row.get("field")) for row in rows)


def rebuilds(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    """Yield what has become of the root disk."""
    yield from image_events(old, new, _named(new))


def disks_kept(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    """Yield what became of disks that were to be kept."""
    if not (old.get("keptDisks") or new.get("keptDisks")):
        return  # before all the other records are read
    before = {disk.id: disk for disk in records_of(old).kept_disks}
    after = {disk.id: disk for disk in records_of(new).kept_disks}
    for disk in after.values():
        if disk.kept_at is not None and (disk.id not in before or before[disk.id].kept_at is None):
            how = "was taken out of the recycle bin" if disk.restored else "was detached"
            message = f"Disk {disk.id} of server {_named(new)} {how} and is kept."
            yield KubeEvent("Normal", EventReason.DISK_KEPT, message)
    for disk in before.values():
        if disk.id not in after and disk.kept_at is None:
            message = f"Disk {disk.id} of server {_named(new)}, which was to be kept, is gone from the cloud."
            yield KubeEvent("Warning", EventReason.DISK_GONE, message)


def adopted(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """
    Return whether an adoption was realised just now.

    Several objects may record that they adopt one server. Only that whose owner tags the server then has gets
    there.
    """
    return "adoptionHeldAt" in new and old.get("adoptionHeldAt") != new["adoptionHeldAt"]


def untold(status: Mapping[str, Any], wall: datetime) -> Iterator[KubeEvent]:
    """
    Yield what happens once, has happened lately, and may not have been told yet.

    The process may have died, or the answer to its write was lost, between the status and the Event.
    """
    held_at = status.get("adoptionHeldAt")
    moment = time_of_text(held_at) if isinstance(held_at, str) else None
    if moment is not None and abs((wall - moment).total_seconds()) < LATELY_SECONDS:
        yield _adoption(status)


def _adoption(status: Mapping[str, Any]) -> KubeEvent:
    once = f"adoption {status.get('adoptionHeldAt')}"
    return KubeEvent("Normal", EventReason.ADOPTED, f"Adopted server {_named(status)}.", once)


def _named(status: Mapping[str, Any]) -> str:
    """Return the server's id, with its name as far as that is known."""
    creation, identity = part_of(status, "creation"), status.get("id")
    created = creation.get("name") if creation.get("id") == identity else None
    name = part_of(status, "server").get("name") or created
    return f"{name} ({identity})" if name else str(identity)
