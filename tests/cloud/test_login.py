"""How people get in: passwords, key pairs, and a root disk that is rebuilt."""

from typing import Any

import pytest

from onecloud_operator.onecloud.login_key import password_in
from tests.cloud.fixtures import Scene

GOOD = "Orders-2026.x2"
KEYPAIR = "3f2e1d0c-9b8a-4756-8493-2d1c0b9a8f7e"


async def _made(scene: Scene, *, on: bool) -> str:
    disks = [{"image_id": "ubuntu-22.04", "size": 12_288}, {"size": 1024}]
    return await scene.create("pet", auto_start=on, disks=disks, keypair_id="ops")


async def _do(scene: Scene, ident: str, action: str, body: dict[str, Any]) -> list[str]:
    seen = len(scene.cloud.statuses(ident))
    reply = await scene.act(ident, action, body)
    assert reply.status_code == 200, reply.text
    scene.time.run()
    return scene.cloud.statuses(ident)[seen:]


@pytest.mark.parametrize(
    ("action", "body", "on"),
    [
        pytest.param("deploy", {"keypair_id": "ops"}, True, id="deploy-on"),
        pytest.param("rebuild-root", {"image_id": "debian-12"}, True, id="rebuild-on"),
        pytest.param("set-password", {"username": "root", "password": GOOD}, False, id="password-off"),
    ],
)
async def test_each_of_them_needs_one_power_state(
    scene: Scene, action: str, body: dict[str, Any], *, on: bool
) -> None:
    reply = await scene.act(await _made(scene, on=on), action, body)
    assert (reply.status_code, reply.json()["class"]) == (400, "InvalidStatusError")


async def test_a_stopped_server_is_deployed(scene: Scene) -> None:
    ident = await _made(scene, on=False)
    walk = await _do(scene, ident, "deploy", {"__delete_keypair__": True})
    assert walk == ["start_deploy", "deploying", "sync_status", "ready"]
    assert "keypair" not in (scene.cloud.find(ident) or {})
    await _do(scene, ident, "deploy", {"keypair_id": "ops"})
    assert (scene.cloud.find(ident) or {})["keypair"] == "ops"
    reply = await scene.act(ident, "deploy", {"reset_password": True, "password": "weak"})
    assert reply.json()["class"] == "WeakPasswordError"


async def test_a_password_is_set_in_a_running_server_and_told_to_nobody(scene: Scene) -> None:
    ident = await _made(scene, on=True)
    walk = await _do(scene, ident, "set-password", {"username": "root", "password": GOOD})
    assert walk == ["qga_set_password", "running"]
    told = password_in({"id": ident, "metadata": scene.cloud.guest(ident).metadata})
    assert told is not None
    assert told.get_secret_value() == GOOD
    assert GOOD not in str(scene.cloud.find(ident)) + str(list(scene.world.events.events))


async def test_login_info_is_asked_for_by_post(scene: Scene) -> None:
    ident = await _made(scene, on=False)
    refused = await scene.ask("GET", f"/servers/{ident}/login-info")
    assert (refused.status_code, refused.json()["class"]) == (404, "SpecNotFoundError")
    assert (await scene.act(ident, "login-info")).json() == {"server": {"username": "root"}}


@pytest.mark.parametrize(("sent", "kept"), [({}, False), ({"keypair_id": KEYPAIR}, True)])
async def test_a_rebuilt_root_disk_keeps_its_id_and_loses_the_key_pair_unless_it_is_sent(
    scene: Scene, sent: dict[str, str], *, kept: bool
) -> None:
    ident = await _made(scene, on=False)
    before = scene.cloud.find(ident) or {}
    walk = await _do(scene, ident, "rebuild-root", {"image_id": "debian-12", "auto_start": True} | sent)
    assert walk[:5] == ["rebuild_root", "image_caching", "rebuild_root", "start_deploy", "deploying"]
    assert walk[-5:] == ["sync_status", "ready", "start_start", "starting", "running"]
    after = scene.cloud.find(ident) or {}
    assert ("keypair" in after) is kept
    assert after["ips"] == before["ips"]
    assert [disk["id"] for disk in after["disks_info"]] == [disk["id"] for disk in before["disks_info"]]
    assert after["disks_info"][0]["image"] == "debian-12"


@pytest.mark.parametrize("image", ["no-such", "debian-12"])
async def test_an_image_that_is_not_active_makes_no_root_disk(scene: Scene, image: str) -> None:
    ident = await _made(scene, on=False)
    if found := scene.world.inventory.find_image("debian-12"):
        found.status = "queued"
    reply = await scene.act(ident, "rebuild-root", {"image_id": image})
    assert (reply.status_code, reply.json()["details"]) == (400, "invlid image")
    assert (scene.cloud.find(ident) or {})["keypair"] == "ops"


async def test_while_the_identity_service_is_down_a_rebuild_is_a_400_that_is_not_about_the_request(
    scene: Scene,
) -> None:
    ident = await _made(scene, on=False)
    await scene.act(ident, "syncstatus")
    scene.time.run()
    scene.cloud.settings.keystone_down = True
    reply = await scene.act(ident, "rebuild-root", {"image_id": "debian-12"})
    assert reply.status_code == 400
    assert "403 Forbidden" in reply.json()["details"]
