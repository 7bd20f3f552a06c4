"""Whatever users do in the middle of a stop for a change, the server is not left off by us."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.api.annotations import PAUSED
from onecloud_operator.core.actions import BeginRestart, Hold, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import Disown, Resize, Start, Stop
from onecloud_operator.core.records import Records
from tests.core.fixtures import ID, PLACE, RESTART, details, resource, server, spec
from tests.core.stops import LARGER, adopted, condition, row_of, to_rest, turn, until, until_it_is, world_of
from tests.core.world import World


def middle(point: type, wanted: dict[str, Any] | None = None) -> World:
    """Return a world in which a step of kind *point* was just taken."""
    world = world_of({**LARGER, "powerState": "Unmanaged", **(wanted or {})})
    until_it_is(world, point)
    return world


POINTS = [BeginRestart, Stop, Resize, Start]


@pytest.mark.parametrize("point", POINTS)
def test_a_spec_that_is_edited_back_does_not_leave_it_off(point: type) -> None:
    world = middle(point)
    world.cluster.respec(spec({"powerState": "Unmanaged"}))
    held = to_rest(world)
    assert row_of(world).status == "running"
    assert isinstance(held, Settled) == (row_of(world).cpu == 2)
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("point", POINTS)
def test_a_mode_of_report_brings_the_stop_to_its_end(point: type) -> None:
    world = middle(point)
    world.cluster.respec(spec({**LARGER, "powerState": "Unmanaged"}, drift={"mode": "Report"}, **RESTART))
    to_rest(world)
    assert row_of(world).status == "running"
    assert condition(world, "Ready") == ("True", "Available")


@pytest.mark.parametrize("point", POINTS)
def test_a_spec_that_wants_nothing_of_an_adopted_server_any_more_does_not_leave_it_off(point: type) -> None:
    world = adopted(LARGER)
    until_it_is(world, point)
    intent = spec({}, adoption={"policy": "Adopt", "id": ID}, **RESTART)
    world.cluster.respec(intent.model_copy(update={"server": None}))
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("point", POINTS)
def test_a_pause_sends_nothing_and_its_end_starts_it(point: type) -> None:
    world = middle(point)
    world.cluster.edit(annotations={PAUSED: "true"})
    before = len(world.sent)
    for _ in range(20):
        turn(world)
    assert len(world.sent) == before
    assert "restart" in world.cluster.stored.status
    world.cluster.edit(annotations={})
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "running"


@pytest.mark.parametrize("point", POINTS)
def test_what_is_wanted_off_by_now_stays_off(point: type) -> None:
    world = middle(point)
    world.cluster.respec(spec({**LARGER, "powerState": "Stopped"}, **RESTART))
    assert isinstance(to_rest(world), Settled)
    assert (row_of(world).status, row_of(world).cpu) == ("ready", 4)
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("point", POINTS)
def test_a_permission_that_is_taken_back_starts_it_again(point: type) -> None:
    world = middle(point)
    world.cluster.respec(spec({**LARGER, "powerState": "Unmanaged"}))
    to_rest(world)
    assert row_of(world).status == "running"


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("dies", [False, True])
def test_a_retained_server_is_started_before_it_is_let_go(point: type, dies: bool) -> None:
    world = middle(point)
    gone = spec({**LARGER, "powerState": "Unmanaged"}, deletionPolicy="Retain", **RESTART)
    world.cluster.edit(spec=gone, deleting=True, generation=2)
    if dies:
        world.die()
    to_rest(world)
    assert world.cluster.released
    assert row_of(world).status == "running"
    kinds = [type(step) for step in world.steps if isinstance(step, Start | Disown | RemoveFinalizer)]
    assert kinds[-2:] == [Disown, RemoveFinalizer]


def test_a_removal_says_why_it_waits_and_how_to_end_that() -> None:
    world = middle(Stop)
    gone = spec({**LARGER, "powerState": "Unmanaged"}, deletionPolicy="Retain", **RESTART)
    world.cluster.edit(spec=gone, deleting=True, generation=2)
    world.cloud.mood = "refused"
    until(world, lambda step: isinstance(step, Hold) and step.reason == "ProviderError")
    held = world.steps[-1]
    assert isinstance(held, Hold)
    assert "powerState: Stopped" in held.message
    assert "force-detach" in held.message
    world.cluster.edit(spec=spec({**LARGER, "powerState": "Stopped"}, deletionPolicy="Retain"), generation=3)
    world.cloud.mood = "well"
    to_rest(world)
    assert world.cluster.released
    assert row_of(world).status == "ready"


@pytest.mark.parametrize("point", [Stop, Resize])
def test_a_protected_object_that_waits_for_its_end_has_its_server_started(point: type) -> None:
    world = middle(point)
    kept = spec({**LARGER, "powerState": "Unmanaged"}, deletionProtection=True, **RESTART)
    world.cluster.edit(spec=kept, deleting=True, generation=2)
    for _ in range(40):
        turn(world)
    assert not world.cluster.released
    assert row_of(world).status == "running"


def test_who_only_observes_sends_nothing_and_says_that_it_is_off() -> None:
    world = middle(Stop)
    watching = {"managementPolicy": "Observe", "adoption": {"id": ID}}
    world.cluster.respec(spec({**LARGER, "powerState": "Unmanaged"}, **watching))
    before = len(world.sent)
    for _ in range(30):
        turn(world)
    assert len(world.sent) == before
    synced = next(c for c in world.cluster.stored.status["conditions"] if c["type"] == "Synced")
    assert "managementPolicy: Manage" in synced["message"]
    world.cluster.respec(spec({**LARGER, "powerState": "Unmanaged"}, **RESTART))
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "running"


def test_a_record_that_somebody_wrote_starts_no_server_but_the_objects_own() -> None:
    forged = {"since": "2026-11-23T11:00:00Z", "why": "cpu"}
    other = Records(id="victim", place=PLACE, adopted_at="2026-11-23T11:00:00Z", mirror={"id": "victim"})
    world = World.of(resource(spec=spec({"powerState": "Unmanaged"}), records=other))
    world.cluster.edit(records=replace(other, restart=Records().restart), status={"restart": forged})
    world.cloud.put(server("ready", id="victim", details=details(owner=None)))
    for _ in range(20):
        turn(world)
    assert not world.sent
