"""Creation: what is refused, in which order, and what is taken although it should not be."""

import base64
import gzip
from typing import Any

import pytest

from tests.cloud.fixtures import Scene, spec

IDENT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


async def _post(scene: Scene, body: dict[str, Any], **more: Any) -> Any:
    return await scene.ask("POST", "/servers", body={"server": body} | more)


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        pytest.param(
            {"disks": [], "vcpu_count": 0, "name": ""}, 400, "InputParameterError", id="disks-come-first"
        ),
        pytest.param(
            {"vcpu_count": 0, "nets": [{"network": "no"}]}, 400, "InputParameterError", id="then-sizes"
        ),
        pytest.param(
            {"nets": [{"network": "no"}], "name": ""}, 400, "InputParameterError", id="then-networks"
        ),
        pytest.param({"name": ""}, 400, "MissingParameterError", id="a-name-is-needed"),
        pytest.param({"name": "a/b"}, 400, "InvalidFormatError", id="no-slash-in-names"),
        pytest.param({"sku": "no.such"}, 404, "ResourceNotFoundError", id="unknown-instance-type"),
        pytest.param({"keypair_id": "no"}, 404, "ResourceNotFoundError", id="unknown-keypair"),
        pytest.param({"secgroups": ["no"]}, 404, "ResourceNotFoundError", id="unknown-security-group"),
        pytest.param({"prefer_host_id": "no"}, 404, "ResourceNotFoundError", id="unknown-host"),
        pytest.param({"prefer_zone_id": "zone0"}, 500, "UnclassifiedError", id="a-zone-by-name-is-a-500"),
        pytest.param(
            {"disks": [{"image_id": "no"}]}, 400, "InputParameterError", id="unknown-image-is-no-404"
        ),
        pytest.param({"vmem_size": "4g"}, 500, "UnclassifiedError", id="memory-as-text-is-a-500"),
        pytest.param({"password": "short"}, 400, "WeakPasswordError", id="weak-password"),
        pytest.param({"user_data": "echo hi"}, 400, "InputParameterError", id="user-data-without-a-head"),
        pytest.param({"project_id": "other"}, 403, "ForbiddenError", id="another-project"),
        pytest.param({"eip": "no"}, 404, "ResourceNotFoundError", id="unknown-address"),
        pytest.param(
            {"isolated_devices": [{"dev_type": "no"}]}, 404, "ResourceNotFoundError", id="unknown-device"
        ),
        pytest.param({"vmem_size": -5}, 200, "", id="a-negative-size-passes"),
        pytest.param({"no_such_field": 1}, 200, "", id="unknown-fields-are-ignored"),
    ],
)
async def test_a_create_is_judged(scene: Scene, change: dict[str, Any], status: int, kind: str) -> None:
    reply = await _post(scene, spec() | change)
    assert (reply.status_code, reply.json().get("class", "")) == (status, kind)


async def test_an_id_can_never_be_used_again(scene: Scene) -> None:
    ident = await scene.create(id=IDENT, disable_delete=False)
    assert ident == IDENT
    await scene.ask("DELETE", f"/servers/{IDENT}?override_pending_delete=true")
    for _ in range(12):
        reply = await _post(scene, spec("other") | {"id": IDENT.upper()})
        assert (reply.status_code, "1062" in reply.text) == (500, True)
        scene.time.run(seconds=0.5)
    assert (await scene.ask("GET", f"/servers/{IDENT}")).status_code == 404
    assert (await _post(scene, spec() | {"id": IDENT})).status_code == 500
    assert (await _post(scene, spec())).status_code == 200


async def test_the_name_is_checked_before_the_id(scene: Scene) -> None:
    await scene.create(id=IDENT)
    assert (await _post(scene, spec() | {"id": IDENT})).status_code == 409
    assert (await _post(scene, spec("other") | {"id": IDENT})).status_code == 500


async def test_a_count_with_an_id_makes_nothing_and_burns_the_id(scene: Scene) -> None:
    assert (await _post(scene, spec() | {"id": IDENT}, count=2)).status_code == 500
    assert scene.cloud.servers() == []
    assert (await _post(scene, spec() | {"id": IDENT})).status_code == 500


async def test_names_are_unique_in_the_whole_cloud_without_regard_to_case_and_blanks(scene: Scene) -> None:
    scene.cloud.add_server("Web-0", project="other")
    reply = await _post(scene, spec(" web-0 "))
    assert (reply.status_code, reply.json()["class"]) == (409, "DuplicateNameError")


async def test_a_long_name_is_cut_to_128_without_a_word(scene: Scene) -> None:
    ident = await scene.create("n" * 200)
    found = scene.cloud.find(ident)
    assert found is not None
    assert (len(found["name"]), len(found["hostname"])) == (128, 60)


async def test_generated_names_win_and_count_up(scene: Scene) -> None:
    first = await scene.create("ignored", generate_name="gen")
    second = await scene.create("ignored", generate_name="gen")
    assert [scene.cloud.guest(i).name for i in (first, second)] == ["gen", "gen-1"]


async def test_a_server_is_locked_unless_the_request_says_otherwise(scene: Scene) -> None:
    assert scene.cloud.guest(await scene.create()).locked
    assert not scene.cloud.guest(await scene.create("open", disable_delete=False)).locked


async def test_user_data_can_be_read_by_all_in_the_metadata(scene: Scene) -> None:
    text = "#cloud-config\npackages: [postgresql]\n"
    shown = scene.cloud.find(await scene.create(user_data=text))
    assert shown is not None
    assert gzip.decompress(base64.b64decode(shown["metadata"]["user_data"])).decode() == text


async def test_everything_that_is_asked_for_is_read_back(scene: Scene) -> None:
    ident = await scene.create(
        description="Orders",
        hostname="db-1",
        instance_type="ecs.g1.c4m8",
        disks=[
            {
                "image_id": "ubuntu-22.04",
                "size": 40_960,
                "backend": "local",
                "medium": "ssd",
                "driver": "virtio",
            },
            {"index": 1, "size": 204_800, "medium": "rotate", "cache": "writeback", "auto_delete": False},
        ],
        nets=[
            {"network": "vnet-db", "address": "10.88.0.20"},
            {"network": "vpc-net", "bw_limit": 1000, "is_default": True, "mac": "00:22:aa:aa:aa:01"},
        ],
        secgroups=["default", "db"],
        keypair_id="ops",
        login_account="ops",
        isolated_devices=[{"dev_type": "GPU-HPC", "model": "Tesla T4"}],
        eip="eip-1",
        bios="UEFI",
        machine="q35",
        boot_order="cd",
        vga="std",
        vdi="vnc",
        shutdown_behavior="stop_release_gpu",
        src_ip_check=False,
        billing_type="prepaid",
        duration="1M",
        auto_renew=True,
        auto_start=True,
        __meta__={"user:team": "orders"},
    )
    shown = scene.cloud.find(ident) or {}
    assert (shown["vcpu_count"], shown["vmem_size"], shown["instance_type"]) == (4, 8192, "ecs.g1.c4m8")
    assert [(d["index"], d["size"], d["driver"], d["medium_type"]) for d in shown["disks_info"]] == [
        (0, 40_960, "virtio", "ssd"),
        (1, 204_800, "scsi", "rotate"),
    ]
    assert shown["disks_info"][0]["image"] == "ubuntu-22.04"
    assert [(n["ip_addr"], n["is_default"], n["bw_limit_mbps"]) for n in shown["nics"]] == [
        ("10.88.0.20", False, 0),
        ("192.168.1.2", True, 0),
    ]
    assert shown["nics"][1]["mac"] == "00:22:aa:aa:aa:01"
    assert [group["name"] for group in shown["secgroups"]] == ["Default", "db"]
    names = ("keypair", "eip", "bios", "machine", "boot_order", "vga", "vdi", "shutdown_behavior", "status")
    wanted = ["ops", "10.89.0.2", "UEFI", "q35", "cd", "std", "vnc", "stop_release_gpu", "running"]
    assert [shown[name] for name in names] == wanted
    assert (shown["src_ip_check"], shown["src_mac_check"], shown["auto_renew"]) == (False, True, True)
    assert (shown["billing_type"], shown["billing_cycle"]) == ("prepaid", "1M")
    assert shown["expired_at"] == "2026-12-23T12:00:00.000000Z"
    assert (shown["metadata"]["login_account"], shown["metadata"]["user:team"]) == ("ops", "orders")
    assert [device["model"] for device in shown["isolated_devices"]] == ["Tesla T4"]


async def test_a_small_root_disk_is_raised_and_a_data_disk_is_not(scene: Scene) -> None:
    shown = scene.cloud.find(await scene.create(disks=[{"size": 1}, {"size": 1024}])) or {}
    assert [disk["size"] for disk in shown["disks_info"]] == [10_240, 1024]


async def test_no_room_is_a_200_and_then_sched_fail_that_holds_the_name_and_drops_the_lock(
    scene: Scene,
) -> None:
    scene.cloud.fill_hosts()
    ident = await scene.create()
    found = scene.cloud.guest(ident)
    assert (found.status, found.locked) == ("sched_fail", False)
    assert (await _post(scene, spec())).status_code == 409
    events = (await scene.ask("GET", f"/events?obj_id={ident}&action=alloc_fail")).json()["events"]
    assert "No matching resources" in events[0]["notes"]


@pytest.mark.parametrize(
    ("status", "locked"),
    [
        pytest.param("sched_fail", False, id="sched_fail"),
        pytest.param("net_fail", True, id="net_fail"),
        pytest.param("dev_fail", True, id="dev_fail"),
        pytest.param("create_fail", True, id="create_fail"),
        pytest.param("disk_fail", True, id="disk_fail"),
        pytest.param("deploy_fail", True, id="deploy_fail"),
        pytest.param("security_group_fail", True, id="security_group_fail"),
    ],
)
async def test_a_creation_fails_as_ordered_with_its_text_in_the_events(
    scene: Scene, status: str, *, locked: bool
) -> None:
    scene.cloud.fail_next("create", status, "the reason")
    ident = await scene.create()
    assert (scene.cloud.guest(ident).status, scene.cloud.guest(ident).locked) == (status, locked)
    events = (await scene.ask("GET", f"/events?obj_id={ident}&action=updatestatus")).json()["events"]
    assert events[0]["notes"].endswith(f"=>{status}: the reason")
    assert scene.cloud.statuses(await scene.create("next"))[-1] == "ready"


async def test_syncstatus_hides_a_failed_creation(scene: Scene) -> None:
    """Why it must never be asked of one: deploy_fail reads ready afterwards."""
    scene.cloud.fail_next("create", "deploy_fail")
    ident = await scene.create()
    await scene.act(ident, "syncstatus")
    scene.time.run()
    assert scene.cloud.guest(ident).status == "ready"


async def test_an_id_longer_than_a_uuid_ends_badly(scene: Scene) -> None:
    assert scene.cloud.statuses(await scene.create(id="x" * 40))[-1] == "security_group_fail"


async def test_a_dry_run_makes_nothing_and_notices_neither_room_nor_a_taken_id(scene: Scene) -> None:
    taken = await scene.create()
    scene.cloud.fill_hosts()
    reply = await _post(scene, spec("dry") | {"dry_run": True, "id": taken})
    assert reply.status_code == 200
    assert len(scene.cloud.servers()) == 1


async def test_the_check_wants_a_bare_body(scene: Scene) -> None:
    good = await scene.ask("POST", "/servers/check-create-data", body=spec())
    wrapped = await scene.ask("POST", "/servers/check-create-data", body={"server": spec()})
    assert (good.status_code, wrapped.status_code) == (200, 400)


async def test_a_quota_is_a_400_of_its_own_class(scene: Scene) -> None:
    await scene.create()
    scene.cloud.settings.quota = 1
    reply = await _post(scene, spec("second"))
    assert (reply.status_code, reply.json()["class"]) == (400, "OutOfQuotaError")


async def test_a_create_while_keystone_is_down_is_200_and_then_sched_fail(scene: Scene) -> None:
    await scene.ask("GET", "/servers")
    scene.cloud.settings.keystone_down = True
    assert scene.cloud.guest(await scene.create()).status == "sched_fail"


async def test_an_address_that_is_in_use_is_refused_and_a_full_pool_fails_the_creation(scene: Scene) -> None:
    net = [{"network": "vnet-db", "address": "10.88.0.77"}]
    await scene.create(nets=net)
    assert (await _post(scene, spec("second") | {"nets": net})).status_code == 400
    network = scene.world.inventory.find_network("vnet-db")
    assert network is not None
    while network.take():
        pass
    ident = await scene.create("third", nets=[{"network": "vnet-db"}])
    assert scene.cloud.guest(ident).status == "net_fail"
