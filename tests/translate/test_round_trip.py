"""What is asked for is found again: request, cloud and reading together, over real sockets."""

import asyncio
from typing import Any

from onecloud_operator.api.spec import ServerSpec
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.disk_records import bound_in_order, going_along
from onecloud_operator.core.observed import Details, Observed, Owner, Phase
from onecloud_operator.core.plan.create_only import compared
from onecloud_operator.core.plan.diff import differences
from onecloud_operator.core.references import Answer, Kind, Reference, Resolved
from onecloud_operator.onecloud.errors import InvalidStatus
from onecloud_operator.translate import (
    OWNER_TAGS,
    change_config,
    create_body,
    observed_from_details,
    observed_from_row,
    owner_tags,
    recall,
    resize_disk,
    security_groups,
    tags,
    update_changes,
)
from sandbox.cloud.defaults import default_inventory
from tests.core.fixtures import records, resource
from tests.core.fixtures import spec as make_spec
from tests.feed.live import PATIENCE_SECONDS, Live, live, until

INVENTORY = default_inventory()
NAMES: dict[Reference, Answer] = {
    **{Reference(Kind.NETWORK, one.name): Resolved(one.id) for one in INVENTORY.networks.values()},
    **{Reference(Kind.IMAGE, one.name): Resolved(one.id) for one in INVENTORY.images.values()},
    **{
        Reference(Kind.SECURITY_GROUP, one.name): Resolved(one.id)
        for one in INVENTORY.security_groups.values()
    },
}
SERVER_ID = "11111111-2222-5333-8444-555555555555"
OWNER = Owner("c1", "shop", "db-1", "u-1")
USER_DATA = "#!/bin/sh\necho token-goes-here > /etc/runner.token\n"
PASSWORD = "Secret-12345-word"
FULL = {
    "name": "shop-db-1",
    "description": "Orders database",
    "hypervisor": "kvm",
    "instanceType": "ecs.g1.c4m8",
    "image": "ubuntu-22.04",
    "rootDisk": {
        "size": "40Gi",
        "backend": "local",
        "medium": "Hybrid",
        "driver": "virtio",
        "cache": "writeback",
    },
    "dataDisks": [
        {
            "name": "data-1",
            "size": "20Gi",
            "backend": "local",
            "medium": "Rotational",
            "reclaimPolicy": "Retain",
        },
        {"name": "data-2", "size": "30Gi", "medium": "SSD"},
    ],
    "networks": [
        {"network": "vnet-db", "address": "10.88.0.20"},
        {"network": "vnet-backup", "mac": "00:22:bf:63:72:56", "bandwidth": 1000, "default": True},
    ],
    "securityGroups": ["default", "db"],
    "keypair": "ops",
    "adminUser": "ops",
    "powerState": "Running",
    "tags": {"team": "orders", "cost-center": "4711"},
    "isolatedDevices": [{"type": "GPU-HPC", "model": "Tesla T4"}],
    "instanceGroups": ["9b0cbb16-32f1-4c0b-8d55-6f8b7f0a1c22"],
    "placement": {
        "schedulingTags": [{"id": "0d5f6c1e-8a39-4c52-9d0e-2f1b7c6a9e11", "strategy": "Prefer"}],
    },
    "hardware": {
        "bios": "UEFI",
        "machine": "q35",
        "bootOrder": "cd",
        "vga": "std",
        "vdi": "vnc",
        "shutdownBehavior": "StopReleaseGPU",
        "sourceIPCheck": False,
        "sourceMACCheck": True,
    },
    "billing": {"type": "Prepaid", "duration": "1M", "autoRenew": True},
}


async def made(parts: Live, server: dict[str, Any]) -> None:
    body = create_body(
        ServerSpec.model_validate(server),
        server_id=SERVER_ID,
        name=server["name"],
        hostname="db-1",
        owner=OWNER,
        password=PASSWORD,
        user_data=USER_DATA,
    )
    await parts.client().create_server(body)
    await resting(parts)


async def resting(parts: Live) -> None:
    await until(lambda: row_of(parts)["status"] in {"running", "ready"})


async def perform(parts: Live, action: str, body: dict[str, Any]) -> None:
    """Perform an action as soon as the server's state allows it: tasks pass through states of rest."""
    client = parts.client()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await client.perform(SERVER_ID, action, body)
            except InvalidStatus:
                await asyncio.sleep(0.02)
            else:
                return


def row_of(parts: Live) -> dict[str, Any]:
    found = parts.cloud.find(SERVER_ID)
    assert found is not None
    return found


async def read(parts: Live) -> Observed:
    found = await parts.client().get_server(SERVER_ID)
    assert found is not None
    return observed_from_details(found)


def shown(spec: dict[str, Any], server: Observed) -> list[str]:
    wanted = ServerSpec.model_validate(spec)
    assert server.details is not None
    root = next(disk.id for disk in server.details.disks if disk.index == 0)
    bound = bound_in_order(going_along(ServerSpec.model_validate(FULL), ()), server.details.disks, root)
    intent = make_spec().model_copy(update={"server": wanted})
    disks = disks_of(resource(spec=intent, records=records(disks=bound)), server.details)
    found = differences(wanted, server, power="Running", managed_tags=(), disks=disks, names=NAMES)
    return [
        *(f"{each.field}: {each.want} is {each.have}" for each in found),
        *(str(each) for each in compared(wanted, server, disks, NAMES)),
    ]


async def test_a_server_that_was_made_of_a_spec_differs_from_it_in_nothing() -> None:
    async with live() as parts:
        await made(parts, FULL)
        server = await read(parts)
        assert shown(FULL, server) == []
        assert server.locked
        assert server.phase is Phase.RUNNING
        assert server.owner == OWNER
        recalled = recall(server.mirror)
        assert recalled is not None
        assert shown(FULL, recalled) == []
        assert "token-goes-here" not in repr(server)
        assert PASSWORD not in repr(server)


async def test_every_change_that_is_asked_for_is_found_again() -> None:
    async with live() as parts:
        await made(parts, FULL)
        client = parts.client()
        hardware = FULL["hardware"] | {  # type: ignore[operator]
            "bootOrder": "dc",
            "vga": "qxl",
            "vdi": "spice",
            "shutdownBehavior": "Stop",
            "sourceIPCheck": True,
            "sourceMACCheck": False,
        }
        wanted = FULL | {
            "name": "shop-db-2",
            "description": "",
            "instanceType": "ecs.g1.c8m16",
            "securityGroups": ["web"],
            "tags": {"team": "billing"},
            "hardware": hardware,
            "dataDisks": [{"name": "data-1", "size": "25Gi"}, {"name": "data-2", "size": "30Gi"}],
        }
        assert len(shown(wanted, await read(parts))) == 12
        fields: dict[str, str | bool] = {
            f"hardware.{n}": v for n, v in hardware.items() if n not in {"bios", "machine"}
        }
        await client.update_server(
            SERVER_ID, update_changes(fields | {"name": "shop-db-2", "description": ""})
        )
        await client.merge_user_metadata(SERVER_ID, tags({"team": "billing"}, ("cost-center",)))
        await resting(parts)
        await perform(parts, "set-secgroup", security_groups(("web",)))
        await resting(parts)
        disks = {disk.index: disk.id for disk in details_of(await read(parts)).disks}
        await perform(parts, "resize-disk", resize_disk(disks[1], 25 * 1024))
        await resting(parts)
        size = change_config(cpu=None, memory_mib=None, instance_type="ecs.g1.c8m16")
        await perform(parts, "change-config", size)
        await until(lambda: row_of(parts)["instance_type"] == "ecs.g1.c8m16")
        await until(lambda: row_of(parts)["status"] == "running")
        server = await read(parts)
        assert shown(wanted, server) == []
        assert details_of(server).tags == {"team": "billing"}
        assert server.owner == OWNER


async def test_owner_tags_come_and_go() -> None:
    async with live() as parts:
        await made(parts, FULL)
        client = parts.client()
        await client.merge_user_metadata(SERVER_ID, tags({}, OWNER_TAGS))
        assert (await read(parts)).owner is None
        assert details_of(await read(parts)).tags == FULL["tags"]
        other = Owner("c2", "n", "m", "u-2")
        await client.merge_user_metadata(SERVER_ID, owner_tags(other))
        assert (await read(parts)).owner == other


async def test_the_lock_is_taken_off_before_a_removal() -> None:
    async with live() as parts:
        await made(parts, FULL)
        await parts.client().update_server(SERVER_ID, update_changes({"locked": False}))
        assert not (await read(parts)).locked


async def test_a_bare_row_agrees_with_the_details_of_its_version() -> None:
    async with live() as parts:
        await made(parts, FULL)
        server = await read(parts)
        page = await parts.client().list_servers()
        assert [observed_from_row(row, server) for row in page.rows] == [server]


def details_of(server: Observed) -> Details:
    assert server.details is not None
    return server.details
