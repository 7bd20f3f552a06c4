"""Stops wait for their windows, what needs none does not, and what is begun is brought to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.api.windows import Window
from onecloud_operator.core.actions import BeginRestart, Hold, Settled
from onecloud_operator.core.cloud_writes import Delete, Resize, SetTags, Start, Stop
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.provider import Provider
from onecloud_operator.core.values import text_of_time
from tests.core.fixtures import (
    ID,
    NOW,
    WALL,
    facts,
    records,
    resource,
    server,
    spec,
    wall_at,
)
from tests.core.rebuilds import edited, rebuilt
from tests.core.stops import (
    LARGER,
    Choosy,
    condition,
    die_after,
    row_of,
    sent,
    to_rest,
    turn,
    until,
    until_it_is,
    world_of,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from tests.core.world import World

# The tests begin on a Monday, 12:00 UTC.
NIGHT: dict[str, Any] = {"start": "02:00", "duration": "2h", "days": ["Sun"], "timeZone": "Europe/Berlin"}
SOON: dict[str, Any] = {"start": "12:10", "duration": "10m"}
OPEN_NOW: dict[str, Any] = {"start": "11:00", "duration": "2h"}
NEXT_NIGHT = "2026-11-29T01:00:00Z"
OPENS_SOON = "2026-11-23T12:10:00Z"


def within(*windows: dict[str, Any], allow: str = "Restart") -> dict[str, Any]:
    return {"disruption": {"allow": allow, "windows": list(windows)}}


def larger(*windows: dict[str, Any], wanted: dict[str, Any] | None = None) -> World:
    return world_of({**LARGER, **(wanted or {})}, **within(*windows))


def waits(step: Step) -> bool:
    return isinstance(step, Hold) and step.reason == Reason.WAITING_FOR_WINDOW


def status(world: World) -> dict[str, Any]:
    return dict(world.cluster.stored.status)


# -- before it opens -------------------------------------------------------------------------------------
def test_a_change_that_needs_a_stop_waits_and_it_is_told_until_when() -> None:
    world = larger(NIGHT)
    assert waits(to_rest(world))
    assert not world.sent
    assert status(world)["nextRetryTime"] == NEXT_NIGHT
    assert condition(world, "Synced") == ("False", "WaitingForWindow")
    synced = standing(status(world), "Synced")
    assert synced is not None
    assert (
        f"a change of cpu, memory, which waits for disruption.windows; they open next at {NEXT_NIGHT}."
        in str(synced["message"])
    )
    assert standing(status(world), "Stalled") is None
    assert "lastError" not in status(world), "it is as the user wants it"
    writes = world.cluster.writes
    world.now += 3600.0
    assert waits(turn(world))
    assert world.cluster.writes == writes, "nothing new is to be said"


def test_what_needs_no_stop_is_done_meanwhile() -> None:
    world = larger(NIGHT, wanted={"tags": {"a": "b"}})
    assert waits(to_rest(world))
    assert [type(step) for _, step, _ in world.sent] == [SetTags]


def test_when_it_opens_the_server_is_stopped_once_for_all() -> None:
    world = larger(SOON)
    assert waits(to_rest(world))
    assert status(world)["nextRetryTime"] == OPENS_SOON
    until_it_is(world, Settled)
    (stop,) = (at for at, step, _ in world.sent if isinstance(step, Stop))
    assert wall_at(stop) >= WALL + timedelta(minutes=10)
    assert wall_at(stop) < WALL + timedelta(minutes=11), "it looks when it opens, and not much later"
    assert row_of(world).status == "running"
    assert "nextRetryTime" not in status(world)


def test_an_open_window_changes_nothing() -> None:
    world = larger(OPEN_NOW)
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == len(sent(world, Start)) == 1


# -- what is begun ---------------------------------------------------------------------------------------
def test_a_begun_stop_is_brought_to_its_end_after_the_window() -> None:
    world = larger({"start": "11:50", "duration": "11m"})
    until_it_is(world, Stop)
    world.now += 3600.0
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Resize)) == len(sent(world, Start)) == 1
    assert row_of(world).status == "running"


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(12))
def test_so_it_is_by_another_process(number: int, in_the_middle: bool) -> None:
    world = larger({"start": "11:50", "duration": "11m"})
    die_after(world, number, in_the_middle=in_the_middle)
    stopped = len(sent(world, Stop))
    world.now += 3600.0
    last = to_rest(world)
    assert isinstance(last, Settled) or (waits(last) and not sent(world, Resize))
    assert len(sent(world, Stop)) == stopped, "no stop after the window"
    assert row_of(world).status == "running"
    assert "restart" not in status(world)


def test_a_stop_that_is_recorded_and_not_sent_waits_for_the_next_window() -> None:
    world = larger({"start": "11:50", "duration": "11m"})
    until_it_is(world, BeginRestart)
    world.now += 3600.0
    assert waits(to_rest(world))
    assert not world.sent
    assert "restart" not in status(world)


def test_a_server_that_was_started_by_another_is_not_stopped_again_after_the_window() -> None:
    world = larger({"start": "11:50", "duration": "11m"})
    world.cloud = Choosy()
    world.cloud.put(server(), world.cluster.stored.uid)
    until_it_is(world, Stop)
    until(world, lambda _: row_of(world).phase is Phase.STOPPED)
    world.now += 3600.0
    world.cloud.rows[ID].change(status="running")
    until(world, waits)
    assert len(sent(world, Stop)) == 1


# -- restarts and rebuilds -------------------------------------------------------------------------------
def test_a_restart_that_is_asked_for_waits_and_is_done_then() -> None:
    world = world_of({}, **within(SOON))
    world.cluster.edit(annotations={RESTART_REQUESTED_AT: "now"})
    step = to_rest(world)
    assert waits(step)
    assert isinstance(step, Hold)
    assert RESTART_REQUESTED_AT in step.message
    assert "restartRequest" not in status(world)
    until_it_is(world, Settled)
    assert status(world)["restartRequest"]["outcome"] == "Done"
    assert len(sent(world, Stop)) == len(sent(world, Start)) == 1


def test_a_restart_that_is_recorded_and_not_begun_in_its_window_is_not_lost() -> None:
    world = world_of({}, **within({"start": "11:50", "duration": "11m"}))
    world.cluster.edit(annotations={RESTART_REQUESTED_AT: "now"})
    until_it_is(world, BeginRestart)
    world.now += 3600.0
    assert waits(to_rest(world))
    assert not world.sent
    world.now += 23 * 3600.0 - 600.0
    assert isinstance(until_it_is(world, Settled), Settled)
    assert status(world)["restartRequest"]["outcome"] == "Done"


def test_a_rebuild_waits_and_is_done_then() -> None:
    world = edited(**within(SOON, allow="Rebuild"))
    assert waits(to_rest(world))
    assert not rebuilt(world)
    until_it_is(world, Settled)
    assert len(rebuilt(world)) == len(sent(world, Stop)) == 1


# -- what is no stop of ours -----------------------------------------------------------------------------
def test_an_edit_of_the_power_state_is_the_users_wish_and_does_not_wait() -> None:
    off = facts(resource=resource(spec=spec({"powerState": "Stopped"}, **within(NIGHT))))
    assert plan(off) == Stop(ID)
    on = facts(server("ready"), resource=resource(spec=spec({"powerState": "Running"}, **within(NIGHT))))
    assert plan(on) == Start(ID)


def test_a_server_that_is_off_is_changed_at_once() -> None:
    off = facts(
        server("ready"), resource=resource(spec=spec({**LARGER, "powerState": "Stopped"}, **within(NIGHT)))
    )
    assert isinstance(plan(off), Resize)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Atlantis"])
def test_the_removal_of_a_server_does_not_wait(zone: str) -> None:
    made = resource(
        spec=spec({}, **within({**NIGHT, "timeZone": zone})),
        deleting=True,
        records=records(deletion_requested_at="2026-11-23T11:00:00Z"),
    )
    assert isinstance(plan(facts(server(locked=False), resource=made)), Delete)


def test_without_leave_to_restart_that_is_what_is_said() -> None:
    step = plan(facts(resource=resource(spec=spec(LARGER, **within(NIGHT, allow="Never")))))
    assert isinstance(step, Hold)
    assert step.reason == Reason.RESTART_NEEDED


# -- the provider's --------------------------------------------------------------------------------------
def shared(*windows: dict[str, Any]) -> Provider:
    declared = tuple(Window.model_validate(window) for window in windows)
    return Provider("shared", "u-shared", 1, ("onecloud-system", "cloud"), windows=declared)


def step_with(provider: Provider, *own: dict[str, Any]) -> Step:
    disruption = {"allow": "Restart", **({"windows": list(own)} if own else {})}
    looked = Memory(born_at=0.0, looked_at=NOW - 1, looked_version=7)
    return plan(
        facts(resource=resource(spec=spec(LARGER, disruption=disruption)), provider=provider, memory=looked)
    )


def test_both_must_be_open() -> None:
    assert isinstance(step_with(shared(OPEN_NOW), OPEN_NOW), BeginRestart)
    assert isinstance(step_with(shared(OPEN_NOW)), BeginRestart)
    assert isinstance(step_with(shared(), OPEN_NOW), BeginRestart)
    for provider, own in ((shared(OPEN_NOW), (NIGHT,)), (shared(NIGHT), (OPEN_NOW,)), (shared(NIGHT), ())):
        assert waits(step_with(provider, *own))
    late = {"start": "03:00", "duration": "1h", "timeZone": "Europe/Berlin"}
    step = step_with(shared(late), NIGHT)
    assert isinstance(step, Hold)
    assert step.requeue_after == (datetime(2026, 11, 29, 2, 0, tzinfo=UTC) - WALL).total_seconds()
    assert "disruption.windows and those of the provider shared; they open next at 2026-11-29T02:00:00Z" in (
        step.message
    )


def test_the_windows_of_a_provider_alone_are_named_as_such() -> None:
    step = step_with(shared(NIGHT))
    assert isinstance(step, Hold)
    assert "which waits for the windows of the provider shared; they open next at" in step.message


def test_windows_that_never_meet_are_told_and_looked_at_again() -> None:
    step = step_with(shared({"start": "05:00", "duration": "1h"}), NIGHT)
    assert isinstance(step, Hold)
    assert waits(step)
    assert step.requeue_after is None
    assert step.look_seconds is not None
    assert "which are not open at one time within five weeks" in step.message


# -- windows that lead nowhere ---------------------------------------------------------------------------
ATLANTIS = {**NIGHT, "timeZone": "Europe/Atlantis"}


@pytest.mark.parametrize("changed", [{}, {"tags": {"a": "b"}}, LARGER])
def test_a_time_zone_that_nobody_knows_is_told_before_anything_is_done(changed: dict[str, Any]) -> None:
    world = world_of(changed, **within(NIGHT, ATLANTIS))
    step = to_rest(world)
    assert isinstance(step, Hold)
    assert step.reason == Reason.INVALID_SPEC
    assert "there is no time zone called Europe/Atlantis" in step.message
    assert not world.sent
    assert condition(world, "Stalled") == ("True", "InvalidSpec")
    world.cluster.respec(spec(changed, **within(OPEN_NOW)))
    assert isinstance(to_rest(world), Settled)


def test_the_moment_of_the_opening_is_the_same_however_often_it_is_reckoned() -> None:
    found = facts(resource=resource(spec=spec(LARGER, **within(NIGHT))))
    for seconds in (0.0, 0.3, 86_400.5):
        step = plan(replace(found, wall=WALL + timedelta(seconds=seconds)))
        assert isinstance(step, Hold)
        assert step.requeue_after is not None
        assert text_of_time(WALL + timedelta(seconds=seconds + step.requeue_after)) == NEXT_NIGHT
