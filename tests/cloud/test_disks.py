"""Disks as rows of their own: made once, kept beside their server, in the bin and out of it."""

from typing import Any

import pytest

from sandbox.cloud.disks import STORAGE
from tests.cloud.fixtures import Scene

OURS = "799d95e3-263b-4bcb-b9c2-5ab6fc382eb7"


async def make(scene: Scene, **more: Any) -> Any:
    body = {"id": OURS, "name": "data", "size": 1024, "storage_id": STORAGE} | more
    return await scene.ask("POST", "/disks", body={"disk": body})


async def shown(scene: Scene, ident: str) -> dict[str, Any]:
    reply = await scene.ask("GET", f"/disks/{ident}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["disk"]
    return found


async def server_with_two_data_disks(scene: Scene, **more: Any) -> tuple[str, str, str, str]:
    """Return the ids of a server and its three disks: root, one that is to be kept, one that goes along."""
    disks = [{"size": 10_240}, {"size": 2048, "auto_delete": False}, {"size": 1024}]
    ident = await scene.create(disks=disks, **more)
    root, kept, other = (disk.id for disk in scene.cloud.guest(ident).disks)
    return ident, root, kept, other


async def test_a_disk_is_made_once_by_the_id_that_the_client_chose(scene: Scene) -> None:
    reply = await make(scene)
    disk = reply.json()["disk"]
    assert (disk["id"], disk["status"], disk["auto_delete"], disk["guest_count"]) == (OURS, "init", False, 0)
    scene.time.run()
    assert (await shown(scene, OURS))["status"] == "ready"
    again = await make(scene)
    assert (again.status_code, again.json()["class"]) == (409, "DuplicateNameError")
    renamed = await make(scene, name="other")
    assert renamed.status_code == 500
    assert "1062" in renamed.json()["details"]
    assert len(scene.world.disks) == 1


async def test_the_id_of_a_deleted_disk_stays_burnt(scene: Scene) -> None:
    await make(scene)
    scene.time.run()
    await scene.ask("DELETE", f"/disks/{OURS}?override_pending_delete=true")
    scene.time.run()
    assert (await scene.ask("GET", f"/disks/{OURS}")).status_code == 404
    assert (await make(scene)).status_code == 500


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param({"storage_id": ""}, 404, id="no-storage"),
        pytest.param({"storage_id": "no-such"}, 404, id="unknown-storage"),
        pytest.param({"size": 90_000_000}, 400, id="too-large"),
    ],
)
async def test_a_disk_that_cannot_be_made_leaves_its_id_free(
    scene: Scene, more: dict[str, Any], status: int
) -> None:
    assert (await make(scene, **more)).status_code == status
    assert (await make(scene)).status_code == 200


async def test_storages_are_not_for_ordinary_users(scene: Scene) -> None:
    reply = await scene.ask("GET", "/storages?limit=2")
    assert (reply.status_code, reply.json()["class"]) == (403, "ForbiddenError")


async def test_the_storage_of_a_server_is_told_beside_its_root_disk(scene: Scene) -> None:
    ident = await scene.create()
    disk = (await scene.ask("GET", f"/servers/{ident}")).json()["server"]["disks_info"][0]
    assert (await make(scene, storage_id=disk["storage_id"])).status_code == 200


async def test_disks_made_with_a_server_carry_its_user_tags(scene: Scene) -> None:
    tags = {"user:onecloud.io/uid": "abc", "plain": "x"}
    _, root, kept, other = await server_with_two_data_disks(scene, __meta__=tags)
    reply = await scene.ask("GET", "/disks?tags.0.key=user:onecloud.io/uid&tags.0.value=abc&field=id")
    assert {row["id"] for row in reply.json()["disks"]} == {root, kept, other}
    assert (await shown(scene, kept))["metadata"] == {"user:onecloud.io/uid": "abc"}


async def test_a_list_tells_no_auto_delete_and_knows_no_guest_id(scene: Scene) -> None:
    ident, *_ = await server_with_two_data_disks(scene)
    await make(scene)
    rows = (await scene.ask("GET", f"/disks?guest_id={ident}")).json()["disks"]
    assert len(rows) == 4
    assert not any("auto_delete" in row or "access_path" in row for row in rows)


async def test_a_recycled_server_takes_all_disks_into_the_bin(scene: Scene) -> None:
    ident, _, kept, _ = await server_with_two_data_disks(scene, disable_delete=False)
    await scene.ask("DELETE", f"/servers/{ident}")
    scene.time.run()
    disk = await shown(scene, kept)
    assert (disk["pending_deleted"], disk["auto_delete"], disk["guest"]) == (True, False, "web-0")
    assert disk["auto_delete_at"] > disk["pending_deleted_at"]
    assert (await scene.ask("GET", "/disks")).json() == {"disks": []}
    assert len((await scene.ask("GET", "/disks?pending_delete=all")).json()["disks"]) == 3
    assert (await scene.ask("GET", f"/disks/{kept}?details=true")).status_code == 404


async def test_deleted_for_good_out_of_the_bin_a_server_leaves_its_kept_disk_there(scene: Scene) -> None:
    """Nothing but the bin's cleaner comes for it then, and that does not look at auto_delete."""
    ident, root, kept, other = await server_with_two_data_disks(scene, disable_delete=False)
    await scene.ask("DELETE", f"/servers/{ident}")
    scene.time.run()
    await scene.ask("DELETE", f"/servers/{ident}?override_pending_delete=true")
    scene.time.run()
    disk = await shown(scene, kept)
    assert (disk["pending_deleted"], disk["guest_count"]) == (True, 0)
    for gone in (root, other):
        assert (await scene.ask("GET", f"/disks/{gone}")).status_code == 404
    scene.cloud.clean_bin()
    assert (await scene.ask("GET", f"/disks/{kept}")).status_code == 404


async def test_deleted_straight_from_life_a_server_leaves_its_kept_disk_free(scene: Scene) -> None:
    ident, root, kept, _ = await server_with_two_data_disks(scene, disable_delete=False)
    await scene.ask("DELETE", f"/servers/{ident}?override_pending_delete=true")
    scene.time.run()
    disk = await shown(scene, kept)
    assert (disk["status"], disk["pending_deleted"], disk["guest_count"]) == ("ready", False, 0)
    assert (await scene.ask("GET", f"/disks/{root}")).status_code == 404
    scene.cloud.clean_bin()
    assert (await scene.ask("GET", f"/disks/{kept}")).status_code == 200


async def test_a_disk_is_taken_out_of_the_bin_while_its_server_is_in_it(scene: Scene) -> None:
    ident, _, kept, _ = await server_with_two_data_disks(scene, disable_delete=False)
    scene.cloud.recycle(ident)
    reply = await scene.ask("POST", f"/disks/{kept}/cancel-delete", body={"disk": {}})
    assert (reply.json()["disk"]["pending_deleted"], reply.json()["disk"]["guest"]) == (False, "web-0")
    scene.cloud.erase(ident)
    scene.cloud.clean_bin()
    assert (await shown(scene, kept))["guest_count"] == 0


async def test_a_restored_server_has_its_disks_back(scene: Scene) -> None:
    ident, root, kept, other = await server_with_two_data_disks(scene)
    scene.cloud.recycle(ident)
    scene.cloud.restore(ident)
    for disk in (root, kept, other):
        assert (await shown(scene, disk))["pending_deleted"] is False


async def test_a_disk_is_renamed_and_tagged_without_moving_its_server(scene: Scene) -> None:
    ident, _, kept, _ = await server_with_two_data_disks(scene)
    version = scene.cloud.guest(ident).row["update_version"]
    await scene.ask("PUT", f"/disks/{kept}", body={"disk": {"name": "mine", "auto_delete": True}})
    await scene.ask("POST", f"/disks/{kept}/user-metadata", body={"K": "1"})
    disk = (await scene.ask("POST", f"/disks/{kept}/user-metadata", body={"k": "2"})).json()["disk"]
    assert (disk["name"], disk["auto_delete"], disk["metadata"]) == ("mine", True, {"user:k": "2"})
    assert scene.cloud.guest(ident).row["update_version"] == version


async def test_a_loose_disk_grows_and_never_shrinks(scene: Scene) -> None:
    await make(scene)
    scene.time.run()
    grown = await scene.ask("POST", f"/disks/{OURS}/resize", body={"disk": {"size": 3072}})
    assert (grown.json()["disk"]["status"], grown.json()["disk"]["disk_size"]) == ("start_resize", 1024)
    scene.time.run()
    assert (await shown(scene, OURS))["disk_size"] == 3072
    smaller = await scene.ask("POST", f"/disks/{OURS}/resize", body={"disk": {"size": 1024}})
    assert smaller.status_code == 400


async def test_a_loose_disk_goes_into_the_bin_first_and_a_disk_in_use_stays(scene: Scene) -> None:
    _, root, *_ = await server_with_two_data_disks(scene)
    assert (await scene.ask("DELETE", f"/disks/{root}")).status_code == 406
    await make(scene)
    scene.time.run()
    assert (await scene.ask("DELETE", f"/disks/{OURS}")).json()["disk"]["pending_deleted"] is False
    scene.time.run()
    assert (await shown(scene, OURS))["pending_deleted"] is True
    await scene.ask("POST", f"/disks/{OURS}/cancel-delete", body={})
    assert (await shown(scene, OURS))["pending_deleted"] is False


async def test_disks_of_another_project_are_refused_and_a_viewer_changes_none(scene: Scene) -> None:
    await make(scene)
    assert (await scene.ask("GET", f"/disks/{OURS}", token="lab2user")).status_code == 403
    assert (await scene.ask("DELETE", f"/disks/{OURS}", token="labviewer")).status_code == 403
    assert (await scene.ask("GET", "/disks", token="lab2user")).json() == {"disks": []}


async def test_a_name_is_one_disks_over_all_projects_until_that_is_in_the_bin(scene: Scene) -> None:
    await make(scene)
    scene.time.run()
    body = {"disk": {"name": "data", "size": 1024, "storage_id": STORAGE}}
    assert (await scene.ask("POST", "/disks", body=body, token="lab2user")).status_code == 409
    scene.cloud.recycle_disk(OURS)
    assert (await scene.ask("POST", "/disks", body=body, token="lab2user")).status_code == 200


async def test_a_disk_whose_creation_fails_is_there_and_says_so(scene: Scene) -> None:
    scene.cloud.fail_next("create-disk", "alloc_failed")
    await make(scene)
    scene.time.run()
    assert (await shown(scene, OURS))["status"] == "alloc_failed"
    assert (await make(scene)).status_code == 409
