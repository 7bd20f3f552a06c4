"""Disks on a server: which index they get, and what becomes of those that are taken off."""

from typing import Any

import pytest

from tests.cloud.fixtures import Scene

DISKS = [{"size": 10_240, "image_id": "ubuntu-22.04"}, {"size": 1024}, {"size": 2048, "auto_delete": False}]
SERVER = {"auto_start": True, "disks": DISKS}


def _indexes(scene: Scene, ident: str) -> dict[int, int]:
    """Return the sizes of the disks by index."""
    return {disk.index: disk.size_mib for disk in scene.cloud.guest(ident).disks}


def _disk(scene: Scene, ident: str, index: int) -> str:
    return next(disk.id for disk in scene.cloud.guest(ident).disks if disk.index == index)


async def _do(scene: Scene, ident: str, action: str, body: Any) -> list[str]:
    """Run an action and return the statuses that it went through."""
    seen = len(scene.cloud.statuses(ident))
    reply = await scene.act(ident, action, body)
    assert reply.status_code == 200, reply.text
    scene.time.run()
    return scene.cloud.statuses(ident)[seen:]


async def test_a_gap_between_indexes_stays_until_the_next_disk_fills_it(scene: Scene, ident: str) -> None:
    taken = _disk(scene, ident, 1)
    walk = await _do(scene, ident, "detachdisk", {"disk_id": taken, "keep_disk": True})
    assert walk == ["detach_disk", "sync_status", "running"]
    assert _indexes(scene, ident) == {0: 10_240, 2: 2048}
    walk = await _do(scene, ident, "createdisk", {"disks": [{"size": 3072, "index": 4, "name": "mine"}]})
    assert walk == ["sync_config", "sync_status", "running"]
    assert _indexes(scene, ident) == {0: 10_240, 1: 3072, 2: 2048}
    walk = await _do(scene, ident, "attachdisk", {"disk_id": taken})
    assert walk == ["attach_disk", "start_sync_status", "sync_status", "running"]
    assert _indexes(scene, ident)[3] == 1024


async def test_a_disk_made_twice_is_two_disks(scene: Scene, ident: str) -> None:
    for _ in range(2):
        await _do(scene, ident, "createdisk", {"disks": [{"size": 1024, "name": "once"}]})
    assert sorted(_indexes(scene, ident)) == [0, 1, 2, 3, 4]


async def test_a_new_disk_of_a_stopped_server_shows_in_nothing_but_the_disks(
    scene: Scene, ident: str
) -> None:
    await _do(scene, ident, "stop", {})
    before = scene.cloud.guest(ident).row["update_version"]
    assert await _do(scene, ident, "createdisk", {"disks": [{"size": 1024}]}) == []
    assert scene.cloud.guest(ident).row["update_version"] == before
    assert 3 in _indexes(scene, ident)


async def test_the_root_disk_goes_from_a_running_server_and_the_next_one_takes_its_index(
    scene: Scene, ident: str
) -> None:
    data, root = _disk(scene, ident, 1), _disk(scene, ident, 0)
    for disk in (data, root):
        await _do(scene, ident, "detachdisk", {"disk_id": disk, "keep_disk": True})
    assert _indexes(scene, ident) == {2: 2048}
    await _do(scene, ident, "attachdisk", {"disk_id": data})
    assert _disk(scene, ident, 0) == data


@pytest.mark.parametrize("index", [pytest.param(1, id="auto-delete"), pytest.param(2, id="no-auto-delete")])
@pytest.mark.parametrize(
    ("body", "recycled"),
    [
        pytest.param({"keep_disk": True}, False, id="kept"),
        pytest.param({"keep_disk": False}, True, id="dropped"),
        pytest.param({}, True, id="nothing-said"),
    ],
)
async def test_a_disk_taken_off_lies_loose_or_in_the_bin(
    scene: Scene, ident: str, index: int, body: dict[str, bool], *, recycled: bool
) -> None:
    disk = scene.world.disks.get(_disk(scene, ident, index))
    assert disk is not None
    await _do(scene, ident, "detachdisk", {"disk_id": disk.id, **body})
    assert (disk.guest_id, disk.pending, disk.status) == ("", recycled, "ready")


@pytest.mark.parametrize("ready", [True, False])
async def test_only_a_detached_disk_outlives_the_bin(scene: Scene, ident: str, *, ready: bool) -> None:
    """A disk without auto_delete goes to the bin with its server, and stays there when the server is gone."""
    kept = scene.world.disks.get(_disk(scene, ident, 2))
    assert kept is not None
    if ready:
        await _do(scene, ident, "detachdisk", {"disk_id": kept.id, "keep_disk": True})
    for query in ("", "?override_pending_delete=true"):
        await scene.ask("DELETE", f"/servers/{ident}{query}")
        scene.time.run()
        assert kept.pending is not ready
    assert (kept.gone, kept.guest_id) == (False, "")


async def test_a_disk_that_is_not_deleted_with_its_server_is_free_after_a_deletion_straight_from_life(
    scene: Scene, ident: str
) -> None:
    kept, other = (scene.world.disks.get(_disk(scene, ident, index)) for index in (2, 1))
    assert kept is not None
    assert other is not None
    await scene.ask("DELETE", f"/servers/{ident}?override_pending_delete=true")
    scene.time.run()
    assert (kept.pending, kept.gone, kept.guest_id) == (False, False, "")
    assert other.gone


@pytest.mark.parametrize(
    ("disk", "status", "kind"),
    [
        pytest.param("own", 400, "InputParameterError", id="attached-here"),
        pytest.param("other", 400, "InputParameterError", id="attached-elsewhere"),
        pytest.param("no-such", 404, "ResourceNotFoundError", id="unknown"),
    ],
)
async def test_a_disk_that_is_not_free_is_not_attached(
    scene: Scene, ident: str, disk: str, status: int, kind: str
) -> None:
    other = await scene.create("other")
    names = {"own": _disk(scene, ident, 1), "other": _disk(scene, other, 0)}
    reply = await scene.act(ident, "attachdisk", {"disk_id": names.get(disk, disk)})
    assert (reply.status_code, reply.json()["class"]) == (status, kind)


async def test_a_disk_larger_than_the_storage_is_refused_at_once(scene: Scene, ident: str) -> None:
    reply = await scene.act(ident, "createdisk", {"disks": [{"size": 100_000_000}]})
    assert (reply.status_code, reply.json()["class"]) == (400, "BadRequestError")


@pytest.mark.parametrize("action", ["attachdisk", "detachdisk"])
async def test_a_failed_task_leaves_the_disk_where_it_was(scene: Scene, ident: str, action: str) -> None:
    disk = _disk(scene, ident, 1)
    if action == "attachdisk":
        await _do(scene, ident, "detachdisk", {"disk_id": disk, "keep_disk": True})
    before = _indexes(scene, ident)
    scene.cloud.fail_next(action, "detach_disk_fail", "no luck")
    await _do(scene, ident, action, {"disk_id": disk, "keep_disk": True})
    assert scene.cloud.guest(ident).status == "detach_disk_fail"
    assert _indexes(scene, ident) == before
