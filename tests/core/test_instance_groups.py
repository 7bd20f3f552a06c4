"""Instance groups change while a server is off, one at a time, and by what is on record."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.card_writes import BindGroup, UnbindGroup
from onecloud_operator.core.cloud_writes import Start, Stop
from onecloud_operator.core.records import Records
from tests.core.fixtures import ID, RESTART, resource, spec
from tests.core.stops import adopted, die_after, row_of, sent, to_rest, world_of
from tests.core.world import World


def of(*groups: str) -> dict[str, Any]:
    return {"instanceGroups": list(groups)}


def in_groups(*groups: str) -> World:
    """Return a world whose server was made in *groups*."""
    world = world_of(of(*groups) if groups else {})
    world.cloud.cards.groups[ID] = set(groups)
    assert isinstance(to_rest(world), Settled)
    return world


def edited(world: World, wanted: dict[str, Any], **policies: Any) -> World:
    world.cluster.respec(spec(wanted, **{**RESTART, **policies}))
    return world


def test_the_groups_of_a_new_server_are_on_record_and_nothing_is_sent() -> None:
    world = in_groups("g1")
    assert world.cluster.stored.status["instanceGroups"] == ["g1"]
    assert not world.sent


def test_groups_change_one_at_a_time_in_one_restart() -> None:
    world = edited(in_groups("g1", "g2"), of("g2", "g3", "g4"))
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, UnbindGroup, BindGroup, BindGroup, Start]
    assert world.cloud.cards.groups[ID] == {"g2", "g3", "g4"}
    assert world.cluster.stored.status["instanceGroups"] == ["g2", "g3", "g4"]


def test_an_empty_list_takes_it_out_of_all() -> None:
    world = edited(in_groups("g1"), of())
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.cards.groups[ID] == set()


def test_a_list_that_is_taken_out_changes_nothing() -> None:
    world = edited(in_groups("g1"), {})
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    assert isinstance(to_rest(edited(world, of("g1"))), Settled)
    assert not world.sent


def test_without_leave_it_waits_and_the_size_joins_the_same_restart() -> None:
    world = edited(in_groups("g1"), of("g2"), disruption={"allow": "Never"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert isinstance(to_rest(edited(world, {**of("g2"), "cpu": 1})), Settled)
    assert len(sent(world, Stop)) == 1


def test_an_adopted_server_is_put_into_the_groups_that_are_declared() -> None:
    world = adopted(of("g1"))
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.cards.groups[ID] == {"g1"}


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(22))
def test_a_crash_at_any_point_costs_no_second_restart(number: int, in_the_middle: bool) -> None:
    world = edited(in_groups("g1"), of("g2"))
    die_after(world, number, in_the_middle=in_the_middle)
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.cards.groups[ID] == {"g2"}
    assert row_of(world).status == "running"
    assert len(sent(world, Stop)) <= 1


def test_after_a_lost_post_of_other_groups_it_is_put_into_those_that_are_declared_now() -> None:
    world = World.of(resource(finalizers=(), records=Records(), spec=spec(of("g1"), **RESTART)))
    world.cloud.mood = "late"
    while not world.cloud.under_way:
        world.turn()
    world.cloud.mood = "well"
    world.cluster.respec(spec(of("g2"), **RESTART))
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.cards.groups[ID] == {"g2"}
    assert world.cluster.stored.status["instanceGroups"] == ["g2"]
