"""The order of statuses: what was polled of real servers, against what simulated ones go through."""

from collections.abc import Awaitable, Callable

import pytest

from tests.cloud.arrange import arrange, request_of
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange, by_case, exchanges, left_out
from tests.cloud.test_replay import DECISIVE, parts_of, shape

WALKED = [exchange for exchange in exchanges() if exchange.walk and exchange.case not in left_out()]
# Statuses too short for a poll every 50 ms to meet them each time.
BRIEF = frozenset({"network", "stopping", "dissociate_eip", "start_start", "start_sync_status"})
GONE = "HTTP 404"

Outcome = tuple[Scene, str]
Story = Callable[[Exchange], Awaitable[Outcome]]


@pytest.mark.parametrize("exchange", [pytest.param(e, id=e.case) for e in WALKED])
async def test_a_server_goes_through_the_statuses_that_were_seen(exchange: Exchange) -> None:
    scene, ident = await STORIES.get(exchange.case, _after_the_last_request)(exchange)
    scene.time.run()
    walked = _walk(scene, ident)
    assert _fits(exchange.walk, walked), f"seen {exchange.walk}, simulated {walked}"
    path = exchange.path.replace(exchange.server_path, ident)
    reply = await scene.ask("GET", path)
    assert reply.status_code == exchange.status
    if exchange.status == 404:
        assert reply.json()["class"] == exchange.kind
        return
    assert shape(reply.json()) == shape(exchange.json)
    names = [name for name in DECISIVE if name in exchange.server and name not in {"id", "name"}]
    assert {n: reply.json()["server"][n] for n in names} == {n: exchange.server[n] for n in names}
    assert parts_of(reply.json()["server"]) == parts_of(exchange.server)


def _walk(scene: Scene, ident: str) -> list[tuple[str, bool]]:
    guest = scene.world.store.get(ident) or next(g for g in scene.world.store.deleted() if g.id == ident)
    states = [(status, pending and status != GONE) for status, _, pending in guest.history]
    return [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]


def _fits(seen: list[tuple[str, bool]], walked: list[tuple[str, bool]]) -> bool:
    """
    Return whether *walked* ends in what was *seen*, nothing in between missing but what is too short to see.

    A short ``deploying`` may be missed too if ``start_deploy`` follows it, and the moment between the mark of
    the recycle bin and the sync after it.
    """
    at = len(walked)
    for index in range(len(seen) - 1, -1, -1):
        at -= 1
        while at >= 0 and walked[at] != seen[index]:
            status = walked[at][0]
            short = status in BRIEF or (status == "deploying" and walked[at + 1][0] == "start_deploy")
            short = short or (walked[at][1] and walked[at + 1] == ("sync_status", True))
            if not short or index == len(seen) - 1:
                return False
            at -= 1
        if at < 0:
            return False
    return True


async def _after_the_last_request(exchange: Exchange) -> Outcome:
    """Repeat the request that came before: the last one on the same server that was no GET."""
    past = exchanges()[: exchanges().index(exchange)]
    named = exchange.server_path
    causes = [
        e
        for e in past
        if e.method != "GET"
        and (e.server_path == named or (e.parts == ["servers"] and e.server.get("id") == named))
    ]
    recent = [e for e in causes if (exchange.recorded_at - e.recorded_at).total_seconds() <= 30]
    return await _repeat(recent[-1]) if recent else (arrange(exchange), named)


async def _repeat(cause: Exchange, scene: Scene | None = None) -> Outcome:
    scene = scene or arrange(cause)
    headers, body = request_of(scene, cause)
    for guest in scene.world.store.all():
        guest.history.clear()
        guest.history.append((guest.status, "", guest.pending))
    reply = await scene.ask(cause.method, cause.target, token=None, headers=headers, body=body)
    assert reply.status_code == cause.status
    return scene, reply.json().get("server", {}).get("id") or cause.server_path


def _failing(cause: str, operation: str, status: str) -> Story:
    async def story(_: Exchange) -> Outcome:
        scene = arrange(by_case(cause))
        scene.cloud.fail_next(operation, status)
        return await _repeat(by_case(cause), scene)

    return story


def _nothing() -> Story:
    async def story(exchange: Exchange) -> Outcome:
        return arrange(exchange), exchange.server_path

    return story


async def _described_while_starting(_: Exchange) -> Outcome:
    scene, ident = await _repeat(by_case("430-start-slow"))
    scene.time.run(lambda: scene.cloud.guest(ident).status == "starting")
    await scene.ask("PUT", f"/servers/{ident}", body={"server": {"description": "x"}})
    return scene, ident


def _create(**more: object) -> Story:
    """Make a server with the request that the recordings send most."""

    async def story(exchange: Exchange) -> Outcome:
        scene = Scene.recorded(exchange.recorded_at)
        if "agent-gone" in exchange.case:
            scene.cloud.set_host(agent=False)
        disks = [{"size": 10_240}]
        body = {"name": "made", "vcpu_count": 1, "vmem_size": 1024, "disks": disks} | more
        reply = await scene.ask("POST", "/servers", body={"server": body})
        return scene, reply.json()["server"]["id"]

    return story


async def _deleted_during_a_sync(exchange: Exchange) -> Outcome:
    """A rename's task ends in the middle of a deletion, and its ``ready`` shows."""
    scene, ident = await _deleted_server(exchange)
    await scene.ask("PUT", f"/servers/{ident}", body={"server": {"name": "renamed"}})
    scene.time.run(seconds=0.7)
    await _delete(scene, ident, "")
    return scene, ident


async def _deleted_server(exchange: Exchange) -> Outcome:
    scene = Scene.recorded(exchange.recorded_at)
    row = dict(exchange.server)
    ident = scene.seed(row, status="ready", pending_deleted=False, pending_deleted_at="").id
    return scene, ident


async def _delete(scene: Scene, ident: str, query: str = "?override_pending_delete=true") -> None:
    reply = await scene.ask("DELETE", f"/servers/{ident}{query}")
    assert reply.status_code == 200


async def _deleted_while_made(exchange: Exchange) -> Outcome:
    scene, ident = await _create()(exchange)
    scene.time.run(lambda: scene.cloud.guest(ident).status == "disk")
    await scene.ask("PUT", f"/servers/{ident}", body={"server": {"disable_delete": False}})
    await _delete(scene, ident)
    return scene, ident


async def _deleted_while_its_deployment_hangs(exchange: Exchange) -> Outcome:
    scene, ident = await _create(disable_delete=False)(exchange)
    scene.cloud.hang_at("deploying")
    scene.time.run()
    await _delete(scene, ident)
    return scene, ident


async def _deleted_again_after_a_failure(exchange: Exchange) -> Outcome:
    scene, ident = await _failing("458-delete-fails", "delete", "delete_fail")(exchange)
    scene.time.run()
    await _delete(scene, ident)
    return scene, ident


async def _deleted_by_four(exchange: Exchange) -> Outcome:
    scene, ident = await _repeat(by_case("930-delete-race-1"))
    for _ in range(3):
        await _delete(scene, ident)
    return scene, ident


async def _deleted_after_unlocking(exchange: Exchange) -> Outcome:
    scene, ident = await _repeat(by_case("445-put-dd-false-deploy-failed"))
    await _delete(scene, ident)
    return scene, ident


async def _thawed_while_deleted(_: Exchange) -> Outcome:
    cause = by_case("1237-unfreeze")
    scene = arrange(cause)
    guest = scene.cloud.guest(cause.server_path)
    scene.world.store.write(guest, status="ready")
    await _delete(scene, guest.id, "")
    return await _repeat(cause, scene)


async def _snapshot_that_hangs(_: Exchange) -> Outcome:
    scene = arrange(by_case("1298-instance-snapshot-running"))
    scene.cloud.hang_at("snapshot")
    return await _repeat(by_case("1298-instance-snapshot-running"), scene)


STORIES: dict[str, Story] = {
    "151-server-get-ready": _create(),
    "324-get-after-delete-plain": _deleted_during_a_sync,
    "343-get-after-delete-during-create": _deleted_while_made,
    "441-follow-deploy-fail": _failing("440-create-deploy-fails", "create", "deploy_fail"),
    "446b-follow": _deleted_after_unlocking,
    "451-follow-disk-fail": _failing("450-create-disk-fails", "create", "disk_fail"),
    "457-follow-start-fail": _failing("456-start-fails", "start", "start_fail"),
    "459-follow-delete-fail": _failing("458-delete-fails", "delete", "delete_fail"),
    "461-follow": _deleted_again_after_a_failure,
    "434b-follow": _described_while_starting,
    "632x-schedfail-get-after-region-crash": _nothing(),
    "705-agent-gone-follow-create": _create(disable_delete=False),
    "931-follow-delete-race": _deleted_by_four,
    "1238-follow": _thawed_while_deleted,
    "1299-follow": _snapshot_that_hangs,
    "971-follow-delete-while-deploy-hangs": _deleted_while_its_deployment_hangs,
}
