"""What is left to do when a cluster, a namespace or the credentials are gone: it is told, and it works."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kube import KubeError
from sandbox.stage import CRDS, grant
from tests.e2e.conftest import QUICK
from tests.e2e.test_suspicion import passed_by
from tests.e2e.user import KIND, LONG, SERVER, User, condition
from tests.e2e.warm import Cloud, Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

THEIRS = "example.com/backup"


@contextmanager
def moved(user: User, control_plane: ControlPlane, cluster: str) -> Iterator[User]:
    """Lose the cluster with all its objects, and go on in another one."""
    user.operator.kill()
    user.kube.patch(KIND, "web-1", user.namespace, {"metadata": {"finalizers": None}})
    user.delete()
    user.wait_gone()
    knobs = QUICK | {"cluster_id": cluster}
    with Operator(control_plane.kubeconfig_of("operator"), namespaces=user.namespace, **knobs) as operator:
        yield User(user.kube, user.namespace, user.cloud, operator)


def test_the_servers_of_a_lost_cluster_are_taken_over_one_by_one(
    user: User, control_plane: ControlPlane
) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    name = user.only_server()["name"]
    with moved(user, control_plane, "new-cluster") as after:
        after.apply()
        message = condition(after.wait_reason("NameConflict"), "Synced")["message"]
        assert "spec.adoption" in message
        after.apply(server={**SERVER, "name": name}, adoption={"policy": "AdoptOrCreate"})
        message = condition(after.wait_reason("OwnedByAnother"), "Synced")["message"]
        assert "cluster cluster0" in message
        assert f"onecloud.io/take-over: {identity}" in message
        after.annotate("onecloud.io/take-over", "another-id")
        passed_by(after)
        assert "adoptedAt" not in after.status()
        after.annotate("onecloud.io/take-over", identity)
        status = after.wait_ready()
        assert (status["id"], bool(status["takenOverFrom"])) == (identity, True)
        tags = after.only_server()["metadata"]
        assert tags["user:onecloud.io/cluster"] == "new-cluster"
        assert tags["user:onecloud.io/uid"] == after.get()["metadata"]["uid"]
        after.check_secrets()


def test_an_owner_that_lives_here_loses_nothing_to_an_annotation(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.apply("thief", adoption={"policy": "Adopt", "id": identity})
    message = condition(user.wait_reason("OwnedByAnother", "thief"), "Synced")["message"]
    assert "take-over" not in message
    user.annotate("onecloud.io/take-over", identity, "thief")
    passed_by(user)
    assert "adoptedAt" not in user.status("thief")
    assert user.only_server()["metadata"]["user:onecloud.io/uid"] == user.get()["metadata"]["uid"]


def test_a_removal_whose_secret_went_first_names_the_way_out(user: User) -> None:
    """So it is while a namespace is deleted: no Secret can be made there any more."""
    user.apply()
    identity = user.wait_ready()["id"]
    user.operator.kill()
    user.kube.delete("secrets", "onecloud", user.namespace)
    user.delete()
    user.operator.start()
    status = user.wait_reason("SecretNotFound", kind="Deleting")
    message = condition(status, "Deleting")["message"]
    assert "namespace is being deleted" in message
    assert 'onecloud.io/force-detach: "true"' in message
    user.annotate("onecloud.io/force-detach", "true")
    user.wait_gone()
    assert user.only_server()["id"] == identity


def test_the_deletion_of_a_namespace_is_no_warning(user: User) -> None:
    """It takes no Events any more, of which there is one for each object and step."""
    user.apply()
    user.wait_ready()
    user.kube.delete("namespaces", user.namespace, None)
    user.delete()
    user.wait_gone()
    user.until(lambda: "server deleted" in user.operator.text(), "the log tells the end")
    assert " WARNING " not in user.operator.text()


def test_credentials_that_are_refused_are_a_warning_with_cloud_and_secret(user: User) -> None:
    user.kube.patch("secrets", "onecloud", user.namespace, {"stringData": {"OS_PASSWORD": "wrong"}})
    user.apply()
    user.wait_reason("CredentialsRejected")

    def told() -> list[str]:
        return [line for line in user.operator.text().splitlines() if "reason=CredentialsRejected" in line]

    (line,) = user.until(told, "the log warns of it")
    assert " WARNING " in line
    assert f"object={user.namespace}/web-1 cloud=" in line
    assert "secret=onecloud" in line
    user.check_secrets()


def test_an_object_that_others_hold_says_that_our_part_is_done(user: User) -> None:
    user.apply()
    user.wait_ready()
    finalizers = [*user.get()["metadata"]["finalizers"], THEIRS]
    user.kube.patch(KIND, "web-1", user.namespace, {"metadata": {"finalizers": finalizers}})
    user.delete()
    status = user.wait_reason("Released", kind="Deleting")
    assert THEIRS in condition(status, "Deleting")["message"]
    assert user.get()["metadata"]["finalizers"] == [THEIRS]
    assert status["state"] == "Deleting"
    version = user.get()["metadata"]["resourceVersion"]
    user.operator.kill()
    user.operator.start()
    user.apply("web-2")
    user.wait_ready("web-2")
    assert user.get()["metadata"]["resourceVersion"] == version, "shown once"
    user.kube.patch(KIND, "web-1", user.namespace, {"metadata": {"finalizers": None}})
    user.wait_gone()


def test_a_namespace_that_is_deleted_while_the_operator_is_down_can_be_let_go() -> None:
    with ControlPlane(controllers=True) as control_plane, control_plane.client() as kube, Cloud() as cloud:
        control_plane.install_crds(CRDS)
        grant(kube)
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        kube.apply(cloud.secret("shop"))
        with Operator(control_plane.kubeconfig_of("operator"), namespaces="shop", **QUICK) as operator:
            user = User(kube, "shop", cloud, operator)
            user.apply()
            identity = user.wait_ready()["id"]
            operator.kill()
            kube.delete("namespaces", "shop")
            kube.wait_gone("secrets", "onecloud", "shop", timeout_seconds=LONG)
            operator.start()
            user.wait_reason("SecretNotFound", kind="Deleting")
            with pytest.raises(KubeError, match="terminated"):
                kube.create(cloud.secret("shop"))
            user.annotate("onecloud.io/force-detach", "true")
            kube.wait_gone("namespaces", "shop", timeout_seconds=LONG)
            assert user.only_server()["id"] == identity
