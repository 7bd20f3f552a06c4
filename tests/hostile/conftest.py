"""What the scenes start is expensive, so they share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.stranger.street import Street
from sandbox.stranger.street import street as built

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SERVERS = 12


@pytest.fixture(scope="package")
def street(control_plane: ControlPlane, kube: Kube) -> Iterator[Street]:
    """Give it with all honest servers Ready."""
    with built(control_plane, kube, SERVERS) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the operator said beside a failed test."""
    report = yield
    street = getattr(item, "funcargs", {}).get("street")
    if report.failed and street is not None:
        report.sections.append(("operator", street.operator.text()[-8000:]))
    return report
