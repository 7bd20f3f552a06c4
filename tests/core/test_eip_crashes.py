"""Wherever a crash or a lost answer comes, an EIP is made once, and no EIP of others is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.eip_writes import BindEip
from tests.core.eip_invariants import keep_eips, one_eip_at_most, own_eips
from tests.core.eips import bind, free
from tests.core.fixtures import ID, spec
from tests.core.test_eips import FRONT, GIVEN, NEXT, NONE, OTHER, OWN, edit, settle, shown, world_of, writes

if TYPE_CHECKING:
    from tests.core.world import World

STORIES: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "one-of-its-own": (OWN, None),
    "one-that-exists": (GIVEN, None),
    "none-after-its-own": (OWN, NONE),
    "another-bandwidth": (OWN, {"bandwidth": 50}),
    "given-after-its-own": (OWN, GIVEN),
    "its-own-after-given": (GIVEN, OWN),
    "another-that-exists": (GIVEN, {"name": "other"}),
}
MOODS = ["well", "refused", "lost", "unsent", "late", "deaf", "down"]


def begun(before: dict[str, Any], after: dict[str, Any] | None, *, pace: float) -> World:
    """Return a world in which *before* is so, if *after* follows on it, or is asked for, if not."""
    world = world_of(before)
    world.cloud.pace = pace
    world.before = lambda here, _facts, step: keep_eips(here, step)
    if after is not None:
        play(world)
        world.cluster.respec(spec({"eip": after}))
    return world


def play(world: World, *, dies_at: int | None = None, most: int = 200) -> int:
    """Make passes until it is settled, with a crash after so many, between act and report."""
    for number in range(most):
        world.dies = number == dies_at
        step = world.turn()
        one_eip_at_most(world)
        if isinstance(step, Settled) and not world.unwritten:
            return number
        world.now += min(world.wait or 0.0, 120.0)
    raise AssertionError(world.steps[-8:])


def judge(world: World, want: dict[str, Any]) -> None:
    """See that the server has what is wanted, and nothing is left of what is not."""
    own = own_eips(world)
    assert len(own) == ("bandwidth" in want)
    bound = [one for one, eip in world.cloud.eips.items() if eip.holder == ID]
    wanted = {"bandwidth": own, "id": {FRONT}, "name": {OTHER}}
    recorded = world.cluster.stored.records.eip
    if "none" in want:
        assert recorded is None or not recorded.held  # what others bound is left
    else:
        assert set(bound) == wanted[next(iter(want))]
    assert shown(world) == (world.cloud.eips[bound[0]].address if bound else None)
    assert {FRONT, OTHER} <= set(world.cloud.eips)
    assert all(world.cloud.eips[one].bandwidth == want["bandwidth"] for one in own)


@pytest.mark.parametrize("pace", [0.0, 4.0])
@pytest.mark.parametrize(("before", "after"), STORIES.values(), ids=STORIES)
def test_wherever_a_crash_comes_it_ends_as_it_must(
    before: dict[str, Any], after: dict[str, Any] | None, pace: float
) -> None:
    passes = play(begun(before, after, pace=pace))
    for dies_at in range(passes + 1):
        world = begun(before, after, pace=pace)
        play(world, dies_at=dies_at)
        judge(world, after or before)


@pytest.mark.parametrize("form", [OWN, GIVEN], ids=["own", "given"])
@pytest.mark.parametrize("pace", [0.0, 4.0])
def test_wherever_a_crash_comes_a_binding_that_fails_is_undone_for_good(
    form: dict[str, Any], pace: float
) -> None:
    for dies_at in range(20):
        world = begun(form, None, pace=pace)
        world.cloud.classic = True
        for number in range(80):
            world.dies = number == dies_at
            world.turn()
            one_eip_at_most(world)
            world.now += min(world.wait or 0.0, 120.0)
        assert shown(world) is None
        assert world.cloud.rows[ID].server.status == "running"
        bound = [step for _, step, _ in world.sent if isinstance(step, BindEip)]
        assert len(bound) == 1, "a new process knows that it was tried"


@given(
    story=st.sampled_from(sorted(STORIES)),
    moods=st.lists(st.sampled_from(MOODS), max_size=12),
    deaths=st.sets(st.integers(0, 30), max_size=3),
    pace=st.sampled_from([0.0, 4.0]),
    hands=st.dictionaries(st.integers(0, 14), st.sampled_from(["lost", "taken", "foreign"]), max_size=2),
    deleted=st.sampled_from([None, None, "RecycleBin", "Delete", "Retain"]),
)
@settings(max_examples=150)
def test_no_fault_and_no_other_hand_makes_two_or_touches_what_is_others(  # noqa: PLR0913, PLR0917 - what may happen
    story: str,
    moods: list[str],
    deaths: set[int],
    pace: float,
    hands: dict[int, str],
    deleted: str | None,
) -> None:
    before, after = STORIES[story]
    world = begun(before, after, pace=pace)
    if deleted is not None:
        policies = {"deletionPolicy": deleted}
        world.cluster.respec(spec({"eip": after or before}, **policies))
    for number in range(300):
        mood = moods[number] if number < len(moods) else "well"
        # An unlocking that comes to nothing is taken for another's lock, which a person has to see to.
        world.cloud.mood = "well" if mood == "deaf" and deleted is not None else mood
        world.dies = number in deaths
        if number in hands:
            interfere(world, hands[number])
        if number == 10 and deleted is not None:
            world.cluster.edit(deleting=True)
        step = world.turn()
        one_eip_at_most(world)
        if world.cluster.released or (isinstance(step, Settled) and number > 40):
            break
        if number > 40 and isinstance(step, Hold):
            world.names.clear()  # what had no answer is asked again
            clear(world)
        world.now += min(world.wait or 0.0, 300.0)
    if deleted is not None:
        assert world.cluster.released, world.steps[-6:]
        world.now += 400.0
        world.cloud.advance(world.now)
        assert not own_eips(world)
    else:
        assert isinstance(step, Settled), world.steps[-6:]
        judge(world, after or before)
    assert {FRONT, OTHER} <= set(world.cloud.eips)


def interfere(world: World, how: str) -> None:
    """Do by another hand what may happen to an EIP."""
    row = world.cloud.rows.get(ID)
    if row is None:
        return
    free(world.cloud, row)
    if how == "taken":
        bind(world.cloud, FRONT, "another-server")
    elif how == "foreign" and row.server.phase.stable:
        bind(world.cloud, OTHER, ID)


def clear(world: World) -> None:
    """Give back what another hand has taken, as the message asks."""
    for one_id in (FRONT, OTHER):
        eip = world.cloud.eips[one_id]
        record = world.cluster.stored.records.eip
        if eip.holder is not None and not (record is not None and record.id == one_id):
            row = world.cloud.rows.get(eip.holder)
            if row is not None:
                free(world.cloud, row)
            eip.holder = None
    if world.cloud.eips[FRONT].holder == "another-server":
        world.cloud.eips[FRONT].holder = None


def test_an_id_that_a_former_process_used_up_is_found_so_and_the_next_one_follows() -> None:
    """What it made was deleted for an edit that was taken back: the POST that follows finds the id used."""
    world = world_of(OWN)
    while "MakeEip" not in writes(world):
        world.turn()
    world.die()
    edit(world, GIVEN)
    while "DeleteEip" not in writes(world):
        world.turn()
        world.now += world.wait or 0.0
    edit(world, OWN)
    while not isinstance(settle(world), Settled):
        assert world.wait is not None
        world.now += world.wait
        assert writes(world).count("MakeEip") < 6
    assert world.cluster.stored.status["eip"]["id"] == NEXT
