"""Names to ids: lists by name, single rows by name, what is ambiguous, and whose rows one finds."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cloud import Control
from sandbox.cloud.inventory import Keypair, Network, SecurityGroup, Sku, Zone
from tests.cloud.fixtures import Scene, spec


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


# --- names that move beside the operator


async def image_beside(scene: Scene, ident: str) -> tuple[str, str]:
    [disk] = (await scene.ask("GET", f"/servers/{ident}")).json()["server"]["disks_info"]
    return disk.get("image", ""), disk["image_id"]


async def test_region_goes_on_telling_the_old_name_of_a_renamed_image_also_for_new_servers(
    scene: Scene,
) -> None:
    old = await scene.create("old", disks=[{"image_id": "ubuntu-22.04"}])
    scene.cloud.rename_image("ubuntu-22.04", "ubuntu-22.04-20261101")
    new = await scene.create("new", disks=[{"image_id": "ubuntu-22.04-20261101"}])
    told = await image_beside(scene, old)
    assert told == await image_beside(scene, new)
    assert told[0] == "ubuntu-22.04"
    assert (await scene.ask("GET", "/v1/images?name=ubuntu-22.04")).json() == {"images": []}
    [row] = (await scene.ask("GET", "/v1/images?name=ubuntu-22.04-20261101")).json()["images"]
    assert row["id"] == told[1]


async def test_region_may_hear_of_the_new_name_later(scene: Scene) -> None:
    ident = await scene.create("old", disks=[{"image_id": "ubuntu-22.04"}])
    before = await image_beside(scene, ident)
    scene.cloud.rename_image("ubuntu-22.04", "ubuntu-new", told=True)
    assert await image_beside(scene, ident) == ("ubuntu-new", before[1])


async def test_a_deleted_image_makes_no_server_and_stays_beside_those_it_made(scene: Scene) -> None:
    ident = await scene.create("old", disks=[{"image_id": "ubuntu-22.04"}])
    before = await image_beside(scene, ident)
    scene.cloud.delete_image("ubuntu-22.04")
    assert await image_beside(scene, ident) == before
    body = {"server": spec("new") | {"disks": [{"image_id": "ubuntu-22.04"}]}}
    assert (await scene.ask("POST", "/servers", body=body)).status_code == 400


async def test_a_renamed_key_pair_is_shown_at_once_and_moves_no_version(scene: Scene) -> None:
    ident = await scene.create(keypair="ops")
    version = scene.cloud.guest(ident).row["update_version"]
    scene.cloud.rename_keypair("ops", "ops-2026")
    server = (await scene.ask("GET", f"/servers/{ident}")).json()["server"]
    assert (server["keypair"], server["update_version"]) == ("ops-2026", version)


async def test_another_zone_makes_every_instance_type_ambiguous_but_not_for_a_creation(scene: Scene) -> None:
    scene.cloud.add_zone("zone1")
    assert (await scene.ask("GET", "/serverskus/ecs.g1.c2m2")).status_code == 500
    ident = await scene.create(sku="ecs.g1.c2m2")
    assert scene.cloud.guest(ident).row["vcpu_count"] == 2


async def test_a_group_of_servers_is_made_once_by_name(scene: Scene) -> None:
    body = {"instancegroup": {"name": "apart", "granularity": 1}}
    made = (await scene.ask("POST", "/instancegroups", body=body)).json()["instancegroup"]
    assert (made["guest_count"], made["granularity"]) == (0, 1)
    assert (await scene.ask("POST", "/instancegroups", body=body)).status_code == 409
    shown = (await scene.ask("GET", "/instancegroups/apart")).json()["instancegroup"]
    assert shown["id"] == made["id"]


# --- references of a creation


@pytest.mark.parametrize(
    ("make", "body"),
    [
        (lambda cloud: cloud.add_secgroup("db"), {"secgroups": ["db"]}),
        (lambda cloud: cloud.add_keypair("ops"), {"keypair": "ops"}),
        (
            lambda cloud: cloud.add_network("vnet-1", first="10.93.0.2", last="10.93.0.9"),
            {"nets": [{"network": "vnet-1"}]},
        ),
    ],
)
async def test_a_creation_by_an_ambiguous_name_is_a_500_and_by_the_id_succeeds(
    scene: Scene, make: Callable[[Control], str], body: dict[str, Any]
) -> None:
    ident = make(scene.cloud)
    refused = await scene.ask("POST", "/servers", body={"server": spec() | body})
    assert (refused.status_code, refused.json()["class"]) == (500, "duplicate entry")
    by_id = json.loads(re.sub('"(db|ops|vnet-1)"', f'"{ident}"', json.dumps(body)))
    assert (await scene.ask("POST", "/servers", body={"server": spec() | by_id})).status_code == 200


async def test_a_group_of_another_project_makes_no_name_ambiguous(scene: Scene) -> None:
    scene.cloud.add_secgroup("db", project="other")
    assert (await scene.ask("POST", "/servers", body={"server": spec() | {"secgroups": ["db"]}})).is_success
    theirs = spec("theirs") | {"secgroups": ["web"]}
    refused = await scene.ask("POST", "/servers", token="lab2user", body={"server": theirs})
    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("setting", "said"), [("keystone_down", "403 Forbidden"), ("glance_down", "connection refused")]
)
async def test_an_image_that_nobody_can_be_asked_about_is_a_400_that_is_not_about_the_request(
    scene: Scene, setting: str, said: str
) -> None:
    await scene.ask("GET", "/servers")
    setattr(scene.cloud.settings, setting, True)
    body = spec() | {"disks": [{"image_id": "ubuntu-22.04"}]}
    refused = await scene.ask("POST", "/servers", body={"server": body})
    assert refused.status_code == 400
    assert said in refused.json()["details"]
    setattr(scene.cloud.settings, setting, False)
    assert (await scene.ask("POST", "/servers", body={"server": body})).status_code == 200


async def test_a_part_that_a_row_has_not_is_a_spec_that_is_not_found(scene: Scene) -> None:
    reply = await scene.ask("GET", "/networks/vnet-1/login-info")
    assert (reply.status_code, reply.json()["class"]) == (404, "SpecNotFoundError")


async def test_a_key_pair_is_its_users_own(scene: Scene) -> None:
    theirs = scene.cloud.add_keypair("theirs", user="editor")
    for keypair in ("theirs", theirs):
        refused = await scene.ask("POST", "/servers", body={"server": spec() | {"keypair": keypair}})
        assert (refused.status_code, refused.json()["class"]) == (404, "ResourceNotFoundError")
    scene.cloud.add_keypair("ops", user="editor")
    assert scene.cloud.guest(await scene.create(keypair="ops")).keypair_id
