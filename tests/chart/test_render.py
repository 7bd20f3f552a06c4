"""What is rendered is the same every time, and right by the judgement of Helm and of the API server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.cluster.kube import KubeError
from tests.chart.helm import CI, Command, Refused, objects, one, rendered
from tools.docs.chart import CHART
from tools.docs.install import NAMESPACE

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


@FILES
def test_the_operator_listens_where_the_container_says_it_does(helm: Command, file: Path) -> None:
    """On a node of processes the port is another, so nothing but this test would see them differ."""
    template = one(rendered(helm, file), "Deployment")["spec"]["template"]["spec"]
    (container,) = [each for each in template["containers"] if each["name"] == "operator"]
    (port,) = container["ports"]
    (value,) = [each["value"] for each in container["env"] if each["name"] == "ONECLOUD_OPERATOR_LISTEN_PORT"]
    assert value == str(port["containerPort"])
    assert {container[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} == {
        port["name"]
    }


@pytest.mark.parametrize(
    "values",
    [{}, {"nameOverride": "x" * 63}, {"fullnameOverride": "y" * 55}],
    ids=["long", "longer", "given"],
)
def test_the_longest_names_are_no_longer_than_kubernetes_takes(
    helm: Command, kube: Kube, place: None, values: Any
) -> None:
    """A release's name may have 53 characters, a Service's and a label's value 63."""
    values = {**values, "admissionPolicy": {"enabled": True}, "podDisruptionBudget": {"enabled": True}}
    text = rendered(helm, values, release="r" * 53)
    for found in objects(text):
        metadata = found["metadata"]
        if found["kind"] == "CustomResourceDefinition":
            continue
        assert len(metadata["name"]) <= (63 if "namespace" in metadata else 253)
        assert all(len(value) <= 63 for value in metadata["labels"].values())
        if found["kind"] == "Pod":
            found["spec"]["serviceAccountName"] = "default"
        kube.apply(found, namespace=NAMESPACE, dry_run=True)


def test_releases_of_one_name_in_two_namespaces_share_no_object(helm: Command) -> None:
    values = {"admissionPolicy": {"enabled": True}, "crds": {"enabled": False}}
    first, second = (
        {
            (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
            for each in objects(rendered(helm, values, f"--set=namespaceOverride={name}"))
        }
        for name in ("shop", "bank")
    )
    assert len(first) == len(second) > 8
    assert not first & second


def test_names_that_look_like_numbers_stay_texts(helm: Command) -> None:
    text = rendered(helm, {"namespaceOverride": "2", "watchNamespaces": ["3"], "clusterId": "4"})
    text += "\n---\n" + rendered(helm, {}, release="1")
    for found in objects(text):
        for value in (*found["metadata"]["labels"].values(), found["metadata"].get("namespace", "")):
            assert isinstance(value, str), found["kind"]
    assert {each["metadata"].get("namespace") for each in objects(text)} == {None, "2", "3", NAMESPACE}


def test_in_the_nodes_network_names_of_the_cluster_are_still_found(helm: Command) -> None:
    values: dict[str, Any] = {"hostNetwork": True}
    spec = one(rendered(helm, values), "Deployment")["spec"]["template"]["spec"]
    assert (spec["hostNetwork"], spec["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    spec = one(rendered(helm, {**values, "dnsPolicy": "Default"}), "Pod")["spec"]
    assert (spec["hostNetwork"], spec["dnsPolicy"]) == (True, "Default")


def test_a_policy_for_clouds_lets_out_what_the_operator_needs_and_nothing_else(helm: Command) -> None:
    def rules(**policy: Any) -> Any:
        found = one(rendered(helm, {"networkPolicy": {"enabled": True, **policy}}), "NetworkPolicy")["spec"]
        assert ("Egress" in found["policyTypes"]) is ("egress" in found)
        return found.get("egress")

    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    api = {"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]}
    clouds, exact = ({"to": [{"ipBlock": {"cidr": cidr}}]} for cidr in ("10.20.0.0/16", "10.0.0.1/32"))
    assert rules() is None
    assert rules(clouds=["10.20.0.0/16"]) == [dns, clouds, api]
    assert rules(clouds=["10.20.0.0/16"], kubernetesApi=["10.0.0.1/32"]) == [dns, clouds, exact]
    assert rules(clouds=["10.20.0.0/16"], egress=[{}]) == [dns, clouds, api, {}]
    assert rules(egress=[{}]) == [{}]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        pytest.param({}, {"maxUnavailable": 1}, id="by-default"),
        pytest.param({"minAvailable": 0}, {"minAvailable": 0}, id="none-is-a-number-too"),
        pytest.param({"minAvailable": "50%"}, {"minAvailable": "50%"}, id="a-share"),
    ],
)
def test_the_disruption_budget_has_one_number(helm: Command, values: Any, wanted: Any) -> None:
    text = rendered(helm, {"podDisruptionBudget": {"enabled": True, **values}})
    spec = one(text, "PodDisruptionBudget")["spec"]
    assert {name: value for name, value in spec.items() if "vailable" in name} == wanted


@FILES
def test_common_annotations_are_on_every_object(helm: Command, file: Path) -> None:
    for found in objects(rendered(helm, file, "--set=commonAnnotations.x=y")):
        if not found["metadata"]["name"].startswith("a-"):  # extraObjects are the user's own
            assert found["metadata"]["annotations"]["x"] == "y", found["kind"]


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
    for name in ("image", "env", "envFrom", "volumeMounts", "securityContext", "resources"):
        assert check[name] == run[name]
    for name in ("serviceAccountName", "automountServiceAccountToken", "volumes", "hostAliases"):
        assert pod["spec"][name] == operator[name]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_a_text_among_the_extra_objects_is_a_template(helm: Command) -> None:
    names = {
        each["metadata"]["name"]
        for each in objects(rendered(helm, CHART / "ci" / "full-values.yaml"))
        if each["kind"] == "ConfigMap"
    }
    assert names == {"a-map", "a-text-of-onecloud-operator", "onecloud-operator-dashboard"}


def test_an_extra_object_that_is_no_object_is_refused(helm: Command) -> None:
    with pytest.raises(Refused, match="/extraObjects/0"):
        rendered(helm, {"extraObjects": [7]})
