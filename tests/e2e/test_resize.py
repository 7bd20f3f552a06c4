"""A server gets another size: as it runs, or with a stop and a start, and never left off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import said

if TYPE_CHECKING:
    from tests.e2e.user import Play

LARGER: dict[str, Any] = {"cpu": 4, "memory": "8Gi"}
RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}
OFF = [pytest.param("disable", id="imported"), pytest.param("", id="unknown")]


def made(play: Play, agent: str, **server: Any) -> str:
    """Return the id of a server that a host agent of this kind has started."""
    play.cloud.call("settings", hot_plug=agent)
    play.apply(server=server)
    identity: str = play.wait_ready()["id"]
    return identity


def asked(play: Play, action: str) -> int:
    return play.cloud.counts().get(f"POST /servers/{{id}}/{action}", 0)


def test_a_server_with_hot_plug_grows_as_it_runs_and_without_leave(play: Play) -> None:
    identity = made(play, "enable")
    play.apply(server=LARGER)
    status = play.wait_ready()
    assert (status["id"], status["server"]["cpu"], status["server"]["memory"]) == (identity, 4, "8Gi")
    assert "start_stop" not in play.cloud.call("statuses", ident=identity)
    assert (asked(play, "stop"), asked(play, "change-config")) == (0, 1)


@pytest.mark.parametrize("power", [{}, {"powerState": "Unmanaged"}], ids=["running", "unmanaged"])
@pytest.mark.parametrize("agent", OFF)
def test_a_server_without_hot_plug_is_stopped_for_it_and_started_again(
    play: Play, agent: str, power: dict[str, str]
) -> None:
    identity = made(play, agent, **power)
    play.apply(server={**LARGER, **power})
    status = play.wait_reason("RestartNeeded")
    assert said(status, "Stalled")["status"] == "True"
    assert said(status, "Ready")["status"] == "True"
    assert {entry["field"] for entry in status["drift"]} == {"cpu", "memory"}
    assert play.only_server()["vcpu_count"] == 2
    play.apply(server={**LARGER, **power}, **RESTART)
    status = play.wait_ready()
    assert (status["id"], status["server"]["cpu"], status["state"]) == (identity, 4, "Running")
    assert "drift" not in status
    assert "restart" not in status
    assert (asked(play, "stop"), asked(play, "change-config"), asked(play, "start")) == (1, 1, 1)

    def it_is_told() -> bool:
        return "Restarting" in {e["reason"] for e in play.kube.list("events", play.namespace)}

    play.until(it_is_told, "the Event, which comes after the status")


def test_what_shrinks_is_stopped_for_and_never_by_force(play: Play) -> None:
    made(play, "enable")
    play.apply(server={"cpu": 1}, **RESTART)
    assert play.wait_ready()["server"]["cpu"] == 1
    assert (asked(play, "stop"), asked(play, "change-config"), asked(play, "start")) == (1, 1, 1)


def test_a_live_change_that_is_refused_falls_back_to_a_stop(play: Play) -> None:
    identity = made(play, "enable")
    refusal = {"method": "POST", "path": "/change-config$", "status": 400, "kind": "InvalidStatusError"}
    play.cloud.call("fault", effect="answer", count=2, details="no slot is free", **refusal)
    play.apply(server=LARGER)
    told = play.wait_reason("RestartNeeded")
    assert "no slot is free" in said(told, "Synced")["message"]
    play.cloud.call("clear_faults")
    play.cloud.call("fault", effect="answer", count=2, details="no slot is free", **refusal)
    play.apply(server=LARGER, **RESTART)
    assert play.wait_ready()["id"] == identity
    assert asked(play, "stop") == 1


def test_all_that_needs_a_stop_shares_one(play: Play) -> None:
    made(play, "disable", rootDisk={"size": "20Gi"})
    play.apply(server={"cpu": 4, "rootDisk": {"size": "40Gi"}}, **RESTART)
    server = play.wait_ready()["server"]
    assert (server["cpu"], server["rootDisk"]["size"]) == (4, "40Gi")
    assert (asked(play, "stop"), asked(play, "start")) == (1, 1)


def test_a_change_that_is_refused_leaves_it_running_and_says_why(play: Play) -> None:
    made(play, "disable", powerState="Unmanaged")
    refusal = {"method": "POST", "path": "/change-config$", "status": 400, "kind": "InputParameterError"}
    play.cloud.call("fault", effect="answer", count=None, details="no such size", **refusal)
    play.apply(server={**LARGER, "powerState": "Unmanaged"}, **RESTART)
    play.until(lambda: asked(play, "start") == 1, "it is started again")
    status = play.wait(lambda now: "restart" not in now and said(now, "Stalled").get("status") == "True")
    assert "no such size" in said(status, "Synced")["message"]
    assert said(status, "Ready")["status"] == "True"
    assert play.only_server()["status"] == "running"


def test_a_state_that_does_not_pass_is_told_as_what_it_is(play: Play) -> None:
    """Each start is refused for the state of a server that rests: that is no moment that passes."""
    made(play, "enable", powerState="Stopped")
    refusal = {"method": "POST", "path": "/start$", "status": 400, "kind": "InvalidStatusError"}
    play.cloud.call("fault", effect="answer", count=None, details="Virtual resource freezed", **refusal)
    play.apply(server={"powerState": "Running"})
    status = play.wait_reason("OperationFailed")
    assert "Virtual resource freezed" in said(status, "Synced")["message"]
    assert said(status, "Ready") | {"lastTransitionTime": ""} == said(status, "Ready") | {
        "lastTransitionTime": "",
        "status": "False",
        "reason": "WrongPowerState",
    }
    assert status["nextRetryTime"]
    play.cloud.call("clear_faults")
    play.annotate("onecloud.io/reconcile-requested-at", "now")
    assert play.wait_ready()["state"] == "Running"


def test_a_retained_server_is_handed_back_running(play: Play) -> None:
    """Its object is deleted in the middle of a stop of ours."""
    identity = made(play, "disable", powerState="Unmanaged")
    play.cloud.call("step_seconds", seconds=0.3)
    play.apply(server={**LARGER, "powerState": "Unmanaged"}, deletionPolicy="Retain", **RESTART)
    play.until(lambda: asked(play, "stop") == 1, "it is stopped")
    play.delete()
    play.wait_gone()
    assert (play.only_server()["id"], play.only_server()["status"]) == (identity, "running")
    assert not [tag for tag in play.only_server()["metadata"] if tag.startswith("user:onecloud.io/")]
