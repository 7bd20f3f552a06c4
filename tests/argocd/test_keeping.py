"""What docs/argocd.md says keeps servers keeps them, whatever Argo CD deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sandbox.cluster.argo import NAMESPACE, Repository
from sandbox.stage import ROOT
from tests.argocd.shop import EXAMPLES, FOLDER, LONG, SERVERS
from tests.install.pages import step

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.kube import Object
    from tests.argocd.shop import Shop
    from tests.install.pages import Shell

KEEP = step(ROOT / "docs" / "argocd.md", "4. Deletion, and its order", '"finalizers":null')
TEAM = "onecloud-servers"
BOTH = ("db-1", "web-1")
UNPRUNED = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}


def test_the_steps_that_keep_the_servers_delete_the_application_only(shop: Shop, run: Shell) -> None:
    name = shop.open()
    shop.wait_well()
    before = [shop.server(each) for each in BOTH]
    run(KEEP.replace(TEAM, name))
    assert shop.kube.get("applications", name, NAMESPACE) is None
    assert [shop.server(each) for each in BOTH] == before
    assert all(shop.lives(each) for each in BOTH)


def test_the_example_says_the_same_steps() -> None:
    example = (EXAMPLES / "servers.yaml").read_text()
    assert [line for line in KEEP.splitlines() if line not in example] == []


def test_an_application_that_another_made_loses_its_finalizer_in_git(shop: Shop, tmp_path: Path) -> None:
    """As with root.yaml, which heals what is patched by hand."""
    name = f"{shop.namespace}-team"
    team = shop.manifest(name)
    parents = Repository(tmp_path / "parents")
    for each, manifest in (("servers", team), ("operator", _note(shop))):
        parents.write(f"argocd/{each}.yaml", yaml.safe_dump(manifest))
    parents.commit("An Application, and something that stays")
    root = yaml.safe_load((EXAMPLES / "root.yaml").read_text())
    root["metadata"]["name"] = f"{shop.namespace}-root"
    root["spec"]["source"]["repoURL"] = parents.url
    shop.kube.apply(root)
    shop.applications += [name, root["metadata"]["name"]]
    shop.kube.wait_for("applications", name, NAMESPACE, bool, LONG)
    shop.wait_well(name)
    before = [shop.server(each) for each in BOTH]

    del team["metadata"]["finalizers"]
    parents.write("argocd/servers.yaml", yaml.safe_dump(team))
    parents.commit("Take the finalizer off")
    shop.argo.refresh(root["metadata"]["name"])
    shop.until(lambda: not shop.application(name)["metadata"].get("finalizers"), "it has no finalizer")
    parents.remove("argocd/servers.yaml")
    parents.commit("Take the Application away")
    shop.argo.refresh(root["metadata"]["name"])
    shop.kube.wait_gone("applications", name, NAMESPACE, LONG)
    shop.applications.remove(name)
    assert [shop.server(each) for each in BOTH] == before
    assert all(shop.lives(each) for each in BOTH)


def test_what_leaves_git_goes_no_further_than_its_manifest_allowed(shop: Shop) -> None:
    intents: dict[str, Object] = {
        "retained": {"spec": {"deletionPolicy": "Retain"}},
        "protected": {"spec": {"deletionProtection": True}},
        "unpruned": {"metadata": {"annotations": UNPRUNED}},
    }
    for name, intent in intents.items():
        _add(shop, name, intent)
    application = shop.open()
    shop.wait_well()
    shop.drop("retained.yaml", "protected.yaml", "unpruned.yaml")
    shop.kube.wait_gone(SERVERS, "retained", shop.namespace, LONG)
    shop.kube.wait_for(
        SERVERS, "protected", shop.namespace, lambda found: "deletionTimestamp" in found["metadata"], LONG
    )
    assert "deletionTimestamp" not in (shop.server("unpruned") or {})["metadata"]
    assert all(shop.lives(each) for each in ("retained", "protected", "unpruned"))

    shop.kube.patch(SERVERS, "protected", shop.namespace, {"spec": {"deletionProtection": False}})
    shop.kube.wait_gone(SERVERS, "protected", shop.namespace, LONG)
    assert not shop.lives("protected")
    shop.kube.delete("applications", application, NAMESPACE)
    shop.kube.wait_gone("applications", application, NAMESPACE, LONG)
    assert [each["metadata"]["name"] for each in shop.kube.list(SERVERS, shop.namespace)] == ["unpruned"]
    assert "deletionTimestamp" not in (shop.server("unpruned") or {})["metadata"]
    assert {each: shop.lives(each) for each in (*BOTH, "unpruned")} == {
        "db-1": False,
        "web-1": False,
        "unpruned": True,
    }


def _add(shop: Shop, name: str, intent: Object) -> None:
    """Write a manifest like web-1's, with a change in it; no commit."""
    made = yaml.safe_load((EXAMPLES / "servers" / "web-1.yaml").read_text())
    made["metadata"] = {"name": name, **intent.get("metadata", {})}
    made["spec"] |= intent.get("spec", {})
    shop.repository.write(f"{FOLDER}/{name}.yaml", yaml.safe_dump(made))
    shop.repository.commit(f"Add {name}")


def _note(shop: Shop) -> Object:
    """Return something small, so that the parent is never empty."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "note", "namespace": shop.namespace},
    }
