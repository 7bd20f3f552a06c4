"""Disks as the cloud shows them: in gaps, without a place, in the bin, or not all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.core.observed import DiskState
from onecloud_operator.translate import disk_state, mirror_of, observed_from_details, recall
from tests.fuzz.strategies import DEAR, json_values
from tests.translate.arrange import FULL

DATA, ROOT = FULL["disks_info"][0], FULL["disks_info"][1]


def server(*disks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**FULL, "disks_info": list(disks), "disk_count": len(disks), **changes}


def places(found: dict[str, Any]) -> list[tuple[str, int]]:
    details = observed_from_details(found).details
    assert details is not None
    return [(disk.id, disk.index) for disk in details.disks]


def known(found: dict[str, Any]) -> bool:
    details = observed_from_details(found).details
    assert details is not None
    return details.disks_known


def test_no_disk_is_lost_whatever_its_place() -> None:
    """Two in one place, or one without: a disk that is not seen would be lost with its server."""
    twice, nowhere = {**DATA, "id": "twice"}, {key: DATA[key] for key in DATA if key != "index"}
    found = server({**DATA, "index": 4}, ROOT, {**twice, "index": 4}, {**nowhere, "id": "nowhere"})
    assert places(found) == [("nowhere", -1), (ROOT["id"], 0), (DATA["id"], 4), ("twice", 4)]
    mirror = mirror_of(found)
    assert mirror["rootDisk"]["id"] == ROOT["id"]
    assert [disk["id"] for disk in mirror["dataDisks"]] == ["nowhere", DATA["id"], "twice"]
    recalled = recall(json.loads(json.dumps({**mirror_of(FULL), **mirror})))
    assert recalled is not None
    assert recalled.details is not None
    assert [(disk.id, disk.index) for disk in recalled.details.disks] == places(found)


def test_a_server_without_a_disk_in_the_first_place_has_no_root_disk_to_show() -> None:
    mirror = mirror_of(server({**DATA, "index": 4}))
    assert "rootDisk" not in mirror
    assert "image" not in mirror
    assert mirror["dataDisks"][0]["index"] == 4


def test_whether_all_disks_are_told_is_known_by_their_number() -> None:
    assert known(server(ROOT, DATA))
    assert not known(server(ROOT, DATA, disk_count=3))
    assert not known(server(disks_info=None, disk_count=1))
    assert known(server(disks_info=None, disk_count=0))
    assert not known(server(disks_info=None, disk_count=None))
    assert known(server(ROOT, disk_count=None))


def test_a_recalled_server_does_not_know_all_of_its_disks() -> None:
    recalled = recall(mirror_of(FULL))
    assert recalled is not None
    assert recalled.details is not None
    assert not recalled.details.disks_known


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({"auto_delete": True, "pending_deleted": False}, DiskState(auto_delete=True)),
        ({"auto_delete": False, "pending_deleted": True}, DiskState(auto_delete=False, recycled=True)),
        ({}, DiskState(recycled=True)),
        ({"auto_delete": "no", "pending_deleted": 0}, DiskState(recycled=True)),
    ],
)
def test_what_a_disk_does_not_tell_of_itself_is_taken_for_the_worse(
    shown: dict[str, Any], state: DiskState
) -> None:
    assert disk_state(shown) == state


@DEAR
@given(st.dictionaries(st.sampled_from(["auto_delete", "pending_deleted", "id"]), json_values))
def test_no_garbage_makes_a_disk_that_raises(shown: dict[str, Any]) -> None:
    assert isinstance(disk_state(shown), DiskState)
