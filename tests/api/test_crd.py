"""The definition as the API server serves it, and as kubectl shows it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from onecloud_operator.api.crd import render
from onecloud_operator.api.identity import SERVER
from onecloud_operator.api.prune import prune, schema_of_status
from onecloud_operator.api.reasons import ALL_REASONS
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status
from onecloud_operator.core.conditions import MESSAGE_LENGTH
from sandbox.cluster import tools
from sandbox.stage import CRDS, ROOT
from tests.api.manifests import SPEC, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

FILE = CRDS / "onecloud.io_onecloudservers.yaml"
EXAMPLES = sorted((ROOT / "examples" / "servers").glob("*.yaml"))
KIND = "onecloudservers"
# Texts that a pattern does not let be anything.
SHAPED = {"reason": "R" * 1024, "type": "T" * 63, "requestedAt": "2026-11-23T12:00:00Z"}


def definition() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def schema(part: str) -> dict[str, Any]:
    (version,) = definition()["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"][part]
    return found


def kubectl(control_plane: ControlPlane, *arguments: str) -> str:
    command = [str(tools.kubectl()), "--kubeconfig", str(control_plane.kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def properties(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property below *node* with its path."""
    for name, each in node.get("properties", {}).items():
        yield f"{path}.{name}", each
        yield from properties(each, f"{path}.{name}")
    if isinstance(node.get("items"), dict):
        yield from properties(node["items"], f"{path}[]")


def fullest(node: dict[str, Any], name: str) -> Any:
    """Return the largest value that *node* allows."""
    match node:
        case {"enum": [*words]}:
            return max(words, key=len)
        case {"format": "date-time"}:
            return "2026-11-23T12:00:00Z"
        case {"type": "object", "properties": dict(inner)}:
            return {key: fullest(each, key) for key, each in inner.items()}
        case {"type": "object", "additionalProperties": each, "maxProperties": int(most)}:
            return {f"{number:03}": fullest(each, name) for number in range(most)}
        case {"type": "array", "items": each, "maxItems": int(most)}:
            whole = [fullest(each, name) for _ in range(most)]
            if "x-kubernetes-list-map-keys" in node:
                return [{**each, "type": f"T{number}"} for number, each in enumerate(whole)]
            return whole
        case {"type": "string"} if name in {"message", "failureMessage"}:
            return "é" * MESSAGE_LENGTH  # cut by the operator, far below Kubernetes' own bound
        case {"type": "string", "maxLength": int(most)}:
            return SHAPED.get(name) if "pattern" in node else "é" * most
        case {"type": "integer"}:
            return node.get("maximum", 2**31)
        case {"type": "boolean"}:
            return True
    msg = f"{name}: not bounded: {node}"
    raise AssertionError(msg)


def test_the_file_is_what_the_models_make() -> None:
    assert FILE.read_text() == render(), "run `make generate`"


def test_the_api_server_has_no_complaint(kube: Kube) -> None:
    found = kube.get("CustomResourceDefinition", "onecloudservers.onecloud.io")
    assert found is not None
    conditions = {c["type"]: c["status"] for c in found["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"
    assert found["spec"]["names"]["shortNames"] == ["ocs"]
    assert found["spec"]["names"]["categories"] == ["onecloud"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_applied_as_it_stands(kube: Kube, namespace: str, path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        document["metadata"]["namespace"] = namespace
        applied = kube.apply(document)
        if document["kind"] == "OneCloudServer":
            Spec.model_validate(applied["spec"])


def test_the_example_secret_is_applied_as_it_stands(kube: Kube, namespace: str) -> None:
    document = yaml.safe_load((ROOT / "examples" / "secret.yaml").read_text())
    kube.apply({**document, "metadata": {**document["metadata"], "namespace": namespace}})


def test_what_is_left_out_gets_its_default(kube: Kube, namespace: str) -> None:
    made = kube.create(manifest(namespace, SPEC))
    assert made["spec"]["managementPolicy"] == "Manage"
    assert made["spec"]["onExternalDeletion"] == "Report"
    assert made["spec"]["deletionProtection"] is False
    assert made["status"] == {"observedGeneration": -1}  # so that kstatus waits for the first look


def test_kubectl_shows_what_matters_in_columns(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    kube.create(manifest(namespace, SPEC))
    status = {
        "state": "Running",
        "ip": "10.0.0.5",
        "id": "server-0",
        "server": {"cpu": 2, "memory": "4Gi", "image": "ubuntu-22.04"},
        "conditions": [
            condition("Ready", "True", "Available"),
            condition("Synced", "False", "RestartNeeded"),
        ],
    }
    kube.patch(KIND, "web-1", namespace, {"status": status}, subresource="status")
    head, row = kubectl(control_plane, "-n", namespace, "get", "ocs").splitlines()
    assert head.split() == ["NAME", "READY", "STATE", "REASON", "IP", "CPU", "MEMORY", "AGE"]
    assert row.split()[:7] == ["web-1", "True", "Running", "RestartNeeded", "10.0.0.5", "2", "4Gi"]
    wide = kubectl(control_plane, "-n", namespace, "get", "ocs", "-o", "wide").splitlines()[0].split()
    assert wide[8:] == ["ID", "SYNCED", "IMAGE", "ZONE", "HOST", "ON-DELETE", "MESSAGE"]
    assert "web-1" in kubectl(control_plane, "-n", namespace, "get", "onecloud")


def condition(kind: str, status: str, reason: str) -> dict[str, str]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "",
        "lastTransitionTime": "2026-11-23T12:00:00Z",
    }


@pytest.mark.parametrize(
    "selector",
    [
        "status.id=server-0",
        "status.state=Running",
        "spec.credentialsRef.name=onecloud",
        "spec.managementPolicy=Manage",
    ],
)
def test_objects_are_selected_by_field(kube: Kube, namespace: str, selector: str) -> None:
    kube.create(manifest(namespace, SPEC))
    kube.create(manifest(namespace, {**SPEC, "credentialsRef": {"name": "other"}}, "web-2"))
    kube.patch(
        KIND, "web-1", namespace, {"status": {"id": "server-0", "state": "Running"}}, subresource="status"
    )
    found = {each["metadata"]["name"] for each in kube.list(KIND, namespace, fields=selector)}
    assert "web-1" in found
    assert found == {"web-1"} or selector == "spec.managementPolicy=Manage"


def test_the_largest_status_is_taken(kube: Kube, namespace: str) -> None:
    """Two bytes a character, every list full: no server's status is refused for its size."""
    kube.create(manifest(namespace, SPEC))
    status = fullest(schema("status"), "status")
    body = {**manifest(namespace, SPEC), "status": status}
    del body["spec"]
    taken = kube.apply(body, manager="onecloud-operator", subresource="status", force=True)
    assert taken["status"] == status
    Status.model_validate(taken["status"])


def test_a_status_that_an_older_definition_does_not_know_is_cut_to_what_it_knows(kube: Kube) -> None:
    served = schema_of_status(kube.request("GET", "/openapi/v3/apis/onecloud.io/v1alpha1"), SERVER)
    assert served is not None
    older = json.loads(json.dumps(served))
    del older["properties"]["nextRetryTime"]
    del older["properties"]["server"]["properties"]["placement"]["properties"]["zone"]
    status = {"state": "Running", "nextRetryTime": "…", "server": {"placement": {"zone": "a", "host": "b"}}}
    kept, missing = prune(status, older)
    assert kept == {"state": "Running", "server": {"placement": {"host": "b"}}}
    assert missing == {"nextRetryTime", "server.placement.zone"}
    assert prune(status, served) == (status, set())


@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_says_what_it_is(part: str) -> None:
    """`kubectl explain` is the first page of documentation that people read."""
    silent = [
        path for path, node in properties(schema(part), part) if not node.get("description", "").strip()
    ]
    assert silent == []


def test_kubectl_explains_the_server(control_plane: ControlPlane) -> None:
    text = kubectl(control_plane, "explain", "ocs.spec.server")
    assert "The server as it is wanted." in text
    assert "Cannot change once the server is made" in text.replace("\n    ", " ")


def test_every_reason_has_its_section() -> None:
    sections = {
        line.removeprefix("### ").strip()
        for line in (ROOT / "docs" / "reasons.md").read_text().splitlines()
        if line.startswith("### ")
    }
    assert sections == set(ALL_REASONS)
