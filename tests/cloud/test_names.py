"""Names to ids: lists by name, single rows by name, what is ambiguous, and whose rows one finds."""

import pytest

from sandbox.cloud.inventory import Keypair, Network, SecurityGroup, Sku, Zone
from tests.cloud.scene import Scene


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [
        ("/networks", "networks", "vnet-1"),
        ("/secgroups", "secgroups", "db"),
        ("/keypairs", "keypairs", "ops"),
        ("/eips", "eips", "eip-1"),
        ("/zones", "zones", "zone0"),
        ("/serverskus", "serverskus", "ecs.g1.c2m2"),
        ("/v1/images", "images", "ubuntu-22.04"),
    ],
)
async def test_a_list_by_name_gives_the_id(scene: Scene, path: str, key: str, name: str) -> None:
    reply = await scene.ask("GET", f"{path}?name={name}&details=false&field=id&field=name")
    assert reply.status_code == 200
    assert [row["name"] for row in reply.json()[key]] == [name]
    assert set(reply.json()[key][0]) == {"id", "name"}
    by_id = await scene.ask("GET", f"{path}?id={reply.json()[key][0]['id']}")
    assert [row["name"] for row in by_id.json()[key]] == [name]


async def test_a_name_that_nothing_has_gives_an_empty_list_and_a_404(scene: Scene) -> None:
    assert (await scene.ask("GET", "/networks?name=no-such")).json() == {"networks": []}
    assert (await scene.ask("GET", "/v1/images?name=no-such")).json() == {"images": []}
    assert (await scene.ask("GET", "/networks/no-such")).status_code == 404


async def test_a_name_in_another_case_is_the_same_name(scene: Scene) -> None:
    reply = await scene.ask("GET", "/networks?name=VNET-1")
    assert [row["name"] for row in reply.json()["networks"]] == ["vnet-1"]
    assert (await scene.ask("GET", "/secgroups/DB")).json()["secgroup"]["name"] == "db"


async def test_an_ambiguous_name_is_a_500_by_path_and_two_rows_in_a_list(scene: Scene) -> None:
    inventory = scene.world.inventory
    inventory.zones["z2"] = Zone("z2", "zone1")
    inventory.add_sku(Sku("ecs.g1.c2m2", 2, 2048, "z2"))
    inventory.networks["n2"] = Network("n2", "vnet-1", "10.93.0.2", "10.93.0.250")
    for path, key in (("/serverskus/ecs.g1.c2m2", "serverskus"), ("/networks/vnet-1", "networks")):
        refused = await scene.ask("GET", path)
        assert (refused.status_code, refused.json()["class"]) == (500, "duplicate entry")
        name = path.rsplit("/", 1)[-1]
        assert len((await scene.ask("GET", f"/{key}?name={name}")).json()[key]) == 2


async def test_a_list_of_instance_types_tells_cpu_memory_and_zone(scene: Scene) -> None:
    query = "name=ecs.g1.c2m4&field=cpu_core_count&field=memory_size_mb&field=zone_id&details=false"
    reply = await scene.ask("GET", f"/serverskus?{query}")
    [row] = reply.json()["serverskus"]
    assert (row["cpu_core_count"], row["memory_size_mb"]) == (2, 4096)


async def test_groups_of_another_project_and_key_pairs_of_another_user_are_not_found(scene: Scene) -> None:
    scene.world.inventory.keypairs["k2"] = Keypair("k2", "theirs", "someone")
    assert (await scene.ask("GET", "/secgroups?name=db", token="lab2user")).json() == {"secgroups": []}
    assert (await scene.ask("GET", "/secgroups/db", token="lab2user")).status_code == 404
    assert (await scene.ask("GET", "/keypairs?name=theirs")).json() == {"keypairs": []}
    assert (await scene.ask("GET", "/keypairs/k2")).status_code == 403
    assert (await scene.ask("GET", "/networks?name=vnet-1", token="lab2user")).json()["total"] == 1


async def test_two_groups_of_one_name_are_both_listed(scene: Scene) -> None:
    scene.world.inventory.security_groups["g2"] = SecurityGroup("g2", "db", project_id="")
    found = (await scene.ask("GET", "/secgroups?name=db&field=id")).json()["secgroups"]
    assert len(found) == 2


async def test_glance_sends_the_image_itself_by_id(scene: Scene) -> None:
    [row] = (await scene.ask("GET", "/v1/images?name=tiny")).json()["images"]
    reply = await scene.ask("GET", f"/v1/images/{row['id']}")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert len(reply.content) == row["size"]


async def test_glance_asks_keystone_itself_about_a_token(scene: Scene) -> None:
    """A token that region knows is a stranger's to glance while the identity service is down."""
    assert (await scene.ask("GET", "/networks")).status_code == 200
    scene.cloud.settings.keystone_down = True
    assert (await scene.ask("GET", "/networks")).status_code == 200
    assert (await scene.ask("GET", "/v1/images")).status_code == 403


async def test_the_networks_for_elastic_addresses_are_listed_by_their_type(scene: Scene) -> None:
    reply = await scene.ask("GET", "/networks?server_type=eip&field=name&details=false")
    assert reply.json()["networks"] == [{"name": "eipnet"}]
