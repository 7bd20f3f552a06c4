"""Changes of a living server: what moves its version, what makes it move, and what is ignored."""

from typing import Any

import pytest

from tests.cloud.fixtures import Scene


async def _put(scene: Scene, ident: str, body: dict[str, Any]) -> Any:
    return await scene.ask("PUT", f"/servers/{ident}", body={"server": body})


def _version(scene: Scene, ident: str) -> int:
    return int(scene.cloud.guest(ident).row["update_version"])


def _statuses_since(scene: Scene, ident: str, count: int) -> list[str]:
    return scene.cloud.statuses(ident)[count:]


@pytest.mark.parametrize(
    ("body", "rise"),
    [
        pytest.param({}, 1, id="an-empty-put"),
        pytest.param(
            {"status": "running", "vmem_size": 2048, "is_daemon": True}, 1, id="only-ignored-fields"
        ),
        pytest.param({"description": ""}, 1, id="what-it-is-already"),
        pytest.param({"description": "new"}, 2, id="a-change"),
        pytest.param({"__meta__": {"user:a": "b"}}, 2, id="a-tag"),
    ],
)
async def test_every_put_moves_the_version(scene: Scene, ident: str, body: dict[str, Any], rise: int) -> None:
    before = _version(scene, ident)
    reply = await _put(scene, ident, body)
    assert reply.status_code == 200
    assert _version(scene, ident) == before + rise
    assert reply.json()["server"]["status"] == "ready"


@pytest.mark.parametrize(
    ("action", "body", "moves"),
    [
        pytest.param("user-metadata", {"a": "b"}, True, id="tags"),
        pytest.param("set-secgroup", {"secgroup_ids": ["db"]}, True, id="security-groups"),
        pytest.param("syncstatus", {}, True, id="syncstatus"),
        pytest.param("start", {}, True, id="start"),
        pytest.param("change-config", {"vcpu_count": 2}, True, id="resize"),
        pytest.param("associate-eip", {"eip_id": "eip-1"}, True, id="address"),
        pytest.param("createdisk", {"disks": [{"size": 1024}]}, False, id="a-new-disk"),
        pytest.param(
            "detachnetwork", {"net_id": "54f7dcde-5a52-449b-8619-b79c41538507"}, False, id="a-lost-nic"
        ),
        pytest.param(
            "change-bandwidth",
            {"net_id": "54f7dcde-5a52-449b-8619-b79c41538507", "bandwidth": 10},
            False,
            id="a-bandwidth",
        ),
    ],
)
async def test_not_every_action_moves_the_version(
    scene: Scene, ident: str, action: str, body: dict[str, Any], *, moves: bool
) -> None:
    before = _version(scene, ident)
    assert (await scene.act(ident, action, body)).status_code == 200
    scene.time.run()
    assert (_version(scene, ident) > before) is moves


async def test_a_rename_makes_a_settled_server_move_even_to_its_own_name(scene: Scene, ident: str) -> None:
    seen = len(scene.cloud.statuses(ident))
    assert (await _put(scene, ident, {"name": "pet"})).json()["server"]["status"] == "sync_config"
    scene.time.run()
    assert _statuses_since(scene, ident, seen) == ["sync_config", "sync_status", "ready"]


async def test_a_rename_to_a_taken_name_is_409(scene: Scene, ident: str) -> None:
    scene.cloud.add_server("taken", project="other")
    assert (await _put(scene, ident, {"name": "TAKEN"})).status_code == 409


async def test_new_security_groups_are_answered_settled_and_then_move(scene: Scene, ident: str) -> None:
    seen = len(scene.cloud.statuses(ident))
    reply = await scene.act(ident, "set-secgroup", {"secgroup_ids": ["db", "web"]})
    assert reply.json()["server"]["status"] == "ready"
    scene.time.run()
    assert _statuses_since(scene, ident, seen) == ["sync_status", "ready"]
    assert [g["name"] for g in (scene.cloud.find(ident) or {})["secgroups"]] == ["db", "web"]


async def test_tags_merge_replace_and_vanish_by_the_word_none(scene: Scene, ident: str) -> None:
    async def tags(action: str, body: dict[str, Any]) -> dict[str, str]:
        shown = (await scene.act(ident, action, body)).json()["server"]["metadata"]
        return {key: value for key, value in shown.items() if key.startswith("user:") or key == "plain"}

    assert await tags("user-metadata", {"a": "1", "b": "2"}) == {"user:a": "1", "user:b": "2"}
    assert await tags("metadata", {"plain": "x"}) == {"user:a": "1", "user:b": "2", "plain": "x"}
    assert await tags("user-metadata", {"a": "none"}) == {"user:b": "2", "plain": "x"}
    assert await tags("set-user-metadata", {"c": ""}) == {"user:c": "", "plain": "x"}


@pytest.mark.parametrize(
    ("action", "body"),
    [
        pytest.param("start", {}, id="start"),
        pytest.param("stop", {}, id="stop"),
        pytest.param("change-config", {"vcpu_count": 2}, id="change-config"),
        pytest.param("suspend", {}, id="suspend"),
    ],
)
async def test_a_moving_server_refuses_with_invalid_status(
    scene: Scene, ident: str, action: str, body: dict[str, Any]
) -> None:
    scene.cloud.hang_at("starting")
    await scene.act(ident, "start")
    scene.time.run()
    reply = await scene.act(ident, action, body)
    assert (reply.status_code, reply.json()["class"]) == (400, "InvalidStatusError")


async def test_start_on_a_running_server_is_refused(scene: Scene) -> None:
    ident = scene.cloud.add_server("on")
    assert (await scene.act(ident, "start")).status_code == 400


async def test_equal_sizes_run_the_whole_task(scene: Scene, ident: str) -> None:
    seen = len(scene.cloud.statuses(ident))
    await scene.act(ident, "change-config", {"vcpu_count": 1, "vmem_size": 1024})
    scene.time.run()
    assert _statuses_since(scene, ident, seen) == ["change_flavor", "sync_status", "ready"]


async def test_a_resize_fills_in_the_instance_type(scene: Scene, ident: str) -> None:
    await scene.act(ident, "change-config", {"vcpu_count": 2, "vmem_size": "2g"})
    scene.time.run()
    found = scene.cloud.find(ident) or {}
    assert (found["vmem_size"], found["instance_type"]) == (2048, "ecs.g1.c2m2")


async def _running(scene: Scene, agent: str = "enable", **more: Any) -> str:
    """Return a server that a host agent of this kind has started."""
    scene.cloud.settings.hot_plug = agent
    return await scene.create("on", auto_start=True, disable_delete=False, **more)


@pytest.mark.parametrize("agent", [pytest.param("disable", id="imported"), pytest.param("", id="stubbed")])
@pytest.mark.parametrize("wanted", [{"vcpu_count": 2}, {"instance_type": "ecs.g1.c2m2"}])
@pytest.mark.parametrize("leave", [{}, {"force_stop": True, "auto_start": True}])
async def test_a_running_server_grows_by_no_leave_where_hot_plug_is_off(
    scene: Scene, agent: str, wanted: dict[str, Any], leave: dict[str, Any]
) -> None:
    ident = await _running(scene, agent)
    reply = await scene.act(ident, "change-config", wanted | leave)
    assert (reply.status_code, reply.json()["class"]) == (400, "InvalidStatusError")
    assert "host plug cpu memory is disabled" in reply.json()["details"]
    await scene.act(ident, "stop")
    scene.time.run()
    assert (await scene.act(ident, "change-config", wanted | {"auto_start": True})).status_code == 200
    scene.time.run()
    assert scene.cloud.guest(ident).row["vcpu_count"] == 2
    assert scene.cloud.guest(ident).status == "running"


@pytest.mark.parametrize("leave", [{}, {"force_stop": True, "auto_start": True}])
async def test_a_running_server_grows_as_it_runs_where_hot_plug_is_on(
    scene: Scene, leave: dict[str, Any]
) -> None:
    ident = await _running(scene)
    assert scene.cloud.guest(ident).metadata["hotplug_cpu_mem"] == "enable"
    seen = len(scene.cloud.statuses(ident))
    assert (await scene.act(ident, "change-config", {"vcpu_count": 2} | leave)).status_code == 200
    scene.time.run()
    assert _statuses_since(scene, ident, seen) == ["change_flavor", "sync_status", "running"]
    assert scene.cloud.guest(ident).row["vcpu_count"] == 2


@pytest.mark.parametrize("agent", ["enable", "disable", ""])
async def test_a_running_server_shrinks_by_force_only_and_is_started_again_unasked(
    scene: Scene, agent: str
) -> None:
    ident = await _running(scene, agent, vcpu_count=2)
    reply = await scene.act(ident, "change-config", {"vcpu_count": 1})
    assert (reply.status_code, reply.json()["class"]) == (400, "InvalidStatusError")
    assert "requires force_stop" in reply.json()["details"]
    assert (await scene.act(ident, "change-config", {"vcpu_count": 1, "force_stop": True})).status_code == 200
    scene.time.run()
    assert scene.cloud.statuses(ident)[-3:] == ["start_start", "starting", "running"]
    assert scene.cloud.guest(ident).row["vcpu_count"] == 1


async def test_an_imported_server_is_told_from_others_at_each_start(scene: Scene) -> None:
    ident = scene.cloud.add_server("old", imported=True)
    for _ in range(2):
        assert scene.cloud.guest(ident).metadata["hotplug_cpu_mem"] == "disable"
        assert scene.cloud.guest(ident).metadata["hot_remove_nic"] == "disable"
        await scene.act(ident, "restart")
        scene.time.run()


async def test_no_room_to_grow_is_a_400_of_its_own_class(scene: Scene, ident: str) -> None:
    scene.cloud.fill_hosts()
    reply = await scene.act(ident, "change-config", {"vcpu_count": 2})
    assert (reply.status_code, reply.json()["class"]) == (400, "InsufficientResourceError")


async def test_a_start_after_a_resize_goes_through_a_ready_that_means_nothing(
    scene: Scene, ident: str
) -> None:
    seen = len(scene.cloud.statuses(ident))
    await scene.act(ident, "change-config", {"vcpu_count": 2, "auto_start": True})
    scene.time.run()
    walked = _statuses_since(scene, ident, seen)
    assert walked == ["change_flavor", "sync_status", "ready", "start_start", "starting", "running"]


async def test_a_missing_instance_type_is_404_although_the_server_is_there(scene: Scene, ident: str) -> None:
    assert (await scene.act(ident, "change-config", {"instance_type": "no.such"})).status_code == 404


async def test_a_disk_grows_by_its_real_id_only(scene: Scene, ident: str) -> None:
    disk = (scene.cloud.find(ident) or {})["disks_info"][0]["id"]
    assert (await scene.act(ident, "resize-disk", {"disk_id": "0", "size": 20_480})).status_code == 404
    assert (await scene.act(ident, "resize-disk", {"disk_id": disk, "size": 1024})).status_code == 400
    assert (await scene.act(ident, "resize-disk", {"disk_id": disk, "size": "20G"})).status_code == 200
    scene.time.run()
    assert (scene.cloud.find(ident) or {})["disks_info"][0]["size"] == 20_480


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        pytest.param("start", {}, "start_fail", id="start"),
        pytest.param("change-config", {"vcpu_count": 2}, "change_flavor_fail", id="resize"),
    ],
)
async def test_a_failed_operation_is_put_right_by_syncstatus(
    scene: Scene, ident: str, action: str, body: dict[str, Any], status: str
) -> None:
    scene.cloud.fail_next(action, status)
    await scene.act(ident, action, body)
    scene.time.run()
    assert scene.cloud.guest(ident).status == status
    await scene.act(ident, "syncstatus")
    scene.time.run()
    assert scene.cloud.guest(ident).status == "ready"


async def test_syncstatus_is_refused_while_a_task_is_young(scene: Scene, ident: str) -> None:
    scene.cloud.hang_at("starting")
    await scene.act(ident, "start")
    scene.time.run()
    assert (await scene.act(ident, "syncstatus")).status_code == 400
    scene.time.passed += 181
    assert (await scene.act(ident, "syncstatus")).status_code == 200


async def test_a_lost_host_turns_its_servers_unknown_until_each_is_synced(scene: Scene) -> None:
    ident = scene.cloud.add_server("on")
    scene.cloud.set_host(online=False)
    assert scene.cloud.guest(ident).status == "unknown"
    assert (await scene.act(ident, "start")).status_code == 400
    scene.cloud.set_host(online=True)
    assert scene.cloud.guest(ident).status == "unknown"
    await scene.act(ident, "syncstatus")
    scene.time.run()
    assert scene.cloud.guest(ident).status == "running"


async def test_suspend_and_resume(scene: Scene) -> None:
    ident = scene.cloud.add_server("on")
    await scene.act(ident, "suspend")
    scene.time.run()
    await scene.act(ident, "resume")
    scene.time.run()
    suspended = ["start_suspend", "suspending", "running", "suspend"]  # the second but last means nothing
    assert scene.cloud.statuses(ident) == ["running", *suspended, "resuming", "running"]


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("detachdisk", {"disk_id": "="}, "detach_disk_fail"),
        ("resize-disk", {"disk_id": "=", "size": 20_480}, "resize_disk_fail"),
        ("deploy", {"password": "Orders-2026.x2"}, "deploy_fail"),
        ("rebuild-root", {"image_id": "debian-12"}, "rebuild_root_fail"),
    ],
)
async def test_what_needs_the_host_fails_where_its_agent_is_dead(
    scene: Scene, ident: str, action: str, body: dict[str, Any], status: str
) -> None:
    disk = scene.cloud.guest(ident).disks[0]
    scene.cloud.set_host(agent=False)
    await scene.act(ident, action, {k: disk.id if v == "=" else v for k, v in body.items()})
    scene.time.run()
    assert scene.cloud.guest(ident).status == status
    assert scene.cloud.guest(ident).disks == [disk]
    assert disk.size_mib == 10_240
