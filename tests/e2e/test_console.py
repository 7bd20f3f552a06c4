"""What people change in the cloud's console, of what counts only when a server is made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import AddressPolicy, Cloud, Credentials, Endpoints, Password, Project
from tests.e2e.user import KIND, SERVER, User, condition

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE = "8d2f4c61-7b3e-4f90-a5d8-1c6e9b0f2a37"
KEYPAIR = "3f2e1d0c-9b8a-4756-8493-2d1c0b9a8f7e"
BACKUP = "d3e5f7a9-2b4c-4d6e-9f80-ab1c2d3e4f50"
BOTH = [{"network": "vnet-1"}, {"network": "vnet-backup"}]


def console(user: User, server_id: str, action: str, body: Mapping[str, Any]) -> None:
    """Perform an action on a server as its owner does in the console."""

    async def perform() -> None:
        secret = user.cloud.secret_data
        endpoints = Endpoints(AddressPolicy(allow_loopback=True))
        method = Password(
            SecretStr(secret["OS_PASSWORD"]), user_name=secret["OS_USERNAME"], user_domain_name="Default"
        )
        project = Project(secret["OS_PROJECT_NAME"], domain_name="Default")
        credentials = Credentials(secret["OS_AUTH_URL"], method, project, region=secret.get("OS_REGION_NAME"))
        try:
            async with Cloud(credentials, endpoints) as cloud:
                await cloud.perform(server_id, action, body)
        finally:
            await endpoints.close()

    asyncio.run(perform())


def well(status: Mapping[str, Any]) -> bool:
    """Say whether nothing is wrong, whatever has drifted."""
    return (
        condition(status, "Ready").get("status") == "True"
        and condition(status, "Synced").get("reason") == "UpToDate"
        and not condition(status, "Stalled")
    )


def drifted(status: Mapping[str, Any], *fields: str) -> bool:
    return well(status) and {each["field"] for each in status.get("drift", ())} == set(fields)


def events(user: User, reason: str) -> list[str]:
    found = user.kube.list("events", user.namespace)
    return [each["message"] for each in found if each["reason"] == reason]


@pytest.mark.parametrize(
    "told", [False, True], ids=["region-tells-the-old-name", "region-tells-the-new-name"]
)
def test_an_image_that_is_renamed_is_no_drift_of_old_servers_nor_of_new_ones(user: User, told: bool) -> None:
    user.apply()
    old = user.wait_ready()
    user.cloud.call("rename_image", ident=IMAGE, name="ubuntu-22.04-20261101", told=told)
    user.cloud.call("change", ident=old["id"], description="read again")
    user.apply("web-2", server={"image": "ubuntu-22.04-20261101"})
    user.apply("web-3", server={"image": "Ubuntu-22.04-20261101"})
    for name in ("web-2", "web-3"):
        assert drifted(user.wait_ready(name))
    status = user.wait(lambda s: s["server"].get("description") == "read again")
    assert drifted(status)
    assert status["baseline"]["imageID"] == IMAGE
    without = {key: value for key, value in SERVER.items() if key != "image"}
    spec = {"credentialsRef": {"name": "onecloud"}, "server": {**without, "rootDisk": {"size": "10Gi"}}}
    user.kube.patch(KIND, "web-1", user.namespace, {"spec": {"server": {"image": None, **spec["server"]}}})
    assert drifted(user.wait_ready())


def test_an_image_that_is_deleted_is_no_drift(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.cloud.call("delete_image", ident=IMAGE, told=True)
    user.cloud.call("change", ident=identity, description="read again")
    assert drifted(user.wait(lambda s: s["server"].get("description") == "read again"))


def test_a_card_that_is_attached_is_told_and_may_be_declared_or_left_alone(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    console(user, identity, "attachnetwork", {"nets": [{"network": BACKUP}]})
    status = user.wait(lambda s: drifted(s, "networks"))
    assert BACKUP in status["drift"][0]["actual"]
    assert condition(status, "Drifted")["status"] == "True"
    (event,) = user.until(lambda: events(user, "DriftDetected"), "an Event")
    assert "networks" in event
    user.kube.patch(KIND, "web-1", user.namespace, {"spec": {"server": {"networks": None}}})
    assert drifted(user.wait_ready())
    user.apply(server={"networks": BOTH})
    status = user.wait_ready()
    assert drifted(status)
    assert [card["how"] for card in status["cards"]] == ["Found", "Found"]
    assert asked(user, "attachnetwork") == 1, "the console's own"
    assert user.posts() == 1


def asked(user: User, action: str) -> int:
    return user.cloud.counts().get(f"POST /servers/{{id}}/{action}", 0)


def test_billing_and_a_key_pair_are_told_and_an_address_is_put_back(user: User) -> None:
    user.apply(
        server={
            "keypair": "ops",
            "billing": {"type": "Postpaid"},
            "networks": [{"network": "vnet-1", "address": "10.90.0.77"}],
            "powerState": "Stopped",
        }
    )
    identity = user.wait_ready()["id"]
    user.cloud.call("rename_keypair", ident=KEYPAIR, name="ops-2026")
    user.cloud.call("change", ident=identity, description="read again")
    assert drifted(user.wait(lambda s: s["server"].get("description") == "read again"))
    user.cloud.call("change", ident=identity, billing_type="prepaid")
    user.wait(lambda s: drifted(s, "billing.type"))
    (card,) = user.only_server()["nics"]
    other = {"network": card["network_id"], "address": "10.90.0.78"}
    console(user, identity, "change-ipaddr", {"mac": card["mac"], "net_desc": other})
    user.until(lambda: asked(user, "change-ipaddr") == 2, "the address is put back")
    status = user.wait(lambda s: drifted(s, "billing.type") and s["ip"] == "10.90.0.77")
    assert {each["actual"] for each in status["drift"]} == {"Prepaid"}


def test_an_adopted_server_that_lacks_a_declared_network_gets_it_and_keeps_its_own(user: User) -> None:
    theirs = user.cloud.call("add_server", name="legacy-1")
    nics = user.only_server()["nics"]
    user.apply_only(
        server={"networks": [{"network": "vnet-backup"}]}, adoption={"policy": "Adopt", "id": theirs}
    )
    user.wait_ready()
    networks = [nic["network_id"] for nic in user.only_server()["nics"]]
    assert networks == [*(nic["network_id"] for nic in nics), BACKUP]


def test_a_name_is_looked_up_once_for_all_adopted_servers_of_a_project(user: User) -> None:
    for number in range(5):
        theirs = user.cloud.call("add_server", name=f"legacy-{number}")
        adopt = {"policy": "Adopt", "id": theirs}
        user.apply_only(f"web-{number}", server={"image": "debian-12"}, adoption=adopt)
    for number in range(5):
        user.wait_reason("ImmutableField", f"web-{number}")
    counts = user.cloud.counts()
    asked = {call: count for call, count in counts.items() if "images" in call}
    assert sum(asked.values()) == 1, counts


@pytest.mark.parametrize("path", ["/networks", "/v1/images"])
def test_a_name_that_cannot_be_looked_up_is_not_known_and_holds_back_nothing_else(
    user: User, path: str
) -> None:
    theirs = user.cloud.call("add_server", name="legacy-1")
    refusal = {"status": 403, "kind": "ForbiddenError", "details": "no right", "count": None}
    user.cloud.call("fault", effect="answer", method="GET", path=path, **refusal)
    by_name: dict[str, dict[str, Any]] = {
        "/networks": {"networks": [{"network": "vnet-1"}]},
        "/v1/images": {"image": "debian-12"},
    }
    adopt = {"policy": "Adopt", "id": theirs}
    user.apply_only(server={**by_name[path], "description": "mine"}, adoption=adopt)
    status = user.wait_reason("ReferenceUnknown")
    assert (condition(status, "Synced")["status"], condition(status, "Stalled")) == ("Unknown", {})
    assert "no right" in condition(status, "Synced")["message"]
    assert "drift" not in status
    assert user.only_server()["description"] == "mine"
    user.apply_only(server={"description": "mine"}, adoption=adopt)
    assert drifted(user.wait_ready())


def test_a_server_that_somebody_froze_is_told_with_the_clouds_words_and_started_once_it_is_thawed(
    user: User,
) -> None:
    user.apply(server={"powerState": "Running"})
    server_id = user.wait_ready()["id"]
    console(user, server_id, "freeze", {})
    status = user.wait_reason("ProviderError")
    assert "freezed" in condition(status, "Synced")["message"]
    assert condition(status, "Ready")["reason"] == "WrongPowerState"
    assert not condition(status, "Stalled")
    console(user, server_id, "unfreeze", {})
    assert user.wait_ready()["id"] == server_id
    assert user.only_server()["id"] == server_id
