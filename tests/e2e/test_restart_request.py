"""A restart that a person asks for, with the real API server and a cloud that takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from tests.e2e.user import SERVER, condition

if TYPE_CHECKING:
    from tests.e2e.user import User

RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}


def switched(user: User) -> tuple[int, int]:
    """Return how often the server was asked to stop, and to start."""
    counts = user.cloud.counts()
    found = {
        name: sum(n for call, n in counts.items() if call.endswith(f"/{name}")) for name in ("stop", "start")
    }
    return found["stop"], found["start"]


def outcome(status: dict[str, Any], value: str) -> str | None:
    request = status.get("restartRequest", {})
    found: str | None = request.get("outcome") if request.get("value") == value else None
    return found


def test_a_server_is_restarted_once_for_each_value_and_within_disruption(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.annotate(RESTART_REQUESTED_AT, "first")
    status = user.wait_reason("RestartNeeded")
    assert RESTART_REQUESTED_AT in condition(status, "Synced")["message"]
    assert switched(user) == (0, 0)
    user.apply(**RESTART)
    user.wait(lambda s: outcome(s, "first") == "Done")
    assert user.wait_ready()["state"] == "Running"
    assert switched(user) == (1, 1)
    user.annotate(RESTART_REQUESTED_AT, None)
    user.annotate(RESTART_REQUESTED_AT, "first")
    user.apply(server={"cpu": 4, "memory": "8Gi"}, **RESTART)
    user.annotate(RESTART_REQUESTED_AT, "second")
    user.wait(lambda s: outcome(s, "second") == "Done" and s["server"].get("cpu") == 4)
    user.wait_ready()
    stops, starts = switched(user)
    assert stops == starts
    assert stops in {2, 3}, "one for both, or one for each where the second came after the first was over"
    reasons = {each["reason"] for each in user.kube.list("events", user.namespace)}
    assert "Restarting" in reasons
    assert "RestartUnknown" not in reasons


def test_a_value_that_stands_at_creation_restarts_nothing(user: User) -> None:
    user.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {
                "name": "web-1",
                "namespace": user.namespace,
                "annotations": {RESTART_REQUESTED_AT: "in-the-manifest"},
            },
            "spec": {"credentialsRef": {"name": "onecloud"}, "server": SERVER, **RESTART},
        }
    )
    status = user.wait_ready()
    assert outcome(status, "in-the-manifest") == "NotNeeded"
    assert switched(user) == (0, 0)


def test_a_restart_that_an_operator_begins_is_ended_by_the_next(user: User) -> None:
    user.apply(**RESTART)
    user.wait_ready()
    user.cloud.call("step_seconds", seconds=0.3)
    user.annotate(RESTART_REQUESTED_AT, "first")
    user.until(lambda: switched(user)[0] == 1, "the stop")
    user.operator.kill()
    user.operator.start()
    user.wait(lambda s: outcome(s, "first") == "Done")
    assert user.wait_ready()["state"] == "Running"
    assert switched(user) == (1, 1)
