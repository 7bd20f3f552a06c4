"""Instance groups change while a server is off, one at a time, and by what is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.card_records import GROUPS_LENGTH
from onecloud_operator.core.card_writes import BindGroup, GroupWrite, UnbindGroup
from onecloud_operator.core.cloud_writes import Start, Stop
from onecloud_operator.core.records import Records
from onecloud_operator.core.values import Problem
from tests.core.cloud import LOST
from tests.core.fixtures import ID, RESTART, resource, spec
from tests.core.invariants import keep
from tests.core.stops import (
    Choosy,
    adopted,
    die_after,
    row_of,
    sent,
    to_rest,
    until_it_is,
    world_of,
)
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

MISSING = "7d1f5f0c-0f4b-4c8e-9f0e-5a0d6c3b2a11"
NO_SUCH = Problem(Reason.REFERENCE_NOT_FOUND, "no such group", absent=True)
NOT_ALLOWED = Problem(Reason.FORBIDDEN, "another project's")


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


def meets(world: World, kind: type, *problems: Problem | None) -> World:
    """Have the cloud meet the next steps of *kind* with *problems*."""
    choosy = Choosy(**{kind.__name__: list(problems)})
    choosy.__dict__ |= {name: value for name, value in world.cloud.__dict__.items() if name != "met"}
    world.cloud = choosy
    return world


def lost(kind: type, *groups: str, wanted: tuple[str, ...]) -> World:
    """Return a world in which the answer to the first step of *kind* towards *wanted* is lost."""
    world = edited(meets(in_groups(*groups), kind, LOST), of(*wanted))
    until_it_is(world, kind)
    return world


@pytest.mark.parametrize("dies", [True, False])
@pytest.mark.parametrize(
    ("kind", "before", "wanted", "after"),
    [
        pytest.param(BindGroup, ["g1"], ["g1", "g2"], ["g1"], id="entered-and-taken-back"),
        pytest.param(BindGroup, ["g1"], ["g1", "g2"], ["g1", "g3"], id="entered-and-another-wanted"),
        pytest.param(UnbindGroup, ["g1", "g2"], ["g1"], ["g1", "g2"], id="left-and-taken-back"),
        pytest.param(UnbindGroup, ["g1", "g2"], ["g2"], ["g1", "g2", "g3"], id="left-and-another-wanted"),
    ],
)
def test_after_a_lost_answer_and_another_edit_it_is_in_the_groups_of_that(
    kind: type, before: list[str], wanted: list[str], after: list[str], dies: bool
) -> None:
    world = lost(kind, *before, wanted=tuple(wanted))
    if dies:
        world.die()
    assert isinstance(to_rest(edited(world, of(*after))), Settled)
    assert world.cloud.cards.groups[ID] == set(after)
    assert world.cluster.stored.status["instanceGroups"] == after
    assert row_of(world).status == "running"


def test_that_a_group_is_entered_or_left_is_on_record_before_it_is_asked_for() -> None:
    seen: list[list[str]] = []
    world = edited(in_groups("g1"), of("g2"))

    def note(world: World, facts: Facts, step: Step) -> None:
        keep(world, facts, step)
        if isinstance(step, GroupWrite):
            seen.append(world.cluster.stored.status["instanceGroups"])

    world.before = note
    to_rest(world)
    assert seen == [["g1??"], ["g2?"]]


@pytest.mark.parametrize("dies", [True, False])
def test_a_lost_request_that_comes_late_does_not_undo_the_edit_after_it(dies: bool) -> None:
    world = edited(in_groups("g1"), of("g1", "g2"))
    world.cloud.mood, world.cloud.lag = "late", 170.0
    until_it_is(world, BindGroup)
    world.cloud.mood = "well"
    if dies:
        world.die()
    assert isinstance(to_rest(edited(world, of("g1"))), Settled)
    world.cloud.advance(world.now + 200.0)
    assert world.cloud.cards.groups[ID] == {"g1"}
    assert not world.cloud.late_cards


@pytest.mark.parametrize("dies", [True, False])
@pytest.mark.parametrize("problem", [NO_SUCH, NOT_ALLOWED], ids=["no-such-group", "not-allowed"])
def test_a_group_that_was_refused_is_given_up_with_the_edit_that_takes_it_out(
    problem: Problem, dies: bool
) -> None:
    """The server is not stopped once more to leave what it surely never entered."""
    world = edited(meets(in_groups("g1"), BindGroup, *[problem] * 9), of("g1", MISSING))
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == problem.reason
    assert world.cluster.stored.status["instanceGroups"] == ["g1"]
    if dies:
        world.die()
    assert isinstance(to_rest(edited(world, of("g1"))), Settled)
    assert (len(sent(world, Stop)), sent(world, UnbindGroup)) == (1, [])
    assert row_of(world).status == "running"


def test_a_group_that_the_cloud_has_deleted_is_left_with_that() -> None:
    world = edited(meets(in_groups("g1", MISSING), UnbindGroup, NO_SUCH), of("g1"))
    assert isinstance(to_rest(world), Settled)
    assert world.cluster.stored.status["instanceGroups"] == ["g1"]


def test_that_a_name_is_not_found_proves_nothing_of_the_group_that_bore_it() -> None:
    world = edited(meets(in_groups("g1", "web"), UnbindGroup, *[NO_SUCH] * 9), of("g1"))
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "ReferenceNotFound"
    assert world.cluster.stored.status["instanceGroups"] == ["g1", "web"]
    assert row_of(world).status == "running"
    assert isinstance(to_rest(edited(world, {})), Settled)


def test_what_it_cannot_be_taken_out_of_never_outgrows_the_status() -> None:
    world = in_groups(*(f"a{n}" for n in range(8)))
    for letter in "bcd":
        meets(world, UnbindGroup, *[NOT_ALLOWED] * 90)
        assert isinstance(to_rest(edited(world, of(*(f"{letter}{n}" for n in range(8))))), Hold)
        assert len(world.cluster.stored.status["instanceGroups"]) <= GROUPS_LENGTH
    meets(world, UnbindGroup)
    assert isinstance(to_rest(edited(world, of("d0"))), Settled)
    assert world.cloud.cards.groups[ID] == {"d0"}


def test_nothing_is_marked_while_changes_are_frozen() -> None:
    world = in_groups("g1")
    world.cluster.edit(annotations={FREEZE: "true"})
    edited(world, of("g2"), powerState="Stopped")
    assert isinstance(to_rest(world), Hold)
    assert world.cluster.stored.status["instanceGroups"] == ["g1"]
