"""The policy that refuses to delete protected servers, by the API server's own judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster.kube import KubeError
from tests.chart.servers import CRD, LONG, add_server
from tests.chart.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cluster.kube import Kube
    from tests.chart.helm import Release

SAID = r"is protected: set spec\.deletionProtection to false before you delete it"


def refused(kube: Kube, namespace: str) -> bool:
    """Say whether a deletion of the server would be refused by the policy."""
    path = kube.resource(CRD).path(namespace, "web-1")
    try:
        kube.request("DELETE", path, dryRun="All")
    except KubeError as error:
        return error.reason == "Forbidden" and "is protected" in error.message
    return False


@pytest.fixture
def guarded(kube: Kube, place: None, space: str, release: Callable[..., Release]) -> None:
    """Install the policy for the namespaces shop and bank; make a protected server in shop."""
    values = {
        "admissionPolicy": {"enabled": True},
        "watchNamespaces": ["shop", "bank"],
        "clusterId": "c1",
    }
    release().install(values)
    add_server(kube, "shop", deletionProtection=True)
    until(lambda: refused(kube, "shop"), "the policy counts", LONG)


def test_a_protected_server_cannot_be_deleted(kube: Kube, guarded: None) -> None:
    with pytest.raises(KubeError, match=SAID) as error:
        kube.delete(CRD, "web-1", "shop")
    assert error.value.status == 403
    assert "OneCloudServer shop/web-1" in str(error.value)
    with pytest.raises(KubeError, match=SAID):
        kube.request("DELETE", kube.resource(CRD).path("shop"))
    found = kube.get(CRD, "web-1", "shop")
    assert found is not None
    assert "deletionTimestamp" not in found["metadata"]


def test_once_it_is_not_protected_any_more_it_can(kube: Kube, guarded: None) -> None:
    kube.patch(CRD, "web-1", "shop", {"spec": {"deletionProtection": False}})
    assert kube.delete(CRD, "web-1", "shop")
    kube.wait_gone(CRD, "web-1", "shop")


@pytest.mark.parametrize("spec", [{}, {"deletionProtection": False}], ids=["unsaid", "said-so"])
def test_one_that_never_was_protected_can(kube: Kube, guarded: None, spec: dict[str, Any]) -> None:
    add_server(kube, "bank", **spec)
    assert kube.delete(CRD, "web-1", "bank")


def test_who_deletes_the_definition_is_not_asked(kube: Kube, guarded: None) -> None:
    """As docs/installing.md warns: the API server consults no policy for objects that go with it."""
    assert kube.delete("CustomResourceDefinition", CRD)
    kube.wait_gone("CustomResourceDefinition", CRD, timeout_seconds=3 * LONG)


def test_namespaces_of_others_are_none_of_its_business(kube: Kube, guarded: None, space: str) -> None:
    add_server(kube, space, deletionProtection=True)
    assert kube.delete(CRD, "web-1", space)
