"""A restart that a person asks for: once for each value, whatever dies or gets lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import PAUSED, RESTART_REQUESTED_AT
from onecloud_operator.core.actions import BeginRestart, EndRestart, Hold, Settled
from onecloud_operator.core.cloud_writes import Create, Resize, SetTags, Start, Stop, Suspend
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.records import Records
from onecloud_operator.core.report.events import events_between
from tests.core.fixtures import ID, RESTART, resource, server, spec
from tests.core.invariants import keep
from tests.core.stops import LARGER, row_of, sent, to_rest, turn, until, until_it_is, world_of
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from tests.core.cloud import Cloud

FIRST = "2026-11-29T23:00:00Z"


def ask(world: World, value: str | None = FIRST, **others: str) -> None:
    annotations = {} if value is None else {RESTART_REQUESTED_AT: value}
    world.cluster.edit(annotations={**annotations, **others})


def asked(wanted: dict[str, Any] | None = None, cloud: Cloud | None = None, **policies: Any) -> World:
    """Return a world whose settled server is to be restarted."""
    world = world_of(wanted or {}, cloud, **policies)
    ask(world)
    return world


def kinds(world: World) -> list[type]:
    return [type(step) for _, step, _ in world.sent]


def outcome(world: World) -> str | None:
    found: dict[str, str] = world.cluster.stored.status.get("restartRequest", {})
    return found.get("outcome")


def synced(world: World) -> str:
    found = standing(world.cluster.stored.status, "Synced")
    assert found is not None
    return f"{found['reason']}: {found['message']}"


# -- the way ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("power", ["Running", "Unmanaged"])
@pytest.mark.parametrize("drift", [{"mode": "Correct"}, {"mode": "Report"}, {"ignore": ["powerState"]}])
def test_it_is_stopped_and_started_again_once(power: str, drift: dict[str, Any]) -> None:
    """It is asked for explicitly, so it does not matter what becomes of differences."""
    world = asked({"powerState": power}, drift=drift)
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Stop, Start]
    assert row_of(world).status == "running"
    assert outcome(world) == "Done"
    assert "restart" not in world.cluster.stored.status
    to_rest(world)
    assert kinds(world) == [Stop, Start]


def test_it_is_on_record_before_the_stop_and_done_before_the_start() -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    assert (outcome(world), world.sent) == ("UnderWay", [])
    until_it_is(world, EndRestart)
    assert (outcome(world), kinds(world)) == ("Done", [Stop])
    assert world.cluster.stored.status["state"] == "Updating"


def test_another_value_is_another_restart_and_the_same_is_none() -> None:
    world = asked()
    to_rest(world)
    for value, restarts in ((None, 1), (FIRST, 1), ("again", 2), ("again", 2), (None, 2)):
        ask(world, value)
        assert isinstance(to_rest(world), Settled)
        assert len(sent(world, Stop)) == restarts


def test_it_says_what_it_does_and_what_for() -> None:
    world = asked()
    until_it_is(world, BeginRestart)
    before, after = {**world.cluster.stored.status}, world.cluster.stored.status
    for name in ("restart", "restartRequest"):
        before.pop(name)
    (event,) = events_between(before, after)
    assert event.reason == "Restarting"
    assert RESTART_REQUESTED_AT in event.message
    until_it_is(world, Stop)
    assert RESTART_REQUESTED_AT in synced(world)


def test_a_value_of_any_length_is_obeyed_once() -> None:
    world = world_of({})
    ask(world, "x" * 100_000)
    to_rest(world)
    to_rest(world)
    assert len(sent(world, Stop)) == 1
    assert len(world.cluster.stored.status["restartRequest"]["value"]) == 256


def test_live_changes_do_not_wait_and_a_change_that_needs_a_stop_shares_it() -> None:
    world = asked({**LARGER, "tags": {"a": "b"}})
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [SetTags, Stop, Resize, Start]
    assert outcome(world) == "Done"


@pytest.mark.parametrize("late", [BeginRestart, Stop, Resize])
def test_a_stop_that_is_under_way_for_a_change_counts_as_it(late: type[Step]) -> None:
    world = world_of(LARGER)
    until_it_is(world, late)
    ask(world)
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1
    assert outcome(world) == "Done"


def test_what_is_asked_for_meanwhile_is_done_with_it() -> None:
    world = asked()
    until_it_is(world, Stop)
    ask(world, "later")
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1
    assert world.cluster.stored.status["restartRequest"]["value"] == "later"


def test_another_value_that_comes_before_the_stop_is_taken_up_at_once() -> None:
    """What is recorded and not sent yet gives way: no pass between the two says that all is done."""
    world = asked()
    until_it_is(world, BeginRestart)
    ask(world, "again")
    assert isinstance(until(world, lambda step: not isinstance(step, Hold)), BeginRestart)
    assert isinstance(to_rest(world), Settled)
    assert (kinds(world), outcome(world)) == ([Stop, Start], "Done")


def test_what_is_only_reported_stays_reported_all_the_while() -> None:
    world = world_of({"cpu": 4}, drift={"mode": "Report"})
    to_rest(world)
    before = world.cluster.stored.status["drift"]
    ask(world)
    told: list[str] = []
    while outcome(world) != "Done" or "restart" in world.cluster.stored.status:
        old = world.cluster.stored.status
        turn(world)
        told += [event.reason for event in events_between(old, world.cluster.stored.status)]
    to_rest(world)
    assert kinds(world) == [Stop, Start]
    assert world.cluster.stored.status["drift"] == before
    assert "DriftDetected" not in told


# -- what does not restart -------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["Correct", "Report"])
def test_without_leave_it_is_held_and_named(mode: str) -> None:
    world = asked(disruption={"allow": "Never"}, drift={"mode": mode})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert RESTART_REQUESTED_AT in held.message
    assert not world.sent
    world.cluster.respec(spec(**RESTART))
    to_rest(world)
    assert kinds(world) == [Stop, Start]


def test_a_change_that_is_held_names_the_restart_too() -> None:
    world = asked(LARGER, disruption={"allow": "Never"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert "cpu, memory" in held.message
    assert RESTART_REQUESTED_AT in held.message


@pytest.mark.parametrize("power", ["Stopped", "Unmanaged"])
def test_a_server_that_is_off_has_nothing_to_restart(power: str) -> None:
    world = world_of({"powerState": power})
    world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    writes, before = world.cluster.writes, world.cluster.stored.status
    ask(world)
    assert isinstance(to_rest(world), Settled)
    assert (outcome(world), world.sent) == ("NotNeeded", [])
    assert world.cluster.writes == writes + 1
    (event,) = events_between(before, world.cluster.stored.status)
    assert (event.kind, event.reason) == ("Normal", "RestartNotNeeded")
    world.cluster.respec(spec({"powerState": "Running"}, **RESTART))
    to_rest(world)
    assert kinds(world) == [Start], "what was asked for while it was off is over"


def test_a_server_that_is_to_be_off_is_stopped_and_stays_off() -> None:
    world = asked({"powerState": "Stopped"})
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Stop]
    assert outcome(world) == "NotNeeded"


def test_a_start_that_follows_anyway_counts_as_it() -> None:
    world = world_of({})
    world.cloud.rows[ID].change(status="ready")
    ask(world)
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Start]
    assert outcome(world) == "Done"


@pytest.mark.parametrize("power", ["Suspended", "Unmanaged"])
def test_a_suspended_server_is_not_restarted(power: str) -> None:
    world = world_of({"powerState": power})
    world.cloud.rows[ID].change(status="suspend")
    ask(world)
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert "suspended" in held.message
    assert not world.sent


def test_a_server_that_runs_and_is_to_be_suspended_is_restarted_first() -> None:
    world = asked({"powerState": "Suspended"})
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Stop, Start, Suspend]


def test_a_paused_object_waits() -> None:
    world = world_of({})
    ask(world, **{PAUSED: "true"})
    to_rest(world)
    assert not world.sent
    ask(world)
    to_rest(world)
    assert kinds(world) == [Stop, Start]


def test_one_that_stands_when_the_server_is_made_counts_as_done() -> None:
    fresh = resource(
        spec=spec(**RESTART),
        finalizers=(),
        records=Records(),
        annotations={RESTART_REQUESTED_AT: FIRST},
    )
    world = World.of(fresh)
    world.before = keep
    until_it_is(world, Create)
    ask(world, "while it is made")
    assert isinstance(to_rest(world), Settled)
    assert kinds(world) == [Create]
    assert outcome(world) == "NotNeeded"
    ask(world, "later")
    to_rest(world)
    assert kinds(world) == [Create, Stop, Start]


def test_one_that_stands_at_adoption_counts_as_done() -> None:
    wanted = spec(adoption={"policy": "Adopt", "id": ID}, **RESTART)
    world = World.of(
        resource(spec=wanted, finalizers=(), records=Records(), annotations={RESTART_REQUESTED_AT: FIRST})
    )
    world.cloud.put(server()).change(owner=None)
    to_rest(world)
    assert not sent(world, Stop)
    assert outcome(world) == "NotNeeded"
