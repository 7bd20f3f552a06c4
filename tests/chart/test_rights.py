"""What the ServiceAccount of a release may do, and what it may not; and what users may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster import kubeconfig
from sandbox.stage import ROOT
from tests.chart.helm import one
from tests.chart.servers import LONG
from tests.chart.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.chart.helm import Command, Release

Rule = tuple[str, str, tuple[str, ...], str]

OBJECTS: set[Rule] = {
    ("onecloud.io", "onecloudservers", (), "get list patch watch"),
    ("onecloud.io", "onecloudservers/status", (), "patch"),
    ("", "secrets", (), "get"),
    ("", "events", (), "create"),
}
LEASES: set[Rule] = {
    ("coordination.k8s.io", "leases", (), "create"),
    ("coordination.k8s.io", "leases", ("onecloud-operator",), "get patch"),
}
AROUND: set[Rule] = {
    ("networking.k8s.io", "servicecidrs", (), "get list"),
    ("discovery.k8s.io", "endpointslices", ("kubernetes",), "get"),
}
PROVIDERS: set[Rule] = {
    ("onecloud.io", "onecloudproviders", (), "get list patch watch"),
    ("onecloud.io", "onecloudproviders/status", (), "patch"),
}
SYSTEM: set[Rule] = {("", "namespaces", (), "get list watch"), *AROUND, *PROVIDERS}
NAMESPACED = {"watchNamespaces": ["shop", "bank"], "clusterId": "c1"}


@pytest.fixture
def rules(kubectl: Command, space: str) -> Callable[[str], set[Rule]]:
    """Give all that the release's ServiceAccount may do in a namespace, beyond what every account may."""
    own, nobodys = f"{space}:onecloud-operator", f"{space}:nobody"
    return lambda namespace: (
        _rules(kubectl, f"system:serviceaccount:{own}", namespace)
        - _rules(kubectl, f"system:serviceaccount:{nobodys}", namespace)
    )


def _rules(kubectl: Command, account: str, namespace: str) -> set[Rule]:
    """Return what `kubectl auth can-i --list` shows."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    text = kubectl("create", f"--raw={path}", "--filename=-", f"--as={account}", stdin=json.dumps(review))
    status = json.loads(text)["status"]
    assert status["incomplete"] is False
    return {
        (group, resource, tuple(rule.get("resourceNames", ())), " ".join(sorted(rule["verbs"])))
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_cluster_wide_it_may_do_what_it_needs_and_nothing_else(
    place: None, space: str, release: Callable[..., Release], rules: Callable[[str], set[Rule]]
) -> None:
    release().install()
    assert rules(space) == OBJECTS | SYSTEM | LEASES
    assert rules("shop") == OBJECTS | SYSTEM
    assert rules("default") == OBJECTS | SYSTEM


def test_namespaced_it_may_do_nothing_elsewhere(
    kube: Kube, place: None, space: str, release: Callable[..., Release], rules: Callable[[str], set[Rule]]
) -> None:
    release().install(NAMESPACED)
    assert rules("shop") == OBJECTS | {("", "namespaces", ("shop",), "get")}
    assert rules("bank") == OBJECTS | {("", "namespaces", ("bank",), "get")}
    assert rules(space) == LEASES
    assert rules("default") == rules("kube-system") == set()
    account = f"system:serviceaccount:{space}:onecloud-operator"
    for found in kube.list("clusterrolebindings"):
        assert all(each["name"] not in {account, "onecloud-operator"} for each in found.get("subjects") or ())


def test_secrets_can_be_narrowed_to_names(
    place: None, release: Callable[..., Release], rules: Callable[[str], set[Rule]]
) -> None:
    release().install({"rbac": {"secretNames": ["onecloud", "passwords"]}})
    secrets = {rule for rule in rules("shop") if rule[1] == "secrets"}
    assert secrets == {("", "secrets", ("onecloud", "passwords"), "get")}


def test_secrets_can_be_written_only_where_that_is_switched_on(
    place: None, release: Callable[..., Release], rules: Callable[[str], set[Rule]]
) -> None:
    release().install({"connectionSecrets": {"enabled": True}})
    secrets = {rule for rule in rules("shop") if rule[1] == "secrets"}
    assert secrets == {("", "secrets", (), "get"), ("", "secrets", (), "create delete get update")}


def test_without_an_election_there_is_no_right_to_leases(
    place: None, space: str, release: Callable[..., Release], rules: Callable[[str], set[Rule]]
) -> None:
    release().install({"replicas": 1, "leaderElection": {"enabled": False}})
    assert rules(space) == OBJECTS | SYSTEM


@pytest.fixture
def check(
    cluster: ControlPlane, kube: Kube, space: str, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a way to run what `helm test` runs: with the ServiceAccount and the environment of a release."""

    def run(release: Release, **changes: str) -> subprocess.CompletedProcess[str]:
        token = kube.request(
            "POST",
            f"/api/v1/namespaces/{space}/serviceaccounts/onecloud-operator/token",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        )["status"]["token"]
        config = tmp_path / "kubeconfig"
        kubeconfig.write(config, url=cluster.url, authority=cluster.authority, user="account", token=token)
        text = release.helm("get", "hooks", release.name, f"--namespace={space}")
        (container,) = one(text, "Pod")["spec"]["containers"]
        env = {each["name"]: each["value"] for each in container["env"] if "value" in each}
        path = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(ROOT / "operator")}
        return subprocess.run(
            [sys.executable, "-m", "onecloud_operator", *container["args"]],
            env={**path, "KUBECONFIG": str(config), **env, **changes},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("values", "places"),
    [
        pytest.param(
            {},
            [
                "the rights in default",
                "the rights to namespaces",
                "the rights to providers",
                "the cluster's name can be read",
            ],
            id="cluster-wide",
        ),
        pytest.param(NAMESPACED, ["the rights in shop", "the rights in bank"], id="namespaced"),
        pytest.param(
            {"rbac": {"secretNames": ["onecloud"]}, "clusterId": "c1"},
            ["the rights in default", "the rights to namespaces", "the rights to providers"],
            id="some-secrets-only",
        ),
        pytest.param(
            {"connectionSecrets": {"enabled": True}, **NAMESPACED},
            [
                *(f"the rights in {each}" for each in NAMESPACED["watchNamespaces"]),
                *(f"the rights to write Secrets in {each}" for each in NAMESPACED["watchNamespaces"]),
            ],
            id="that-writes-secrets",
        ),
    ],
)
def test_the_charts_test_passes_with_the_charts_rights(
    place: None,
    release: Callable[..., Release],
    check: Callable[..., Any],
    values: dict[str, Any],
    places: list[str],
) -> None:
    made = release()
    made.install(values)
    done = until(lambda: found if not (found := check(made)).returncode else None, "the check passes", LONG)
    leases = ["the Lease can be read", f"the rights to the Lease in {made.namespace}"]
    checks = ["the CRD is served", "objects can be listed", *places, *leases]
    # In some namespaces only there is no right to ask; it is said, and the release works all the same.
    around = [line for line in done.stdout.splitlines() if line not in {f"ok     {each}" for each in checks}]
    if "watchNamespaces" in values:
        assert [line.partition(" (")[0].partition(":")[0] for line in around] == [
            "UNKNOWN the API server's own endpoints",
            "UNKNOWN the networks of Services",
        ]
    else:
        assert around == ["ok     where credentials may not lead is known"]


def test_the_charts_test_tells_which_right_is_missing(
    place: None, release: Callable[..., Release], check: Callable[..., Any]
) -> None:
    """Here a namespace that the release does not have."""
    made = release()
    made.install(NAMESPACED)
    done = check(made, ONECLOUD_OPERATOR_NAMESPACES="default")
    assert done.returncode == 1
    rule = '{apiGroups: ["onecloud.io"], resources: ["onecloudservers"], verbs: ["list"]}'
    assert "FAILED objects can be listed" in done.stdout
    assert f"; a Role in the namespace default with the rule {rule} grants it\n" in done.stdout
    assert (
        f"FAILED the rights in default: no rule grants {rule.replace('list', 'get')}, {rule}, " in done.stdout
    )


def test_the_charts_test_tells_of_each_right_that_somebody_took_away(
    kube: Kube, place: None, space: str, release: Callable[..., Release], check: Callable[..., Any]
) -> None:
    made = release()
    made.install({"clusterId": "c1"})
    until(lambda: not check(made).returncode, "the check passes", LONG)
    name = f"onecloud-operator.{space}"
    role, leader = kube.get("clusterroles", name), kube.get("roles", "onecloud-operator-leader", space)
    assert role is not None
    assert leader is not None
    rules = [rule for rule in role["rules"] if not {"events", "secrets"} & set(rule["resources"])]
    kube.patch("clusterroles", name, None, {"rules": rules})
    rules = [{**rule, "verbs": ["get"]} for rule in leader["rules"] if "resourceNames" in rule]
    kube.patch("roles", "onecloud-operator-leader", space, {"rules": rules})
    wanted = (
        'FAILED the rights in default: no rule grants {apiGroups: [""], resources: ["secrets"], '
        'verbs: ["get"]}, {apiGroups: [""], resources: ["events"], verbs: ["create"]}\n'
        f"FAILED the rights to the Lease in {space}: no rule grants "
        '{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"]}, '
        '{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["patch"]}'
    )

    def failed() -> bool:
        return "\n".join(line for line in check(made).stdout.splitlines() if line[:3] != "ok ") == wanted

    until(failed, "both are noticed", LONG)


def test_without_an_election_nothing_is_asked_of_leases(
    place: None, release: Callable[..., Release], check: Callable[..., Any]
) -> None:
    made = release()
    made.install({"replicas": 1, "leaderElection": {"enabled": False}})
    until(lambda: not check(made).returncode, "the check passes", LONG)
    assert "Lease" not in check(made).stdout


def test_the_charts_test_tells_how_to_get_a_definition_that_is_missing(
    place: None, release: Callable[..., Release], check: Callable[..., Any]
) -> None:
    made = release()
    made.install({"crds": {"enabled": False}})
    done = check(made)
    assert done.returncode == 1
    assert (
        "FAILED the CRD is served: it is not installed (kubectl apply --server-side -k crds/)" in done.stdout
    )


@pytest.mark.parametrize(
    ("role", "more"),
    [
        pytest.param("view", False, id="view"),
        pytest.param("edit", True, id="edit"),
        pytest.param("admin", True, id="admin"),
    ],
)
def test_the_clusters_own_roles_cover_servers(
    kube: Kube, place: None, release: Callable[..., Release], role: str, more: bool
) -> None:
    release().install()
    user = f"ann-{role}"
    kube.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": user, "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        }
    )
    reads, writes = ("get", "list", "watch"), ("create", "update", "patch", "delete", "deletecollection")
    until(lambda: allowed(kube, user, "watch"), "the roles have been joined", LONG)
    assert [allowed(kube, user, verb) for verb in reads] == [True] * 3
    assert [allowed(kube, user, verb) for verb in writes] == [more] * 5
    assert allowed(kube, user, "get", subresource="status")
    assert not allowed(kube, user, "patch", subresource="status"), "the status is the operator's"
    assert not allowed(kube, user, "get", namespace="bank")


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
def test_no_role_but_the_clusters_owner_may_write_providers(
    kube: Kube, place: None, release: Callable[..., Release], role: str
) -> None:
    """Whoever makes one has the operator read a Secret, and send it to any cloud."""
    release().install()
    user = f"bob-{role}"
    kube.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        }
    )
    everywhere: Any = {"namespace": "", "resource": "onecloudproviders"}
    until(lambda: allowed(kube, user, "get", **everywhere), "the roles have been joined", LONG)
    for verb in ("create", "update", "patch", "delete", "deletecollection"):
        assert not allowed(kube, user, verb, **everywhere), verb
    assert not allowed(kube, user, "patch", subresource="status", **everywhere)
    kube.delete("clusterrolebindings", user)


def allowed(  # noqa: PLR0913 - what is asked of the API server
    kube: Kube,
    user: str,
    verb: str,
    *,
    namespace: str = "shop",
    resource: str = "onecloudservers",
    subresource: str = "",
) -> bool:
    """Return what `kubectl auth can-i` would say."""
    attributes = {
        "namespace": namespace,
        "verb": verb,
        "group": "onecloud.io",
        "resource": resource,
        "subresource": subresource,
    }
    answer = kube.request(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        body={
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": attributes},
        },
    )
    found: bool = answer["status"]["allowed"]
    return found
