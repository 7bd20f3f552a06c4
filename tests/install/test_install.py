"""The Helm release as users have it: the real Helm, real Deployments, the chart's own ServiceAccount."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Literal

import pytest
import yaml

from onecloud_operator.kube.rbac import Right
from sandbox.cluster.kube import Kube, KubeError
from sandbox.stage import CRDS
from tests.chart.helm import VERSIONS, Refused
from tests.chart.older import SPEC_FIELD, STATUS_FIELD, fields_of, older_chart
from tests.e2e.user import condition
from tests.install.site import KIND, LONG, TIMEOUT, VALUES
from tools.docs.chart import CHART
from tools.docs.install import NAMESPACE, RELEASE

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.kube import Object
    from tests.install.site import Site

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
CRD = "onecloudservers.onecloud.io"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_becomes_ready_through_the_charts_own_service_account(
    site: Site, version: Literal[3, 4]
) -> None:
    """In a namespace that enforces the restricted profile; then the chart's own test passes."""
    site = site.by(version)
    site.install()
    assert len(site.pods()) == 2
    site.kube.create(site.server())
    found = site.wait_ready()
    (server,) = site.cloud.servers()
    assert server["id"] == found["status"]["id"]
    output = site.helm("test", RELEASE, f"--namespace={NAMESPACE}", "--timeout=60s")
    assert re.search(r"Phase: +Succeeded", output)


def test_helm_waits_until_a_users_server_is_ready(site: Site) -> None:
    site.install()
    shop = ("shop", site.chart(site.server()), f"--namespace={site.namespace}", "--wait")
    site.cloud.call("hang_at", statuses=["deploying"])
    with pytest.raises(Refused, match="OneCloudServer"):
        site.helm("install", *shop, "--timeout=3s")
    assert not condition(site.get()["status"], "Stalled"), "it is still being made"
    site.cloud.call("hang_at", statuses=[])
    site.cloud.call("release")
    site.helm("upgrade", *shop, "--timeout=60s")
    assert condition(site.get()["status"], "Ready")["status"] == "True"


def test_helm_fails_at_once_when_a_users_server_stalls(site: Site) -> None:
    site.install()
    site.kube.patch("secrets", "onecloud", site.namespace, {"stringData": {"OS_AUTH_URL": ""}})
    shop = ("shop", site.chart(site.server()), f"--namespace={site.namespace}", "--wait")
    started = time.monotonic()
    with pytest.raises(Refused, match="status: Failed, message: Secret onecloud cannot be used"):
        site.helm("install", *shop, "--timeout=120s")
    assert time.monotonic() - started < LONG
    assert condition(site.get()["status"], "Stalled")["reason"] == "SecretInvalid"


def test_uninstalling_keeps_all_and_a_new_release_takes_over_without_a_write(site: Site) -> None:
    site.install()
    site.kube.create(site.server())
    before = site.wait_ready()
    site.cloud.call("reset_calls")
    site.uninstall()
    assert site.pods() == []
    assert site.kube.get("CustomResourceDefinition", CRD) is not None
    assert site.get() == before
    site.install()
    after = site.wait_looked_at()
    assert site.writes() == set()
    assert len(site.cloud.servers()) == 1
    assert after["status"]["id"] == before["status"]["id"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


def test_an_upgrade_replaces_the_pods_while_servers_stay_as_they_are(site: Site) -> None:
    site.install()
    site.kube.create(site.server())
    site.wait_ready()
    old = site.pods()
    site.cloud.call("reset_calls")
    site.install({**VALUES, "podAnnotations": {"example.com/version": "2"}})
    assert not set(site.pods()) & set(old)
    site.wait_looked_at()
    assert site.writes() == set()


@pytest.mark.parametrize(
    "versions",
    [pytest.param((3, 4), id="helm-3-then-helm-4"), pytest.param((4, 4), id="helm-4")],
)
def test_an_older_release_is_upgraded_and_goes_back_under_a_server_that_stays_ready(
    site: Site, tmp_path: Path, versions: tuple[Literal[3], Literal[4]]
) -> None:
    """While the definition is the older one the operator sends only the fields that it knows."""
    first, second = versions
    site.by(first).install(chart=older_chart(tmp_path))
    assert lacking(site) == (True, True)
    site.kube.create(site.server())
    before = site.wait_ready()
    assert STATUS_FIELD not in before["status"]
    assert f"fields=status.{STATUS_FIELD}" in site.kubelet.logs(NAMESPACE)
    site.cloud.call("reset_calls")
    old = site.pods()

    site.by(second).install()
    assert lacking(site) == (False, False)
    assert not set(site.pods()) & set(old)
    newer = site.until(lambda: site.get() if STATUS_FIELD in site.get()["status"] else None, "it is shown")
    assert same(newer, before)

    site.by(second).helm("rollback", RELEASE, "1", f"--namespace={NAMESPACE}", "--wait", TIMEOUT)
    assert lacking(site) == (True, True)
    after = site.wait_looked_at()
    assert STATUS_FIELD not in after["status"]
    assert same(after, before)
    assert site.writes() == set()


def lacking(site: Site) -> tuple[bool, bool]:
    """Say whether the definition lacks the newer field of the spec, and of the status."""
    found = site.kube.get("CustomResourceDefinition", CRD)
    assert found is not None
    return SPEC_FIELD not in fields_of(found, "spec"), STATUS_FIELD not in fields_of(found, "status")


def same(one: Object, other: Object) -> bool:
    """Say whether two readings are of the same server, and it was Ready all the time between them."""
    ready = [condition(each["status"], "Ready") for each in (one, other)]
    assert [condition["status"] for condition in ready] == ["True", "True"]
    since = [condition["lastTransitionTime"] for condition in ready]
    return bool(one["status"]["id"] == other["status"]["id"] and since[0] == since[1])


def test_a_namespaced_release_sees_its_namespaces_only(site: Site) -> None:
    other = f"{site.namespace}-other"
    site.open(other)
    values = {**VALUES, "watchNamespaces": [site.namespace], "clusterId": "cluster0"}
    site.install({**values, "rbac": {"aggregateRoles": False}})
    manifest = site.helm("get", "manifest", RELEASE, f"--namespace={NAMESPACE}")
    assert "kind: ClusterRole" not in manifest
    assert may(site, "get", "secrets", site.namespace)
    assert may(site, "list", f"{KIND}.onecloud.io", site.namespace)
    for verb, resource in (
        ("get", "secrets"),
        ("list", f"{KIND}.onecloud.io"),
        ("patch", f"{KIND}.onecloud.io"),
    ):
        assert not may(site, verb, resource, other), f"{verb} {resource}"
        assert not may(site, verb, resource, None), f"{verb} {resource} everywhere"
    assert not may(site, "list", "secrets", site.namespace), "Secrets are read by name only"
    with token_of_the_operator(site) as operator:
        assert operator.get("secrets", "onecloud", site.namespace) is not None
        for path in (
            f"/api/v1/namespaces/{other}/secrets/onecloud",
            "/apis/onecloud.io/v1alpha1/onecloudservers",
        ):
            with pytest.raises(KubeError, match="403"):
                operator.request("GET", path)
    site.kube.create(site.server(namespace=other))
    site.kube.create(site.server())
    site.wait_ready()
    assert "status" not in site.get(namespace=other) or not site.get(namespace=other)["status"].get(
        "conditions"
    )
    assert len(site.cloud.servers()) == 1


def test_a_missing_right_is_named_harms_no_other_namespace_and_is_used_when_it_comes(site: Site) -> None:
    other = f"{site.namespace}-other"
    site.open(other)
    values = {**VALUES, "watchNamespaces": [site.namespace, other], "clusterId": "cluster0", "replicas": 1}
    site.install(values)
    granted = site.kube.get("roles", RELEASE, other)
    assert granted is not None
    site.kube.patch("roles", RELEASE, other, {"rules": []})
    (old,) = site.pods()
    site.kube.delete("pods", old, NAMESPACE)
    site.until(lambda: site.pods() not in ([], [old]) and site.leader(), "another one leads")
    site.kube.create(site.server(namespace=other))
    site.kube.create(site.server())
    site.wait_ready()
    rule = '{apiGroups: ["onecloud.io"], resources: ["onecloudservers"], verbs: ["list"]}'
    line = f"a Role in the namespace {other} with the rule {rule} grants it"
    site.until(lambda: line in site.kubelet.logs(NAMESPACE, *site.pods()), "it names the rule")
    site.kube.patch("roles", RELEASE, other, {"rules": granted["rules"]})
    site.wait_ready(namespace=other)
    (pod,) = site.kube.list("pods", NAMESPACE, labels=f"app.kubernetes.io/instance={RELEASE}")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    # What is left in a namespace that is taken off the list waits until it is put back.
    site.install({**values, "watchNamespaces": [site.namespace]})
    site.kube.delete(KIND, "web-1", other)
    site.kube.create(site.server("web-2"))
    site.wait_ready("web-2")
    assert "deletionTimestamp" in site.get(namespace=other)["metadata"]
    site.install(values)
    site.kube.wait_gone(KIND, "web-1", other, timeout_seconds=LONG)


def test_each_right_that_is_taken_away_is_named_and_used_when_it_comes_back(site: Site) -> None:
    """By an operator that runs, one after the other: in its log, or for Secrets in the object's condition."""
    election = {"durationSeconds": 4, "deadlineSeconds": 3, "renewSeconds": 1}
    own = {"watchNamespaces": [site.namespace], "clusterId": "cluster0"}
    site.install({**VALUES, **own, "replicas": 1, "leaderElection": election})
    objects, leader = (RELEASE, site.namespace), (f"{RELEASE}-leader", NAMESPACE)
    for number, (role, right, words) in enumerate(
        [
            (objects, Right("patch", "onecloudservers/status", "onecloud.io"), ""),
            (objects, Right("get", "secrets"), "no right to read Secret onecloud"),
            (objects, Right("create", "events"), ""),
            (leader, Right("patch", "leases", "coordination.k8s.io"), ""),
        ]
    ):
        granted = site.kube.get("roles", *role)
        assert granted is not None
        less = [rule for rule in granted["rules"] if right.resource not in rule["resources"]]
        site.kube.patch("roles", *role, {"rules": less})
        name = f"web-{number}"
        site.kube.create(site.server(name))
        wait_for_words(
            site, words or f"a Role in the namespace {role[1]} with the rule {right} grants it", name
        )
        site.kube.patch("roles", *role, {"rules": granted["rules"]})
        site.wait_ready(name)
    assert len(site.cloud.servers()) == 4
    assert site.cloud.counts()["POST /servers"] == 4


def test_without_the_definition_it_says_how_to_get_it_and_begins_when_it_comes(site: Site) -> None:
    site.kube.delete("CustomResourceDefinition", CRD)
    site.kube.wait_gone("CustomResourceDefinition", CRD, timeout_seconds=LONG)
    values = {**VALUES, "replicas": 1, "crds": {"enabled": False}}
    site.helm(
        "install", RELEASE, CHART, f"--namespace={NAMESPACE}", "--values=-", stdin=yaml.safe_dump(values)
    )
    expected = "install the CRD (kubectl apply --server-side -k crds/)"
    site.until(lambda: expected in site.kubelet.logs(NAMESPACE), "it says so")
    assert not available(site), "no Pod counts as ready before"
    site.cluster.install_crds(CRDS)
    site.until(lambda: available(site), "it is ready")
    site.kube.create(site.server())
    site.wait_ready()
    (pod,) = site.kube.list("pods", NAMESPACE, labels=f"app.kubernetes.io/instance={RELEASE}")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def test_the_other_replica_takes_over_when_the_leader_freezes(site: Site) -> None:
    """The frozen one finds at its awakening that it leads no more, and ends: no server is made twice."""
    election = {"durationSeconds": 4, "deadlineSeconds": 3, "renewSeconds": 1}
    site.install({**VALUES, "leaderElection": election})
    first = site.until(site.leader, "somebody leads")
    site.kube.create(site.server("web-1"))
    site.wait_ready("web-1")
    frozen = site.kubelet.process(NAMESPACE, first)
    frozen.pause()
    site.kube.create(site.server("web-2"))
    site.wait_ready("web-2")
    assert site.leader() not in {None, first}
    frozen.resume()
    site.until(lambda: frozen.exit_code is not None, "it ends")
    assert frozen.exit_code == 3
    site.kube.create(site.server("web-3"))
    site.wait_ready("web-3")
    assert len(site.cloud.servers()) == 3
    assert site.cloud.counts()["POST /servers"] == 3


def wait_for_words(site: Site, words: str, name: str) -> None:
    """Wait until a Pod has logged *words*, or they are in the object's status."""
    site.until(lambda: words in site.kubelet.logs(NAMESPACE) or words in str(site.get(name)), words)


def available(site: Site) -> bool:
    """Say whether the Deployment is."""
    found = site.kube.get("deployments", RELEASE, NAMESPACE)
    assert found is not None
    return bool((found.get("status") or {}).get("availableReplicas"))


def token_of_the_operator(site: Site) -> Kube:
    """Return a client that is the chart's ServiceAccount."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{RELEASE}/token"
    token = site.kube.request("POST", path, body=request)["status"]["token"]
    return Kube(site.cluster.url, token=token, authority=site.cluster.authority)


def may(site: Site, verb: str, resource: str, namespace: str | None) -> bool:
    """Say whether the operator may do something: `kubectl auth can-i --as`."""
    plural, _, group = resource.partition(".")
    attributes = {"verb": verb, "resource": plural, "group": group, "namespace": namespace or ""}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": ACCOUNT, "resourceAttributes": attributes},
    }
    answer = site.kube.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body=review)
    return bool(answer["status"]["allowed"])
