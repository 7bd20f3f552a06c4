"""Elastic addresses: allocated once, changed, and given back for good."""

from typing import Any

import pytest

from sandbox.cloud.defaults import EIP_NETWORK
from tests.cloud.fixtures import Scene

OURS = "9c64ee86-b137-4a24-bf4c-3e6b3d7fa29a"


async def make(scene: Scene, **more: Any) -> Any:
    body = {"id": OURS, "name": "e1", "bandwidth": 10, "charge_type": "bandwidth"} | more
    return await scene.ask("POST", "/eips", body={"eip": body})


async def test_an_address_is_allocated_once_by_the_id_that_the_client_chose(scene: Scene) -> None:
    made = (await make(scene, __meta__={"user:onecloud.io/uid": "abc"})).json()["eip"]
    assert (made["id"], made["status"], "ip_addr" in made) == (OURS, "allocate", False)
    scene.time.run()
    row = (await scene.ask("GET", f"/eips/{OURS}")).json()["eip"]
    assert (row["status"], row["ip_addr"]) == ("ready", "10.89.0.3")
    again = await make(scene)
    assert (again.status_code, again.json()["class"]) == (409, "DuplicateNameError")
    assert "1062" in (await make(scene, name="e2")).json()["details"]


async def test_a_deleted_address_is_gone_its_number_free_and_its_id_burnt(scene: Scene) -> None:
    await make(scene)
    scene.time.run()
    gone = (await scene.ask("DELETE", f"/eips/{OURS}")).json()["eip"]
    assert gone["status"] == "deallocate"
    scene.time.run()
    assert (await scene.ask("GET", f"/eips/{OURS}")).status_code == 404
    assert "10.89.0.3" not in scene.world.inventory.networks[EIP_NETWORK].used
    assert "1062" in (await make(scene)).json()["details"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param({"charge_type": "traffic"}, 400, id="by-traffic"),
        pytest.param({"network": "no-such"}, 404, id="unknown-network"),
        pytest.param({"network": "vnet-1"}, 404, id="network-for-servers"),
    ],
)
async def test_what_cannot_be_allocated_leaves_the_id_free(
    scene: Scene, more: dict[str, Any], status: int
) -> None:
    assert (await make(scene, **more)).status_code == status
    assert (await make(scene)).status_code == 200


async def test_the_bandwidth_changes_by_a_task(scene: Scene) -> None:
    await make(scene)
    scene.time.run()
    reply = await scene.ask("POST", f"/eips/{OURS}/change-bandwidth", body={"eip": {"bandwidth": 50}})
    assert (reply.json()["eip"]["status"], reply.json()["eip"]["bandwidth"]) == ("change_bandwidth", 10)
    scene.time.run()
    row = (await scene.ask("GET", f"/eips/{OURS}")).json()["eip"]
    assert (row["status"], row["bandwidth"]) == ("ready", 50)


async def test_a_bound_address_shows_its_server_and_is_not_deleted(scene: Scene) -> None:
    ident = await scene.create(eip="eip-1", nets=[{"network": "vpc-net"}])
    row = (await scene.ask("GET", "/eips/eip-1")).json()["eip"]
    assert (row["associate_id"], row["associate_type"], row["can_delete"]) == (ident, "server", False)
    assert (await scene.ask("DELETE", "/eips/eip-1")).status_code == 400


async def test_an_address_is_renamed_unless_another_has_that_name(scene: Scene) -> None:
    await make(scene)
    renamed = await scene.ask("PUT", f"/eips/{OURS}", body={"eip": {"name": "front", "description": "d"}})
    assert (renamed.json()["eip"]["name"], renamed.json()["eip"]["description"]) == ("front", "d")
    assert (await scene.ask("PUT", f"/eips/{OURS}", body={"eip": {"name": "eip-1"}})).status_code == 409
    assert (await scene.ask("GET", "/eips/front", token="lab2user")).status_code == 404


async def test_owner_tags_come_off_as_those_of_servers_and_disks_do(scene: Scene) -> None:
    await make(scene, __meta__={"user:onecloud.io/uid": "abc", "user:team": "shop"})
    scene.time.run()
    await scene.ask("POST", f"/eips/{OURS}/user-metadata", body={"eip": {"onecloud.io/uid": "none"}})
    row = (await scene.ask("GET", f"/eips/{OURS}")).json()["eip"]
    assert row["metadata"] == {"user:team": "shop"}


async def test_an_address_that_a_classic_network_cannot_bind_says_so_until_it_is_taken_off(
    scene: Scene,
) -> None:
    ident = await scene.create()
    await scene.act(ident, "associate-eip", {"eip_id": "eip-1"})
    scene.time.run()
    assert (await scene.ask("GET", "/eips/eip-1")).json()["eip"]["status"] == "associate_fail"
    await scene.act(ident, "dissociate-eip")
    scene.time.run()
    assert (await scene.ask("GET", "/eips/eip-1")).json()["eip"]["status"] == "ready"
