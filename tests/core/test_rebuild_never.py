"""What never rebuilds a root disk: whatever is no edit of the image's text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.image_record import image_in
from onecloud_operator.core.records import believed, records_of
from onecloud_operator.core.references import Kind, Reference, Resolved
from tests.core import stops
from tests.core.fixtures import ID, UID, spec
from tests.core.rebuilds import DEBIAN, EDITED, REBUILD, edit, made, rebuilt, record, root_image
from tests.core.stops import to_rest, turn

if TYPE_CHECKING:
    from tests.core.world import World

UBUNTU = Reference(Kind.IMAGE, "ubuntu-22.04")
ADOPTION: dict[str, Any] = {"adoption": {"policy": "Adopt", "id": ID}}


def drift(world: World) -> dict[str, tuple[str, str]]:
    rows = world.cluster.stored.status.get("drift", ())
    return {row["field"]: (row["desired"], row["actual"]) for row in rows}


def another_hand_rebuilds(world: World, image_id: str) -> None:
    row = world.cloud.rows[ID]
    row.change(disks=tuple(replace(disk, image_id=image_id) for disk in row.details.disks))


def lose(world: World, field: str) -> None:
    status = {key: value for key, value in world.cluster.stored.status.items() if key != field}
    world.cluster.edit(status=status, records=records_of(status))


def rests(world: World) -> None:
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    for _ in range(5):
        turn(world)
    assert not world.sent


def test_what_the_name_stands_for_by_now_is_drift_where_it_is_known() -> None:
    world = made()
    world.cloud.named[UBUNTU] = Resolved("image-5")
    world.names.clear()
    rests(world)
    assert drift(world) == {}, "nobody has asked"
    world.names[UBUNTU] = Resolved("image-5")  # another object of the project did
    rests(world)
    assert drift(world) == {"image": ("ubuntu-22.04 (image-5)", "image-0")}
    world.names.clear()
    rests(world)
    assert "image" in drift(world), "what is not known to be over stays"
    world.names[UBUNTU] = Resolved("image-0")
    rests(world)
    assert drift(world) == {}


def test_another_image_in_the_cloud_is_drift() -> None:
    world = made()
    another_hand_rebuilds(world, "image-7")
    rests(world)
    assert drift(world) == {"image": ("image-0", "image-7")}
    assert record(world) == {"text": "ubuntu-22.04", "id": "image-0"}


def test_a_lost_record_is_made_again_of_todays_spec() -> None:
    world = made()
    lose(world, "image")
    rests(world)
    assert record(world) == {"text": "ubuntu-22.04", "id": "image-0"}


def test_a_record_that_is_lost_with_an_edit_is_drift() -> None:
    world = made()
    creation = world.cluster.stored.records.creation
    assert creation is not None
    assert creation.sent is not None
    lose(world, "image")
    edit(world, EDITED)
    rests(world)
    assert record(world) == {"text": "debian-12"}
    assert drift(world) == {"image": ("debian-12 (image-9)", "image-0 (made before this edit)")}
    assert root_image(world) == "image-0"


def test_what_others_wrote_of_the_image_is_no_record() -> None:
    """Whoever may write the status must not be able to have a root disk rebuilt."""
    world = made()
    known = believed(world.cluster.stored.records, UID, deleting=False, shared={"image"})
    world.cluster.edit(records=known)
    edit(world, EDITED)
    rests(world)
    assert record(world) == {"text": "debian-12"}


@pytest.mark.parametrize("garbage", ["x", [], {"text": 3}, {"id": "image-0"}, {"text": "x" * 300}])
def test_what_is_no_record_counts_as_absent(garbage: object) -> None:
    assert image_in(garbage) is None


@pytest.mark.parametrize(
    "rebuild",
    ["x", {"text": "a"}, {"text": "a", "id": "b", "since": "c", "updateVersion": True}, {"updateVersion": 1}],
)
def test_a_record_that_is_not_of_its_form_counts_as_absent(rebuild: object) -> None:
    found = image_in({"text": "a", "id": "b", "rebuild": rebuild})
    assert found is not None
    assert found.rebuild is None


# -- adopted servers -------------------------------------------------------------------------------------
def adopted(wanted: dict[str, Any]) -> World:
    world = stops.adopted(wanted, **REBUILD)
    world.cloud.named[DEBIAN] = Resolved("image-9")
    return world


def respec(world: World, wanted: dict[str, Any]) -> None:
    world.cluster.respec(spec(wanted, **REBUILD, **ADOPTION))


def test_the_first_image_that_is_declared_for_an_adopted_server_is_held() -> None:
    world = adopted(EDITED)
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "ImmutableField"
    assert "never rebuilds" in held.message
    assert not world.sent
    assert record(world) == {"text": "debian-12"}


def test_an_edit_to_the_image_that_it_has_leaves_the_hold() -> None:
    world = adopted(EDITED)
    to_rest(world)
    respec(world, {})
    rests(world)
    assert record(world) == {"text": "ubuntu-22.04", "id": "image-0"}


def test_an_edit_to_another_image_leaves_the_hold_and_rebuilds() -> None:
    world = adopted(EDITED)
    to_rest(world)
    world.cloud.named[Reference(Kind.IMAGE, "debian-13")] = Resolved("image-13")
    respec(world, {"image": "debian-13"})
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-13"]


def test_an_image_that_an_adopted_server_gets_declared_later_is_held_too() -> None:
    world = adopted({"image": None})
    rests(world)
    assert record(world) is None
    respec(world, EDITED)
    assert isinstance(to_rest(world), Hold)
    assert not world.sent


def test_an_adopted_server_of_the_image_that_is_declared_is_rebuilt_only_by_an_edit() -> None:
    world = adopted({})
    rests(world)
    world.names[UBUNTU] = world.cloud.named[UBUNTU] = Resolved("image-5")
    rests(world)
    assert drift(world) == {"image": ("ubuntu-22.04 (image-5)", "image-0")}
    respec(world, EDITED)
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]
