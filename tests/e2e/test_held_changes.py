"""Changes that are frozen, and stops that wait for their window: a real API server, and a real process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import QUICK
from tests.e2e.user import User, condition
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.stage import Cloud

FREEZE = "onecloud.io/freeze"


def in_hours(hours: int) -> tuple[dict[str, Any], str]:
    """Return a window that opens in so many hours, and when, as the status has it."""
    opens = (datetime.now(UTC) + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    return {"start": f"{opens:%H:%M}", "duration": "30m"}, f"{opens:%Y-%m-%dT%H:%M:%SZ}"


def within(*windows: dict[str, Any]) -> dict[str, Any]:
    return {"disruption": {"allow": "Restart", "windows": list(windows)}}


def writes(user: User) -> dict[str, int]:
    """Return how often the cloud was asked to change something."""
    counts = user.cloud.counts().items()
    return {call: n for call, n in counts if not call.startswith("GET") and "/servers" in call}


@pytest.fixture
def everywhere(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[User]:
    """Give a namespace, and an operator that watches all of them."""
    kube.apply(cloud.secret(namespace))
    with Operator(control_plane.kubeconfig_of("operator"), **QUICK) as operator:
        yield User(kube, namespace, cloud, operator)


def freeze_namespace(user: User, value: str | None) -> None:
    user.kube.patch("namespaces", user.namespace, None, {"metadata": {"annotations": {FREEZE: value}}})


def test_a_frozen_namespace_holds_creations_changes_and_deletions_until_it_is_lifted(
    everywhere: User,
) -> None:
    user = everywhere
    user.apply("web-1")
    user.wait_ready("web-1")
    freeze_namespace(user, "true")
    before = writes(user)
    user.apply("web-2")
    created = user.wait_reason("Frozen", "web-2")
    message = condition(created, "Synced")["message"]
    assert f"on the namespace {user.namespace}; whoever set it removes it to go on" in message
    assert "This waits until then: the creation." in message
    user.apply("web-1", server={"tags": {"team": "a"}})
    changed = user.wait_reason("Frozen", "web-1")
    assert "the server differs in tags.team" in condition(changed, "Synced")["message"]
    assert condition(changed, "Ready")["status"] == "True"
    user.delete("web-1")
    user.until(
        lambda: condition(user.status("web-1"), "Deleting").get("reason") == "Frozen", "the deletion is held"
    )
    assert writes(user) == before
    freeze_namespace(user, None)
    user.wait_gone("web-1")
    user.wait_ready("web-2")


def test_after_a_restart_a_frozen_namespace_is_as_frozen_as_before(everywhere: User) -> None:
    user = everywhere
    freeze_namespace(user, "true")
    user.apply("web-1")
    user.wait_reason("Frozen", "web-1")
    before = writes(user)
    for _ in range(3):
        user.operator.kill()
        user.operator.start()
    user.apply("web-1", server={"cpu": 4})
    user.until(
        lambda: user.status("web-1").get("observedGeneration") == user.get("web-1")["metadata"]["generation"],
        "the new process has looked at it",
    )
    assert condition(user.status("web-1"), "Synced")["reason"] == "Frozen"
    assert writes(user) == before
    freeze_namespace(user, None)
    user.wait_ready("web-1")


def test_a_freeze_in_the_middle_of_a_stop_leaves_the_server_off_and_force_detach_works(user: User) -> None:
    user.cloud.call("settings", hot_plug="disable")
    user.apply()
    user.wait_ready()
    refusal = {"method": "POST", "path": "/change-config$", "status": 400, "kind": "InvalidStatusError"}
    user.cloud.call("fault", effect="answer", count=1000, details="not now", **refusal)
    user.apply(server={"cpu": 4}, disruption={"allow": "Restart"})
    user.until(lambda: user.only_server()["status"] == "ready", "the server is stopped for it")
    user.annotate(FREEZE, "true")
    user.cloud.call("clear_faults")
    held = user.wait_reason("Frozen")
    assert "stays off" in condition(held, "Synced")["message"]
    assert "restart" in held
    assert user.cloud.counts().get("POST /servers/{id}/start", 0) == 0
    user.annotate(FREEZE, None)
    assert user.wait_ready()["server"]["cpu"] == 4
    user.annotate(FREEZE, "true")
    user.annotate("onecloud.io/force-detach", "true")
    user.delete()
    user.wait_gone()
    assert user.only_server()["status"] == "running"


def test_a_stop_waits_for_its_window_and_what_needs_none_does_not(user: User) -> None:
    user.cloud.call("settings", hot_plug="disable")
    window, opens = in_hours(3)
    user.apply(**within(window))
    user.wait_ready()
    user.apply(server={"cpu": 4, "tags": {"team": "a"}}, **within(window))
    status = user.wait_reason("WaitingForWindow")
    assert status["nextRetryTime"] == opens
    assert f"they open next at {opens}" in condition(status, "Synced")["message"]
    user.until(lambda: user.status()["server"].get("tags") == {"team": "a"}, "the tags are set meanwhile")
    assert user.cloud.counts().get("POST /servers/{id}/stop", 0) == 0
    user.apply(server={"cpu": 4, "tags": {"team": "a"}}, **within({"start": "00:00", "duration": "24h"}))
    assert user.wait_ready()["server"]["cpu"] == 4
    assert user.cloud.counts()["POST /servers/{id}/stop"] == 1


def test_a_time_zone_that_nobody_knows_is_told_before_a_server_is_made(user: User) -> None:
    window, _ = in_hours(3)
    user.apply(**within({**window, "timeZone": "Europe/Atlantis"}))
    status = user.wait_reason("InvalidSpec")
    assert "there is no time zone called Europe/Atlantis" in condition(status, "Synced")["message"]
    assert condition(status, "Stalled")["status"] == "True"
    assert user.cloud.servers() == []
    user.apply(**within({**window, "timeZone": "Europe/Berlin"}))
    user.wait_ready()
