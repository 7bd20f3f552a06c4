"""A stop for a change, played to its end: whatever comes between, the server is not left off by us."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginRestart,
    Disown,
    GrowDisk,
    Hold,
    Look,
    RemoveFinalizer,
    Resize,
    Settled,
    Start,
    Stop,
)
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.records import Records
from onecloud_operator.core.references import Ambiguous, Kind, Missing, Reference, Resolved, Unknown
from onecloud_operator.core.resource import PAUSED
from onecloud_operator.core.values import Problem
from tests.core.cloud import AGAIN, LOST, Cloud
from tests.core.fixtures import ID, OWNER, PLACE, details, resource, server, spec
from tests.core.invariants import keep
from tests.core.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import CloudWrite, Step
    from onecloud_operator.core.references import Answer
    from onecloud_operator.core.resource import Resource

RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}
LARGER: dict[str, Any] = {"cpu": 4, "memory": "8Gi"}
POWERS = ["Running", "Unmanaged"]
NEXT = Reference(Kind.INSTANCE_TYPE, "next")
NO = Problem(Reason.PROVIDER_ERROR, "no such size")
MAX_PASSES = 300


class Choosy(Cloud):
    """A cloud that meets some kinds of steps with a problem, each as often as it has some for it."""

    def __init__(self, **met: list[Problem | None]) -> None:
        super().__init__(pace=4.0)
        self.met = met

    def send(self, step: CloudWrite, resource: Resource) -> Problem | None:
        met = self.met.get(type(step).__name__)
        problem = met.pop(0) if met else None
        if problem is None:
            return super().send(step, resource)
        if problem.ambiguous:
            super().send(step, resource)
        return problem


def world_of(wanted: dict[str, Any], cloud: Cloud | None = None, **policies: Any) -> World:
    """Return a world in which the base server runs, and *wanted* is asked for."""
    world = World.of(resource(spec=spec(wanted, **{**RESTART, **policies})))
    world.cloud = cloud or Cloud(pace=4.0)
    world.cloud.put(server(), world.cluster.stored.uid)
    world.before = keep
    return world


def adopted(wanted: dict[str, Any], **policies: Any) -> World:
    """Return a world whose object has adopted its server: its powerState is Unmanaged by default."""
    taken = Records(id=ID, place=PLACE, adopted_at="2026-11-23T11:00:00Z", mirror={"id": ID})
    intent = spec(wanted, adoption={"policy": "Adopt", "id": ID}, **{**RESTART, **policies})
    world = World.of(resource(spec=intent, records=taken))
    world.cloud = Cloud(pace=4.0)
    world.cloud.put(server()).change(owner=OWNER)
    world.before = keep
    return world


def turn(world: World) -> Step:
    step = world.turn()
    world.now += min(world.wait or 0.0, 60.0)
    return step


def until(world: World, ends: Callable[[Step], bool]) -> Step:
    for _ in range(MAX_PASSES):
        step = turn(world)
        if ends(step):
            return step
    msg = f"it does not come to it: {world.steps[-6:]}"
    raise AssertionError(msg)


def until_it_is(world: World, kind: type) -> Step:
    return until(world, lambda step: isinstance(step, kind))


def to_rest(world: World) -> Step:
    """Make passes until nothing more comes by itself; return the last step."""
    return until(
        world,
        lambda step: (
            world.cluster.released
            or (isinstance(step, Settled) and world.wait is None)
            or (isinstance(step, Hold) and world.wait is None)
            or (isinstance(step, Hold) and (world.wait or 0.0) > 300.0)
        ),
    )


def sent(world: World, kind: type) -> list[CloudWrite]:
    return [step for _, step, _ in world.sent if isinstance(step, kind)]


def row_of(world: World) -> Any:
    return world.cloud.rows[ID].server


def said(world: World, kind: str) -> tuple[str, str]:
    conditions = world.cluster.stored.status["conditions"]
    found = next(each for each in conditions if each["type"] == kind)
    return found["status"], found["reason"]


# -- the way ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("power", POWERS)
def test_it_is_stopped_changed_and_started_again_whatever_its_power_state(power: str) -> None:
    world = world_of({**LARGER, "powerState": power})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]
    assert (row_of(world).cpu, row_of(world).memory_mib, row_of(world).status) == (4, 8192, "running")
    assert "restart" not in world.cluster.stored.status


def test_an_adopted_server_runs_again_though_nobody_declared_its_power_state() -> None:
    world = adopted(LARGER)
    assert isinstance(to_rest(world), Settled)
    assert row_of(world).status == "running"


def test_changes_that_need_a_stop_share_one() -> None:
    world = world_of({"cpu": 1, "rootDisk": {"size": "80Gi"}})
    begun = until_it_is(world, BeginRestart)
    assert isinstance(begun, BeginRestart)
    assert begun.restart.why == "cpu, rootDisk.size"
    to_rest(world)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, GrowDisk, Start]


def test_the_record_stands_before_the_stop_is_sent() -> None:
    world = world_of(LARGER)
    until_it_is(world, BeginRestart)
    assert world.cluster.stored.status["restart"]["why"] == "cpu, memory"
    assert not world.sent
    assert isinstance(turn(world), Stop)


def test_it_says_what_it_does_once_and_is_unready_meanwhile() -> None:
    world = world_of(LARGER)
    until_it_is(world, Stop)
    assert said(world, "Ready") == ("False", "Updating")
    writes = world.cluster.writes
    until_it_is(world, Start)
    until(world, lambda _step: row_of(world).phase is Phase.MOVING)
    for kind in ("Ready", "Synced", "Reconciling"):
        found = next(c for c in world.cluster.stored.status["conditions"] if c["type"] == kind)
        assert (
            found["message"]
            == "The server is stopped for a change of cpu, memory, and started again after it."
        )
    assert world.cluster.stored.status["state"] == "Updating"
    assert world.cluster.writes - writes <= 1
    to_rest(world)
    assert (said(world, "Ready"), said(world, "Synced")) == (("True", "Available"), ("True", "UpToDate"))


@pytest.mark.parametrize("wanted", [LARGER, {"cpu": 1}, {"rootDisk": {"size": "80Gi"}}])
def test_without_leave_nothing_is_stopped(wanted: dict[str, Any]) -> None:
    world = world_of(wanted, disruption={"allow": "Never"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert (held.reason, world.sent) == ("RestartNeeded", [])
    assert "powerState" not in held.message


# -- hot-plug --------------------------------------------------------------------------------------------
def hot(wanted: dict[str, Any], cloud: Cloud | None = None, **policies: Any) -> World:
    world = world_of(wanted, cloud, **policies)
    world.cloud.hot_plug = True
    world.cloud.rows[ID].change(hot_plug=True)
    return world


@pytest.mark.parametrize("allow", ["Never", "Restart"])
def test_growth_is_live_and_needs_no_leave_where_hot_plug_is_on(allow: str) -> None:
    world = hot(LARGER, disruption={"allow": allow})
    assert isinstance(to_rest(world), Settled)
    assert world.sent[0][1] == Resize(ID, cpu=4, memory_mib=8192, live=True)
    assert len(world.sent) == 1


@pytest.mark.parametrize("wanted", [{"cpu": 1}, {"cpu": 4, "memory": "2Gi"}])
def test_what_shrinks_needs_a_stop_all_the_same(wanted: dict[str, Any]) -> None:
    world = hot(wanted)
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]


def test_hot_plug_that_a_restart_of_the_operator_does_not_know_of_is_looked_for() -> None:
    world = hot(LARGER, disruption={"allow": "Never"})
    row = world.cloud.rows[ID]
    shown = row.server
    row.server = replace(shown, details=replace(row.details, hot_plug=None))
    world.facts()
    assert isinstance(turn(world), Look)
    row.server = shown
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Stop)


def test_the_flag_is_read_once_more_before_a_server_is_stopped() -> None:
    """The metadata move no version of the server, so what was read of them may be old."""
    world = world_of(LARGER)
    turn(world)
    world.cloud.hot_plug = True
    shown = world.cloud.rows[ID]
    shown.server = replace(shown.server, details=replace(shown.details, hot_plug=True))
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Stop)


@pytest.mark.parametrize("refusal", [[AGAIN, AGAIN], [NO]])
def test_a_refusal_of_the_live_change_falls_back_to_the_stop(refusal: list[Problem | None]) -> None:
    world = hot(LARGER, Choosy(Resize=list(refusal)))
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1
    assert row_of(world).cpu == 4


def test_a_live_change_that_does_nothing_falls_back_to_the_stop() -> None:
    world = hot(LARGER)
    world.cloud.mood = "deaf"
    until_it_is(world, Resize)
    world.cloud.mood = "well"
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1


def test_without_leave_a_refused_live_change_says_what_the_cloud_said() -> None:
    world = hot(LARGER, Choosy(Resize=[NO, NO, NO]), disruption={"allow": "Never"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert "no such size" in held.message


@pytest.mark.parametrize("reason", ["QuotaExceeded", "NoCapacity", "ReferenceNotFound"])
def test_a_refusal_that_a_stop_would_not_lift_costs_no_stop(reason: Reason) -> None:
    world = hot(LARGER, Choosy(Resize=[Problem(reason, "no")] * 50))
    for _ in range(40):
        turn(world)
    assert not sent(world, Stop)
    assert said(world, "Ready")[0] == "True"


def typed(answer: Answer | None, **policies: Any) -> World:
    """Return a world whose server, with hot-plug on, is to get another instance type, which is *answer*."""
    world = hot({"cpu": None, "memory": None, "instanceType": "next"}, **policies)
    world.cloud.rows[ID].change(instance_type="last")
    if answer is not None:
        world.cloud.named[NEXT] = answer
    return world


@pytest.mark.parametrize("sizes", [(4, 8192), (2, 8192), (2, 4096)])
def test_a_type_that_is_known_not_to_be_smaller_is_changed_live(sizes: tuple[int, int]) -> None:
    world = typed(Resolved("type-1", *sizes), disruption={"allow": "Never"})
    assert isinstance(to_rest(world), Settled)
    assert [step for _, step, _ in world.sent] == [Resize(ID, instance_type="next", live=True)]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Resolved("type-1", 1, 8192), id="fewer-cpus"),
        pytest.param(Resolved("type-1", 4, 2048), id="less-memory"),
        pytest.param(Resolved("type-1"), id="sizes-not-told"),
        pytest.param(Ambiguous(), id="more-than-one"),
        pytest.param(Unknown("no right to read it"), id="not-known"),
    ],
)
def test_a_type_that_is_smaller_or_not_known_needs_a_stop(answer: Answer) -> None:
    world = typed(answer)
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]


def test_for_a_type_that_there_is_not_nothing_is_stopped() -> None:
    world = typed(Missing())
    until(world, lambda step: isinstance(step, Hold) and step.reason == "ReferenceNotFound")
    for _ in range(20):
        turn(world)
    assert not world.sent
    assert said(world, "Ready")[0] == "True"


# -- what goes wrong -------------------------------------------------------------------------------------
@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("refusal", [[NO], [AGAIN] * 9, [LOST] * 2, [LOST] * 9])
def test_a_refused_change_leaves_it_running_and_is_not_repeated_by_itself(
    power: str, refusal: list[Problem | None]
) -> None:
    world = world_of({**LARGER, "powerState": power}, Choosy(Resize=[*refusal]))
    to_rest(world)
    assert row_of(world).status == "running"
    assert len(sent(world, Stop)) == 1
    assert "restart" not in world.cluster.stored.status
    assert said(world, "Ready")[0] == "True", "it runs, whatever it should be besides"
    stops = len(sent(world, Stop))
    for _ in range(5):
        world.now += 3600.0
        turn(world)
    assert len(sent(world, Stop)) == stops


def test_a_process_that_comes_later_does_not_stop_it_for_what_was_refused() -> None:
    world = world_of({**LARGER, "powerState": "Unmanaged"}, Choosy(Resize=[NO] * 9))
    until_it_is(world, Start)
    world.die()
    to_rest(world)
    assert row_of(world).status == "running"
    assert len(sent(world, Stop)) == 1


def test_a_lost_answer_to_the_change_is_waited_for_with_the_server_off() -> None:
    """To start it at once, and to stop it again, would be one outage more."""
    world = world_of(LARGER, Choosy(Resize=[replace(LOST, ambiguous=False, again=True), None]))
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Resize, Start]


@pytest.mark.parametrize("power", POWERS)
def test_a_start_that_is_refused_is_tried_until_it_runs(power: str) -> None:
    world = world_of({**LARGER, "powerState": power}, Choosy(Start=[NO] * 4))
    until_it_is(world, Start)
    until(world, lambda step: isinstance(step, Hold))
    assert said(world, "Ready") == ("False", "WrongPowerState")
    assert said(world, "Synced") == ("False", "ProviderError")
    to_rest(world)
    assert row_of(world).status == "running"
    assert len(sent(world, Start)) == 5


def test_a_stop_that_is_refused_leaves_it_ready_and_no_record() -> None:
    world = world_of(LARGER, Choosy(Stop=[NO] * 3))
    until(world, lambda _step: bool(sent(world, Stop)))
    assert said(world, "Synced") == ("False", "ProviderError")
    assert said(world, "Ready")[0] == "True"
    world.now -= world.wait or 0.0
    assert isinstance(turn(world), Hold)
    assert "restart" not in world.cluster.stored.status
    assert isinstance(to_rest(world), Settled)


@pytest.mark.parametrize("late", [True, False])
def test_a_stop_whose_answer_is_lost_is_undone_though_nothing_is_wanted_any_more(late: bool) -> None:
    """The spec is edited back while the stop may still come true: it is awaited, and undone."""
    world = world_of({**LARGER, "powerState": "Unmanaged"})
    world.cloud.mood = "unsent"
    until_it_is(world, Stop)
    world.cloud.mood = "well"
    world.cluster.respec(spec({"powerState": "Unmanaged"}, **RESTART))
    for _ in range(3):
        turn(world)
    assert "restart" in world.cluster.stored.status
    if late:
        world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
    assert len(sent(world, Start)) == late


@pytest.mark.parametrize("late", [True, False])
def test_a_stop_that_is_accepted_and_comes_late_is_undone(late: bool) -> None:
    """A host whose agent is away does what it was told when that is back; until then the server runs."""
    world = adopted(LARGER)
    world.cloud.mood = "deaf"
    until(world, lambda step: isinstance(step, Hold) and step.reason == "OperationFailed")
    assert len(sent(world, Stop)) == 2
    assert "restart" in world.cluster.stored.status
    world.cloud.mood = "well"
    world.cluster.respec(spec({}, adoption={"policy": "Adopt", "id": ID}, **RESTART))
    if late:
        world.cloud.rows[ID].change(status="ready")
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
    assert len(sent(world, Start)) == late


@pytest.mark.parametrize("status", ["stop_fail", "change_flavor_fail", "start_fail"])
@pytest.mark.parametrize("mode", ["Correct", "Report"])
def test_a_failed_operation_in_the_middle_ends_with_it_running(status: str, mode: str) -> None:
    world = world_of({**LARGER, "powerState": "Unmanaged"})
    until_it_is(world, Stop)
    row = world.cloud.rows[ID]
    row.task = []
    row.change(status=status)
    row.on = False
    world.cluster.respec(spec({**LARGER, "powerState": "Unmanaged"}, drift={"mode": mode}, **RESTART))
    to_rest(world)
    assert row_of(world).status == "running"


# -- what users do in the middle -------------------------------------------------------------------------
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
    assert said(world, "Ready") == ("True", "Available")


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


# -- crashes ---------------------------------------------------------------------------------------------
def after_each_step(world: World, number: int, *, in_the_middle: bool) -> None:
    """Let the process die at pass *number*, before its report is written or between two passes."""
    for index in range(MAX_PASSES):
        if index == number:
            if in_the_middle:
                world.dies = True
            else:
                world.die()
        step = turn(world)
        if index > number and isinstance(step, Settled) and not world.wait:
            return


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("number", range(28))
def test_a_crash_at_any_point_is_a_repeat(number: int, power: str, in_the_middle: bool) -> None:
    world = world_of({**LARGER, "powerState": power})
    after_each_step(world, number, in_the_middle=in_the_middle)
    assert (row_of(world).cpu, row_of(world).status) == (4, "running")
    assert len(sent(world, Stop)) == 1, "one restart, whatever dies in it"
    assert "restart" not in world.cluster.stored.status


@pytest.mark.parametrize("number", range(28))
@pytest.mark.parametrize("edit", [{"powerState": "Unmanaged"}, {**LARGER, "powerState": "Unmanaged"}])
def test_a_crash_and_an_edit_at_any_point_leave_it_running(number: int, edit: dict[str, Any]) -> None:
    world = world_of({**LARGER, "powerState": "Unmanaged"}, Choosy(Resize=[NO]))
    for _ in range(number):
        turn(world)
    world.cluster.respec(spec(edit, **RESTART))
    world.die()
    to_rest(world)
    assert row_of(world).status == "running"
    assert "restart" not in world.cluster.stored.status
