"""What is rendered is the same every time, and right by the judgement of Helm and of the API server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.cluster.kube import KubeError
from sandbox.docs.chart import CHART
from sandbox.docs.install import NAMESPACE
from tests.chart.helm import CI, Command, Refused, objects, one, rendered

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.kube import Kube

FILES = pytest.mark.parametrize("file", CI, ids=lambda file: file.stem)
# Functions of templates whose answer depends on the cluster, the clock or a die.
FICKLE = re.compile(
    r"\b(lookup|now|date|dateInZone|ago|uuidv4|rand\w+|gen\w+|derivePassword|htpasswd|bcrypt|env|getHostByName)\b"
)
QUOTED = re.compile(r'"[^"]*"')
TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
CLUSTERS = {  # kinds without a namespace
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


@FILES
def test_helm_finds_nothing_to_complain_about(any_helm: Command, file: Path) -> None:
    assert "[WARNING]" not in any_helm("lint", "--strict", CHART, f"--values={file}")


@FILES
def test_the_same_values_make_the_same_text(any_helm: Command, file: Path) -> None:
    assert rendered(any_helm, file) == rendered(any_helm, file)


@FILES
def test_both_helms_make_the_same_objects(helm: Command, helm_3: Command, file: Path) -> None:
    assert objects(rendered(helm_3, file)) == objects(rendered(helm, file))


def test_no_template_asks_the_cluster_the_clock_or_chance() -> None:
    templates = [path for path in (CHART / "templates").rglob("*") if path.is_file()]
    assert len(templates) > 10
    for path in templates:
        for piece in TEMPLATE.findall(path.read_text()):
            if not piece.startswith("{{- /*"):
                assert FICKLE.search(QUOTED.sub("", piece)) is None, f"{path.name}: {piece}"


@FILES
def test_every_object_says_where_it_belongs(helm: Command, file: Path) -> None:
    for found in objects(rendered(helm, file)):
        if found["metadata"]["name"].startswith("a-"):  # extraObjects are the user's own
            continue
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "onecloud-operator"
        assert labels["app.kubernetes.io/part-of"] == "onecloud-operator"
        assert ("namespace" in found["metadata"]) is (found["kind"] not in CLUSTERS)


@FILES
def test_the_api_server_accepts_every_object(helm: Command, kube: Kube, place: None, file: Path) -> None:
    """Unknown and doubled fields are refused; a Pod is judged by Pod Security, too."""
    for found in objects(rendered(helm, file)):
        if found["kind"] == "Pod":
            found["spec"]["serviceAccountName"] = "default"  # its own is only tried, too
        kube.apply(found, namespace=NAMESPACE, dry_run=True)


@pytest.mark.parametrize("values", [{}, CHART / "ci" / "full-values.yaml"], ids=["default", "full"])
def test_pods_may_run_where_only_restricted_ones_may(
    helm: Command, kube: Kube, place: None, values: Any
) -> None:
    template = one(rendered(helm, values), "Deployment")["spec"]["template"]
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": f"x-{uuid4().hex[:8]}", "namespace": NAMESPACE},
        "spec": {**template["spec"], "serviceAccountName": "default"},
    }
    kube.create(pod, dry_run=True)


def test_the_check_of_restricted_pods_can_fail(helm: Command, kube: Kube, place: None) -> None:
    found = one(rendered(helm, {"securityContext": {"allowPrivilegeEscalation": True}}), "Pod")
    found["spec"]["serviceAccountName"] = "default"
    with pytest.raises(KubeError, match="violates PodSecurity"):
        kube.apply(found, dry_run=True)


def test_a_service_of_the_operators_name_is_taken_for_no_setting(helm: Command) -> None:
    """Of a Service onecloud-operator Kubernetes would make ONECLOUD_OPERATOR_PORT and others like it."""
    text = rendered(helm)
    for spec in (one(text, "Deployment")["spec"]["template"]["spec"], one(text, "Pod")["spec"]):
        assert spec["enableServiceLinks"] is False


def test_without_a_lease_the_old_pod_ends_before_the_new_one_starts(helm: Command) -> None:
    text = rendered(helm, {"replicas": 1, "leaderElection": {"enabled": False}})
    assert one(text, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_the_test_hook_has_what_the_operator_has(helm: Command) -> None:
    text = rendered(helm, CHART / "ci" / "full-values.yaml")
    pod = one(text, "Pod")
    operator = one(text, "Deployment")["spec"]["template"]["spec"]
    (check,) = pod["spec"]["containers"]
    (run,) = [each for each in operator["containers"] if each["name"] == "operator"]
    assert (check["args"], run["args"]) == (["check"], ["run"])
    for name in ("image", "env", "envFrom", "securityContext", "resources"):
        assert check[name] == run[name]
    assert pod["spec"]["serviceAccountName"] == operator["serviceAccountName"]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_a_text_among_the_extra_objects_is_a_template(helm: Command) -> None:
    names = {
        each["metadata"]["name"]
        for each in objects(rendered(helm, CHART / "ci" / "full-values.yaml"))
        if each["kind"] == "ConfigMap"
    }
    assert names == {"a-map", "a-text-of-onecloud-operator"}


def test_an_extra_object_that_is_no_object_is_refused(helm: Command) -> None:
    with pytest.raises(Refused, match="/extraObjects/0"):
        rendered(helm, {"extraObjects": [7]})
