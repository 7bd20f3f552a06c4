"""What is only written down of a server, and what it refuses from then on: freezing, tags, dates, groups."""

import pytest

from sandbox.cloud.inventory import InstanceGroup
from tests.cloud.fixtures import Scene


@pytest.mark.parametrize("on", [True, False])
async def test_a_frozen_server_is_off_and_refuses_every_action_but_the_one_that_thaws_it(
    scene: Scene, *, on: bool
) -> None:
    ident = await scene.create("ice", auto_start=on, disable_delete=False)
    reply = await scene.act(ident, "freeze")
    assert reply.json()["server"]["freezed"] is not on
    assert (await scene.act(ident, "unfreeze")).status_code == (400 if on else 200)
    scene.time.run()
    await scene.act(ident, "freeze")
    scene.time.run()
    assert (scene.cloud.guest(ident).status, scene.cloud.guest(ident).row["freezed"]) == ("ready", True)
    for action in ("start", "stop", "syncstatus", "change-config", "user-metadata", "detachdisk", "freeze"):
        reply = await scene.act(ident, action)
        assert (reply.status_code, reply.json()["class"]) == (400, "BadRequestError")
        assert f"Virtual resource freezed, can't do {action}" in reply.json()["details"]
    assert (
        await scene.ask("PUT", f"/servers/{ident}", body={"server": {"description": "cold"}})
    ).status_code == 200
    await scene.ask("DELETE", f"/servers/{ident}")
    assert (await scene.act(ident, "unfreeze")).status_code == 200
    scene.time.run()
    assert scene.cloud.guest(ident).pending


async def test_tag_keys_that_differ_in_case_are_one_key_and_the_last_spelling_stays(scene: Scene) -> None:
    ident = await scene.create("pet", __meta__={"user:Zone": "1", "user:zone": "2"})

    def tags() -> dict[str, str]:
        return {k: v for k, v in scene.cloud.guest(ident).metadata.items() if k.startswith("user:")}

    assert tags() == {"user:zone": "2"}
    await scene.act(ident, "user-metadata", {"ZONE": "3"})
    assert tags() == {"user:ZONE": "3"}
    await scene.act(ident, "user-metadata", {"zz": "1", "ZZ": "2"})
    assert tags() == {"user:ZONE": "3", "user:ZZ": "2"}
    await scene.act(ident, "set-user-metadata", {"zz": "4"})
    assert tags() == {"user:zz": "4"}
    await scene.act(ident, "user-metadata", {"ZZ": "none"})
    assert tags() == {}


async def test_what_is_given_back_later_says_when_and_a_renewal_lasts(scene: Scene, ident: str) -> None:
    await scene.act(ident, "renew", {"duration": "1M"})
    scene.time.run()
    await scene.act(ident, "postpaid-expire", {"duration": "72h"})
    found = scene.cloud.find(ident) or {}
    assert (found["expired_at"], found["release_at"][:10]) == ("2026-12-23T12:00:01.000000Z", "2026-11-26")
    await scene.act(ident, "cancel-expire")
    assert "release_at" not in (scene.cloud.find(ident) or {})
    assert (await scene.act(ident, "set-auto-renew", {"auto_renew": True})).status_code == 406


async def test_groups_are_named_one_by_one(scene: Scene, ident: str) -> None:
    scene.world.inventory.groups["g1"] = InstanceGroup("g1", "apart")
    for body in ({"group": ["g1"]}, {"groups": "g1"}, {}):
        reply = await scene.act(ident, "bind-groups", body)
        assert (reply.status_code, reply.json()["class"]) == (400, "MissingParameterError")
    before = scene.cloud.guest(ident).row["update_version"]
    for _ in range(2):  # [1363-1364]: twice alike
        assert (await scene.act(ident, "bind-groups", {"group.0": "g1"})).status_code == 200
        assert scene.world.inventory.groups["g1"].guests == {ident}
    for _ in range(2):
        assert (await scene.act(ident, "unbind-groups", {"group.0": "g1"})).status_code == 200
        assert scene.world.inventory.groups["g1"].guests == set()
    assert scene.cloud.guest(ident).row["update_version"] == before


@pytest.mark.parametrize("action", ["bind-groups", "unbind-groups"])
async def test_a_group_that_is_not_there_or_anothers_is_refused(
    scene: Scene, ident: str, action: str
) -> None:
    scene.world.inventory.groups["g1"] = InstanceGroup("g1", "apart", project_id="another")
    reply = await scene.act(ident, action, {"group.0": "g2"})
    assert (reply.status_code, reply.json()["details"]) == (400, "no such group g2")
    assert (await scene.act(ident, action, {"group.0": "g1"})).status_code == 403
