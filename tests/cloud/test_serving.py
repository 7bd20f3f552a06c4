"""The cloud as a process of its own, and its control from outside."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from sandbox.cloud import Control, running_cloud
from tests.cloud.fixtures import spec

ROOT = Path(__file__).parent.parent.parent


async def _control(cloud: Control, what: str, **arguments: Any) -> Any:
    async with httpx.AsyncClient(base_url=cloud.url) as client:
        reply = await client.post(f"/_control/{what}", json=arguments)
    return reply.json()["result"] if reply.status_code == 200 else reply.status_code


async def test_the_control_does_what_it_does_in_the_process(cloud: Control) -> None:
    idents = await _control(cloud, "seed", count=3)
    assert len(await _control(cloud, "servers")) == 3
    await _control(cloud, "change", ident=idents[0], status="unknown")
    assert (await _control(cloud, "find", ident=idents[0]))["status"] == "unknown"
    await _control(cloud, "erase", idents=idents[1:])
    assert await _control(cloud, "find", ident=idents[1]) is None
    assert (await _control(cloud, "settings", recycle_bin=False, events_enabled=False))[
        "recycle_bin"
    ] is False
    assert cloud.world.events.enabled is False
    await _control(cloud, "hang_at", statuses=["starting"])
    assert cloud.world.tasks.hang_at == {"starting"}
    await _control(cloud, "fail_next", operation="create", status="sched_fail")
    assert [fate.status for fate in cloud.world.fates] == ["sched_fail"]
    assert (await _control(cloud, "lose_answer", method="POST", path="^/servers$"))["effect"] == "reset"
    assert await _control(cloud, "counts") == {}
    assert await _control(cloud, "nosuch") == 404
    assert await _control(cloud, "settings", nosuch=1) == 400
    assert await _control(cloud, "find", ident="nosuch") is None


async def test_disks_images_and_names_are_moved_from_outside_of_the_process(cloud: Control) -> None:
    ident = await _control(cloud, "add_server", name="web-0")
    [disk] = await _control(cloud, "disks")
    await _control(cloud, "recycle", ident=ident)
    assert (await _control(cloud, "find_disk", ident=disk["id"]))["pending_deleted"]
    await _control(cloud, "restore_disk", ident=disk["id"])
    assert await _control(cloud, "clean_bin") == 1
    assert await _control(cloud, "find_disk", ident=disk["id"]) is None
    await _control(cloud, "rename_image", ident="tiny", name="small")
    assert await _control(cloud, "rename_image", ident="tiny", name="small") == 404
    await _control(cloud, "delete_image", ident="small")
    await _control(cloud, "rename_keypair", ident="ops", name="operators")
    second = await _control(cloud, "add_network", name="vnet-1", first="10.9.0.2", last="10.9.0.9")
    assert cloud.world.inventory.networks[second].name == "vnet-1"


async def test_a_server_goes_its_way_on_the_event_loop(cloud: Control) -> None:
    project = cloud.world.identity.project("lab")
    token = cloud.world.identity.issue(
        cloud.user("labuser"), "password", cloud.world.clock(), project=project
    )
    async with httpx.AsyncClient(base_url=cloud.url, headers={"X-Auth-Token": token.text}) as client:
        reply = await client.post("/servers", json={"server": spec() | {"auto_start": True}})
    ident = reply.json()["server"]["id"]
    async with asyncio.timeout(10):
        while cloud.guest(ident).status != "running":
            await asyncio.sleep(0.005)
    assert cloud.statuses(ident)[:2] == ["init", "schedule"]


async def test_two_clouds_run_side_by_side(cloud: Control) -> None:
    async with running_cloud() as other:
        other.seed(1)
        assert (len(other.servers()), len(cloud.servers())) == (1, 0)
        assert other.url != cloud.url


async def test_the_command_writes_a_secret_that_signs_in(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-W",
            "error",
            "-m",
            "sandbox.cloud",
            "--servers",
            "20",
            "--ready-file",
            str(ready),
        ),
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(30):
            while not ready.exists():
                assert process.returncode is None
                await asyncio.sleep(0.02)
        found = json.loads(ready.read_text())
        secret = found["secret"]
        user = {"name": secret["OS_USERNAME"], "password": secret["OS_PASSWORD"]}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": secret["OS_PROJECT_NAME"]}},
        }
        async with httpx.AsyncClient() as client:
            reply = await client.post(secret["OS_AUTH_URL"] + "/auth/tokens", json={"auth": auth})
            headers = {"X-Auth-Token": reply.headers["x-subject-token"]}
            listed = await client.get(found["url"] + "/servers", headers=headers)
        assert listed.json()["total"] == 20
    finally:
        process.terminate()
        assert await process.wait() == 0
