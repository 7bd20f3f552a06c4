"""
The second recorded cloud: the parts that the first one lacks, and what was so before its exchanges.

Its recordings follow a server through many requests, so one is seeded as it was seen last.
"""

import re
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.addresses import ElasticAddress
from sandbox.cloud.defaults import EIP_NETWORK, HOST, LAB_PROJECT
from sandbox.cloud.disks import Disk
from sandbox.cloud.inventory import InstanceGroup, Network
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange, exchanges

BEGAN = datetime(2026, 11, 29, tzinfo=UTC)
GROUP = "eb055f30-4c76-4aa1-80c2-a70c62838f8c"
FREE_MIB = 5_000_000
NETWORKS = (
    Network("99c13b18-e8f1-488b-8b0d-bb12a70f9884", "vnet0-2", "10.88.0.2", "10.88.0.250"),
    Network("1c0a4f63-fadb-4b19-8ee7-5f58118d0416", "vnet2", "10.91.0.2", "10.91.0.250"),
    Network(
        "a894e68f-5255-418b-8aa2-9b3c8dbbcfd0",
        "vpcnet1",
        "192.168.1.2",
        "192.168.1.253",
        vpc_id="ab80acfb-cf32-4055-8bcc-4fbdd452fdd6",
        vpc="vpc1",
    ),
)
# The answers of these show what they did already; the others show the server as it was, but for its status.
DONE_AT_ONCE = frozenset(
    {
        *("attachnetwork", "detachnetwork", "change-ipaddr", "associate-eip", "deploy"),
        *("user-metadata", "metadata", "freeze", "unfreeze", "cancel-delete"),
    }
)
AT_REST = frozenset({"running", "ready", "suspend", "snapshot", "associate_eip_failed"})
FROZEN = {"freezed": True, "status": "ready"}
BEFORE: dict[str, dict[str, Any]] = {
    "1198-put-frozen": {"status": "start_stop"},
    "1211-postpaid-expire": {"status": "sync_status", "release_at": ""},
    "1212-cancel-expire": {"status": "sync_status"},
    "1228-bind-groups": FROZEN,
    "1230-bind-groups-array": FROZEN,
    "1231-unbind-groups": FROZEN,
    "1232-start-frozen-prepare": FROZEN,
    "1237-unfreeze": {"freezed": True, "status": "start_delete"},
    "1384-resume": {"status": "suspend"},
}


def furnish(scene: Scene) -> None:
    """Put what only the second cloud had into *scene*."""
    inventory = scene.world.inventory
    for network in deepcopy(NETWORKS):
        inventory.networks[network.id] = network
    inventory.groups[GROUP] = InstanceGroup(GROUP, "d3-group", project_id=LAB_PROJECT)
    for sku in [sku for sku in inventory.skus.values() if sku.memory_mib < sku.cpu * 1024]:
        del inventory.skus[sku.id]
    for storage in inventory.storages.values():
        storage.free_mib = FREE_MIB


def target(scene: Scene, exchange: Exchange) -> None:
    """Seed the server that the path names, and what the request says of other things that were there."""
    action = exchange.parts[2] if len(exchange.parts) > 2 else ""
    seen = _seen_before(exchange)
    own = exchange.server if "secgroups" in exchange.server else {}
    row = dict((seen or own) if action in DONE_AT_ONCE else (own or seen))
    if action == "attachnetwork" and not seen and own:
        row["nics"] = row["nics"][:-1]
    if not row:
        if exchange.status == 404:
            return
        row = _unseen(exchange)
    status = str(row["status"])
    if match := re.search(r"in status ([a-z_]+)", exchange.details):
        status = match[1]
    elif status not in AT_REST:
        status = "running" if row["power_states"] == "on" else "ready"
    guest = scene.seed(row, **({"status": status} | BEFORE.get(exchange.case, {})))
    guest.keypair_id = str(row.get("keypair_id", ""))
    if guest.eip_id:
        scene.world.bind_address(guest, guest.eip_id)
        scene.world.inventory.addresses[guest.eip_id].auto_dellocate = "d5-vpc3" not in guest.name
    _others(scene, exchange, action)


def _seen_before(exchange: Exchange) -> dict[str, Any]:
    """Return the last look at the server before the request, or nothing."""
    past = exchanges()[: exchanges().index(exchange)]
    named = exchange.server_path
    looks = [e.server for e in past if "secgroups" in e.server and e.server["id"] == named]
    return looks[-1] if looks else {}


def _unseen(exchange: Exchange) -> dict[str, Any]:
    """Return a running server of the smallest size: nothing else was recorded of it."""
    sizes = {"vcpu_count": 1, "vmem_size": 1024}
    power = {"status": "running", "power_states": "on"}
    named = {"id": exchange.server_path, "name": "unseen", "tenant_id": LAB_PROJECT, "host_id": HOST}
    return named | sizes | power


def _others(scene: Scene, exchange: Exchange, action: str) -> None:
    body = exchange.body.get("server", exchange.body) if isinstance(exchange.body, dict) else {}
    if match := re.search(r"Address (\S+) has been used", exchange.details):
        for network in scene.world.inventory.networks.values():
            network.used.add(match[1])
    if "invlid image" in exchange.details:
        image = scene.world.inventory.find_image(body["image_id"])
        assert image is not None
        image.status = "queued"
    if action == "attachdisk" and scene.world.disks.get(body["disk_id"]) is None:
        scene.world.disks.add(Disk(body["disk_id"], "loose", 1, 1024, project_id=LAB_PROJECT))
    if action == "associate-eip" and exchange.status == 200:
        free_address(scene, body["eip_id"])


def free_address(scene: Scene, name: str) -> None:
    """Have an elastic address of this name, bound to nothing."""
    address = ElasticAddress(name, name, "10.99.0.2", network_id=EIP_NETWORK, project_id=LAB_PROJECT)
    scene.world.inventory.addresses[address.id] = address
