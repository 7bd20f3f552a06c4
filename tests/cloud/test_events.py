"""The operation log: which events an operation leaves, and who is shown which of them."""

import itertools
from typing import Any

from tests.cloud.fixtures import Scene
from tests.cloud.recorded import by_case

SERVER = {"auto_start": True, "disable_delete": True}


def _line(event: dict[str, Any]) -> str:
    status = event.get("notes", "").partition(":")[0] if event["action"] == "updatestatus" else ""
    return f"{event['action']} {status} {event['user']}"


def _recorded() -> list[str]:
    """Return the recorded life of one server, without the nine updates that were only there for timing."""
    events = list(reversed(by_case("1032-events-labuser-scope-project").json["events"]))
    lines = [_line(event) for event in events]
    once = [line for line, group in itertools.groupby(lines) for line in [next(group)]]
    # A key of the row's own metadata that was written a second after the creation, between two updates.
    at = once.index("update  labuser", 12)
    assert once[at + 1 : at + 3] == ["set_meta  labuser", "update  labuser"]
    return once[: at + 1] + once[at + 3 :]


async def _do(scene: Scene, ident: str, action: str, body: Any = None) -> None:
    assert (await scene.act(ident, action, body)).status_code == 200
    scene.time.run()


async def test_a_servers_life_leaves_the_recorded_events(scene: Scene) -> None:
    scene.cloud.settings.hot_plug = ""
    ident = await scene.create("m-evt", disable_delete=False, vmem_size=64)
    await scene.ask("PUT", f"/servers/{ident}", body={"server": {"description": "d0"}})
    await _do(scene, ident, "start")
    await _do(scene, ident, "stop")
    await _do(scene, ident, "user-metadata", {"a": "b"})
    await _do(scene, ident, "set-secgroup", {"secgroup_ids": ["default"]})
    await _do(scene, ident, "createdisk", {"disks": [{"size": 10_240}]})
    scene.cloud.fail_next("start", "start_fail")
    await _do(scene, ident, "start")
    await _do(scene, ident, "syncstatus")
    await scene.ask("DELETE", f"/servers/{ident}")
    scene.time.run()
    await scene.act(ident, "cancel-delete")
    await scene.ask("DELETE", f"/servers/{ident}?override_pending_delete=true")
    scene.time.run()
    target = f"/events?obj_id={ident}&scope=project&limit=500&paging_order=ASC"
    lines = [_line(event) for event in (await scene.ask("GET", target)).json()["events"]]
    lines = [line for line, group in itertools.groupby(lines) for line in [next(group)]]
    # The recorded sync after the failed start went by way of one status more.
    recorded = [line for line in _recorded() if "start_sync_status" not in line]
    assert [line for line in lines if "start_fail=>sync_status" not in line] == recorded


async def _events(scene: Scene, query: str, token: str = "labuser") -> Any:
    reply = await scene.ask("GET", "/events?" + query, token=token)
    return reply.json() if reply.status_code == 200 else reply.status_code


async def test_without_a_scope_only_ones_own_doings_are_shown(scene: Scene, ident: str) -> None:
    """The host agent's and administrators' changes are missing without ``scope=project``."""
    own = await _events(scene, "limit=100")
    all_of_them = await _events(scene, "limit=100&scope=project")
    assert {event["user"] for event in own["events"]} == {"labuser"}
    assert {event["user"] for event in all_of_them["events"]} == {"labuser", "regionadmin"}
    assert (await _events(scene, "limit=100", "labviewer"))["events"] == []
    assert (await _events(scene, "limit=100&scope=project", "labviewer")) == all_of_them
    assert (await _events(scene, "limit=100&scope=project", "lab2user"))["events"] == []
    assert await _events(scene, "scope=system") == 403


async def test_pages_begin_with_the_marker_itself(scene: Scene, ident: str) -> None:
    first = await _events(scene, "scope=project&paging_order=ASC&limit=5")
    marker = first["next_marker"]
    second = await _events(scene, f"scope=project&paging_order=ASC&limit=5&paging_marker={marker}")
    assert str(second["events"][0]["id"]) == marker
    assert first["events"][-1]["id"] < second["events"][0]["id"]
    newest = second["events"][-1]["id"]
    older = await _events(scene, f"scope=project&limit=3&paging_marker={newest}")
    assert [event["id"] for event in older["events"]] == [newest, newest - 1, newest - 2]


async def test_the_last_page_has_an_empty_marker_and_the_default_limit_is_20(
    scene: Scene, ident: str
) -> None:
    assert len((await _events(scene, "scope=project"))["events"]) == 20
    page = await _events(scene, "scope=project&limit=100000")
    assert (page["next_marker"], page["limit"]) == ("", 100_000)


async def test_events_are_chosen_by_object_action_and_time(scene: Scene, ident: str) -> None:
    scene.cloud.add_server("other")
    assert {e["obj_id"] for e in (await _events(scene, f"scope=project&obj_id={ident}"))["events"]} == {ident}
    chosen = await _events(scene, "scope=project&action=schedule&obj_type=server&field=action")
    assert chosen["events"] == [{"action": "schedule"}]
    assert (await _events(scene, "scope=project&since=2026-11-23 12:59:59"))["events"] == []
    assert (await _events(scene, "scope=project&until=2026-11-23 11:59:59"))["events"] == []


async def test_a_delete_event_is_the_only_sign_of_a_real_deletion(scene: Scene, ident: str) -> None:
    scene.cloud.erase(ident)
    assert len((await _events(scene, "scope=project&action=delete"))["events"]) == 1
    assert (await scene.ask("GET", "/servers?pending_delete=all&delete=all")).json() == {"servers": []}


async def test_a_log_can_be_switched_off_or_forbidden(scene: Scene) -> None:
    scene.world.events.enabled = False
    await scene.create()
    assert (await _events(scene, "scope=project"))["events"] == []
    scene.cloud.settings.events_forbidden = True
    assert await _events(scene, "scope=project") == 403
