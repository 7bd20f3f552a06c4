"""A namespace with a fleet in it is deleted, by the steps of the page about it, and then it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.stage import ROOT
from tests.argocd.test_health import health
from tests.e2e.user import KIND, LONG, condition, settled
from tests.install.pages import steps

if TYPE_CHECKING:
    from tests.e2e.user import User
    from tests.install.pages import Shell

PAGE = ROOT / "docs" / "mass-deletion.md"
NAMES = [f"web-{number}" for number in range(1, 26)]


def fleet(user: User) -> dict[str, str]:
    """Make the fleet of the page; return the ids of its servers."""
    for name in NAMES:
        user.apply(name)
    user.until(lambda: all(map(settled, user.kube.list(KIND, user.namespace))), "all are ready", LONG * 2)
    found = {each["metadata"]["name"]: each["status"]["id"] for each in user.kube.list(KIND, user.namespace)}
    assert sorted(found) == sorted(NAMES)
    return found


def reasons(user: User) -> set[str]:
    found = user.kube.list(KIND, user.namespace)
    return {condition(each.get("status") or {}, "Deleting").get("reason", "") for each in found}


def living(user: User) -> set[str]:
    return {server["id"] for server in user.cloud.servers() if not server["pending_deleted"]}


def held(user: User) -> None:
    user.until(lambda: reasons(user) == {"TooManyDeletions"}, "all are held", LONG * 2)


def removals(user: User) -> int:
    return sum(number for call, number in user.cloud.counts().items() if call.startswith("DELETE"))


def test_a_namespace_that_is_deleted_keeps_its_fleet_until_somebody_agrees(user: User, reader: Shell) -> None:
    ids = fleet(user)
    delete, look, agree, *_ = steps(PAGE, "An example")
    before = dict(user.cloud.counts())
    reader(delete)
    held(user)
    assert reader(look).count("TooManyDeletions") == len(NAMES)
    assert living(user) == set(ids.values())
    written = {call for call, number in user.cloud.counts().items() if number != before.get(call, 0)}
    assert all(call.startswith("GET") or "tokens" in call for call in written)
    for found in user.kube.list(KIND, user.namespace):
        shown = health(found)
        assert shown["status"] == "Degraded"
        assert "onecloud.io/allow-mass-deletion" in shown["message"]
    user.until(
        lambda: "server in 25 resource instances" in str(user.kube.get("namespaces", user.namespace)),
        "the namespace says what holds it",
    )
    assert user.kube.get("secrets", "onecloud", user.namespace) is None
    reader(agree)
    user.kube.wait_gone("namespaces", user.namespace, None, timeout_seconds=LONG * 2)
    assert living(user) == set()
    assert removals(user) == len(NAMES)


def test_after_a_restart_and_with_an_old_agreement_the_fleet_is_still_held(user: User, reader: Shell) -> None:
    ids = fleet(user)
    _, _, agree, *_ = steps(PAGE, "An example")
    reader(agree)  # for what was deleted before: nothing
    user.operator.kill()
    for name in NAMES:
        user.delete(name)
    user.operator.start()
    held(user)
    user.operator.kill()
    user.operator.start()
    spared, others = NAMES[0], NAMES[1:]
    user.kube.patch(KIND, spared, user.namespace, {"spec": {"deletionPolicy": "Retain"}})
    user.wait_gone(spared)
    assert reasons(user) == {"TooManyDeletions"}
    assert living(user) == set(ids.values())
    retained = reader(steps(PAGE, "An example")[-1])
    assert all(name in retained for name in others)
    user.until(lambda: not user.kube.list(KIND, user.namespace), "all are let go", LONG * 2)
    assert living(user) == set(ids.values())
    assert removals(user) == 0
