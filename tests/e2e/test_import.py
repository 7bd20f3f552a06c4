"""Servers of a project become objects: observed, then managed; the cloud gets nothing but owner tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from onecloud_operator.cli.__main__ import main
from tests.e2e.conftest import QUICK
from tests.e2e.user import KIND, LONG, User, condition, settled
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.e2e.warm import Cloud

SERVERS = 50
CLAIM = "POST /servers/{id}/user-metadata"


@pytest.fixture
def run(
    cloud: Cloud,
    namespace: str,
    control_plane: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Give the command: arguments in, exit code and what it said out."""
    for key, value in cloud.secret_data.items():
        monkeypatch.setenv(key, value)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        where = ("--shell", "--kubeconfig", str(control_plane.kubeconfig_of("admin")), "-n", namespace)
        code = main(["import", *arguments, *where])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def writes(user: User) -> dict[str, int]:
    """Return what was asked of the cloud beside reading and signing in."""
    counts = user.cloud.counts()
    return {call: n for call, n in counts.items() if not call.startswith("GET ") and "/v3" not in call}


def apply(user: User, text: str) -> list[str]:
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        user.kube.apply(document, force=True)
    return [document["metadata"]["name"] for document in documents]


def test_fifty_servers_are_imported_and_promoted_with_no_write_but_their_owner_tags(
    user: User, run: Callable[..., tuple[int, str, str]]
) -> None:
    user.cloud.call("seed", count=SERVERS)
    before = {server["id"]: server for server in user.cloud.servers()}
    user.cloud.call("reset_calls")
    code, observing, _ = run()
    assert code == 0
    names = apply(user, observing)
    assert len(names) == SERVERS
    for name in names:
        user.wait_reason("Observing", name)
    assert writes(user) == {}
    code, managing, _ = run("--manage")
    assert (code, apply(user, managing)) == (0, names)
    for name in names:
        seen = user.kube.wait_for(KIND, name, user.namespace, settled, timeout_seconds=LONG)
        assert condition(seen["status"], "Synced")["reason"] == "UpToDate"
        assert seen["status"].get("drift", []) == []
    assert writes(user) == {CLAIM: SERVERS}
    after = {server["id"]: server for server in user.cloud.servers()}
    moved = {"metadata", "updated_at", "update_version"}
    for server_id, server in after.items():
        assert {k: v for k, v in server.items() if k not in moved} == {
            k: v for k, v in before[server_id].items() if k not in moved
        }
    code, out, err = run()
    assert (code, out) == (0, "")
    assert err.count("is owned by") == SERVERS


@pytest.fixture
def tenant(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[User]:
    """Give a namespace whose objects name a provider, by the namespace's name."""
    kube.apply(cloud.secret(namespace))
    allowed = {"allowedNamespaces": {"names": [namespace]}, "allow": ["Observe", "Adopt"]}
    provider = {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudProvider",
        "metadata": {"name": namespace},
        "spec": {"secretRef": {"namespace": namespace, "name": "onecloud"}, **allowed},
    }
    kube.apply(provider)
    settings = {**QUICK, "provider_secret_namespaces": namespace}
    with Operator(control_plane.kubeconfig_of("operator"), **settings) as operator:
        made = User(kube, namespace, cloud, operator)
        yield made
        for found in kube.list(KIND, namespace):
            made.delete(found["metadata"]["name"])
            made.wait_gone(found["metadata"]["name"])
        kube.delete("onecloudproviders", namespace, None)
        kube.wait_gone("onecloudproviders", namespace, None, timeout_seconds=LONG)


def test_servers_of_a_shared_cloud_are_imported_and_promoted_by_its_provider(
    tenant: User, run: Callable[..., tuple[int, str, str]]
) -> None:
    tenant.cloud.call("seed", count=3)
    tenant.cloud.call("reset_calls")
    for more, reason, sent in (((), "Observing", {}), (("--manage",), "UpToDate", {CLAIM: 3})):
        code, out, err = run("--provider", tenant.namespace, *more)
        assert (code, err) == (0, "")
        for name in apply(tenant, out):
            tenant.wait_reason(reason, name)
        assert writes(tenant) == sent
