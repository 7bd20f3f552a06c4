"""
Fixtures that every test may ask for: a clock, and a real API server with a client and a namespace for it.

With CI=true a test that is skipped or expected to fail counts as failed: nothing is left out silently.
"""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from sandbox.cluster import tools
from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kube import Kube
from sandbox.cluster.namespaces import temporary
from sandbox.stage import CRDS
from tests import programs
from tests.engine.simulated import SimulatedClock
from tests.programs import first_build

# A shell that runs this in the background has it ignore Ctrl-C, and so would every child of a test.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the machine's business, and no finding.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


class ByPackage(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Shares out files to the workers, but whole packages: what their fixtures start is expensive."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(super()._split_scope(nodeid))
        return str(path.parent if (self.config.rootpath / path.parent / "__init__.py").exists() else path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    return ByPackage(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def clock() -> SimulatedClock:
    """Give a clock that moves only when the test says so."""
    return SimulatedClock()


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """One API server for the whole session; it is started by the first test that needs it."""
    with first_build(request):
        tools.binaries("etcd", "kube-apiserver")
    with ControlPlane() as running:
        yield running


@pytest.fixture(scope="session")
def kube(control_plane: ControlPlane) -> Iterator[Kube]:
    """Give a client with every right."""
    with control_plane.client() as client:
        yield client


@pytest.fixture(scope="session")
def served(control_plane: ControlPlane) -> None:
    """Have the CRD served."""
    control_plane.install_crds(CRDS)


@pytest.fixture
def namespace(kube: Kube) -> Iterator[str]:
    """Give a new namespace; afterwards it is gone, with every object of ours in it."""
    with temporary(kube, f"test-{uuid4().hex[:10]}") as name:
        yield name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what brings the programs for want of which tests were skipped."""
    reasons = " ".join(str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    absent = [name for name in programs.missing() if name in reasons]
    if absent and (how := programs.remedy(absent)):
        terminalreporter.write_line(
            f"some tests were skipped for want of {', '.join(absent)}; to get it: {how}"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _counted((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _counted((yield))


def _counted(report: Report) -> Report:
    """Turn a skip into a failure where the whole suite must run."""
    if os.environ.get("CI") == "true" and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in CI: {report.longrepr}"
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    return report
