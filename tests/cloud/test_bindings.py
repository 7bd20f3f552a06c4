"""Elastic addresses on servers: where they can be bound, what a failure leaves, and with whom they go."""

from typing import Any

import pytest

from sandbox.cloud.addresses import ElasticAddress
from sandbox.cloud.defaults import EIP_NETWORK, LAB_PROJECT
from tests.cloud.fixtures import Scene

NEW = {"bandwidth": 20, "charge_type": "bandwidth"}


SERVER = {"auto_start": True, "nets": [{"network": "vpc-net"}]}  # a network of a VPC


async def _do(scene: Scene, ident: str, action: str, body: dict[str, Any] | None = None) -> list[str]:
    seen = len(scene.cloud.statuses(ident))
    reply = await scene.act(ident, action, body)
    assert reply.status_code == 200, reply.text
    scene.time.run()
    return scene.cloud.statuses(ident)[seen:]


def _address(scene: Scene, ident: str) -> str | None:
    found = scene.cloud.find(ident)
    assert found is not None
    return found.get("eip")


def _named(scene: Scene, name: str) -> ElasticAddress | None:
    return scene.world.inventory.find_address(name)


async def test_an_address_is_bound_and_taken_off(scene: Scene, ident: str) -> None:
    walk = await _do(scene, ident, "associate-eip", {"eip_id": "eip-1"})
    assert walk == ["associate_eip", "start_sync_status", "sync_status", "running"]
    assert _address(scene, ident) == "10.89.0.2"
    walk = await _do(scene, ident, "dissociate-eip")
    assert walk == ["dissociate_eip", "start_sync_status", "sync_status", "running"]
    assert _address(scene, ident) is None
    assert _named(scene, "eip-1") is not None


async def test_on_a_classic_network_the_binding_fails_and_the_address_is_bound_all_the_same(
    scene: Scene,
) -> None:
    ident = await scene.create("old", auto_start=True, nets=[{"network": "vnet-1"}])
    walk = await _do(scene, ident, "associate-eip", {"eip_id": "eip-1"})
    assert walk == ["associate_eip", "associate_eip_failed"]
    assert _address(scene, ident) == "10.89.0.2"
    reply = await scene.act(ident, "associate-eip", {"eip_id": "eip-1"})
    assert (reply.status_code, reply.json()["class"]) == (400, "InvalidStatusError")
    assert (await _do(scene, ident, "dissociate-eip"))[-1] == "running"
    assert _address(scene, ident) is None


async def test_a_server_that_has_one_is_refused_another_be_it_there_or_not(scene: Scene, ident: str) -> None:
    await _do(scene, ident, "create-eip", NEW)
    for name in ("eip-1", "no-such"):
        reply = await scene.act(ident, "associate-eip", {"eip_id": name})
        assert (reply.status_code, reply.json()["details"]) == (400, "already associated with EIP")
    assert (await scene.act(ident, "create-eip", NEW)).status_code == 400


@pytest.mark.parametrize("charge_type", ["traffic", ""])
async def test_an_address_that_is_billed_by_traffic_is_refused(
    scene: Scene, ident: str, charge_type: str
) -> None:
    reply = await scene.act(ident, "create-eip", NEW | {"charge_type": charge_type})
    assert (reply.status_code, reply.json()["class"]) == (400, "InputParameterError")


@pytest.mark.parametrize("drop", [True, False])
async def test_a_new_address_is_called_after_the_server_and_goes_on_demand(
    scene: Scene, ident: str, *, drop: bool
) -> None:
    await _do(scene, ident, "create-eip", NEW)
    assert _address(scene, ident) == "10.89.0.3"
    await _do(scene, ident, "dissociate-eip", {"auto_delete": drop})
    assert (_named(scene, "eip-for-srv-pet") is None) is drop


@pytest.mark.parametrize("goes", [True, False])
@pytest.mark.parametrize("query", ["", "?override_pending_delete=true"])
async def test_a_deleted_server_loses_its_address_and_only_one_made_for_it_goes(
    scene: Scene, ident: str, query: str, *, goes: bool
) -> None:
    await _do(scene, ident, "create-eip", NEW | {"auto_dellocate": goes})
    await scene.ask("DELETE", f"/servers/{ident}{query}")
    scene.time.run()
    left = _named(scene, "eip-for-srv-pet")
    assert (left is None) is goes
    assert left is None or left.guest_id is None
    if not query:
        await scene.act(ident, "cancel-delete")
        assert _address(scene, ident) is None


@pytest.mark.parametrize("more", [{"eip": "eip-1"}, {"eip_bw": 10, "eip_charge_type": "bandwidth"}])
async def test_a_server_is_made_with_an_address_and_passes_a_ready_on_the_way(
    scene: Scene, more: dict[str, Any]
) -> None:
    ident = await scene.create("new", auto_start=True, nets=[{"network": "vpc-net"}], **more)
    assert scene.cloud.statuses(ident)[-3:] == ["starting", "ready", "running"]
    assert str(_address(scene, ident)).startswith("10.89.0.")


async def test_an_address_of_somebody_else_is_not_found(scene: Scene, ident: str) -> None:
    theirs = ElasticAddress("e9", "theirs", "10.89.0.99", network_id=EIP_NETWORK, project_id="other")
    scene.world.inventory.addresses[theirs.id] = theirs
    assert theirs.project_id != LAB_PROJECT
    reply = await scene.act(ident, "associate-eip", {"eip_id": "theirs"})
    assert (reply.status_code, reply.json()["class"]) == (404, "ResourceNotFoundError")
