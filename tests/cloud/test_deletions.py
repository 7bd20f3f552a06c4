"""Deletion: the bin, the lock, the statuses that lie, and the end that only a 404 is."""

from typing import Any

import pytest

from tests.cloud.fixtures import Scene, spec


async def _delete(scene: Scene, ident: str, query: str = "", body: Any = None) -> Any:
    reply = await scene.ask("DELETE", f"/servers/{ident}{query}", body=body)
    scene.time.run()
    return reply


async def _status(scene: Scene, ident: str, query: str = "") -> int:
    return (await scene.ask("GET", f"/servers/{ident}{query}")).status_code


async def test_a_deleted_server_waits_in_the_bin_and_its_name_is_free(scene: Scene, ident: str) -> None:
    await _delete(scene, ident)
    found = (await scene.ask("GET", f"/servers/{ident}")).json()["server"]
    assert (found["status"], found["pending_deleted"]) == ("ready", True)
    assert found["auto_delete_at"] == "2026-11-26T12:00:02.000000Z"
    assert await _status(scene, "pet") == 404
    assert (await scene.ask("POST", "/servers", body={"server": spec("pet")})).status_code == 200


@pytest.mark.parametrize("query", ["?details=true", "?field=id", "?scope=project", "?x=1"])
async def test_any_query_hides_a_recycled_server(scene: Scene, ident: str, query: str) -> None:
    await _delete(scene, ident)
    assert await _status(scene, ident) == 200
    assert await _status(scene, ident, query) == 404
    assert await _status(scene, ident, "?pending_delete=all") == 200


async def test_the_bin_keeps_addresses_and_loses_the_elastic_one(scene: Scene, ident: str) -> None:
    await scene.act(ident, "associate-eip", {"eip_id": "eip-1"})
    scene.time.run()
    before = scene.cloud.find(ident) or {}
    await _delete(scene, ident)
    await scene.act(ident, "cancel-delete")
    after = scene.cloud.find(ident) or {}
    assert (after["ips"], after["macs"]) == (before["ips"], before["macs"])
    assert ("eip" in before, "eip" in after) == (True, False)


async def test_a_restored_running_server_comes_back_stopped(scene: Scene) -> None:
    ident = scene.cloud.add_server("on")
    await _delete(scene, ident)
    await scene.act(ident, "cancel-delete")
    assert scene.cloud.guest(ident).status == "ready"


async def test_a_restored_server_whose_name_is_taken_is_renamed(scene: Scene, ident: str) -> None:
    await _delete(scene, ident)
    await scene.create("pet")
    reply = await scene.act(ident, "cancel-delete")
    assert reply.json()["server"]["name"] == "pet-1"


async def test_a_second_delete_in_the_bin_leaves_it_at_start_delete(scene: Scene, ident: str) -> None:
    await _delete(scene, ident)
    assert (await _delete(scene, ident)).status_code == 200
    assert scene.cloud.guest(ident).status == "start_delete"


async def test_an_override_in_a_body_is_ignored(scene: Scene, ident: str) -> None:
    await _delete(scene, ident, body={"server": {"override_pending_delete": True}})
    assert scene.cloud.guest(ident).pending


async def test_with_an_override_ready_is_passed_through_and_only_404_is_the_end(scene: Scene) -> None:
    ident = scene.cloud.add_server("on")
    await _delete(scene, ident, "?override_pending_delete=true")
    walked = ["start_delete", "deleting", "sync_status", "ready", "HTTP 404"]
    assert scene.cloud.statuses(ident)[1:] == walked
    assert await _status(scene, ident) == 404


async def test_without_a_bin_a_plain_delete_is_for_good(scene: Scene, ident: str) -> None:
    scene.cloud.settings.recycle_bin = False
    await _delete(scene, ident)
    assert await _status(scene, ident) == 404


@pytest.mark.parametrize("query", ["", "?override_pending_delete=true", "?purge=true"])
async def test_a_locked_server_is_not_deleted_by_any_option(scene: Scene, query: str) -> None:
    ident = await scene.create()
    reply = await _delete(scene, ident, query)
    assert (reply.status_code, reply.json()["class"]) == (400, "InvalidStatusError")


async def test_a_prepaid_server_is_403(scene: Scene) -> None:
    ident = await scene.create(billing_type="prepaid", duration="1M", disable_delete=False)
    assert (await _delete(scene, ident)).status_code == 403


async def test_a_server_on_an_offline_host_is_400(scene: Scene, ident: str) -> None:
    scene.cloud.set_host(online=False)
    reply = await _delete(scene, ident)
    assert (reply.status_code, "offline host" in reply.text) == (400, True)


async def test_a_server_that_never_had_a_host_is_gone_at_once(scene: Scene) -> None:
    scene.cloud.fail_next("create", "sched_fail")
    ident = await scene.create()
    await _delete(scene, ident)
    assert scene.cloud.statuses(ident)[-2:] == ["start_delete", "HTTP 404"]


async def test_a_host_that_refuses_ends_in_delete_fail_after_a_ready(scene: Scene, ident: str) -> None:
    scene.cloud.fail_next("delete", "delete_fail")
    await _delete(scene, ident, "?override_pending_delete=true")
    assert scene.cloud.statuses(ident)[-2:] == ["ready", "delete_fail"]
    await _delete(scene, ident, "?override_pending_delete=true")
    assert await _status(scene, ident) == 404


async def test_a_host_that_refuses_keeps_a_server_out_of_the_bin(scene: Scene, ident: str) -> None:
    scene.cloud.fail_next("delete", "delete_fail")
    await _delete(scene, ident)
    assert (scene.cloud.guest(ident).status, scene.cloud.guest(ident).pending) == ("delete_fail", False)


async def test_a_deletion_is_overwritten_by_the_creation_that_still_runs(scene: Scene) -> None:
    reply = await scene.ask("POST", "/servers", body={"server": spec() | {"disable_delete": False}})
    ident = reply.json()["server"]["id"]
    scene.time.run(lambda: scene.cloud.guest(ident).status == "disk")
    await scene.ask("DELETE", f"/servers/{ident}?override_pending_delete=true")
    scene.time.run(lambda: scene.cloud.guest(ident).status == "deploying")
    assert await _status(scene, ident) == 200
    scene.time.run()
    assert await _status(scene, ident) == 404


async def test_addresses_are_free_again_only_when_a_server_is_really_gone(scene: Scene) -> None:
    net = [{"network": "vnet-db", "address": "10.88.0.77"}]
    ident = await scene.create("pet", disable_delete=False, nets=net)
    await _delete(scene, ident)
    assert (await scene.ask("POST", "/servers", body={"server": spec() | {"nets": net}})).status_code == 400
    await _delete(scene, ident, "?override_pending_delete=true")
    assert (await scene.ask("POST", "/servers", body={"server": spec() | {"nets": net}})).status_code == 200
