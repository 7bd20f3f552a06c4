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
from tests.e2e.user import KIND, LONG, SERVER, Play, said
from tests.e2e.warm import Cloud, Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

THEIRS = "example.com/backup"


@contextmanager
def moved(play: Play, control_plane: ControlPlane, cluster: str) -> Iterator[Play]:
    """Lose the cluster with all its objects, and go on in another one."""
    play.operator.kill()
    play.kube.patch(KIND, "web-1", play.namespace, {"metadata": {"finalizers": None}})
    play.delete()
    play.wait_gone()
    knobs = QUICK | {"cluster_id": cluster}
    with Operator(control_plane.kubeconfig_of("operator"), namespaces=play.namespace, **knobs) as operator:
        yield Play(play.kube, play.namespace, play.cloud, operator)


def test_the_servers_of_a_lost_cluster_are_taken_over_one_by_one(
    play: Play, control_plane: ControlPlane
) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    name = play.only_server()["name"]
    with moved(play, control_plane, "new-cluster") as after:
        after.apply()
        told = said(after.wait_reason("NameConflict"), "Synced")["message"]
        assert "spec.adoption" in told
        after.apply(server={**SERVER, "name": name}, adoption={"policy": "AdoptOrCreate"})
        told = said(after.wait_reason("OwnedByAnother"), "Synced")["message"]
        assert "cluster cluster0" in told
        assert f"onecloud.io/take-over: {identity}" in told
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


def test_an_owner_that_lives_here_loses_nothing_to_an_annotation(play: Play) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    play.apply("thief", adoption={"policy": "Adopt", "id": identity})
    told = said(play.wait_reason("OwnedByAnother", "thief"), "Synced")["message"]
    assert "take-over" not in told
    play.annotate("onecloud.io/take-over", identity, "thief")
    passed_by(play)
    assert "adoptedAt" not in play.status("thief")
    assert play.only_server()["metadata"]["user:onecloud.io/uid"] == play.get()["metadata"]["uid"]


def test_a_removal_whose_secret_went_first_names_the_way_out(play: Play) -> None:
    """So it is while a namespace is deleted: no Secret can be made there any more."""
    play.apply()
    identity = play.wait_ready()["id"]
    play.operator.kill()
    play.kube.delete("secrets", "onecloud", play.namespace)
    play.delete()
    play.operator.start()
    status = play.wait_reason("SecretNotFound", kind="Deleting")
    told = said(status, "Deleting")["message"]
    assert "namespace is being deleted" in told
    assert 'onecloud.io/force-detach: "true"' in told
    play.annotate("onecloud.io/force-detach", "true")
    play.wait_gone()
    assert play.only_server()["id"] == identity


def test_an_object_that_others_hold_says_that_our_part_is_done(play: Play) -> None:
    play.apply()
    play.wait_ready()
    finalizers = [*play.get()["metadata"]["finalizers"], THEIRS]
    play.kube.patch(KIND, "web-1", play.namespace, {"metadata": {"finalizers": finalizers}})
    play.delete()
    status = play.wait_reason("Released", kind="Deleting")
    assert THEIRS in said(status, "Deleting")["message"]
    assert play.get()["metadata"]["finalizers"] == [THEIRS]
    assert status["state"] == "Deleting"
    version = play.get()["metadata"]["resourceVersion"]
    play.operator.kill()
    play.operator.start()
    play.apply("web-2")
    play.wait_ready("web-2")
    assert play.get()["metadata"]["resourceVersion"] == version, "told once"
    play.kube.patch(KIND, "web-1", play.namespace, {"metadata": {"finalizers": None}})
    play.wait_gone()


def test_a_namespace_that_is_deleted_while_the_operator_is_down_can_be_let_go() -> None:
    with ControlPlane(controllers=True) as control_plane, control_plane.client() as kube, Cloud() as cloud:
        control_plane.install_crds(CRDS)
        grant(kube)
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        kube.apply(cloud.secret("shop"))
        with Operator(control_plane.kubeconfig_of("operator"), namespaces="shop", **QUICK) as operator:
            play = Play(kube, "shop", cloud, operator)
            play.apply()
            identity = play.wait_ready()["id"]
            operator.kill()
            kube.delete("namespaces", "shop")
            kube.wait_gone("secrets", "onecloud", "shop", timeout_seconds=LONG)
            operator.start()
            play.wait_reason("SecretNotFound", kind="Deleting")
            with pytest.raises(KubeError, match="terminated"):
                kube.create(cloud.secret("shop"))
            play.annotate("onecloud.io/force-detach", "true")
            kube.wait_gone("namespaces", "shop", timeout_seconds=LONG)
            assert play.only_server()["id"] == identity
