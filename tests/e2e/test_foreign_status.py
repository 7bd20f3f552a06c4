"""What other managers of fields put into the status, whose every field is the operator's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.test_suspicion import edit_status, fleet, lose_all, passed_by
from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

MOMENT = "2026-01-01T00:00:00Z"
LEFT_OVER: dict[str, Any] = {
    "lastError": {"reason": "QuotaExceeded", "message": "left", "time": MOMENT},
    "drift": [{"field": "cpu", "desired": "2", "actual": "4", "since": MOMENT}],
    "nextRetryTime": MOMENT,
    "heldBack": [{"change": "Resize", "reason": "OperationFailed", "message": "old", "since": MOMENT}],
    "deletion": {"requestedAt": MOMENT},
}


def leave_a_condition(user: User) -> None:
    """Apply a condition by another manager, as a restore does."""
    foreign = {"type": "Deleting", "status": "True", "reason": "Removing", "message": "left"}
    user.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {"name": "web-1", "namespace": user.namespace},
            "status": {"conditions": [foreign | {"lastTransitionTime": MOMENT}]},
        },
        manager="velero-server",
        subresource="status",
    )


def test_what_others_left_in_the_status_is_taken_out(user: User) -> None:
    user.apply()
    before = user.wait_ready()
    edit_status(user, LEFT_OVER)
    leave_a_condition(user)
    after = user.wait(lambda status: not {*LEFT_OVER} & {*status} and not condition(status, "Deleting"))
    assert after == before
    version = user.get()["metadata"]["resourceVersion"]
    passed_by(user)
    assert user.get()["metadata"]["resourceVersion"] == version, "written once, and complete"


def test_what_others_left_while_the_operator_was_down_switches_no_safety_rule_off(user: User) -> None:
    """With the record of a removal that nobody asked for, a lost fleet would be made again at once."""
    names = fleet(user, 8)
    user.operator.kill()
    for name in names:
        edit_status(user, LEFT_OVER, name)
    user.operator.start()
    lose_all(user, names)


def test_what_others_wrote_of_the_server_is_not_recalled_as_what_the_cloud_showed(user: User) -> None:
    user.apply()
    before = user.wait_ready()
    user.operator.kill()
    edit_status(user, {"server": {"osName": "left", "cpu": 64}})
    user.operator.start()
    after = user.wait(lambda status: status["server"]["cpu"] == before["server"]["cpu"])
    assert after["server"].get("osName") != "left", "nor what only a GET of one shows"
