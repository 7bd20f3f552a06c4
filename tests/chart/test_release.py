"""Releases come, change, go back and go; the definition and the objects of users stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from sandbox.stage import CRDS
from tests.chart.helm import VERSIONS, Command, Refused, Release, objects
from tests.chart.older import SPEC_FIELD, fields_of, older_chart
from tests.chart.servers import CRD, LONG, add_server, established

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.cluster.kube import Kube, Object


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Give the chart as it was before a field was added."""
    return older_chart(tmp_path)


@pytest.fixture
def apply_older(kubectl: Command, older: Path) -> Callable[..., str]:
    """Give a way to have kubectl apply the older definition."""
    return lambda *how: kubectl("apply", "-f", older / "files" / "crd.yaml", *how)


def definition_of(kube: Kube) -> Object:
    found = kube.get("CustomResourceDefinition", CRD)
    assert found is not None
    return found


def uid_of(kube: Kube, namespace: str) -> str | None:
    found = kube.get(CRD, "web-1", namespace)
    return found["metadata"]["uid"] if found and "deletionTimestamp" not in found["metadata"] else None


def versions(kube: Kube, release: Release) -> dict[str, str]:
    """Return the version of every object of a release."""
    manifest = release.helm("get", "manifest", release.name, f"--namespace={release.namespace}")
    made = {}
    for each in objects(manifest):
        metadata = each["metadata"]
        found = kube.get(f"{each['kind']}", metadata["name"], metadata.get("namespace"))
        assert found is not None
        # What a controller writes on a Deployment is not Helm's doing.
        made[f"{each['kind']} {metadata['name']}"] = (
            str(found["metadata"]["generation"])
            if each["kind"] == "Deployment"
            else found["metadata"]["resourceVersion"]
        )
    return made


def deployment(kube: Kube, namespace: str) -> Object:
    (found,) = kube.list("deployments", namespace)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_release_makes_pods_in_a_restricted_namespace(
    kube: Kube, space: str, release: Callable[..., Release], version: Literal[3, 4]
) -> None:
    notes = release(version).install()
    assert "rollout status deployment/onecloud-operator" in notes
    assert "Uninstalling this release deletes no server" in notes
    kube.wait_for(
        "deployments", "onecloud-operator", space, lambda it: it.get("status", {}).get("replicas") == 2, LONG
    )
    assert len(kube.list("pods", space)) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_to_the_same_changes_nothing(
    kube: Kube, release: Callable[..., Release], version: Literal[3, 4]
) -> None:
    one = release(version)
    one.install()
    kube.wait_for("CustomResourceDefinition", CRD, None, established, LONG)
    kube.wait_for(
        "deployments", one.name, one.namespace, lambda it: it.get("status", {}).get("replicas") == 2, LONG
    )
    before = versions(kube, one)
    one.upgrade()
    assert versions(kube, one) == before


def test_what_an_upgrade_changed_a_rollback_restores(
    kube: Kube, space: str, release: Callable[..., Release]
) -> None:
    one = release()
    one.install({"crds": {"annotations": {"example.com/revision": "1"}}})
    uid = add_server(kube, space)
    one.upgrade({"replicas": 3, "podDisruptionBudget": {"enabled": True}})
    assert deployment(kube, space)["spec"]["replicas"] == 3
    assert len(kube.list("poddisruptionbudgets", space)) == 1
    one.rollback(1)
    assert deployment(kube, space)["spec"]["replicas"] == 2
    assert kube.list("poddisruptionbudgets", space) == []
    assert definition_of(kube)["metadata"]["annotations"]["example.com/revision"] == "1"
    assert uid_of(kube, space) == uid


@pytest.mark.parametrize("version", VERSIONS)
def test_uninstalling_keeps_the_definition_and_the_objects_and_a_new_release_finds_them(
    kube: Kube, space: str, release: Callable[..., Release], version: Literal[3, 4]
) -> None:
    one = release(version)
    one.install()
    uid, definition = add_server(kube, space), definition_of(kube)["metadata"]["uid"]
    one.uninstall()
    assert kube.list("deployments", space) == []
    assert kube.list("clusterroles", labels="app.kubernetes.io/part-of=onecloud-operator") == []
    assert uid_of(kube, space) == uid
    one.install()
    assert uid_of(kube, space) == uid
    assert definition_of(kube)["metadata"]["uid"] == definition


def test_a_release_of_another_name_takes_the_kept_definition_only_when_told_to(
    kube: Kube, space: str, release: Callable[..., Release]
) -> None:
    release().install()
    uid = add_server(kube, space)
    release().uninstall()
    with pytest.raises(Refused, match="cannot be imported into the current release"):
        release(name="other").install()
    release(name="other").install(None, "--take-ownership")
    assert uid_of(kube, space) == uid
    assert definition_of(kube)["metadata"]["annotations"]["meta.helm.sh/release-name"] == "other"


def test_who_says_so_removes_the_definition_with_the_release(
    kube: Kube, release: Callable[..., Release]
) -> None:
    one = release()
    assert "WARNING: crds.keep is false" in one.install({"crds": {"keep": False}})
    one.uninstall()
    kube.wait_gone("CustomResourceDefinition", CRD, timeout_seconds=LONG)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_definition_is_upgraded_under_its_objects_and_goes_back_with_a_rollback(
    kube: Kube, space: str, release: Callable[..., Release], older: Path, version: Literal[3, 4]
) -> None:
    release(version, chart=older).install()
    uid = add_server(kube, space)
    assert SPEC_FIELD not in fields_of(definition_of(kube), "spec")
    release(version).upgrade()
    assert SPEC_FIELD in fields_of(definition_of(kube), "spec")
    assert uid_of(kube, space) == uid
    release(version).rollback(1)
    assert SPEC_FIELD not in fields_of(definition_of(kube), "spec")
    assert uid_of(kube, space) == uid


def test_helm_4_upgrades_what_helm_3_installed(
    kube: Kube, space: str, release: Callable[..., Release], older: Path
) -> None:
    release(3, chart=older).install({"replicas": 1})
    uid = add_server(kube, space)
    release(4).upgrade({"replicas": 3})
    assert deployment(kube, space)["spec"]["replicas"] == 3
    assert SPEC_FIELD in fields_of(definition_of(kube), "spec")
    release(4).rollback(1)
    assert deployment(kube, space)["spec"]["replicas"] == 1
    release(4).uninstall()
    assert kube.list("deployments", space) == []
    assert uid_of(kube, space) == uid


@pytest.mark.parametrize(
    ("version", "how"),
    [
        pytest.param(3, ("--server-side",), id="helm-3"),
        pytest.param(4, ("--server-side",), id="helm-4"),
        pytest.param(4, (), id="helm-4-from-the-clients-side"),
    ],
)
def test_a_definition_that_kubectl_applied_is_taken_over(
    kube: Kube,
    release: Callable[..., Release],
    apply_older: Callable[..., str],
    version: Literal[3, 4],
    how: tuple[str, ...],
) -> None:
    """An older one, so that the release has something to change in it."""
    apply_older(*how)
    one = release(version)
    uid = add_server(kube, one.namespace)
    with pytest.raises(Refused, match="cannot be imported into the current release"):
        one.install()
    if version == 4:  # it applies on the server's side, where kubectl is known to own the fields
        with pytest.raises(Refused, match="conflict"):
            one.install(None, "--take-ownership")
    one.upgrade(None, "--install", "--take-ownership", *(("--force-conflicts",) if version == 4 else ()))
    found = definition_of(kube)
    assert SPEC_FIELD in fields_of(found, "spec")
    assert found["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert uid_of(kube, one.namespace) == uid
    one.upgrade()
    one.uninstall()
    assert uid_of(kube, one.namespace) == uid


def test_a_definition_that_others_care_for_is_left_alone(
    kube: Kube, kubectl: Command, space: str, release: Callable[..., Release]
) -> None:
    kubectl("apply", "--server-side", "-k", CRDS)
    before = definition_of(kube)["metadata"]["uid"]
    release().install({"crds": {"enabled": False}})
    release().uninstall()
    assert definition_of(kube)["metadata"]["uid"] == before


def test_a_namespace_to_work_in_must_be_there(release: Callable[..., Release]) -> None:
    with pytest.raises(Refused, match='namespaces "nowhere" not found'):
        release().install({"watchNamespaces": ["nowhere"], "clusterId": "c1"})


def test_two_releases_live_side_by_side(kube: Kube, space: str, release: Callable[..., Release]) -> None:
    release(name="a").install({"selector": "shard in (a)"})
    release(name="b").install({"selector": "shard notin (a)", "crds": {"enabled": False}})
    found = kube.list("deployments", space)
    assert {each["metadata"]["name"] for each in found} == {"a-onecloud-operator", "b-onecloud-operator"}
    leases = {
        entry["value"]
        for each in found
        for entry in each["spec"]["template"]["spec"]["containers"][0]["env"]
        if entry["name"] == "ONECLOUD_OPERATOR_LEASE_NAME"
    }
    assert len(leases) == 2
