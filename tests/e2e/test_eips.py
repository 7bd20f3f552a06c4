"""Elastic IPs: made, given, moved, lost and taken away by editing the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

VPC = [{"network": "vpc-net"}]


def on_a_vpc(**more: Any) -> dict[str, Any]:
    return {"networks": VPC, **more}


def eips(user: User) -> dict[str, dict[str, Any]]:
    """Return the cloud's EIPs by their names."""
    return {row["name"]: row for row in user.cloud.call("addresses")}


def holders(user: User) -> dict[str, str | None]:
    """Return the name of the server that each EIP is bound to."""
    return {name: row.get("associate_name") for name, row in eips(user).items()}


def writes(user: User) -> dict[str, int]:
    """Return how often each call was made that changes an EIP, or what has it."""
    found = user.cloud.counts().items()
    return {call: n for call, n in found if "eip" in call and not call.startswith("GET")}


def bound(status: dict[str, Any]) -> str | None:
    """Return the address that the server shows."""
    shown = status.get("server", {}).get("addresses", ())
    return next((row["address"] for row in shown if row["type"] == "ElasticIP"), None)


def test_one_of_its_own_is_made_bound_changed_and_deleted_with_the_server(user: User) -> None:
    user.apply(server=on_a_vpc(eip={"bandwidth": 10, "chargeType": "Bandwidth", "network": "eipnet"}))
    status = user.wait_ready()
    record = status["eip"]
    mine = eips(user)[record["name"]]
    assert (mine["id"], mine["ip_addr"], mine["associate_id"]) == (record["id"], bound(status), status["id"])
    assert mine["metadata"]["user:onecloud.io/name"] == "web-1"
    assert (record["origin"], record["address"], record["bandwidth"]) == ("Made", bound(status), 10)
    user.apply(server=on_a_vpc(eip={"bandwidth": 50}))
    status = user.wait_ready()
    assert (eips(user)[record["name"]]["bandwidth"], status["eip"]["bandwidth"]) == (50, 50)
    assert writes(user) == {
        "POST /eips": 1,
        "POST /servers/{id}/associate-eip": 1,
        "POST /eips/{id}/change-bandwidth": 1,
    }
    user.delete()
    user.wait_gone()
    assert record["name"] not in eips(user)


def test_one_that_exists_moves_from_one_object_to_another(user: User) -> None:
    user.apply("a", server=on_a_vpc(eip={"name": "eip-1"}))
    user.wait_ready("a")
    user.apply("b", server=on_a_vpc(eip={"name": "eip-1"}))
    held = user.wait_reason("EIPUnavailable", "b")
    assert "is bound to" in condition(held, "Synced")["message"]
    assert condition(held, "Ready")["status"] == "True"
    user.apply("a", server=on_a_vpc(eip={"none": True}))
    status = user.wait_ready("b")
    assert bound(status) == eips(user)["eip-1"]["ip_addr"]
    assert bound(user.wait_ready("a")) is None
    user.delete("b")
    user.wait_gone("b")
    assert holders(user) == {"eip-1": None}


def test_one_that_is_lost_is_bound_again(user: User) -> None:
    user.apply(server=on_a_vpc(eip={"name": "eip-1"}))
    status = user.wait_ready()
    user.cloud.call("take_off_address", server=status["id"])
    again = {"POST /servers/{id}/associate-eip": 2}
    user.until(lambda: writes(user) == again and holders(user)["eip-1"], "it is bound again")
    user.wait_ready()


def test_one_that_was_lost_in_the_recycle_bin_is_bound_again(user: User) -> None:
    user.apply(server=on_a_vpc(eip={"name": "eip-1"}))
    status = user.wait_ready()
    user.cloud.call("recycle", ident=status["id"])
    user.wait_reason("InRecycleBin")
    user.cloud.call("restore", ident=status["id"])
    user.wait(lambda now: bound(now) == status["eip"]["address"] and now["state"] != "InRecycleBin")


def test_a_classic_network_that_cannot_bind_it_leaves_the_server_well(user: User) -> None:
    """The cloud says that the binding failed, and shows the address all the same."""
    user.apply(server={"eip": {"name": "eip-1"}})
    status = user.wait(lambda now: condition(now, "Stalled"))
    assert condition(status, "Synced")["reason"] == "InvalidSpec"
    assert "no eip on a classic network" in condition(status, "Synced")["message"]
    assert (condition(status, "Ready")["status"], status["state"]) == ("True", "Running")
    assert (holders(user), bound(status)) == ({"eip-1": None}, None)
    assert writes(user) == {"POST /servers/{id}/associate-eip": 1, "POST /servers/{id}/dissociate-eip": 1}
    user.apply(server={"eip": {"none": True}})
    user.wait_ready()


@pytest.mark.parametrize("path", ["/eips", "associate-eip", "change-bandwidth"])
def test_a_lost_answer_makes_no_second_one(user: User, path: str) -> None:
    user.cloud.call("lose_answer", method="POST", path=path)
    user.apply(server=on_a_vpc(eip={"bandwidth": 10}))
    user.wait_ready()
    user.apply(server=on_a_vpc(eip={"bandwidth": 20}))
    status = user.wait_ready()
    (mine,) = (row for name, row in eips(user).items() if name != "eip-1")
    assert (mine["id"], mine["bandwidth"], mine["associate_id"]) == (status["eip"]["id"], 20, status["id"])


def test_under_retain_it_stays_bound_without_owner_tags(user: User) -> None:
    user.apply(server=on_a_vpc(eip={"bandwidth": 10}), deletionPolicy="Retain")
    status = user.wait_ready()
    user.delete()
    user.wait_gone()
    mine = eips(user)[status["eip"]["name"]]
    assert mine["associate_id"] == status["id"]
    assert not any(key.startswith("user:onecloud.io/") for key in mine.get("metadata") or {})
