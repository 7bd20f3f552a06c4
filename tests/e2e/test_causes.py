"""What fails in the cloud is told with the cloud's own words, which stand in its events only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

REASON = '{"__reason__":"no kvm device","__stage__":"OnStartComplete","__status__":"error"}'


def fails(user: User, operation: str, status: str, times: int = 4) -> None:
    for _ in range(times):
        user.cloud.call("fail_next", operation=operation, status=status, text=REASON)


def message(status: dict[str, Any]) -> str:
    return str(condition(status, "Synced").get("message"))


@pytest.mark.parametrize(
    ("before", "after", "operation", "status"),
    [
        pytest.param("Stopped", {"powerState": "Running"}, "start", "start_fail", id="start"),
        pytest.param("Running", {"powerState": "Stopped"}, "stop", "stop_fail", id="stop"),
        pytest.param(
            "Stopped", {"powerState": "Stopped", "cpu": 4}, "change-config", "change_flavor_fail", id="resize"
        ),
        pytest.param(
            "Stopped",
            {"powerState": "Stopped", "rootDisk": {"size": "90Gi"}},
            "resize-disk",
            "resize_disk_fail",
            id="growth-of-a-disk",
        ),
    ],
)
def test_an_operation_that_fails_says_why(
    user: User, before: str, after: dict[str, Any], operation: str, status: str
) -> None:
    user.apply(server={"powerState": before})
    user.wait_ready()
    fails(user, operation, status)
    user.cloud.call("reset_calls")
    user.apply(server=after)
    failed = user.wait(lambda found: "no kvm device" in message(found))
    assert condition(failed, "Synced")["reason"] == "OperationFailed"
    assert "__stage__" not in message(failed)
    reads = [call for call in user.cloud.call("calls") if "obj_id=" in str(call)]
    assert len(reads) <= 12, "once for each failure, and a few times more while the events are not written"


def test_a_failed_creation_says_why_though_its_events_come_late(user: User) -> None:
    user.cloud.call("settings", events_lag_seconds=2.0)
    user.cloud.call("fail_next", operation="create", status="sched_fail", text="no host fits")
    user.apply()
    status = user.wait(lambda found: found.get("creation", {}).get("failureMessage"))
    assert "no host fits" in status["creation"]["failureMessage"]
    user.wait_ready()
