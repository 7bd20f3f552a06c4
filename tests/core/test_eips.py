"""What becomes of ``spec.server.eip`` while the server lives."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.actions import Hold, ReadEip, RecordEip, Settled
from onecloud_operator.core.eip_record import eip_id
from onecloud_operator.core.eip_writes import EipWrite, MakeEip
from onecloud_operator.core.references import Kind, Reference, Resolved
from tests.core.eips import Eip, bind, free
from tests.core.fixtures import ID, UID, resource, server, spec
from tests.core.world import World

OURS = eip_id(UID, 1)
NEXT = eip_id(UID, 2)
FRONT, OTHER = "f0000000-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-000000000002"
OWN: dict[str, Any] = {"bandwidth": 10}
GIVEN: dict[str, Any] = {"id": FRONT}
NONE: dict[str, Any] = {"none": True}


def world_of(eip: dict[str, Any] | None, **policies: Any) -> World:
    world = World.of(resource(spec=spec({"eip": eip} if eip else {}, **policies)), server())
    world.cloud.eips = {FRONT: Eip("front", "10.89.0.201"), OTHER: Eip("other", "10.89.0.202")}
    world.cloud.used_eips = {FRONT, OTHER}
    for one_id, each in world.cloud.eips.items():
        world.cloud.named[Reference(Kind.ELASTIC_IP, each.name)] = Resolved(one_id)
    return world


def edit(world: World, eip: dict[str, Any] | None, **policies: Any) -> None:
    world.cluster.respec(spec({"eip": eip} if eip else {}, **policies))


def settle(world: World) -> Hold | Settled:
    """Make passes until the object is settled, or waits for longer than the cloud is at work."""
    for _ in range(200):
        step = world.turn()
        if isinstance(step, Settled) or (isinstance(step, Hold) and step.reason != "Updating"):
            return step
        world.now += world.wait or 0.0
    raise AssertionError(world.steps[-8:])


def writes(world: World) -> list[str]:
    """Return the writes to EIPs so far, each as its kind."""
    return [type(step).__name__ for _, step, _ in world.sent if isinstance(step, EipWrite)]


def shown(world: World) -> str | None:
    return world.cloud.rows[ID].details.eip


def test_one_of_its_own_is_recorded_made_recorded_and_bound() -> None:
    world = world_of(OWN)
    assert isinstance(settle(world), Settled)
    assert writes(world) == ["MakeEip", "BindEip"]
    assert shown(world) == world.cloud.eips[OURS].address
    record = world.cluster.stored.status["eip"]
    assert (record["id"], record["origin"], record["address"]) == (OURS, "Made", shown(world))
    assert world.cloud.eips[OURS].owner is not None
    assert isinstance(world.steps[0], RecordEip)
    assert isinstance(world.steps[1], MakeEip), "nothing is read before the first POST"


@pytest.mark.parametrize("eip", [GIVEN, {"name": "front"}], ids=["by-id", "by-name"])
def test_one_that_exists_is_looked_at_recorded_and_bound(eip: dict[str, Any]) -> None:
    world = world_of(eip)
    assert isinstance(settle(world), Settled)
    assert writes(world) == ["BindEip"]
    assert shown(world) == "10.89.0.201"
    assert world.cloud.eips[FRONT].owner is None, "no tags are put on what is others'"


def test_an_eip_is_read_only_while_something_about_it_is_under_way() -> None:
    world = world_of(OWN)
    settle(world)
    begun = len(world.steps)
    for _ in range(5):
        world.now += 3600.0
        world.turn()
    assert not [step for step in world.steps[begun:] if isinstance(step, ReadEip)]


def test_taken_out_of_the_spec_it_is_left_as_it_is() -> None:
    world = world_of(OWN)
    settle(world)
    edit(world, None)
    assert isinstance(settle(world), Settled)
    assert writes(world) == ["MakeEip", "BindEip"]
    assert "id" in world.cluster.stored.status["eip"]


def test_none_takes_off_one_that_was_given_and_keeps_it() -> None:
    world = world_of(GIVEN)
    settle(world)
    edit(world, NONE)
    assert isinstance(settle(world), Settled)
    assert (shown(world), world.cloud.eips[FRONT].holder) == (None, None)
    assert "eip" not in world.cluster.stored.status


def test_none_deletes_one_of_its_own_and_its_number_stays() -> None:
    world = world_of(OWN)
    settle(world)
    edit(world, NONE)
    assert isinstance(settle(world), Settled)
    assert writes(world)[2:] == ["UnbindEip", "DeleteEip"]
    assert OURS not in world.cloud.eips
    assert world.cluster.stored.status["eip"] == {"attempt": 1}
    edit(world, OWN)
    settle(world)
    assert world.cluster.stored.status["eip"]["id"] == NEXT


def test_none_leaves_one_that_others_bound() -> None:
    world = world_of(NONE)
    bind(world.cloud, FRONT, ID)
    assert isinstance(settle(world), Settled)
    assert (writes(world), shown(world)) == ([], "10.89.0.201")


def test_another_one_takes_the_place_of_the_first() -> None:
    world = world_of(OWN)
    settle(world)
    edit(world, GIVEN)
    assert isinstance(settle(world), Settled)
    assert writes(world)[2:] == ["UnbindEip", "DeleteEip", "BindEip"]
    assert shown(world) == "10.89.0.201"


def test_the_first_stays_while_the_other_is_not_there() -> None:
    world = world_of(OWN)
    settle(world)
    edit(world, {"name": "nobody"})
    step = settle(world)
    assert isinstance(step, Hold)
    assert step.reason == "ReferenceNotFound"
    assert shown(world) == world.cloud.eips[OURS].address


def test_the_bandwidth_changes_while_it_is_bound() -> None:
    world = world_of(OWN)
    settle(world)
    edit(world, {"bandwidth": 50})
    assert isinstance(settle(world), Settled)
    assert writes(world)[2:] == ["ChangeEip"]
    assert world.cloud.eips[OURS].bandwidth == 50
    assert world.cluster.stored.status["eip"]["bandwidth"] == 50


@pytest.mark.parametrize("eip", [OWN, GIVEN], ids=["own", "given"])
def test_one_that_is_lost_is_bound_again(eip: dict[str, Any]) -> None:
    world = world_of(eip)
    settle(world)
    before = shown(world)
    free(world.cloud, world.cloud.rows[ID])
    assert isinstance(settle(world), Settled)
    assert shown(world) == before
    assert writes(world).count("MakeEip") == (eip == OWN)


def test_one_of_its_own_that_is_gone_from_the_cloud_is_followed_by_the_next() -> None:
    world = world_of(OWN)
    settle(world)
    free(world.cloud, world.cloud.rows[ID])
    del world.cloud.eips[OURS]
    assert isinstance(settle(world), Settled)
    assert world.cluster.stored.status["eip"]["id"] == NEXT


def test_what_counts_only_when_it_is_made_is_held() -> None:
    world = world_of(OWN)
    settle(world)
    edit(world, {"bandwidth": 20, "chargeType": "Traffic"})
    step = settle(world)
    assert isinstance(step, Hold)
    assert step.reason == "ImmutableField"
    assert world.cloud.eips[OURS].bandwidth == 20, "what can change is changed"


def test_in_mode_report_nothing_is_sent() -> None:
    world = world_of(OWN, drift={"mode": "Report"})
    step = settle(world)
    assert isinstance(step, Hold)
    assert (step.reason, writes(world)) == ("DriftReported", [])
    assert [row["field"] for row in world.cluster.stored.status["drift"]] == ["eip"]


def test_an_id_that_is_burnt_is_followed_by_the_next_number() -> None:
    world = world_of(OWN)
    world.cloud.used_eips.add(OURS)
    for _ in range(2):
        settle(world)
        world.now += 65.0
    assert isinstance(settle(world), Settled)
    assert world.cluster.stored.status["eip"]["id"] == NEXT
    assert writes(world) == ["MakeEip", "MakeEip", "MakeEip", "BindEip"]


def test_an_eip_of_its_id_that_is_not_its_own_is_left_for_the_next_number() -> None:
    world = world_of(OWN)
    world.cloud.eips[OURS] = Eip("theirs", "10.89.0.9")
    world.cloud.used_eips.add(OURS)
    assert isinstance(settle(world), Settled)
    assert world.cloud.eips[OURS].holder is None
    assert world.cluster.stored.status["eip"]["id"] == NEXT
