"""
Which steps change something in the cloud, or put on record that this is about to be done.

Where nothing may be changed, such a record must not be written either: it says that a request may be under
way, and after a restart of the operator nobody knows that none was sent. Records of what was seen are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import (
    AskAgain,
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginKeeping,
    BeginRestart,
    RecordCards,
    RecordDisk,
    RecordEip,
    RecordGroups,
    RecordImage,
    RecordLogin,
)
from onecloud_operator.core.cloud_writes import CloudWrite
from onecloud_operator.core.disk_records import ADDING, BOUND, MAKING, REMOVING
from onecloud_operator.core.plan.group_tries import bare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.card_records import CardRecord
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts

# These begin what is then done to the cloud; other records do so only with certain values.
Beginning = AskAgain | BeginAdoption | BeginCreation | BeginDeletion | BeginKeeping | BeginRestart
_BEGUN_DISKS = frozenset({MAKING, ADDING, REMOVING})


def begins_change(facts: Facts, step: Step) -> bool:
    """Return whether *step* changes the cloud, or is the record that a change begins with."""
    if isinstance(step, CloudWrite | Beginning):
        return True
    records = facts.resource.records
    match step:
        case RecordCards(cards=cards):
            before = {card.network: card for card in records.cards or ()}
            return any(_begins_on(card, before.get(card.network)) for card in cards)
        case RecordGroups(groups=groups):
            return any(group != bare(group) for group in set(groups) - set(records.instance_groups or ()))
        case RecordDisk(record=record):
            begins = record.stage in _BEGUN_DISKS and record not in records.disks
            return begins or _doubts_policy(record, records.disks)
        case RecordImage(record=image):
            old = records.image.rebuild if records.image is not None else None
            return image.rebuild not in {None, old}
        case RecordLogin(login=login):
            was = records.login
            pending = (was.pending, was.pending_keypair_id) if was is not None else (None, None)
            return login.pending not in {None, pending[0]} or login.pending_keypair_id not in {
                None,
                pending[1],
            }
        case RecordEip(record=eip):
            known = records.eip
            return eip.id is not None and (known is None or eip.id != known.id)
        case _:
            return False


def _begins_on(card: CardRecord, before: CardRecord | None) -> bool:
    """Return whether *card* says that a card is about to be attached, or limited, which *before* does not."""
    attaching, limiting = (before.attaching, before.limiting) if before is not None else (None, None)
    return card.attaching not in {None, attaching} or card.limiting not in {None, limiting}


def _doubts_policy(record: DiskRecord, before: Iterable[DiskRecord]) -> bool:
    """Return whether *record* says of a disk on the server that the cloud is about to be told its policy."""
    same = (one for one in before if (one.name, one.id, one.stage) == (record.name, record.id, BOUND))
    return (record.stage, record.applied) == (BOUND, None) and any(one.applied is not None for one in same)
