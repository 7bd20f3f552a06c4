"""
The operator is killed in the middle of changes of disks, cards, elastic IPs and power, and answers are lost.

As in test_crashes and test_lost_answers, with scenes of their own; `make test` plays some of them.
"""

from __future__ import annotations

from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.fleet import soak
from tests.e2e.test_crashes import (
    DATA,
    DISK_AGAIN,
    Scene,
    crash_everywhere,
    disks_of,
    eips_of,
    has_its_eip,
    is_settled,
    is_settled_and_over,
    is_settled_or_asked_again,
    made,
    one_server,
    suspend,
    with_an_eip,
)
from tests.e2e.test_lost_answers import MISHAPS, check_mishaps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.test_crashes import Server
    from tests.e2e.user import User

# What can be said of a disk any number of times: whose it is, too.
SAID_AGAIN = (*DISK_AGAIN, "POST /disks/{id}/user-metadata")
ON_A_VPC: dict[str, Any] = {"networks": [{"network": "vpc-net"}]}
KEPT: dict[str, Any] = {**DATA, "reclaimPolicy": "Retain"}
NUMBERS = cycle(range(100))


def with_a_loose_disk(user: User, name: str) -> None:
    """Have a server, and a disk that it left."""
    user.apply(name, {"dataDisks": [KEPT]})
    user.wait_ready(name)
    user.apply(name, {"dataDisks": []})
    user.wait_ready(name)


def attach_it_by_its_id(user: User, name: str) -> None:
    (left,) = user.status(name)["dataDisks"]
    user.apply(name, {"dataDisks": [{"name": "mine", "diskID": left["id"]}]})


def has_two_disks(user: User, name: str, servers: list[Server]) -> None:
    """See that one data disk is on the server, and on record for it."""
    one_server(user, name, servers)
    (disk,) = (disk for disk in servers[0]["disks_info"] if disk["disk_type"] != "sys")
    assert [each["id"] for each in user.status(name)["dataDisks"] if each["stage"] == "Bound"] == [disk["id"]]


def add_a_disk_elsewhere(user: User, name: str) -> None:
    """Ask for a disk that only the server itself can make, a further one with each request."""
    user.apply(name, {"dataDisks": [{**DATA, "medium": "Rotational"}]})


def take_the_eip_out(user: User, name: str) -> None:
    user.apply(name, {**ON_A_VPC, "eip": {"none": True}})


def has_no_eip(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    assert not servers[0].get("eip")
    assert eips_of(user, name) == []


def widen(user: User, name: str) -> None:
    """Ask for other bandwidths, of the card and of the elastic IP."""
    card = {"network": "vpc-net", "bandwidth": 300}
    user.apply(name, {"networks": [card], "eip": {"bandwidth": 20}})


def is_wide(user: User, name: str, servers: list[Server]) -> None:
    has_its_eip(user, name, servers)
    assert [eip["bandwidth"] for eip in eips_of(user, name)] == [20]
    assert [card["bandwidth"] for card in user.status(name)["cards"]] == [300]


def address_of(name: str, number: int) -> list[dict[str, Any]]:
    """Return the card of a scene's object, with the first or second of its addresses."""
    return [{"network": "vnet-1", "address": f"10.90.0.{40 + _own_number(name) + 100 * number}"}]


@cache
def _own_number(_name: str) -> int:
    return next(NUMBERS)


def with_an_address(user: User, name: str) -> None:
    user.apply(name, {"networks": address_of(name, 0)})
    user.wait_ready(name)


def another_address(user: User, name: str) -> None:
    user.apply(name, {"networks": address_of(name, 1)}, disruption={"allow": "Restart"})


def has_another_address(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    assert [nic["ip_addr"] for nic in servers[0]["nics"]] == [address_of(name, 1)[0]["address"]]


def deleted_with_a_kept_disk(user: User, name: str) -> None:
    """Have a server in the recycle bin, and its disk beside it."""
    user.apply(name, {"dataDisks": [KEPT]})
    user.wait_ready(name)
    user.wait(lambda s: [each.get("tagged") for each in s.get("dataDisks", ())] == [True], name)
    user.delete(name)
    user.wait_gone(name)


def undo_with_its_disk(user: User, name: str) -> None:
    (identity,) = (s["id"] for s in user.cloud.servers() if s["name"].endswith(f".{name}"))
    adoption = {"policy": "Adopt", "id": identity, "restore": True}
    user.apply(name, {"dataDisks": [KEPT]}, adoption=adoption)


def has_its_disk_again(user: User, name: str, servers: list[Server]) -> None:
    has_two_disks(user, name, servers)
    assert len(disks_of(user, name)) == 1


def suspended_before(user: User, name: str) -> None:
    made(user, name)
    suspend(user, name)
    user.wait(lambda s: s.get("state") == "Suspended", name)


def resume(user: User, name: str) -> None:
    user.apply(name, {"powerState": "Running"})


SCENES = {
    "attach-a-disk-that-exists": Scene(
        with_a_loose_disk, attach_it_by_its_id, is_settled, has_two_disks, again=SAID_AGAIN
    ),
    "add-a-disk-elsewhere": Scene(
        made, add_a_disk_elsewhere, is_settled_or_asked_again, has_two_disks, again=SAID_AGAIN, told=2
    ),
    "take-the-elastic-ip-out": Scene(with_an_eip, take_the_eip_out, is_settled, has_no_eip, long=True),
    "other-bandwidths": Scene(
        with_an_eip, widen, is_settled, is_wide, long=True, again=("POST /servers/{id}/change-bandwidth",)
    ),
    "another-address": Scene(
        with_an_address,
        another_address,
        is_settled_and_over,
        has_another_address,
        long=True,
        again=("POST /servers/{id}/change-ipaddr",) * 2,  # refused as it runs, as often as before a stop
    ),
    "undo-a-deletion-with-its-disk": Scene(
        deleted_with_a_kept_disk,
        undo_with_its_disk,
        is_settled,
        has_its_disk_again,
        long=True,
        again=SAID_AGAIN,
    ),
    "resume": Scene(suspended_before, resume, is_settled, one_server, long=True),
}
PLAYED = [title for title, scene in SCENES.items() if soak() or not scene.long]
NOT_TO_BE_REPEATED = ("add-a-disk-elsewhere",)  # each request makes one more; tests/core/test_added_disks.py


@pytest.mark.filterwarnings("default:never reached:UserWarning")
@pytest.mark.parametrize("title", PLAYED)
def test_a_crash_in_a_change_of_a_living_server_is_a_repeat(user: User, title: str, tmp_path: Path) -> None:
    crash_everywhere(user, SCENES[title], tmp_path)


@pytest.mark.parametrize("title", [title for title in PLAYED if title not in NOT_TO_BE_REPEATED])
def test_no_answer_that_goes_astray_changes_what_becomes_of_a_living_server(user: User, title: str) -> None:
    user.operator.stop()
    user.operator.knobs |= {"delete_again_seconds": 1, "post_settle_seconds": 2}
    user.operator.start()
    check_mishaps(user, SCENES[title], MISHAPS)
