"""A server gets another size: as it runs, or with a stop and a start, and never left off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

LARGER: dict[str, Any] = {"cpu": 4, "memory": "8Gi"}
RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}
OFF = [pytest.param("disable", id="imported"), pytest.param("", id="unknown")]


def made(user: User, agent: str, **server: Any) -> str:
    """Return the id of a server that a host agent of this kind has started."""
    user.cloud.call("settings", hot_plug=agent)
    user.apply(server=server)
    identity: str = user.wait_ready()["id"]
    return identity


def asked(user: User, action: str) -> int:
    return user.cloud.counts().get(f"POST /servers/{{id}}/{action}", 0)


def test_a_server_with_hot_plug_grows_as_it_runs_and_without_leave(user: User) -> None:
    identity = made(user, "enable")
    user.apply(server=LARGER)
    status = user.wait_ready()
    assert (status["id"], status["server"]["cpu"], status["server"]["memory"]) == (identity, 4, "8Gi")
    assert "start_stop" not in user.cloud.call("statuses", ident=identity)
    assert (asked(user, "stop"), asked(user, "change-config")) == (0, 1)


@pytest.mark.parametrize("power", [{}, {"powerState": "Unmanaged"}], ids=["running", "unmanaged"])
@pytest.mark.parametrize("agent", OFF)
def test_a_server_without_hot_plug_is_stopped_for_it_and_started_again(
    user: User, agent: str, power: dict[str, str]
) -> None:
    identity = made(user, agent, **power)
    user.apply(server={**LARGER, **power})
    status = user.wait_reason("RestartNeeded")
    assert condition(status, "Stalled")["status"] == "True"
    assert condition(status, "Ready")["status"] == "True"
    assert {entry["field"] for entry in status["drift"]} == {"cpu", "memory"}
    assert user.only_server()["vcpu_count"] == 2
    user.apply(server={**LARGER, **power}, **RESTART)
    status = user.wait_ready()
    assert (status["id"], status["server"]["cpu"], status["state"]) == (identity, 4, "Running")
    assert "drift" not in status
    assert "restart" not in status
    assert (asked(user, "stop"), asked(user, "change-config"), asked(user, "start")) == (1, 1, 1)

    def it_is_told() -> bool:
        return "Restarting" in {e["reason"] for e in user.kube.list("events", user.namespace)}

    user.until(it_is_told, "the Event, which comes after the status")


def test_what_shrinks_is_stopped_for_and_never_by_force(user: User) -> None:
    made(user, "enable")
    user.apply(server={"cpu": 1}, **RESTART)
    assert user.wait_ready()["server"]["cpu"] == 1
    assert (asked(user, "stop"), asked(user, "change-config"), asked(user, "start")) == (1, 1, 1)


def test_a_live_change_that_is_refused_falls_back_to_a_stop(user: User) -> None:
    identity = made(user, "enable")
    refusal = {"method": "POST", "path": "/change-config$", "status": 400, "kind": "InvalidStatusError"}
    user.cloud.call("fault", effect="answer", count=2, details="no slot is free", **refusal)
    user.apply(server=LARGER)
    status = user.wait_reason("RestartNeeded")
    assert "no slot is free" in condition(status, "Synced")["message"]
    user.cloud.call("clear_faults")
    user.cloud.call("fault", effect="answer", count=2, details="no slot is free", **refusal)
    user.apply(server=LARGER, **RESTART)
    assert user.wait_ready()["id"] == identity
    assert asked(user, "stop") == 1


def test_all_that_needs_a_stop_shares_one(user: User) -> None:
    made(user, "disable", rootDisk={"size": "20Gi"})
    user.apply(server={"cpu": 4, "rootDisk": {"size": "40Gi"}}, **RESTART)
    server = user.wait_ready()["server"]
    assert (server["cpu"], server["rootDisk"]["size"]) == (4, "40Gi")
    assert (asked(user, "stop"), asked(user, "start")) == (1, 1)


def test_a_change_that_is_refused_leaves_it_running_and_says_why(user: User) -> None:
    made(user, "disable", powerState="Unmanaged")
    refusal = {"method": "POST", "path": "/change-config$", "status": 400, "kind": "InputParameterError"}
    user.cloud.call("fault", effect="answer", count=None, details="no such size", **refusal)
    user.apply(server={**LARGER, "powerState": "Unmanaged"}, **RESTART)
    user.until(lambda: asked(user, "start") == 1, "it is started again")
    status = user.wait(lambda now: "restart" not in now and condition(now, "Stalled").get("status") == "True")
    assert "no such size" in condition(status, "Synced")["message"]
    assert condition(status, "Ready")["status"] == "True"
    assert user.only_server()["status"] == "running"


def test_a_state_that_does_not_pass_is_told_as_what_it_is(user: User) -> None:
    """Each start is refused for the state of a server that rests: that is no moment that passes."""
    made(user, "enable", powerState="Stopped")
    refusal = {"method": "POST", "path": "/start$", "status": 400, "kind": "InvalidStatusError"}
    user.cloud.call("fault", effect="answer", count=None, details="Virtual resource freezed", **refusal)
    user.apply(server={"powerState": "Running"})
    status = user.wait_reason("OperationFailed")
    assert "Virtual resource freezed" in condition(status, "Synced")["message"]
    assert condition(status, "Ready") | {"lastTransitionTime": ""} == condition(status, "Ready") | {
        "lastTransitionTime": "",
        "status": "False",
        "reason": "WrongPowerState",
    }
    assert status["nextRetryTime"]
    user.cloud.call("clear_faults")
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    assert user.wait_ready()["state"] == "Running"


def test_a_retained_server_is_handed_back_running(user: User) -> None:
    """Its object is deleted in the middle of a stop of ours."""
    identity = made(user, "disable", powerState="Unmanaged")
    user.cloud.call("step_seconds", seconds=0.3)
    user.apply(server={**LARGER, "powerState": "Unmanaged"}, deletionPolicy="Retain", **RESTART)
    user.until(lambda: asked(user, "stop") == 1, "it is stopped")
    user.delete()
    user.wait_gone()
    assert (user.only_server()["id"], user.only_server()["status"]) == (identity, "running")
    assert not [tag for tag in user.only_server()["metadata"] if tag.startswith("user:onecloud.io/")]
