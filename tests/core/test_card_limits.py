"""A bandwidth, which the cloud does not show, is in the end that of the spec, whatever got lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.core.actions import Hold, RecordCards, Settled
from onecloud_operator.core.card_records import cards_in
from onecloud_operator.core.card_writes import AttachCard, LimitCard
from tests.core.fixtures import ID
from tests.core.stops import die_after, row_of, sent, to_rest, until, until_it_is
from tests.core.test_cards import BOTH, NEVER, ONE, OWN, TWO, edited, settled_with

if TYPE_CHECKING:
    from tests.core.world import World

MOODS = pytest.mark.parametrize("mood", ["lost", "late", "unsent"])
DIES = pytest.mark.parametrize("dies", [True, False])


def limited_to(world: World, bandwidth: int | None) -> World:
    entry = ONE if bandwidth is None else {**ONE, "bandwidth": bandwidth}
    return edited(world, {"networks": [entry]}, **NEVER)


def on_record(world: World) -> tuple[int | None, int | None]:
    (card,) = cards_in(world.cluster.stored.status["cards"])
    return card.bandwidth, card.limiting


def at_rest(world: World, bandwidth: int) -> World:
    """See that the card is limited so, and that nothing is doubted, or comes late."""
    assert isinstance(to_rest(world), Settled)
    world.cloud.advance(world.now + 200.0)
    assert world.cloud.cards.limits[OWN] == bandwidth
    assert on_record(world) == (bandwidth, None)
    return world


def test_it_is_on_record_before_it_is_asked_for() -> None:
    world = limited_to(settled_with(), 300)
    until_it_is(world, RecordCards)
    assert (on_record(world), world.sent) == ((None, 300), [])
    at_rest(world, 300)


@MOODS
@DIES
@pytest.mark.parametrize("after", [100, 500])
def test_after_a_lost_answer_and_another_edit_it_is_that_of_the_spec(
    mood: str, dies: bool, after: int
) -> None:
    world = limited_to(at_rest(limited_to(settled_with(), 100), 100), 300)
    world.cloud.mood, world.cloud.lag = mood, 170.0
    until_it_is(world, LimitCard)
    world.cloud.mood = "well"
    if dies:
        world.die()
    at_rest(limited_to(world, after), after)


@DIES
def test_one_that_is_taken_out_and_declared_again_is_sent_again(dies: bool) -> None:
    world = limited_to(at_rest(limited_to(settled_with(), 100), 100), 300)
    world.cloud.mood = "lost"
    until_it_is(world, LimitCard)
    world.cloud.mood = "well"
    assert isinstance(to_rest(limited_to(world, None)), Settled)
    if dies:
        world.die()
    at_rest(limited_to(world, 100), 100)


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("in_the_middle", [True, False])
def test_a_crash_at_any_point_loses_no_edit(number: int, in_the_middle: bool) -> None:
    world = limited_to(at_rest(limited_to(settled_with(), 100), 100), 300)
    die_after(world, number, in_the_middle=in_the_middle)
    at_rest(limited_to(world, 100), 100)


def test_nothing_is_marked_while_changes_are_frozen() -> None:
    world = at_rest(limited_to(settled_with(), 100), 100)
    world.cluster.edit(annotations={FREEZE: "true"})
    assert isinstance(to_rest(limited_to(world, 300)), Hold)
    assert on_record(world) == (100, None)


def test_a_card_is_attached_with_what_is_on_record_of_it() -> None:
    """An edit between the record and the request is on record, too, or it would count as done later."""
    world = edited(settled_with(), {"networks": [ONE, {**TWO, "bandwidth": 100}]}, **NEVER)
    until(world, lambda step: isinstance(step, RecordCards))
    edited(world, BOTH, **NEVER)
    assert isinstance(to_rest(world), Settled)
    (attached,) = sent(world, AttachCard)
    assert isinstance(attached, AttachCard)
    assert attached.bandwidth is None
    edited(world, {"networks": [ONE, {**TWO, "bandwidth": 100}]}, **NEVER)
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.cards.limits[str(row_of(world).details.nics[1].mac)] == 100


def test_a_limit_that_is_refused_is_sent_once_more_when_it_is_taken_back() -> None:
    world = limited_to(at_rest(limited_to(settled_with(), 100), 100), 300)
    world.cloud.mood = "refused"
    until_it_is(world, LimitCard)
    world.cloud.mood = "well"
    at_rest(limited_to(world, 100), 100)
    assert sent(world, LimitCard) == [LimitCard(ID, OWN, limit) for limit in (100, 300, 100)]
