"""
Fixtures of packages that install and remove what others rely on: a cluster of their own, with controllers.

A conftest imports both, and has a fixture *programs* that gets what they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.control_plane import ControlPlane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.kube import Kube


@pytest.fixture(scope="package")
def cluster(programs: None) -> Iterator[ControlPlane]:
    """Give a control plane: controllers collect garbage, join aggregated roles, make Pods of a Deployment."""
    with ControlPlane(controllers=True) as running:
        yield running


@pytest.fixture(scope="package")
def kube(cluster: ControlPlane) -> Iterator[Kube]:
    """Give a client with every right."""
    with cluster.client() as client:
        yield client
