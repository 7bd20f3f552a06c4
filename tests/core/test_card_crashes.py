"""A card is attached once, wherever a crash comes, and whatever becomes of the request or its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.core.actions import Hold, RecordCards, Settled
from onecloud_operator.core.card_writes import AttachCard, DetachCard
from onecloud_operator.core.cloud_writes import Stop
from onecloud_operator.core.observed import Nic
from onecloud_operator.core.references import Resolved
from tests.core.cards import Cards
from tests.core.fixtures import BACKUP, ID, RESTART, spec
from tests.core.stops import die_after, row_of, sent, to_rest, turn, until, until_it_is, world_of

if TYPE_CHECKING:
    from tests.core.world import World

ONE, TWO = {"network": "vnet-1"}, {"network": "vnet-backup"}
BOTH: dict[str, Any] = {"networks": [ONE, TWO]}


def asking(wanted: dict[str, Any] | None = None) -> World:
    """Return a world at rest in which *wanted*, by default a second card, is asked for just now."""
    world = world_of({})
    world.cloud.named[BACKUP] = Resolved("net-2")
    assert isinstance(to_rest(world), Settled)
    world.cluster.respec(spec(wanted or BOTH, **RESTART))
    return world


def new_cards(world: World) -> list[Nic]:
    return [nic for nic in row_of(world).details.nics if nic.network_id == "net-2"]


def asked(world: World, when: str) -> None:
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: when})


def test_the_record_stands_before_the_request_with_the_cards_that_are_there() -> None:
    world = asking()
    until_it_is(world, RecordCards)
    (card,) = [each for each in world.cluster.stored.status["cards"] if "attaching" in each]
    assert (card["network"], card["attaching"]["before"]) == ("vnet-backup", ["00:22:00:00:00:01"])
    assert not world.sent
    assert isinstance(turn(world), AttachCard)


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(12))
def test_a_crash_at_any_point_makes_no_second_card(number: int, in_the_middle: bool) -> None:
    world = asking()
    die_after(world, number, in_the_middle=in_the_middle)
    last = to_rest(world)
    assert len(sent(world, AttachCard)) <= 1
    assert len(new_cards(world)) <= 1
    if not new_cards(world):  # nobody knows that nothing was sent, so it is held
        assert isinstance(last, Hold)
        assert last.reason == "OperationFailed"
        asked(world, "now")
        last = to_rest(world)
    assert isinstance(last, Settled)
    assert len(new_cards(world)) == 1


@pytest.mark.parametrize("crash", [True, False])
def test_a_card_of_which_no_answer_came_is_found(crash: bool) -> None:
    world = asking()
    world.cloud.mood = "lost"
    until_it_is(world, AttachCard)
    world.cloud.mood = "well"
    if crash:
        world.die()
    assert isinstance(to_rest(world), Settled)
    assert (len(sent(world, AttachCard)), len(new_cards(world))) == (1, 1)


def test_what_was_not_heard_of_is_looked_for_and_then_held_until_a_person_asks() -> None:
    world = asking()
    world.cloud.mood = "unsent"
    until_it_is(world, AttachCard)
    world.cloud.mood = "well"
    ((sent_at, _, _),) = world.sent
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    assert RECONCILE_REQUESTED_AT in held.message
    assert world.now - sent_at >= 180.0
    assert len(sent(world, AttachCard)) == 1
    world.die()
    to_rest(world)
    assert len(sent(world, AttachCard)) == 1
    asked(world, "now")
    assert isinstance(to_rest(world), Settled)
    assert (len(sent(world, AttachCard)), len(new_cards(world))) == (2, 1)


def test_a_card_that_comes_late_is_the_one_that_was_asked_for() -> None:
    world = asking()
    world.cloud.mood = "unsent"
    until_it_is(world, AttachCard)
    world.cloud.mood = "well"
    until(world, lambda step: isinstance(step, Hold))
    row, cards = world.cloud.rows[ID], world.cloud.cards
    cards.show(row, (*row.details.nics, cards.new("net-2")))
    assert isinstance(to_rest(world), Settled)
    assert (len(sent(world, AttachCard)), len(new_cards(world))) == (1, 1)


def test_two_cards_that_fit_are_held_and_none_is_taken() -> None:
    world = asking()
    world.cloud.mood = "lost"
    until_it_is(world, AttachCard)
    world.cloud.mood = "well"
    row, cards = world.cloud.rows[ID], world.cloud.cards
    cards.show(row, (*row.details.nics, cards.new("net-2")))
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert "2 new cards fit" in held.message
    cards.show(row, row.details.nics[:2])
    asked(world, "now")
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, AttachCard)) == 1


def test_what_the_cloud_refused_is_asked_for_again_and_with_another_address_once_it_is_edited() -> None:
    world = asking({"networks": [ONE, {**TWO, "address": "10.9.0.7"}]})
    world.cloud.mood = "refused"
    until_it_is(world, AttachCard)
    world.cloud.mood = "well"
    world.cluster.respec(spec({"networks": [ONE, {**TWO, "address": "10.9.0.8"}]}, **RESTART))
    assert isinstance(to_rest(world), Settled)
    assert [nic.address for nic in new_cards(world)] == ["10.9.0.8"]


@pytest.mark.parametrize("mood", ["unsent", "refused", "lost"])
def test_an_entry_that_leaves_while_its_card_is_asked_for_leaves_nothing_behind(mood: str) -> None:
    world = asking()
    world.cloud.mood = mood
    until_it_is(world, AttachCard)
    world.cloud.mood = "well"
    world.cluster.respec(spec({"networks": [ONE]}, **RESTART))
    assert isinstance(to_rest(world), Settled)
    assert new_cards(world) == []
    assert [card["network"] for card in world.cluster.stored.status["cards"]] == ["vnet-1"]


@pytest.mark.parametrize("in_the_middle", [True, False])
@pytest.mark.parametrize("number", range(22))
def test_a_crash_at_any_point_of_a_detachment_is_a_repeat(number: int, in_the_middle: bool) -> None:
    world = asking()
    assert isinstance(to_rest(world), Settled)
    world.cluster.respec(spec({"networks": [TWO]}, **RESTART))
    die_after(world, number, in_the_middle=in_the_middle)
    assert isinstance(to_rest(world), Settled)
    assert [(nic.network_id, nic.default) for nic in row_of(world).details.nics] == [("net-2", True)]
    assert len(sent(world, Stop)) <= 1
    assert row_of(world).status == "running"
    assert sent(world, DetachCard)


def test_the_model_s_cloud_gives_each_card_an_address_of_its_own() -> None:
    cards = Cards()
    assert len({cards.new("net-1").mac for _ in range(600)}) == 600
