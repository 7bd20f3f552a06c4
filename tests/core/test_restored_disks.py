"""The data disks of a server that is taken out of the recycle bin: found again by their owner tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.core.actions import Hold, RecordDisk, Settled
from onecloud_operator.core.disk_records import attempt_disk_id
from onecloud_operator.core.disk_writes import AttachDisk, MakeDisk
from onecloud_operator.core.observed import Disk
from tests.core.cloud import LooseDisk
from tests.core.fixtures import ROOT, UID
from tests.core.stops import die_after, sent, to_rest, turn
from tests.core.test_restore import FORMER, of, undoing
from tests.core.world import World

ENTRY: dict[str, Any] = {"dataDisks": [{"name": "data", "size": "10Gi"}]}
THERE = Disk("there", 1, 10240)


def with_disks(
    *attached: Disk, loose: dict[str, LooseDisk] | None = None, root_tagged: bool = True, **labels: str | None
) -> World:
    """Return a world with a server in the bin; *labels*: the names that tags of the former object give."""
    world = undoing(ENTRY)
    row = of(world)
    row.change(disks=(replace(ROOT, storage_id="storage-0"), *attached))
    for disk in attached:
        world.cloud.disks[disk.id] = LooseDisk(recycled=True, size_mib=disk.size_mib)
    world.cloud.disks |= loose or {}
    if root_tagged:
        world.cloud.disks[ROOT.id].owner = FORMER  # a disk takes the tags of the server that it is made with
    for disk_id, label in labels.items():
        known = world.cloud.disks[disk_id]
        known.owner, known.label = FORMER, label
    return world


def kept(**changes: Any) -> LooseDisk:
    return replace(LooseDisk(auto_delete=False, size_mib=10240, owner=FORMER, label="data"), **changes)


def disk_of(world: World) -> str | None:
    (record,) = world.cluster.stored.records.disks
    return record.id


def on_server(world: World) -> set[str]:
    return {disk.id for disk in of(world).details.disks}


def asks_for_its_id(world: World) -> bool:
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert "diskID" in held.message
    assert not sent(world, MakeDisk)
    assert not sent(world, AttachDisk)
    return True


def test_a_disk_that_came_back_with_the_server_is_that_of_its_entry() -> None:
    world = with_disks(THERE, there="data")
    assert isinstance(to_rest(world), Settled)
    assert disk_of(world) == "there"
    assert not sent(world, MakeDisk)
    owner = world.cloud.disks["there"].owner
    assert owner is not None
    assert owner.uid == UID, "its owner tags name the object of today"


def test_a_disk_that_was_kept_is_attached_again() -> None:
    world = with_disks(loose={"kept": kept()})
    assert isinstance(to_rest(world), Settled)
    assert disk_of(world) == "kept"
    assert "kept" in on_server(world)
    assert not sent(world, MakeDisk)


def test_of_a_disk_on_the_server_and_one_that_is_loose_the_former_is_taken() -> None:
    world = with_disks(THERE, loose={"kept": kept()}, there="data")
    assert isinstance(to_rest(world), Settled)
    assert disk_of(world) == "there"
    assert not sent(world, AttachDisk)


def test_where_there_is_surely_none_a_new_one_is_made() -> None:
    world = with_disks()
    assert isinstance(to_rest(world), Settled)
    assert disk_of(world) == attempt_disk_id(UID, "data", 1)


def test_a_disk_of_another_entry_is_not_this_one() -> None:
    world = with_disks(THERE, there="log")
    assert isinstance(to_rest(world), Settled)
    assert disk_of(world) == attempt_disk_id(UID, "data", 1)


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(lambda: with_disks(THERE), id="a-disk-on-it-without-tags"),
        pytest.param(lambda: with_disks(THERE, there=None), id="a-disk-on-it-whose-tags-name-no-entry"),
        pytest.param(lambda: with_disks(root_tagged=False), id="a-list-that-does-not-prove-itself"),
        pytest.param(lambda: with_disks(loose={"a": kept(), "b": kept()}), id="two-that-were-kept"),
        pytest.param(lambda: with_disks(loose={"a": kept(recycled=True)}), id="one-in-the-bin"),
    ],
)
def test_where_it_is_not_certain_it_holds_and_asks_for_the_id(world: Any) -> None:
    assert asks_for_its_id(world())


def test_a_list_of_disks_that_says_nothing_makes_none() -> None:
    world = with_disks(loose={"kept": kept()})
    world.cloud.lists_disks = False
    assert asks_for_its_id(world)


@pytest.mark.parametrize(
    "changes",
    [{"name": "web-2"}, {"namespace": "bank"}, {"cluster": "elsewhere"}],
    ids=lambda each: next(iter(each)),
)
def test_anothers_disk_is_not_taken(changes: dict[str, str]) -> None:
    world = with_disks(loose={"kept": kept(owner=replace(FORMER, **changes))})
    assert isinstance(to_rest(world), Settled)
    assert disk_of(world) == attempt_disk_id(UID, "data", 1)


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(14))
def test_wherever_a_crash_comes_the_kept_disk_is_attached_and_none_is_made(
    number: int, in_the_middle: bool
) -> None:
    world = with_disks(loose={"kept": kept()})
    die_after(world, number, in_the_middle=in_the_middle)
    assert isinstance(to_rest(world), Settled)
    assert "kept" in on_server(world)
    assert not sent(world, MakeDisk)


def test_the_disk_is_on_record_before_it_is_attached() -> None:
    world = with_disks(loose={"kept": kept()})
    while not any(isinstance(step, RecordDisk) for step in world.steps):
        turn(world)
    assert not sent(world, AttachDisk)
    assert disk_of(world) == "kept"
