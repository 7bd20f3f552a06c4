"""A process that dies anywhere in a change of the login, and answers that are lost, late or doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import RecordLogin, Settled
from onecloud_operator.core.cloud_writes import Stop, SyncStatus
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, LoginWrite, SetPassword
from tests.core.fixtures import ID
from tests.core.invariants import keep
from tests.core.stops import die_after, row_of, sent, to_rest, turn, until
from tests.core.test_login import NEW, ROTATES, edit, logged_in, login_of, outside, password_from

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from tests.core.world import World

BOTH: dict[str, Any] = {**password_from("other"), "keypair": "k2", "cpu": 8}
PASSES = range(40)


def treat_key_pairs(world: World, mood: str) -> None:
    """Have the cloud be of *mood* to each key pair that is to be written, and well otherwise."""
    before = world.before

    def treat(world: World, facts: Facts, step: Step) -> None:
        before(world, facts, step)
        world.cloud.mood = mood if isinstance(step, DeployKeypair) else "well"

    world.before = treat


@pytest.mark.parametrize("agent", [True, False])
@pytest.mark.parametrize("acting", [True, False])
@pytest.mark.parametrize("number", PASSES)
def test_wherever_the_process_dies_the_login_is_what_the_spec_says(
    number: int, *, acting: bool, agent: bool
) -> None:
    world = logged_in(BOTH, agent=agent)
    die_after(world, number, in_the_middle=acting)
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)
    assert row_of(world).status == "running"
    assert (login_of(world).pending, login_of(world).pending_keypair_id) == (None, None)


@pytest.mark.parametrize("wanted", [password_from("other"), {"keypair": "k2"}])
@pytest.mark.parametrize("agent", [True, False])
def test_nothing_is_sent_that_is_not_on_record(wanted: dict[str, Any], *, agent: bool) -> None:
    world = logged_in(wanted, agent=agent)
    world.cluster.mood = "unsent"
    for _ in range(10):
        turn(world)
    assert not any(isinstance(step, LoginWrite) for _, step, _ in world.sent)
    world.cluster.mood = "well"
    assert isinstance(to_rest(world), Settled)
    first = next(i for i, step in enumerate(world.steps) if isinstance(step, LoginWrite))
    assert any(isinstance(step, RecordLogin) for step in world.steps[:first])


@pytest.mark.parametrize("mood", ["lost", "unsent", "late"])
@pytest.mark.parametrize("kind", [SetPassword, DeployPassword, DeployKeypair])
def test_an_answer_that_is_lost_is_asked_for_once_more_with_the_same(mood: str, kind: type) -> None:
    wanted = {"keypair": "k2"} if kind is DeployKeypair else password_from("other")
    world = logged_in(wanted, agent=kind is SetPassword)
    before = world.before

    def lose(world: Any, facts: Any, step: Any) -> None:
        before(world, facts, step)
        world.cloud.mood = mood if isinstance(step, kind) and not sent(world, kind) else "well"

    world.before = lose
    assert isinstance(to_rest(world), Settled)
    assert len(set(sent(world, kind))) in {1, 2}
    assert not outside(world)
    assert len(sent(world, Stop)) <= 1


@pytest.mark.parametrize("dies", [True, False])
@pytest.mark.parametrize("lag", [5.0, 60.0, 170.0])
def test_a_password_that_comes_late_does_not_win_over_a_newer_one(lag: float, *, dies: bool) -> None:
    world = logged_in(ROTATES, agent=True)
    to_rest(world)
    world.cloud.logins.rotate()
    world.cloud.mood, world.cloud.lag = "late", lag
    until(world, lambda step: isinstance(step, SetPassword))
    world.cloud.mood = "well"
    world.cloud.logins.rotate()
    if dies:
        world.die()
    assert isinstance(to_rest(world), Settled)
    for _ in range(5):
        world.now += 100.0
        turn(world)
    newest = world.cloud.rows[ID].inside_password
    assert newest == world.cloud.logins.wanted(world.cluster.stored)


def test_a_secret_that_changes_while_its_password_is_set_is_set_once_more() -> None:
    world = logged_in(ROTATES, agent=True)
    to_rest(world)
    world.cloud.logins.rotate()
    until(world, lambda step: isinstance(step, SetPassword))
    world.cloud.logins.rotate()
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)


def test_what_was_refused_outright_and_is_not_wanted_any_more_costs_no_restart() -> None:
    world = logged_in({"keypair": "k2"})
    treat_key_pairs(world, "refused")
    until(world, lambda step: isinstance(step, DeployKeypair))
    to_rest(world)
    edit(world, {"keypair": "k1"})
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1
    assert not outside(world)


def test_what_an_earlier_process_sent_does_not_win_over_what_follows_on_its_repetition() -> None:
    world = logged_in(ROTATES, agent=True)
    to_rest(world)
    world.cloud.logins.rotate()
    world.cloud.mood, world.cloud.lag = "late", 170.0
    until(world, lambda step: isinstance(step, SetPassword))
    world.cloud.mood = "well"
    world.die()
    assert isinstance(to_rest(world), Settled), "the same is repeated at once"
    world.cloud.logins.rotate()
    to_rest(world)
    for _ in range(5):
        world.now += 100.0
        turn(world)
    assert world.cloud.rows[ID].inside_password == world.cloud.logins.wanted(world.cluster.stored)


@pytest.mark.parametrize("answer", ["well", "lost"])
@pytest.mark.parametrize("wanted", [password_from("other"), {"keypair": "k2"}])
def test_a_deploy_that_hung_is_done_again(wanted: dict[str, Any], answer: str) -> None:
    """The cloud was asked to look at the server, which rests then; that proves nothing of its disk."""
    world = logged_in(wanted)
    until(world, lambda step: isinstance(step, DeployPassword | DeployKeypair))
    world.cloud.rows[ID].hang()
    before = world.before

    def lose(world: Any, facts: Any, step: Any) -> None:
        before(world, facts, step)
        world.cloud.mood = answer if isinstance(step, SyncStatus) else "well"

    world.before = lose
    until(world, lambda step: isinstance(step, Settled))
    assert sent(world, SyncStatus)
    assert not outside(world)
    assert len(sent(world, Stop)) == 1


@pytest.mark.parametrize("dies", [True, False])
def test_an_edit_back_while_a_key_pair_is_written_is_carried_out_too(*, dies: bool) -> None:
    """The pair that was sent is not called by the name that the spec has by then."""
    world = logged_in({"keypair": "k2"})
    until(world, lambda step: isinstance(step, DeployKeypair))
    edit(world, {"keypair": "k1"})
    if dies:
        world.die()
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.rows[ID].inside_pair == "k1"
    assert (login_of(world).keypair, login_of(world).keypair_id) == ("k1", "k1")


A, B = password_from("other"), password_from("third")


def meets(world: World, kind: type, *answers: str) -> None:
    """Have the cloud be in each of these moods for one step of *kind*, one after the other."""
    left = list(answers)

    def answer(world: World, facts: Facts, step: Step) -> None:
        keep(world, facts, step)
        world.cloud.mood = left.pop(0) if isinstance(step, kind) and left else "well"

    world.before = answer


def slowly(world: World) -> None:
    """Look every half second, until all is done."""
    for _ in range(2000):
        if isinstance(world.turn(), Settled) and world.wait is None:
            return
    raise AssertionError(world.steps[-6:])


@pytest.mark.parametrize("dies", [True, False])
def test_a_refusal_of_the_next_one_does_not_hide_that_a_lost_one_may_be_inside(*, dies: bool) -> None:
    world = logged_in(password_from(), agent=True)
    assert isinstance(to_rest(world), Settled)
    meets(world, SetPassword, "lost")
    edit(world, A)
    until(world, lambda step: isinstance(step, SetPassword))
    edit(world, B)
    meets(world, SetPassword, "refused")
    until(world, lambda step: isinstance(step, SetPassword) and step.secret != NEW)
    if dies:
        world.die()
    edit(world, password_from())
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)


def test_a_lost_key_pair_does_not_hide_that_a_password_was_lost_before_it() -> None:
    world = logged_in({"keypair": "k1", **password_from()}, agent=True)
    assert isinstance(to_rest(world), Settled)
    world.cloud.lag = 170.0
    meets(world, SetPassword, "late")
    edit(world, {"keypair": "k2", **A})
    until(world, lambda step: isinstance(step, SetPassword))
    meets(world, DeployKeypair, "lost")
    edit(world, {"keypair": "k2", **B})
    slowly(world)
    for seconds in (400.0, 500.0):
        world.cloud.advance(world.now + seconds)
    assert not outside(world)


def test_a_key_pair_of_this_process_does_not_vouch_for_a_password_of_the_one_before() -> None:
    """What another process may have sent is waited for, whatever this one has put on record besides."""
    world = logged_in({"keypair": "k1", **password_from()}, agent=True)
    assert isinstance(to_rest(world), Settled)
    world.cloud.lag = 170.0
    meets(world, SetPassword, "late")
    edit(world, {"keypair": "k1", **A})
    until(world, lambda step: isinstance(step, SetPassword))
    world.die()
    edit(world, {"keypair": "k2", **B})
    slowly(world)
    for seconds in (400.0, 500.0):
        world.cloud.advance(world.now + seconds)
    assert not outside(world)


def test_a_key_pair_that_the_cloud_does_not_show_is_not_taken_for_written() -> None:
    """It did nothing, another hand changed the server, and the record then went to and fro for ever."""
    world = logged_in({"keypair": "k2"})
    before = world.before
    treat_key_pairs(world, "deaf")
    until(world, lambda step: isinstance(step, DeployKeypair))
    world.before, world.cloud.mood = before, "well"
    world.cloud.rows[ID].change(locked=False)
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)
    assert len([step for step in world.steps if isinstance(step, RecordLogin)]) <= 3
