"""What becomes of an EIP when its object is deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.core.actions import Hold
from onecloud_operator.core.eip_writes import DeleteEip, UnbindEip
from tests.core.eip_invariants import keep_eips
from tests.core.eips import bind
from tests.core.fixtures import ID
from tests.core.test_eips import FRONT, GIVEN, OURS, OWN, edit, settle, shown, world_of, writes
from tests.core.world import World


def remove(world: World) -> World:
    """Delete the object, and wait until it is let go."""
    world.cluster.edit(deleting=True)
    for _ in range(200):
        if world.cluster.released:
            return world
        world.turn()
        world.now += min(world.wait or 0.0, 300.0)
    raise AssertionError(world.steps[-6:])


def world_with(eip: dict[str, Any], **policies: Any) -> World:
    world = world_of(eip, **policies)
    world.before = lambda here, _facts, step: keep_eips(here, step)
    settle(world)
    return world


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_one_of_its_own_goes_with_the_server(policy: str) -> None:
    world = remove(world_with(OWN, deletionPolicy=policy))
    assert OURS not in world.cloud.eips
    assert writes(world)[2:] == ["DeleteEip"]


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_one_of_its_own_goes_though_the_spec_is_silent_by_now(policy: str) -> None:
    world = world_with(OWN, deletionPolicy=policy)
    edit(world, None, deletionPolicy=policy)
    remove(world)
    assert OURS not in world.cloud.eips


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_one_that_was_given_is_free_and_there(policy: str) -> None:
    world = remove(world_with(GIVEN, deletionPolicy=policy))
    assert world.cloud.eips[FRONT].holder is None
    assert writes(world) == ["BindEip"], "the cloud dissociates it with the server"


def test_one_that_was_given_and_would_go_with_the_server_is_dissociated_before() -> None:
    world = world_of(GIVEN, deletionPolicy="Delete")
    world.cloud.eips[FRONT].goes_along = True
    settle(world)
    remove(world)
    assert FRONT in world.cloud.eips
    assert writes(world) == ["BindEip", "UnbindEip"]


@pytest.mark.parametrize("eip", [OWN, GIVEN], ids=["own", "given"])
def test_under_retain_it_stays_bound_and_only_owner_tags_come_off(eip: dict[str, Any]) -> None:
    world = remove(world_with(eip, deletionPolicy="Retain"))
    assert shown(world) is not None
    assert [e.owner for e in world.cloud.eips.values() if e.holder == ID] == [None]
    assert not [s for _, s, _ in world.sent if isinstance(s, UnbindEip | DeleteEip)]


def test_one_whose_owner_tags_were_taken_off_is_kept() -> None:
    world = world_with(OWN)
    world.cloud.eips[OURS].owner = None
    remove(world)
    assert OURS in world.cloud.eips


def test_one_that_is_bound_elsewhere_holds_the_object_and_says_the_ways_out() -> None:
    world = world_with(OWN)
    world.cloud.rows[ID].change(eip=None)
    bind(world.cloud, OURS, "another-server")
    world.cluster.edit(deleting=True)
    for _ in range(40):
        world.turn()
        world.now += min(world.wait or 0.0, 60.0)
    step = next(step for step in reversed(world.steps) if isinstance(step, Hold))
    assert step.reason == "EIPUnavailable"
    assert "Dissociate it there" in step.message
    assert "force-detach" in step.message
    world.cloud.eips[OURS] = replace(world.cloud.eips[OURS], holder=None)
    world.now += 400.0
    remove(world)
    assert OURS not in world.cloud.eips


def test_one_whose_post_was_lost_is_looked_for_until_it_can_come_no_more() -> None:
    world = world_of(OWN)
    world.before = lambda here, _facts, step: keep_eips(here, step)
    world.cloud.mood, world.cloud.lag = "late", 100.0
    world.turn()
    world.turn()
    world.cloud.mood = "well"
    remove(world)
    world.now += 200.0
    world.cloud.advance(world.now)
    assert OURS not in world.cloud.eips
