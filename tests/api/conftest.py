"""The CRD, served by a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.stage import CRDS

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane


@pytest.fixture(scope="session", autouse=True)
def served(control_plane: ControlPlane) -> None:
    """Have the CRD served."""
    control_plane.install_crds(CRDS)
