"""What other managers of fields put into the status, whose every field is the operator's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.test_suspicion import edit_status, fleet, lose_all, passed_by
from tests.e2e.user import said

if TYPE_CHECKING:
    from tests.e2e.user import Play

MOMENT = "2026-01-01T00:00:00Z"
LEFT_OVER: dict[str, Any] = {
    "lastError": {"reason": "QuotaExceeded", "message": "left", "time": MOMENT},
    "drift": [{"field": "cpu", "desired": "2", "actual": "4", "since": MOMENT}],
    "nextRetryTime": MOMENT,
    "heldBack": [{"change": "Resize", "reason": "OperationFailed", "message": "old", "since": MOMENT}],
    "deletion": {"requestedAt": MOMENT},
}


def leave_a_condition(play: Play) -> None:
    """Apply a condition by another manager, as a restore does."""
    condition = {"type": "Deleting", "status": "True", "reason": "Removing", "message": "left"}
    play.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {"name": "web-1", "namespace": play.namespace},
            "status": {"conditions": [condition | {"lastTransitionTime": MOMENT}]},
        },
        manager="velero-server",
        subresource="status",
    )


def test_what_others_left_in_the_status_is_taken_out(play: Play) -> None:
    play.apply()
    before = play.wait_ready()
    edit_status(play, LEFT_OVER)
    leave_a_condition(play)
    after = play.wait(lambda status: not {*LEFT_OVER} & {*status} and not said(status, "Deleting"))
    assert after == before
    version = play.get()["metadata"]["resourceVersion"]
    passed_by(play)
    assert play.get()["metadata"]["resourceVersion"] == version, "written once, and all is said"


def test_what_others_left_while_the_operator_was_down_switches_no_safety_rule_off(play: Play) -> None:
    """With the record of a removal that nobody asked for, a lost fleet would be made again at once."""
    names = fleet(play, 8)
    play.operator.kill()
    for name in names:
        edit_status(play, LEFT_OVER, name)
    play.operator.start()
    lose_all(play, names)


def test_what_others_wrote_of_the_server_is_not_recalled_as_what_the_cloud_showed(play: Play) -> None:
    play.apply()
    before = play.wait_ready()
    play.operator.kill()
    edit_status(play, {"server": {"osName": "left", "cpu": 64}})
    play.operator.start()
    after = play.wait(lambda status: status["server"]["cpu"] == before["server"]["cpu"])
    assert after["server"].get("osName") != "left", "nor what only a GET of one shows"
