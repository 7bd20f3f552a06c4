"""Network cards: by id only, without a trace in the version, off a running server only where that is said."""

from typing import Any

import pytest

from tests.cloud.fixtures import Scene

SERVER = {"auto_start": True, "nets": [{"network": "vnet-1"}, {"network": "vnet-db"}]}


def _id(scene: Scene, name: str) -> str:
    network = scene.world.inventory.find_network(name)
    assert network is not None
    return network.id


def _cards(scene: Scene, ident: str) -> list[tuple[str, bool]]:
    return [(nic.network, nic.default) for nic in scene.cloud.guest(ident).nics]


def _trace(scene: Scene, ident: str) -> tuple[int, int]:
    """Return what moves when somebody looks whether a server changed."""
    return int(scene.cloud.guest(ident).row["update_version"]), len(scene.cloud.statuses(ident))


@pytest.mark.parametrize("off", [True, False])
async def test_a_card_comes_at_once_and_only_an_event_tells(scene: Scene, ident: str, *, off: bool) -> None:
    if off:
        await scene.act(ident, "stop")
        scene.time.run()
    before, events = _trace(scene, ident), len(scene.world.events.events)
    for _ in range(2):
        nets = [{"network": _id(scene, "vnet-backup")}]
        assert (await scene.act(ident, "attachnetwork", {"nets": nets})).status_code == 200
    scene.time.run()
    assert [name for name, _ in _cards(scene, ident)] == ["vnet-1", "vnet-db", "vnet-backup", "vnet-backup"]
    assert _trace(scene, ident) == before
    assert [event.action for event in list(scene.world.events.events)[events:]] == ["attach", "attach"]


@pytest.mark.parametrize(
    ("net", "status", "kind"),
    [
        pytest.param({"network": "vnet-backup"}, 400, "BadRequestError", id="by-name"),
        pytest.param({"network": "no-such"}, 404, "ResourceNotFoundError", id="unknown"),
        pytest.param({"network": "=", "address": "10.91.0.20"}, 400, "InputParameterError", id="taken"),
        pytest.param({"network": "=", "address": "10.1.1.1"}, 400, "InputParameterError", id="out-of-range"),
    ],
)
async def test_a_card_that_cannot_be_had_is_refused(
    scene: Scene, ident: str, net: dict[str, str], status: int, kind: str
) -> None:
    network = scene.world.inventory.networks[_id(scene, "vnet-backup")]
    network.used.add("10.91.0.20")
    wanted = net | ({"network": network.id} if net["network"] == "=" else {})
    reply = await scene.act(ident, "attachnetwork", {"nets": [wanted]})
    assert (reply.status_code, reply.json()["class"]) == (status, kind)
    assert len(_cards(scene, ident)) == 2


@pytest.mark.parametrize(("agent", "status"), [("enable", 200), ("disable", 400), ("", 400)])
async def test_a_card_leaves_a_running_server_only_where_the_metadata_say_so(
    scene: Scene, agent: str, status: int
) -> None:
    scene.cloud.settings.hot_plug = agent
    nets = [{"network": "vnet-1"}, {"network": "vnet-db"}]
    ident = await scene.create("on", auto_start=True, nets=nets)
    before = _trace(scene, ident)
    body = {"net_id": _id(scene, "vnet-1")}
    assert (await scene.act(ident, "detachnetwork", body)).status_code == status
    assert _trace(scene, ident) == before
    await scene.act(ident, "stop")
    scene.time.run()
    assert (await scene.act(ident, "detachnetwork", body)).status_code == (404 if status == 200 else 200)
    assert _cards(scene, ident) == [("vnet-db", True)]


async def test_a_card_that_is_not_there_is_404(scene: Scene, ident: str) -> None:
    reply = await scene.act(ident, "detachnetwork", {"mac": "00:22:00:00:00:00"})
    assert (reply.status_code, reply.json()["details"]) == (404, "mac 00:22:00:00:00:00 not found")


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        pytest.param({"network": "vnet-1", "address": "10.90.0.77"}, 200, id="another-address"),
        pytest.param({"network": "vnet-backup"}, 200, id="another-network"),
        pytest.param("10.90.0.77", 400, id="as-text"),
        pytest.param({"address": "10.90.0.77"}, 400, id="without-a-network"),
    ],
)
async def test_a_card_of_a_stopped_server_gets_another_address_and_keeps_its_mac(
    scene: Scene, ident: str, wanted: Any, status: int
) -> None:
    card = scene.cloud.guest(ident).nics[0]
    before, mac = card.address, card.mac
    if isinstance(wanted, dict) and "network" in wanted:
        wanted = wanted | {"network": _id(scene, wanted["network"])}
    body = {"mac": mac, "net_desc": wanted}
    assert (await scene.act(ident, "change-ipaddr", body)).json().get("class") == "InvalidStatusError"
    await scene.act(ident, "stop")
    scene.time.run()
    assert (await scene.act(ident, "change-ipaddr", body)).status_code == status
    scene.time.run()
    assert card.mac == mac
    assert (card.address != before) is (status == 200)


@pytest.mark.parametrize("off", [True, False])
async def test_a_bandwidth_moves_a_running_server_and_no_stopped_one(
    scene: Scene, ident: str, *, off: bool
) -> None:
    if off:
        await scene.act(ident, "stop")
        scene.time.run()
    before = _trace(scene, ident)
    body = {"net_id": _id(scene, "vnet-1"), "bandwidth": 300}
    await scene.act(ident, "change-bandwidth", body)
    scene.time.run()
    assert (_trace(scene, ident) == before) is off
    found = scene.cloud.find(ident) or {}
    assert found["nics"][0]["bw_limit_mbps"] == 0
    assert "/300/rx300/tx300/" in found["networks"]


GROUP = {"group.0": "9b0cbb16-32f1-4c0b-8d55-6f8b7f0a1c22"}


@pytest.mark.parametrize("action", ["bind-groups", "unbind-groups"])
async def test_instance_groups_change_on_a_stopped_server_only(scene: Scene, ident: str, action: str) -> None:
    assert (await scene.act(ident, action, GROUP)).json()["class"] == "InvalidStatusError"
    await scene.act(ident, "stop")
    scene.time.run()
    assert (await scene.act(ident, action, {"group": [*GROUP.values()]})).status_code == 400
    assert (await scene.act(ident, action, GROUP)).status_code == 200
