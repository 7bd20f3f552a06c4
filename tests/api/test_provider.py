"""OneCloudProviders as the API server takes them: the model takes and refuses the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml
from pydantic import ValidationError

from onecloud_operator.api.provider import ProviderSpec
from onecloud_operator.api.provider_crd import render
from onecloud_operator.api.provider_status import ProviderStatus
from sandbox.cluster.kube import KubeError
from sandbox.stage import CRDS, ROOT
from tests.api.manifests import merged

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

FILE = CRDS / "onecloud.io_onecloudproviders.yaml"
EXAMPLE = ROOT / "examples" / "providers" / "shared.yaml"
KIND = "onecloudproviders"
SPEC: dict[str, Any] = {"secretRef": {"namespace": "onecloud-system", "name": "shared"}}
TAKEN: dict[str, dict[str, Any]] = {
    "the-least": {},
    "the-most": {
        "allowedNamespaces": {
            "names": ["shop", "bank"],
            "selector": {
                "matchLabels": {"onecloud.io/cloud": "shared"},
                "matchExpressions": [
                    {"key": "team", "operator": "In", "values": ["a", "b"]},
                    {"key": "trial", "operator": "DoesNotExist"},
                ],
            },
        },
        "defaults": {
            "deletionPolicy": "RecycleBin",
            "deletionProtection": True,
            "disruption": {"allow": "Restart"},
            "tags": {"cost": "4711"},
            "placement": {"zoneID": "zone-1"},
        },
        "allow": ["Adopt", "Observe", "Restore", "DiskID", "EIP"],
        "freeze": True,
        "windows": [{"days": ["Sun"], "start": "22:00", "duration": "6h", "timeZone": "Europe/Berlin"}],
        "limits": {"servers": 100, "serversPerNamespace": 0},
    },
    "nobody-yet": {"allowedNamespaces": {}},
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a-time-zone-that-is-a-path": (
        {"windows": [{"start": "22:00", "duration": "6h", "timeZone": "../../etc/passwd"}]},
        "timeZone",
    ),
    "no-secret": ({"secretRef": None}, "secretRef"),
    "a-secret-without-its-namespace": ({"secretRef": {"namespace": None}}, "secretRef.namespace"),
    "a-namespace-with-capitals": ({"allowedNamespaces": {"names": ["Shop"]}}, "allowedNamespaces.names"),
    "a-namespace-twice": ({"allowedNamespaces": {"names": ["shop", "shop"]}}, "allowedNamespaces.names"),
    "a-pattern-of-namespaces": ({"allowedNamespaces": {"names": ["*"]}}, "allowedNamespaces.names"),
    "a-selector-of-every-namespace": (
        {"allowedNamespaces": {"selector": {}}},
        "an empty selector would allow every namespace",
    ),
    "a-selector-with-nothing-in-it": (
        {"allowedNamespaces": {"selector": {"matchLabels": {}, "matchExpressions": []}}},
        "an empty selector would allow every namespace",
    ),
    "values-of-what-need-only-exist": (
        {
            "allowedNamespaces": {
                "selector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}
            }
        },
        "values go with In and NotIn",
    ),
    "none-of-no-values": (
        {"allowedNamespaces": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}},
        "values go with In and NotIn",
    ),
    "an-unknown-allowance": ({"allow": ["Everything"]}, "allow"),
    "a-negative-limit": ({"limits": {"servers": -1}}, "limits.servers"),
    "half-a-server": ({"limits": {"servers": 2.5}}, "limits.servers"),
    "a-tag-of-the-operator": ({"defaults": {"tags": {"onecloud.io/owner": "me"}}}, "defaults.tags"),
}


def manifest(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudProvider",
        "metadata": {"name": f"provider-{uuid4().hex[:8]}"},
        "spec": merged(SPEC, changes),
    }


def test_the_file_is_what_the_models_make() -> None:
    assert FILE.read_text() == render(), "run `make generate`"


@pytest.mark.parametrize("changes", TAKEN.values(), ids=TAKEN)
def test_it_is_taken_and_read(kube: Kube, changes: dict[str, Any]) -> None:
    made = kube.create(manifest(changes), dry_run=True)
    ProviderSpec.model_validate(made["spec"])
    assert made["status"] == {"observedGeneration": -1}  # so that kstatus waits for the first look


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_by_the_name_of_the_field(kube: Kube, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(KubeError, match=said.replace(".", r"\.")):
        kube.create(manifest(changes), dry_run=True)
    with pytest.raises(ValidationError):
        ProviderSpec.model_validate(manifest(changes)["spec"])


def test_the_example_is_applied_as_it_stands(kube: Kube, namespace: str) -> None:
    secret, provider = yaml.safe_load_all(EXAMPLE.read_text())
    assert provider["spec"]["secretRef"] == {
        "namespace": secret["metadata"]["namespace"],
        "name": secret["metadata"]["name"],
    }
    kube.apply({**secret, "metadata": {**secret["metadata"], "namespace": namespace}})
    kube.apply(provider, dry_run=True)


def test_what_is_published_is_what_the_status_may_have(kube: Kube) -> None:
    """A full one is taken whole."""
    made = kube.create(manifest({}))
    status = {
        "observedGeneration": 1,
        "cloud": {"authURL": "https://c/v3", "region": "r", "project": "p", "projectID": "i"},
        "servers": {
            "total": 3,
            "running": 2,
            "states": {"Running": 2, "Stopped": 1},
            "namespaces": [{"name": "shop", "servers": 3}],
            "otherNamespaces": 1,
        },
        "feed": {"lastPollTime": "2026-11-23T12:00:00Z", "lag": "3s", "servers": 3},
    }
    name = made["metadata"]["name"]
    kept = kube.patch(KIND, name, None, {"status": status}, subresource="status")
    assert kept["status"] == status
    ProviderStatus.model_validate(kept["status"])
    kube.delete(KIND, name)


def test_every_field_says_what_it_is() -> None:
    (version,) = yaml.safe_load(FILE.read_text())["spec"]["versions"]
    assert not list(_silent(version["schema"]["openAPIV3Schema"]["properties"]["spec"], "spec"))
    assert not list(_silent(version["schema"]["openAPIV3Schema"]["properties"]["status"], "status"))


def _silent(node: dict[str, Any], path: str) -> Any:
    for name, each in node.get("properties", {}).items():
        if not each.get("description"):
            yield f"{path}.{name}"
        yield from _silent(each, f"{path}.{name}")
