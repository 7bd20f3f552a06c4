"""A deletion is undone: a server is taken out of the recycle bin for the manifest that is applied again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.core.actions import BeginAdoption, EndRestore, Hold, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import Claim, Restore, SetTags, Start, Stop, Update
from onecloud_operator.core.config import Config
from onecloud_operator.core.observed import Owner
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.records import Records
from onecloud_operator.core.report.events import events_between
from tests.core.cloud import Row
from tests.core.fixtures import OTHER_UID, RESTART, resource, server, spec
from tests.core.invariants import keep
from tests.core.state_machine import LEGACY, STRANGER
from tests.core.stops import Choosy, condition, die_after, sent, to_rest, turn, until_it_is
from tests.core.world import World

OURS = owner_of(resource(), Config())
FORMER = replace(OURS, uid="0e6b1c52-7a44-4f0f-9d57-1f2e3d4c5b6a")  # of this name, and gone by now
NAME = "shop.web-1"
UNDO: dict[str, Any] = {"adoption": {"policy": "Adopt", "id": LEGACY, "restore": True}}


def undoing(
    wanted: dict[str, Any] | None = None,
    owner: Owner | None = FORMER,
    cloud: Choosy | None = None,
    **policies: Any,
) -> World:
    """Return a world in which a manifest is applied that asks for a server in the bin."""
    intent = spec(wanted or {}, **{**UNDO, **RESTART, **policies})
    world = World.of(resource(spec=intent, finalizers=(), records=Records()))
    world.before = keep
    world.cloud = cloud or Choosy()
    row = world.cloud.put(server("ready", id=LEGACY, name=NAME))
    row.change(owner=owner)
    world.cloud.recycle(row, on=True)
    return world


def of(world: World) -> Row:
    return world.cloud.rows[LEGACY]


def kinds(world: World) -> list[type]:
    return [type(step) for _, step, _ in world.sent]


def take_the_name(world: World) -> None:
    world.cloud.put(server(id=STRANGER, name=NAME, project_id="project9")).change(owner=None)


# -- the way ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(FORMER, id="owned-by-the-former-object"),
        pytest.param(None, id="owned-by-nobody"),
    ],
)
def test_it_is_taken_out_of_the_bin_claimed_and_started(owner: Owner | None) -> None:
    world = undoing(owner=owner)
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Restore, Claim, Start]
    assert (of(world).server.status, of(world).server.recycled) == ("running", False)
    assert of(world).details.owner == OURS
    assert not any(disk.recycled for disk in world.cloud.disks.values())
    assert condition(world, "Ready") == ("True", "Available")
    assert world.cluster.stored.status["restore"]["doneAt"]


def test_that_the_end_of_the_former_object_was_not_heard_of_does_not_matter() -> None:
    """Two objects of one name cannot live at once."""
    world = undoing(owner=replace(FORMER, uid=OTHER_UID))  # which counts as living
    world.before = lambda _world, _facts, _step: None
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Restore, Claim, Start]


@pytest.mark.parametrize("power", ["Stopped", "Unmanaged"])
def test_it_stays_off_where_the_manifest_says_so(power: str) -> None:
    world = undoing({"powerState": power})
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Restore, Claim]


def test_id_place_and_name_are_on_record_before_it_is_touched() -> None:
    world = undoing()
    until_it_is(world, BeginAdoption)
    assert not world.sent
    status = world.cluster.stored.status
    assert (status["id"], status["restore"]["name"]) == (LEGACY, NAME)
    assert "doneAt" not in status["restore"]
    assert isinstance(turn(world), Restore)
    until_it_is(world, EndRestore)
    assert world.cluster.stored.status["restore"]["doneAt"]
    assert kinds(world) == [Restore]


def test_it_is_told_by_an_event() -> None:
    world = undoing()
    until_it_is(world, Restore)
    before = world.cluster.stored.status
    until_it_is(world, Claim)
    (event,) = [e for e in events_between(before, world.cluster.stored.status) if e.reason == "Restored"]
    assert event.kind == "Normal"


def test_a_restart_that_stands_at_the_restoration_counts_as_done() -> None:
    world = undoing()
    world.cluster.edit(annotations={RESTART_REQUESTED_AT: "now"})
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Stop)


# -- the name --------------------------------------------------------------------------------------------
def test_another_name_that_the_cloud_gives_it_is_told_and_put_right_once_that_is_free() -> None:
    world = undoing({"tags": {"a": "b"}})
    take_the_name(world)
    until_it_is(world, Restore)
    before = world.cluster.stored.status
    until_it_is(world, Claim)
    (event,) = [e for e in events_between(before, world.cluster.stored.status) if e.reason == "Restored"]
    assert event.kind == "Warning"
    assert f"{NAME}-1" in event.message
    assert f"{NAME}, is taken" in event.message
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "NameConflict"
    assert sent(world, SetTags), "nothing else waits for the name"
    del world.cloud.rows[STRANGER]
    world.now += 600.0
    assert isinstance(to_rest(world), Settled)
    assert of(world).server.name == NAME
    assert "name" not in world.cluster.stored.status["restore"]
    of(world).change(plain={"name": "renamed-later"})
    assert isinstance(to_rest(world), Settled)
    assert of(world).server.name == "renamed-later", "then its name is not looked after"


@pytest.mark.parametrize("way", [{"server": {"name": "web-9"}}, {"drift": {"ignore": ["name"]}}])
def test_a_name_that_stays_taken_has_ways_out(way: dict[str, Any]) -> None:
    world = undoing()
    take_the_name(world)
    to_rest(world)
    server_part, policies = way.get("server", {}), {k: v for k, v in way.items() if k != "server"}
    world.cluster.respec(spec(server_part, **{**UNDO, **RESTART, **policies}))
    assert isinstance(to_rest(world), Settled)
    assert of(world).server.name == server_part.get("name", f"{NAME}-1")


def test_a_name_that_the_manifest_gives_is_the_one_it_gets() -> None:
    world = undoing({"name": "web-9"})
    assert isinstance(to_rest(world), Settled)
    assert of(world).server.name == "web-9"


# -- what is left where it is ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(replace(FORMER, name="web-2"), id="another-name"),
        pytest.param(replace(FORMER, namespace="bank"), id="another-namespace"),
        pytest.param(replace(FORMER, cluster="cluster1"), id="another-cluster"),
    ],
)
def test_anothers_server_stays_in_the_bin(owner: Owner) -> None:
    world = undoing(owner=owner)
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OwnedByAnother"
    assert not world.sent
    assert of(world).server.recycled


def test_one_that_turns_out_to_be_anothers_after_the_record_stays_in_the_bin() -> None:
    world = undoing()
    until_it_is(world, BeginAdoption)
    of(world).change(owner=replace(FORMER, name="web-2"))
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OwnedByAnother"
    assert not world.sent


@pytest.mark.parametrize("policies", [{"adoption": {"policy": "Adopt", "id": LEGACY}}])
def test_without_being_asked_it_stays_in_the_bin_and_the_way_is_named(policies: dict[str, Any]) -> None:
    world = undoing(**policies)
    held = until_it_is(world, Hold)
    assert isinstance(held, Hold)
    assert "adoption.restore: true" in held.message
    assert not world.sent


def test_a_server_that_somebody_recycles_later_stays_in_the_bin() -> None:
    world = undoing()
    to_rest(world)
    sent_before = list(world.sent)
    world.cloud.recycle(of(world), on=True)
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "InRecycleBin"
    assert world.sent == sent_before


def test_a_server_that_lives_is_adopted_as_it_is() -> None:
    world = undoing()
    world.cloud.recycle(of(world), on=False)
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Claim]
    assert "restore" not in world.cluster.stored.status
    world.cloud.recycle(of(world), on=True)
    assert isinstance(to_rest(world), Hold)
    assert kinds(world) == [Claim]


def test_a_server_on_its_way_into_the_bin_is_awaited_there() -> None:
    world = undoing()
    row = of(world)
    world.cloud.recycle(row, on=False)
    row.change(status="deleting")
    for _ in range(3):
        turn(world)
    assert not world.sent
    row.change(status="ready")
    world.cloud.recycle(row, on=True)
    world.now += 60.0
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Restore, Claim, Start]


def test_an_object_that_goes_before_it_is_restored_leaves_it_in_the_bin() -> None:
    world = undoing()
    until_it_is(world, BeginAdoption)
    world.cluster.edit(deleting=True)
    assert isinstance(until_it_is(world, RemoveFinalizer), RemoveFinalizer)
    assert not world.sent


# -- crashes and answers that get lost ---------------------------------------------------------------------
@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("number", range(10))
def test_a_crash_at_any_point_is_a_repeat(number: int, taken: bool, in_the_middle: bool) -> None:
    world = undoing({"name": "web-9"} if taken else {})
    if taken:
        take_the_name(world)
    die_after(world, number, in_the_middle=in_the_middle)
    assert isinstance(to_rest(world), Settled)
    assert of(world).server.status == "running"
    assert of(world).server.name == ("web-9" if taken else NAME)
    assert of(world).details.owner == OURS


@pytest.mark.parametrize("mood", ["lost", "unsent", "refused"])
def test_an_answer_that_is_lost_or_a_refusal_is_tried_again(mood: str) -> None:
    world = undoing()
    until_it_is(world, BeginAdoption)
    world.cloud.mood = mood
    until_it_is(world, Restore)
    world.cloud.mood = "well"
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Update)
    assert of(world).server.status == "running"
