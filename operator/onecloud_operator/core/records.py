"""
What the status remembers so that every step can be repeated: where, which attempt, since when.

A status can be edited by whoever may write it, so it is read with suspicion: a record that is not of its
form, or that the object contradicts, counts as absent, and ``ownership.ours`` asks the server itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any

from onecloud_operator.api.fixed import sent_fields
from onecloud_operator.api.reasons import SYNCED_REASONS, Reason, reason_in
from onecloud_operator.core.approval_record import Approval, approval_in
from onecloud_operator.core.baseline import Baseline, baseline_in
from onecloud_operator.core.card_records import CardRecord, cards_in, groups_in
from onecloud_operator.core.connection_record import NO_CONNECTION, ConnectionRecord, connection_in
from onecloud_operator.core.disk_records import MAKING, DiskRecord, attempt_disk_id, disks_in
from onecloud_operator.core.eip_record import EipRecord, believed_eip, eip_in
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.image_record import ImageRecord, image_in
from onecloud_operator.core.login_record import LoginRecord, login_in
from onecloud_operator.core.restart_request import RestartRequest, request_in
from onecloud_operator.core.restore_record import Restore, restore_in
from onecloud_operator.core.status_values import mapping, rows, text, texts, whole
from onecloud_operator.core.values import Place, derived_id


@fast_dataclass(frozen=True, slots=True)
class FailedAttempt:
    """Why and when (RFC 3339) an attempt was found to have failed in the cloud."""

    at: str
    reason: Reason
    message: str


@fast_dataclass(frozen=True, slots=True)
class Creation:
    """
    The attempt under way or done.

    *completed_at*: first seen stable; from then on nothing may undo it. *failure*: the cloud failed it, so
    what is left is deleted, and the next attempt follows. *sent*: what it was made of (see
    ``creation_digests``); None where that was not noted. *refused_at*: each POST so far was clearly refused,
    so that nothing was made; taken away before another one is sent.
    """

    attempt: int
    id: str
    name: str
    started_at: str
    completed_at: str | None = None
    failure: FailedAttempt | None = None
    sent: tuple[tuple[str, str], ...] | None = None
    refused_at: str | None = None


@fast_dataclass(frozen=True, slots=True)
class KeptDisk:
    """A disk that is kept from going with its server, *restored* from the bin or detached; RFC 3339 times."""

    id: str
    since: str
    restored: bool = False
    kept_at: str | None = None  # when it was seen to be safe


@fast_dataclass(frozen=True, slots=True)
class Restart:
    """A stop of ours: since when, and for a change of which fields. The server ran, and is to run again."""

    since: str
    why: str


@fast_dataclass(frozen=True, slots=True)
class HeldBack:
    """Why a change is not repeated by itself; *change* is its ``retry.kind_of``."""

    change: str
    reason: Reason
    message: str


@fast_dataclass(frozen=True, slots=True)
class Records:
    """The part of ``status`` that decisions read. Times are RFC 3339 texts, as they stand there."""

    id: str | None = None
    place: Place | None = None
    creation: Creation | None = None
    adopted_at: str | None = None
    taken_from: str | None = None
    deletion_requested_at: str | None = None
    root_disk_id: str | None = None
    disks_before: tuple[str, ...] = ()
    disks: tuple[DiskRecord, ...] = ()  # the data disks, by the spec's names
    cards: tuple[CardRecord, ...] = ()
    instance_groups: tuple[str, ...] | None = None  # that we had it put into; None: not noted yet
    baseline: Baseline | None = None
    image: ImageRecord | None = None
    kept_disks: tuple[KeptDisk, ...] = ()
    eip: EipRecord | None = None
    managed_tags: tuple[str, ...] = ()
    last_handled: str | None = None
    held_back: tuple[HeldBack, ...] = ()
    restore: Restore | None = None
    restart: Restart | None = None
    restart_request: RestartRequest | None = None
    login: LoginRecord | None = None
    approval: Approval | None = None
    connection: ConnectionRecord = NO_CONNECTION
    synced_reason: Reason | None = None
    deleting_reason: Reason | None = None
    reported_missing: bool = False  # the status says that the server is gone, and that it is known
    mirror: Mapping[str, Any] = field(default_factory=dict)
    mirror_shared: bool = False  # others wrote it, too: it does not tell what the cloud showed

    @property
    def bound_id(self) -> str | None:
        """Return the id of the server that this object made or adopted, as far as the status tells."""
        if self.creation:
            return self.creation.id
        return self.id if self.adopted_at else None

    @property
    def seen(self) -> bool:
        """Return whether the bound server was ever read: its fields stand in the status."""
        return self.bound_id is not None and self.mirror.get("id") == self.bound_id


def unasked_for(records: Records) -> bool:
    """Return whether the end of the server is a loss: it was seen, and we have not had it deleted."""
    failed = records.creation is not None and records.creation.failure is not None
    return (
        records.seen and records.deletion_requested_at is None and not failed and not records.reported_missing
    )


def attempt_id(uid: str, attempt: int) -> str:
    """Return the id under which *attempt* of the object *uid* is made."""
    return derived_id(uid, str(attempt))


def believed(records: Records, uid: str, *, deleting: bool, shared: Collection[str] = ()) -> Records:
    """
    Return *records* without what the object itself contradicts; each of these would switch off a safety rule.

    Nothing is removed of an object that nobody deletes, a failure is one of an attempt of its own, and what
    has no server is not in the middle of a restart, and has no cards. *shared*: the fields of the status that
    others wrote, too; that a creation was refused is not believed of them, nor image and login.
    """
    if ("server" in shared) != records.mirror_shared:
        records = replace(records, mirror_shared="server" in shared)
    if "creation" in shared and records.creation is not None and records.creation.refused_at is not None:
        records = replace(records, creation=replace(records.creation, refused_at=None))
    if "approvedPlan" in shared and records.approval is not None:
        # What others have written into it cannot be told apart; the hash is known, so that it counts once.
        records = replace(records, approval=replace(records.approval, marks=(), done=frozenset()))
    if "image" in shared or "login" in shared:
        records = replace(records, image=None, login=None)
    of_a_server = (
        records.restart,
        records.baseline,
        records.image,
        records.cards,
        records.instance_groups,
        records.login,
    )
    if records.bound_id is None and of_a_server != (None, None, None, (), None, None):
        records = replace(
            records, restart=None, baseline=None, image=None, cards=(), instance_groups=None, login=None
        )
    if records.bound_id is None and (records.restart_request, records.restore) != (None, None):
        records = replace(records, restart_request=None, restore=None)
    if records.creation is not None and records.restore is not None:
        records = replace(records, restore=None)
    if any(record.stage == MAKING and not _made_here(record, uid) for record in records.disks):
        disks = (one for one in records.disks if one.stage != MAKING or _made_here(one, uid))
        records = replace(records, disks=tuple(disks))
    if not deleting and (records.deletion_requested_at, records.deleting_reason) != (None, None):
        records = replace(records, deletion_requested_at=None, deleting_reason=None)
    if (eip := believed_eip(records.eip, uid)) is not records.eip:
        records = replace(records, eip=eip)
    creation = records.creation
    if creation is None or creation.failure is None or creation.id == attempt_id(uid, creation.attempt):
        return records
    return replace(records, creation=replace(creation, failure=None))


def _made_here(record: DiskRecord, uid: str) -> bool:
    return record.id == attempt_disk_id(uid, record.name, record.attempt)


def records_of(status: Mapping[str, Any]) -> Records:
    """Read the records out of a status; never raises, whatever it contains."""
    deletion = mapping(status.get("deletion"))
    mirror = mapping(status.get("server"))
    found = rows(status.get("conditions"))
    synced: Mapping[str, Any] = next((c for c in found if c.get("type") == "Synced"), {})
    going: Mapping[str, Any] = next((c for c in found if c.get("type") == "Deleting"), {})
    missing = status.get("state") == "Missing"
    return Records(
        id=text(status.get("id")),
        place=place_in(status),
        creation=_creation(mapping(status.get("creation"))),
        adopted_at=text(status.get("adoptedAt")),
        taken_from=text(status.get("takenOverFrom")),
        deletion_requested_at=text(deletion.get("requestedAt")),
        root_disk_id=text(status.get("rootDiskID")),
        disks_before=texts(status.get("disksBefore")),
        disks=disks_in(status.get("dataDisks")),
        cards=cards_in(status.get("cards")),
        instance_groups=groups_in(status.get("instanceGroups")),
        baseline=baseline_in(status.get("baseline")),
        image=image_in(status.get("image")),
        kept_disks=_kept_disks(status.get("keptDisks")),
        eip=eip_in(status.get("eip")),
        managed_tags=texts(status.get("managedTags")),
        last_handled=text(status.get("lastHandledReconcileAt")),
        held_back=_held_back(status.get("heldBack")),
        restore=restore_in(status.get("restore")),
        restart=_restart(mapping(status.get("restart"))),
        restart_request=request_in(status.get("restartRequest")),
        login=login_in(status.get("login")),
        approval=approval_in(status.get("approvedPlan")),
        connection=connection_in(status.get("connection")),
        synced_reason=reason_in(synced.get("reason")),
        deleting_reason=reason_in(going.get("reason")),
        reported_missing=missing
        and synced.get("reason") in {Reason.EXTERNALLY_DELETED, Reason.TOO_MANY_GONE},
        mirror=mirror,
    )


def names_server(status: Mapping[str, Any]) -> bool:
    """Return whether a status names a server of the object's own, without reading the rest of it."""
    creation = status.get("creation")
    if isinstance(creation, dict) and text(creation.get("id")) is not None:
        return True
    return text(status.get("adoptedAt")) is not None and text(status.get("id")) is not None


def place_in(status: Mapping[str, Any]) -> Place | None:
    """Return the place that a status pins its server to."""
    value = mapping(status.get("cloud"))
    auth_url, project_id = text(value.get("authURL")), text(value.get("projectID"))
    if auth_url is None or project_id is None:
        return None
    return Place(auth_url=auth_url, region=text(value.get("region")) or "", project_id=project_id)


def _creation(value: Mapping[str, Any]) -> Creation | None:
    attempt = whole(value.get("attempt"), 1)
    server_id, name = text(value.get("id")), text(value.get("name"))
    started_at = text(value.get("startedAt"))
    if attempt is None or server_id is None or name is None or started_at is None:
        return None
    completed_at, failed_at = text(value.get("completedAt")), text(value.get("failedAt"))
    failure = None
    if failed_at is not None and completed_at is None:
        reason, message = text(value.get("failureReason")), text(value.get("failureMessage"))
        failure = FailedAttempt(
            failed_at,
            Reason.NO_CAPACITY if reason == Reason.NO_CAPACITY else Reason.CREATION_FAILED,
            message or "",
        )
    refused_at = text(value.get("refusedAt")) if (completed_at, failed_at) == (None, None) else None
    sent = _sent(value.get("sent"))
    return Creation(attempt, server_id, name, started_at, completed_at, failure, sent, refused_at)


def _sent(value: object) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(value, dict):
        return None
    return tuple((path, value[path]) for path in sent_fields() if isinstance(value.get(path), str))


def _restart(value: Mapping[str, Any]) -> Restart | None:
    since, why = text(value.get("since")), text(value.get("why"))
    return Restart(since, why) if since is not None and why is not None else None


def _kept_disks(value: object) -> tuple[KeptDisk, ...]:
    found = {}
    for each in rows(value):
        disk_id, since = text(each.get("id")), text(each.get("since"))
        if disk_id is not None and since is not None:
            restored = each.get("how") == "Restored"
            found[disk_id] = KeptDisk(disk_id, since, restored, text(each.get("keptAt")))
    return tuple(found.values())


def _held_back(value: object) -> tuple[HeldBack, ...]:
    found = []
    for each in rows(value):
        change, message = text(each.get("change")), text(each.get("message"))
        reason = reason_in(each.get("reason"))
        if change is not None and reason in SYNCED_REASONS and message is not None:
            found.append(HeldBack(change, reason, message))
    return tuple(found)
