"""
Operators and clouds that are forked from a process which has read their code already.

To read all the code takes a second of CPU, and these tests start them hundreds of times. Everything else is
as ever: each is a process with an environment, a log and an end of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

from kubernetes.aio.config import kube_config

from sandbox.cluster.leash import tie
from sandbox.cluster.process import Process
from sandbox.stage import Cloud as ColdCloud
from sandbox.stage import Operator as ColdOperator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.process import BaseProcess
    from pathlib import Path

# All but the modules that run as __main__, and what each fork begins with: this one.
CODE = [
    "onecloud_operator.app",
    "onecloud_operator.preflight",
    "onecloud_operator.telemetry.logs",
    "uvloop",
    "sandbox.cloud.serve",
    __name__,
]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(CODE)


class Fork(Process):
    """One module that runs as a program in a forked process."""

    def __init__(self, module: str, arguments: list[str], *, log: Path, env: Mapping[str, str]) -> None:
        """Start it; return at once."""
        self.name = module
        self.log = log
        self._popen: Any = _Child(
            _forks.Process(target=_become, args=(module, arguments, str(log), dict(env)))
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone: its group may not be there yet. Nothing happens if it has ended."""
        if self.exit_code is None:
            os.kill(self.pid, number)


class _Child:
    """A process of multiprocessing, with the methods of one of subprocess."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return self._process.exitcode


def _become(module: str, arguments: list[str], log: str, environment: dict[str, str]) -> None:
    """Turn this process into the program."""
    tie(os.getppid())
    os.setpgid(0, 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    if "KUBECONFIG" in environment:  # which the library read when it was imported
        kube_config.KUBE_CONFIG_DEFAULT_LOCATION = environment["KUBECONFIG"]
    warnings.simplefilter("error")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


class Operator(ColdOperator):
    """The operator, started in a moment."""

    program = staticmethod(Fork)


class Cloud(ColdCloud):
    """A simulated cloud, started in a moment."""

    program = staticmethod(Fork)
