"""What cannot be done about an EIP is not done again and again, nor asked for, and an end is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import Hold, Look, ReadEip, Settled
from tests.core.eips import Eip, bind, free
from tests.core.fixtures import ID, OTHER_UID
from tests.core.test_eips import FRONT, GIVEN, NEXT, NONE, OTHER, OURS, OWN, edit, settle, world_of, writes

if TYPE_CHECKING:
    from onecloud_operator.core.eip_record import EipState
    from tests.core.world import World

HOUR = 3600.0


class Unknown(Eip):
    """An EIP in a state that it never leaves."""

    def state(self, now: float) -> EipState:
        return replace(super().state(now), status="unknown")


def asked(world: World, seconds: float = HOUR) -> int:
    """Return how often the cloud is asked about EIPs and the server in this time, with nothing to be done."""
    begun, until = len(world.steps), world.now + seconds
    for _ in range(5000):
        if world.now >= until:
            break
        world.turn()
        world.now += world.wait or 0.0
    return sum(isinstance(step, ReadEip | Look) for step in world.steps[begun:])


def gone_with_its_address_kept(world: World) -> None:
    """Give the server another EIP, that has got the address of its own one."""
    del world.cloud.eips[OURS]
    edit(world, {"bandwidth": 50})


def bound_elsewhere_with_its_address_shown(world: World) -> None:
    world.cloud.eips[OURS].holder = "another-server"
    edit(world, {"bandwidth": 50})


def another_there(world: World) -> None:
    free(world.cloud, world.cloud.rows[ID])
    bind(world.cloud, OTHER, ID)


def bound_and_not_shown(world: World) -> None:
    world.cloud.rows[ID].change(eip=None)


def gone_for_good(world: World) -> None:
    free(world.cloud, world.cloud.rows[ID])
    del world.cloud.eips[FRONT]


def never_ready(world: World) -> None:
    free(world.cloud, world.cloud.rows[ID])
    world.cloud.eips[FRONT] = Unknown("front", "10.89.0.201")


def never_ready_when_it_is_to_go(world: World) -> None:
    world.cloud.eips[OURS] = Unknown("own", "10.89.0.3", owner=world.cloud.eips[OURS].owner)
    edit(world, NONE)


@pytest.mark.parametrize(
    ("eip", "happens"),
    [
        (OWN, gone_with_its_address_kept),
        (OWN, bound_elsewhere_with_its_address_shown),
        (OWN, another_there),
        (GIVEN, another_there),
        (OWN, bound_and_not_shown),
        (GIVEN, bound_and_not_shown),
        (GIVEN, gone_for_good),
        (GIVEN, never_ready),
        (OWN, never_ready_when_it_is_to_go),
    ],
)
def test_what_cannot_be_done_is_asked_for_less_and_less(
    eip: dict[str, Any], happens: Callable[[World], None]
) -> None:
    world = world_of(eip)
    settle(world)
    happens(world)
    assert asked(world) <= 50
    assert asked(world) <= 26, "at most every 5 min, and the server with it"


def test_one_that_shows_no_owner_tags_is_made_once_and_the_ends_are_named() -> None:
    world = world_of(OWN)
    while "MakeEip" not in writes(world):
        world.turn()
    world.cloud.eips[OURS].owner = None
    step = settle(world)
    assert isinstance(step, Hold)
    assert step.reason == "EIPUnavailable"
    assert "eip: {none: true}" in step.message
    assert asked(world) <= 30
    assert writes(world) == ["MakeEip"]
    edit(world, NONE)
    settle(world)
    edit(world, OWN)
    settle(world)
    assert world.cluster.stored.status["eip"]["id"] == NEXT


def test_ids_that_always_turn_out_to_be_others_are_not_used_up_at_once() -> None:
    world = world_of(OWN)
    until = world.now + HOUR
    while world.now < until:
        world.turn()
        for eip in world.cloud.eips.values():
            if eip.owner is not None:
                eip.owner = replace(eip.owner, uid=OTHER_UID)
        world.now += world.wait or 0.0
    assert writes(world).count("MakeEip") <= HOUR / 60.0 + 1


def test_an_object_whose_eip_the_cloud_never_frees_names_the_way_out() -> None:
    world = world_of(OWN)
    settle(world)
    never_ready_when_it_is_to_go(world)
    world.cluster.edit(deleting=True)
    for _ in range(100):
        world.turn()
        world.now += min(world.wait or 0.0, 300.0)
    held = [step for step in world.steps if isinstance(step, Hold)][-1]
    assert "onecloud.io/force-detach" in held.message


@pytest.mark.parametrize("eip", [OWN, GIVEN])
def test_what_the_status_has_no_room_for_is_not_written_again_and_again(eip: dict[str, Any]) -> None:
    world = world_of(eip)
    world.cloud.eips[FRONT].name, world.cloud.eips[FRONT].network_id = "x" * 300, "n" * 100
    settle(world)
    for each in world.cloud.eips.values():
        each.name, each.network_id = "x" * 300, "n" * 100
    free(world.cloud, world.cloud.rows[ID])
    assert isinstance(settle(world), Settled)
    written = world.cluster.writes
    assert asked(world, 300.0) == 0
    assert world.cluster.writes == written


def test_an_eip_that_is_freed_by_hand_is_bound_anew_within_five_minutes() -> None:
    world = world_of(GIVEN)
    settle(world)
    bound_and_not_shown(world)
    asked(world)
    world.cloud.eips[FRONT].holder = None
    since = world.now
    assert isinstance(settle(world), Settled)
    assert world.now - since <= 310.0
    assert world.cloud.eips[FRONT].holder == ID
