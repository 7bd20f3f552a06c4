"""A server that its manifest suspends and lets go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User


def calls(user: User) -> dict[str, int]:
    """Return how often each action on a server was asked for."""
    found = user.cloud.counts().items()
    return {call.rpartition("/")[2]: count for call, count in found if call.startswith("POST /servers/")}


def test_a_server_is_suspended_and_goes_on_and_is_stopped_in_order(user: User) -> None:
    user.apply(server={"powerState": "Suspended"})
    status = user.wait_ready()
    assert (status["state"], condition(status, "Ready")["reason"]) == ("Suspended", "Suspended")
    assert user.only_server()["status"] == "suspend"
    assert calls(user) == {"suspend": 1}
    user.apply(server={"powerState": "Suspended", "cpu": 4}, disruption={"allow": "Restart"})
    status = user.wait_reason("RestartNeeded")
    assert "suspended" in condition(status, "Synced")["message"]
    assert user.only_server()["status"] == "suspend"
    user.apply(server={"powerState": "Running"})
    assert user.wait_ready()["state"] == "Running"
    user.apply(server={"powerState": "Suspended"})
    assert user.wait_ready()["state"] == "Suspended"
    user.apply(server={"powerState": "Stopped"})
    assert user.wait_ready()["state"] == "Stopped"
    assert calls(user) == {"suspend": 2, "resume": 2, "stop": 1}
    assert user.posts() == 1
