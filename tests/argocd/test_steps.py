"""The pages on Argo CD from the first step to a server, away and back, as they are written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.argo import NAMESPACE, shared_repository
from tests.argocd.installed import RELEASE, SYSTEM
from tests.argocd.shop import LONG, SERVERS, is_ready, well
from tests.install.pages import ARGOCD, INSTALLING, README, step, steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cluster.kube import Kube, Object
    from sandbox.stage import Cloud
    from tests.argocd.installed import Installed
    from tests.install.pages import Shell

TEAM, SHOP = "onecloud-servers", "shop"
DELETION = "4. Deletion, and its order"
CRD = "onecloudservers.onecloud.io"
SIGN_IN = "POST /v3/auth/tokens"
RECONCILE = "onecloud.io/reconcile-requested-at"


@pytest.fixture
def names(tmp_path: Path) -> str:
    """Give the names that the playground gives, instead of those that the pages begin with."""
    operator, servers = (shared_repository(tmp_path / f"{name}.git") for name in ("operator", "team"))
    return f"IMAGE=onecloud-operator\nOPERATOR={operator}\nSERVERS={servers}\n"


@pytest.fixture
def no_shop(kube: Kube) -> Iterator[None]:
    """Have the namespace that the steps make removed."""
    yield
    kube.delete("namespaces", SHOP)
    kube.wait_gone("namespaces", SHOP, None, LONG)  # the next test may create it again


@pytest.mark.usefixtures("no_shop")
def test_the_pages_lead_to_a_server_away_and_back(
    nothing: Installed, run: Shell, kube: Kube, cloud: Cloud, names: str
) -> None:
    """Uninstalled as they say, objects, CRD and server stay; installed again, it writes nothing."""
    others = {server["id"] for server in cloud.servers()}
    named, install, uninstall = steps(INSTALLING, "With Argo CD")
    assert {line.partition("=")[0] for line in named.splitlines()} == {"OPERATOR", "IMAGE"}
    assert run(names + install).count("condition met") == 2
    assert well(kube.get("applications", RELEASE, NAMESPACE) or {}), "as soon as the commands return"
    (health,) = steps(ARGOCD, "1. Health of a server")
    run(health)
    run(step(README, "Your first server", "create namespace shop"))
    named, servers, refresh, copy, _ = steps(ARGOCD, "2. Servers from git")
    assert named.startswith("SERVERS=")
    assert run(names + servers).count("condition met") == 2
    assert is_ready(kube.get(SERVERS, "web-1", SHOP)), "as soon as the commands return"
    assert "annotated" in run(refresh)
    kube.wait_for("applications", TEAM, NAMESPACE, well, 2 * LONG)
    before = kube.get(SERVERS, "web-1", SHOP)
    assert is_ready(before)
    cloud.call("reset_calls")

    run(uninstall)
    nothing.release()
    assert kube.get("applications", RELEASE, NAMESPACE) is None
    assert kube.get("deployments", RELEASE, SYSTEM) is None
    kept = kube.get("CustomResourceDefinition", CRD)
    assert kept is not None
    assert "deletionTimestamp" not in kept["metadata"]
    assert kube.get(SERVERS, "web-1", SHOP) == before
    (server,) = made(cloud, others)
    assert not server["pending_deleted"]

    run(names + install)
    after = looked_at(kube, "web-1")
    assert {call for call in cloud.counts() if not call.startswith("GET ")} <= {SIGN_IN}
    assert after["status"]["id"] == server["id"]
    assert [each["id"] for each in made(cloud, others)] == [server["id"]]

    run(step(ARGOCD, DELETION, "git -C ../servers rm"))
    assert kube.list(SERVERS, SHOP) == []
    (server,) = made(cloud, others)
    assert server["pending_deleted"]
    team = kube.wait_for("applications", TEAM, NAMESPACE, well, 2 * LONG)
    assert [each["type"] for each in team["status"].get("conditions", []) if "Error" in each["type"]] == []

    run(step(ARGOCD, DELETION, "# returns when"))
    assert kube.get("deployments", RELEASE, SYSTEM) is None
    assert kube.get("applications", TEAM, NAMESPACE) is None
    run(copy)


def made(cloud: Cloud, others: set[str]) -> list[Object]:
    """Return the servers that the steps made, recycled ones too."""
    return [server for server in cloud.servers() if server["id"] not in others]


def looked_at(kube: Kube, name: str) -> Object:
    """Have the operator look at an object again; return it when it has, and is Ready."""
    mark = f"{time.time()}"
    kube.patch(SERVERS, name, SHOP, {"metadata": {"annotations": {RECONCILE: mark}}})
    return kube.wait_for(
        SERVERS,
        name,
        SHOP,
        lambda found: found["status"].get("lastHandledReconcileAt") == mark and is_ready(found),
        LONG,
    )
