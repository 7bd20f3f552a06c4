"""Network cards and instance groups follow the manifest, and nobody else's are touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.test_console import BACKUP, asked, console, drifted
from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

ONE, TWO = {"network": "vnet-1"}, {"network": "vnet-backup"}
GROUP = "9b0cbb16-32f1-4c0b-8d55-6f8b7f0a1c22"
RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}


def networks(user: User) -> list[str]:
    return [nic["network_id"] for nic in user.only_server()["nics"]]


def test_a_network_is_added_limited_and_taken_out_as_the_server_runs(user: User) -> None:
    user.cloud.call("settings", hot_plug="enable")
    user.apply()
    identity = user.wait_ready()["id"]
    (first,) = networks(user)
    user.apply(server={"networks": [ONE, TWO]})
    status = user.wait_ready()
    assert networks(user) == [first, BACKUP]
    assert [card["networkID"] for card in status["cards"]] == [first, BACKUP]
    assert {card["networkID"] for card in status["server"]["networks"]} == {first, BACKUP}
    user.apply(server={"networks": [ONE, {**TWO, "bandwidth": 300}]})
    assert [card.get("bandwidth") for card in user.wait_ready()["cards"]] == [None, 300]
    user.apply(server={"networks": [{**TWO, "bandwidth": 300}]})
    status = user.wait_ready()
    assert (status["id"], networks(user), status["state"]) == (identity, [BACKUP], "Running")
    assert user.only_server()["nics"][0]["is_default"]
    counts = [asked(user, call) for call in ("attachnetwork", "change-bandwidth", "detachnetwork", "stop")]
    assert counts == [1, 1, 1, 0]


def test_what_the_host_does_not_take_waits_for_leave_and_costs_one_restart(user: User) -> None:
    user.cloud.call("settings", hot_plug="disable")
    user.apply(server={"networks": [{**ONE, "address": "10.90.0.77"}, TWO]})
    user.wait_ready()
    wanted = {"networks": [{**ONE, "address": "10.90.0.78"}], "instanceGroups": [GROUP], "cpu": 1}
    user.apply(server=wanted)
    status = user.wait_reason("RestartNeeded")
    assert {each["field"] for each in status["drift"]} >= {"cpu", "instanceGroups", "networks[vnet-backup]"}
    user.apply(server=wanted, **RESTART)
    status = user.wait_ready()
    assert (status["ip"], status["instanceGroups"], status["server"]["cpu"]) == ("10.90.0.78", [GROUP], 1)
    assert len(networks(user)) == 1
    assert (asked(user, "stop"), asked(user, "start"), asked(user, "bind-groups")) == (1, 1, 1)
    user.apply(server={**wanted, "instanceGroups": []}, **RESTART)
    status = user.wait_ready()
    assert status["instanceGroups"] == []
    assert (asked(user, "stop"), asked(user, "unbind-groups")) == (2, 1)


def test_a_card_of_which_no_answer_came_is_found_and_none_is_attached_twice(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.cloud.call("fault", effect="reset", work=True, method="POST", path="/attachnetwork$", count=1)
    user.apply(server={"networks": [ONE, TWO]})
    status = user.wait_ready()
    assert (asked(user, "attachnetwork"), networks(user)[1:]) == (1, [BACKUP])
    assert [card["how"] for card in status["cards"]] == ["Created", "Attached"]


def test_a_card_that_cannot_be_had_is_told_with_the_clouds_words_and_nothing_else_is_held(
    user: User,
) -> None:
    user.apply()
    user.wait_ready()
    user.apply(server={"networks": [ONE, {**TWO, "address": "10.1.1.1"}], "description": "new"})
    status = user.wait(lambda s: "not in range" in condition(s, "Synced").get("message", ""))
    assert status["server"]["description"] == "new"
    assert len(networks(user)) == 1
    user.apply(server={"networks": [ONE, {**TWO, "address": "10.91.0.99"}], "description": "new"})
    user.wait_ready()
    assert [nic["ip_addr"] for nic in user.only_server()["nics"]][1:] == ["10.91.0.99"]


def test_a_card_of_others_is_left_when_ours_goes(user: User) -> None:
    user.cloud.call("settings", hot_plug="enable")
    user.apply(server={"networks": [ONE, TWO]})
    identity = user.wait_ready()["id"]
    console(user, identity, "attachnetwork", {"nets": [{"network": BACKUP}]})
    user.wait(lambda s: drifted(s, "networks"))
    user.apply(server={"networks": [ONE]})
    user.wait_ready()
    assert networks(user)[1:] == [BACKUP]
    assert asked(user, "detachnetwork") == 1
