"""What waits for a person's approval, with the real API server and the whole simulated cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.annotations import APPROVE_PLAN
from tests.e2e.user import SERVER, condition

if TYPE_CHECKING:
    from tests.e2e.user import User

MANUAL: dict[str, Any] = {"approval": "Manual"}
CHECK = "POST /servers/check-create-data"


def effects(status: dict[str, Any]) -> dict[str, str]:
    return {step["field"]: step["effect"] for step in status["plan"]["steps"]}


def approve(user: User, status: dict[str, Any]) -> str:
    hashed: str = status["plan"]["hash"]
    user.annotate(APPROVE_PLAN, hashed)
    return hashed


def changed(user: User) -> list[str]:
    """Return what has been sent to the cloud that changes something there."""
    counts = user.cloud.counts()
    return sorted(call for call in counts if not call.startswith(("GET", "POST /v3", CHECK)))


def test_nothing_is_made_changed_or_removed_before_it_is_approved(user: User) -> None:
    user.apply(**MANUAL)
    status = user.wait_reason("PlanPending")
    assert effects(status)["server"] == "Create"
    assert "dry run finds nothing wrong" in condition(status, "Synced")["message"]
    assert (status["state"], changed(user)) == ("Pending", [])
    first = approve(user, status)
    status = user.wait_ready()
    assert (status["approvedPlan"]["hash"], "plan" in status) == (first, False)
    assert user.posts() == 1

    user.apply(server={"description": "mine"}, **MANUAL)
    status = user.wait(lambda s: "plan" in s and "description" in effects(s))
    assert not user.only_server().get("description")
    approve(user, status)
    user.wait(lambda s: s["server"].get("description") == "mine" and "plan" not in s)

    user.delete()
    status = user.wait(lambda s: effects(s) == {"server": "Recycle"} if "plan" in s else False)
    status = user.wait_reason("PlanPending", kind="Deleting")
    assert not user.only_server().get("pending_deleted")
    approve(user, status)
    user.wait_gone()


def test_a_plan_that_one_operator_begins_is_ended_by_the_next_without_another_approval(user: User) -> None:
    user.apply(**MANUAL, disruption={"allow": "Restart"})
    approve(user, user.wait_reason("PlanPending"))
    user.wait_ready()
    user.cloud.call("step_seconds", seconds=0.3)
    wanted = {"cpu": 1, "memory": "2Gi", "description": "mine"}
    user.apply(server=wanted, **MANUAL, disruption={"allow": "Restart"})
    status = user.wait(lambda s: "plan" in s and "cpu" in effects(s))
    assert effects(status) == {"cpu": "Restart", "memory": "Restart", "description": "Live"}
    approve(user, status)
    user.until(lambda: any(call.endswith("/stop") for call in user.cloud.counts()), "the stop")
    user.operator.kill()
    user.operator.start()
    user.wait(lambda s: s["server"].get("cpu") == 1 and s["state"] == "Running" and "plan" not in s)


def test_an_approval_is_not_copied_with_a_manifest(user: User) -> None:
    user.apply(**MANUAL)
    hashed = approve(user, user.wait_reason("PlanPending"))
    user.wait_ready()
    user.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {
                "name": "web-2",
                "namespace": user.namespace,
                "annotations": {APPROVE_PLAN: hashed},
            },
            "spec": {"credentialsRef": {"name": "onecloud"}, "server": SERVER, **MANUAL},
        }
    )
    status = user.wait_reason("PlanPending", name="web-2")
    assert status["plan"]["hash"] != hashed
    assert user.posts() == 1


def test_what_the_cloud_would_refuse_is_told_before_anybody_approves_it(user: User) -> None:
    user.apply(server={"image": "no-such-image"}, **MANUAL)
    status = user.wait_reason("PlanPending")

    assert "The cloud's dry run refuses it: " in condition(status, "Synced")["message"]
    assert "no-such-image" in condition(status, "Synced")["message"]
    assert user.posts() == 0


def test_without_approvals_the_cloud_is_asked_for_no_dry_run(user: User) -> None:
    user.apply()
    user.wait_ready()

    assert CHECK not in user.cloud.counts()
