"""What the status is to remember after a step, and how it stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginKeeping,
    BeginRestart,
    EndKeeping,
    MarkFailedCreation,
    RecordApproval,
    RecordCards,
    RecordDisk,
    RecordEip,
    RecordGroups,
    RecordImage,
    Settled,
)
from onecloud_operator.core.approval_record import approval_status
from onecloud_operator.core.baseline import baseline_status
from onecloud_operator.core.card_records import card_status
from onecloud_operator.core.conditions import cut_message, part_of
from onecloud_operator.core.connection_record import connection_status
from onecloud_operator.core.disk_ids import remembered
from onecloud_operator.core.disk_records import ADDING, declared, disks_status, with_record
from onecloud_operator.core.eip_record import eip_status
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.image_record import image_status
from onecloud_operator.core.login_record import login_status
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import forged, has_own_server
from onecloud_operator.core.plan.approval import approval_after
from onecloud_operator.core.plan.attempt import begun_disks, completes, refused_with, unmade
from onecloud_operator.core.plan.card_match import cards_of
from onecloud_operator.core.plan.group_tries import groups_on_record
from onecloud_operator.core.plan.guards import proven
from onecloud_operator.core.plan.instance_groups import begun_groups
from onecloud_operator.core.plan.login_begun import login_at_creation, login_now
from onecloud_operator.core.policies import observing
from onecloud_operator.core.records import FailedAttempt, KeptDisk
from onecloud_operator.core.report.completion import baselined
from onecloud_operator.core.report.image_notes import image_noted
from onecloud_operator.core.report.login_records import login_noted
from onecloud_operator.core.report.restart_record import with_request
from onecloud_operator.core.report.restore_record import with_restore
from onecloud_operator.core.restart import over
from onecloud_operator.core.status_values import given
from onecloud_operator.core.values import text_of_time, time_of_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import Creation, Records
    from onecloud_operator.core.values import Place

KEPT_LENGTH = 64  # the CRD's bound
NEW_SECONDS = 600.0


def records_after(facts: Facts, step: Step) -> Records:
    """Return the records as they are after *step*, with what this reading tells that is to be kept."""
    if isinstance(step, RecordEip):
        return replace(facts.resource.records, eip=step.record)
    records = _with_disks(facts, step)
    # A policy counts from when it is declared, whatever can be seen of the server then.
    if (disks := declared(records.disks, facts.resource.server_spec)) is not records.disks:
        records = replace(records, disks=disks)
    records = with_restore(facts, step, baselined(facts, records))
    return _approved(
        facts, step, image_noted(facts, login_noted(facts, step, with_request(facts, step, records)))
    )


def _approved(facts: Facts, step: Step, records: Records) -> Records:
    """Return *records* with what a person has approved, and what of it is done."""
    if isinstance(step, RecordApproval):
        return replace(records, approval=step.approval)
    if records.approval is None:
        return records
    after = replace(facts, resource=replace(facts.resource, records=records))  # a server may be complete now
    approval = approval_after(after, settled=isinstance(step, Settled))
    return records if approval is records.approval else replace(records, approval=approval)


def _with_disks(facts: Facts, step: Step) -> Records:
    records = _after(facts, step)
    if isinstance(step, RecordDisk):
        records = replace(records, disks=with_record(records.disks, step.record))
        return records if step.before is None else replace(records, disks_before=step.before)
    if isinstance(step, BeginAdoption):
        found = next((one for one in facts.candidates or () if one.id == step.server_id), None)
        return remembered(facts, records, found, new=True)
    server, creation = facts.server, records.creation
    made = creation is not None and creation.completed_at is not None
    if server is None or server.id != records.bound_id or not (made or creation is None):
        return records
    believed = server.phase is Phase.RUNNING or (server.phase.stable and facts.reading.confirmed)
    if observing(facts.resource) or forged(facts.resource) or not facts.fresh or not believed:
        return records
    records = remembered(facts, records, server, new=_new(facts, records))
    return records if isinstance(step, RecordCards | RecordGroups) else _with_cards(facts, records, server)


def _with_cards(facts: Facts, records: Records, server: Observed) -> Records:
    """Return *records* with the cards that the server shows, read by this process."""
    if server.details is None or not server.detailed or not server.owner_known:
        return records
    resource = replace(facts.resource, records=records)
    cards, groups = cards_of(facts, server.details, resource).records, groups_on_record(resource)
    if (cards, groups) == (records.cards, records.instance_groups):
        return records
    return replace(records, cards=cards, instance_groups=groups)


def _new(facts: Facts, records: Records) -> bool:
    """Return whether the server was made or adopted just now: its details may come a moment after that."""
    creation = records.creation
    since = time_of_text(creation.completed_at if creation is not None else records.adopted_at)
    return since is not None and abs((facts.wall - since).total_seconds()) < NEW_SECONDS


def _after(facts: Facts, step: Step) -> Records:
    records, now = facts.resource.records, text_of_time(facts.wall)
    match step:
        case BeginCreation(creation=creation, place=place):
            return replace(
                records,
                id=creation.id,
                creation=creation,
                place=place,
                restart=None,
                deletion_requested_at=None,
                root_disk_id=None,
                disks=begun_disks(facts, creation),
                cards=(),
                instance_groups=begun_groups(facts, creation),
                baseline=None,
                login=login_at_creation(facts, creation.attempt),
                image=None,
            )
        case BeginAdoption(server_id=server_id, place=place, taken_from=taken_from):
            return replace(
                records,
                restore=step.restore,
                id=server_id,
                adopted_at=now,
                taken_from=taken_from,
                place=place,
                creation=None,
                restart=None,
                root_disk_id=None,
                disks=(),
                cards=(),
                instance_groups=None,
                login=login_now(facts),
                image=None,
            )
        case RecordCards(cards=cards):
            return replace(records, cards=cards)
        case RecordGroups(groups=groups):
            return replace(records, instance_groups=groups)
        case RecordImage(record=record):
            return replace(records, image=record)
        case BeginRestart(restart=restart):
            return replace(records, restart=restart)
        case BeginDeletion():
            return replace(records, deletion_requested_at=now)
        case BeginKeeping(disk_ids=disk_ids, restored=restored):
            new = tuple(KeptDisk(disk_id, now, restored) for disk_id in disk_ids)
            kept = tuple(disk for disk in records.kept_disks if disk.id not in disk_ids)
            return replace(records, kept_disks=(*kept, *new)[-KEPT_LENGTH:])
        case EndKeeping(disk_id=disk_id, kept=kept_one):
            found = (d if d.id != disk_id else replace(d, kept_at=now) for d in records.kept_disks)
            return replace(records, kept_disks=tuple(d for d in found if kept_one or d.id != disk_id))
        case MarkFailedCreation(reason=reason, message=message) if records.creation is not None:
            failure = FailedAttempt(now, reason, cut_message(message))
            return replace(records, creation=replace(records.creation, failure=failure, refused_at=None))
        case _:
            return _noticed(facts, step, now)


def _noticed(facts: Facts, step: Step, now: str) -> Records:
    """Return the records with what this reading tells, after a step that writes none itself."""
    records = _with_refusal(facts, facts.resource.records)
    if over(facts, step):
        records = replace(records, restart=None)
    if records.place is None and proven(facts):
        records = replace(records, place=facts.place)
    if completes(facts) and records.creation is not None:
        return replace(
            records, creation=replace(records.creation, completed_at=now, failure=None, refused_at=None)
        )
    if observing(facts.resource):
        seen = facts.server
        if seen is None or seen.id == records.id or has_own_server(facts.resource):
            return records
        return replace(records, id=seen.id)
    if records.creation is not None and records.id != records.creation.id and not forged(facts.resource):
        return replace(records, id=records.creation.id)  # another one was observed for a while
    return records


def _with_refusal(facts: Facts, records: Records) -> Records:
    """Return *records* with the time since which each POST of the attempt was clearly refused, if it was."""
    creation = records.creation
    if creation is None or creation.completed_at is not None or creation.failure is not None:
        return records
    found = records.seen or (facts.server is not None and facts.server.id == creation.id)
    unsure = facts.memory.posted_at is not None and not unmade(facts)
    problem = refused_with(facts)
    clear = problem is not None and not problem.ambiguous and not problem.duplicate_id
    refused_at = None if found or unsure else creation.refused_at
    if refused_at is None and clear and unmade(facts):
        refused_at = text_of_time(facts.wall)
    if refused_at == creation.refused_at:
        return records
    return replace(records, creation=replace(creation, refused_at=refused_at))


def asked_again(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return *status* without the record that the creation was refused."""
    creation = {name: each for name, each in part_of(status, "creation").items() if name != "refusedAt"}
    return {**status, "creation": creation}


def records_status(records: Records) -> dict[str, Any]:
    """Return the fields of the status in which *records* stand."""
    place, restart, request, restore = (
        records.place,
        records.restart,
        records.restart_request,
        records.restore,
    )
    adding = any(record.stage == ADDING for record in records.disks)
    adopted_at = records.adopted_at if records.creation is None else None
    requested_at = records.deletion_requested_at
    groups = records.instance_groups
    return given(
        {
            "cloud": _cloud(place) if place is not None else None,
            "creation": _creation(records.creation) if records.creation is not None else None,
            "rootDiskID": records.root_disk_id,
            "dataDisks": disks_status(records.disks) or None,
            "disksBefore": list(records.disks_before) if records.disks_before and adding else None,
            "cards": [card_status(card) for card in records.cards] or None,
            "instanceGroups": list(groups) if groups is not None else None,
            "baseline": _baseline(records),
            "image": image_status(records.image) if records.image is not None else None,
            "keptDisks": [_kept_disk(disk) for disk in records.kept_disks] or None,
            "eip": (eip_status(records.eip) or None) if records.eip is not None else None,
            "adoptedAt": adopted_at,
            "takenOverFrom": records.taken_from if adopted_at is not None else None,
            "restore": restore.status() if restore is not None else None,
            "restart": {"since": restart.since, "why": restart.why} if restart is not None else None,
            "restartRequest": request.status() if request is not None else None,
            "deletion": {"requestedAt": requested_at} if requested_at is not None else None,
            "login": _login(records),
            "approvedPlan": approval_status(records.approval) if records.approval is not None else None,
            "connection": connection_status(records.connection),
        }
    )


def _cloud(place: Place) -> dict[str, str]:
    found = {"authURL": place.auth_url, "region": place.region or None, "projectID": place.project_id}
    return given(found)


def _baseline(records: Records) -> dict[str, Any] | None:
    if records.baseline is None or records.creation is None:
        return None
    return baseline_status(records.baseline)


def _login(records: Records) -> dict[str, Any] | None:
    if records.login is None or records.bound_id is None:
        return None
    return login_status(records.login)


def _creation(creation: Creation) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "attempt": creation.attempt,
        "id": creation.id,
        "name": creation.name,
        "startedAt": creation.started_at,
        "completedAt": creation.completed_at,
        "refusedAt": creation.refused_at,
        "sent": dict(creation.sent) if creation.sent is not None else None,
    }
    if creation.failure is not None:
        entry |= {
            "failedAt": creation.failure.at,
            "failureReason": creation.failure.reason,
            "failureMessage": creation.failure.message,
        }
    return given(entry)


def _kept_disk(disk: KeptDisk) -> dict[str, str]:
    entry = {"id": disk.id, "how": "Restored" if disk.restored else "Detached", "since": disk.since}
    return entry if disk.kept_at is None else {**entry, "keptAt": disk.kept_at}
