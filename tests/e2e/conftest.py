"""The whole operator as a process, a real API server, and a simulated cloud in a process of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.stage import grant
from tests.e2e.clouds import cloud
from tests.e2e.user import User
from tests.e2e.warm import Cloud, Operator

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

__all__ = ["cloud"]  # for pytest, which finds fixtures by their names here

# Short intervals: the rules are the same, only sooner.
QUICK: dict[str, Any] = {
    "poll_moving_seconds": 0.1,
    "poll_idle_seconds": 0.3,
    "events_seconds": 1,
    "sweep_seconds": 2,
    "confirm_seconds": 0.05,
    "secret_seconds": 0.5,
    "retry_first_seconds": 0.2,
    "retry_max_seconds": 1,
    "refused_first_seconds": 0.5,
    "refused_max_seconds": 2,
    "retry_create_first_seconds": 1,
    "burnt_seconds": 1,
    "cluster_id": "cluster0",
}


@pytest.fixture(scope="session")
def served(served: None, kube: Kube) -> None:
    """Have the rights granted as well."""
    grant(kube)


@pytest.fixture
def user(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[User]:
    """Give a namespace with working credentials, and an operator that sees this namespace only."""
    kube.apply(cloud.secret(namespace))
    operator = Operator(control_plane.kubeconfig_of("operator"), namespaces=namespace, **QUICK)
    with operator:
        made = User(kube, namespace, cloud, operator)
        yield made
        made.check_secrets()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what each operator said beside a failed test."""
    report = yield
    if report.failed:
        for name, operator in _operators(getattr(item, "funcargs", {})):
            report.sections.append((name, operator.text()[-8000:]))
    return report


def _operators(fixtures: Mapping[str, Any]) -> Iterator[tuple[str, Operator]]:
    if "user" in fixtures:
        yield "operator", fixtures["user"].operator
    if "pair" in fixtures:
        for number, replica in enumerate(fixtures["pair"].replicas):
            yield f"replica {number}", replica.operator
    if "shards" in fixtures:
        for name, replica in fixtures["shards"].replicas.items():
            yield f"shard {name}", replica.operator
