"""Every edit that is a way out of a stalled state is taken by the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.manifests import SPEC, manifest, merged
from tests.api.test_changes import BEGUN, KIND, MADE
from tests.core.ways import WAYS, Annotate, Edit, Way

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

FULL: dict[str, Any] = merged(
    SPEC, {"server": {"dataDisks": [{"name": "data-1", "size": "10Gi"}], "securityGroups": ["db"]}}
)
EDITS = [way for way in WAYS if isinstance(way.out, Edit)]
ANNOTATIONS = [way for way in WAYS if isinstance(way.out, Annotate)]


@pytest.mark.parametrize("way", EDITS, ids=[f"{way.reason}-{way.name}" for way in EDITS])
def test_the_edit_is_taken(kube: Kube, namespace: str, way: Way) -> None:
    assert isinstance(way.out, Edit)
    kube.create(manifest(namespace, FULL))
    creation = MADE if way.out.made else BEGUN
    kube.patch(KIND, "web-1", namespace, {"status": {"creation": creation}}, subresource="status")
    kube.patch(KIND, "web-1", namespace, {"spec": dict(way.out.changes)})


@pytest.mark.parametrize("way", ANNOTATIONS, ids=[f"{way.reason}-{way.name}" for way in ANNOTATIONS])
def test_the_annotation_is_taken(kube: Kube, namespace: str, way: Way) -> None:
    assert isinstance(way.out, Annotate)
    kube.create(manifest(namespace, FULL))
    kube.patch(KIND, "web-1", namespace, {"status": {"creation": MADE}}, subresource="status")
    kube.patch(KIND, "web-1", namespace, {"metadata": {"annotations": {way.out.key: way.out.value}}})
