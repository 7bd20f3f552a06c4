"""The whole example: one Application brings operator and servers, and takes them away, each in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import yaml

from sandbox.cluster.argo import NAMESPACE, Argo, Repository
from sandbox.stage import Cloud
from tests.argocd.installed import RELEASE, SYSTEM, Installed
from tests.argocd.shop import EXAMPLES, FOR_ROOT, LONG, SERVERS, is_ready, well

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.kube import Kube, Object

ROOT, TEAM, SHOP = "onecloud", "onecloud-servers", "shop"


@pytest.fixture
def repository(
    nothing: Installed, argo: Argo, kube: Kube, cloud: Cloud, tmp_path: Path
) -> Iterator[Repository]:
    """Give the example in git, with credentials beside it, while nothing is installed yet."""
    argo.configure(**FOR_ROOT)
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}})
    kube.apply(cloud.secret(SHOP))
    made = Repository(tmp_path / "repository")
    made.copy(EXAMPLES, "argocd")
    made.write("argocd/operator.yaml", yaml.safe_dump(nothing.manifest()))
    made.write("argocd/servers.yaml", yaml.safe_dump(example("servers", made)))
    database = yaml.safe_load((EXAMPLES / "servers" / "db-1.yaml").read_text())
    database["spec"]["deletionProtection"] = True
    made.write("argocd/servers/db-1.yaml", yaml.safe_dump(database))
    made.commit("As in the example, with a database that must not go")
    yield made
    argo.configure(**dict.fromkeys(FOR_ROOT))
    kube.delete("namespaces", SHOP)
    kube.wait_gone("namespaces", SHOP, None, LONG)  # the next test may create it again


def test_the_operator_comes_before_the_servers_and_goes_after_them(
    repository: Repository, kube: Kube, cloud: Cloud
) -> None:
    kube.apply(example("root", repository))
    team = kube.wait_for("applications", TEAM, NAMESPACE, well, 2 * LONG)
    kube.wait_for("applications", ROOT, NAMESPACE, well, LONG)
    assert available_since(kube.get("deployments", RELEASE, SYSTEM)) <= team["metadata"]["creationTimestamp"]
    assert is_ready(kube.get(SERVERS, "db-1", SHOP))
    assert is_ready(kube.get(SERVERS, "web-1", SHOP))

    kube.delete("applications", ROOT, NAMESPACE)
    kube.wait_for(SERVERS, "db-1", SHOP, lambda found: "deletionTimestamp" in found["metadata"], LONG)
    kube.wait_gone(SERVERS, "web-1", SHOP, LONG)
    operator = kube.get("applications", RELEASE, NAMESPACE)
    assert operator is not None
    assert "deletionTimestamp" not in operator["metadata"]
    kube.patch(SERVERS, "db-1", SHOP, {"spec": {"deletionProtection": False}})
    kube.wait_gone("applications", ROOT, NAMESPACE, 2 * LONG)
    assert kube.get("applications", RELEASE, NAMESPACE) is None
    assert kube.get("deployments", RELEASE, SYSTEM) is None
    assert kube.list(SERVERS, SHOP) == [], "the CRD is still there"
    ours = [server for server in cloud.servers() if server["name"].startswith(f"{SHOP}.")]
    assert [server["pending_deleted"] for server in ours] == [True, True]


def example(name: str, repository: Repository) -> Object:
    """Return one of the example's Applications, reading from *repository*."""
    made: Object = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    made["spec"]["source"]["repoURL"] = repository.url
    return made


def available_since(deployment: Object | None) -> str:
    """Return when a Deployment became available."""
    conditions = ((deployment or {}).get("status") or {}).get("conditions") or []
    (found,) = [each["lastTransitionTime"] for each in conditions if each["type"] == "Available"]
    return str(found)
