"""The operator and a simulated cloud as child processes: what the demo and the end-to-end tests play on."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import yaml

from sandbox.cluster.process import Process
from sandbox.cluster.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.cluster.kube import Kube

ROOT = Path(__file__).resolve().parent.parent
CRDS = ROOT / "crds"
RBAC = Path(__file__).with_name("rbac.yaml")
START_SECONDS = 30.0
POLL_SECONDS = 0.02
PREFIX = "ONECLOUD_OPERATOR_"


class StageError(Exception):
    """A process did not start; the message has the end of its log."""


def program(module: str, arguments: list[str], *, log: Path, env: Mapping[str, str]) -> Process:
    """Start *module* as a program of Python; return at once."""
    return Process([sys.executable, "-m", module, *arguments], log=log, env=env)


class Cloud:
    """
    A simulated cloud in a process of its own.

    Any method of ``sandbox.cloud.Control`` that its endpoint offers can be called by its name, with keyword
    arguments: ``cloud.call("fail_next", operation="create", status="sched_fail")``.
    """

    program = staticmethod(program)  # how it is started

    def __init__(self, *, step_seconds: float = 0.02, servers: int = 0) -> None:
        self._step_seconds = step_seconds
        self._servers = servers
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start it; return when it listens."""
        directory = self._stack.enter_context(scratch())
        ready = directory / "ready.json"
        arguments = ["--step", str(self._step_seconds), "--servers", str(self._servers)]
        arguments += ["--ready-file", str(ready)]
        self.process = self.program(
            "sandbox.cloud", arguments, log=directory / "cloud.log", env=environment({})
        )
        self._stack.callback(self.process.stop)
        _wait(ready.exists, self.process)
        found = json.loads(ready.read_text())
        self.url: str = found["url"]
        self.auth_url: str = found["auth_url"]
        self.secret_data: dict[str, str] = found["secret"]
        self._http = self._stack.enter_context(httpx.Client(base_url=self.url, trust_env=False, timeout=60.0))
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._stack.close()

    def call(self, what: str, /, **arguments: Any) -> Any:
        """Have the hand behind the curtain do something. Raises LookupError and ValueError as it does."""
        reply = self._http.post(f"/_control/{what}", json=arguments)
        answer = reply.json()
        if reply.status_code == httpx.codes.NOT_FOUND:
            raise LookupError(answer["error"])
        if reply.is_error:
            raise ValueError(answer["error"])
        return answer.get("result")

    def servers(self) -> list[dict[str, Any]]:
        """Return the details of all live servers, recycled ones too."""
        found: list[dict[str, Any]] = self.call("servers")
        return found

    def counts(self) -> dict[str, int]:
        """Return how often each call was made since the last reset."""
        found: dict[str, int] = self.call("counts")
        return found

    def secret(self, namespace: str, name: str = "onecloud", **changes: str) -> dict[str, Any]:
        """Return the Secret that leads here; an empty value takes a key out."""
        data = {key: value for key, value in {**self.secret_data, **changes}.items() if value}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": data,
        }


class Operator:
    """
    The operator in a process of its own, with the kubeconfig of a user that has its rights and no others.

    *knobs* are settings by their names in lower case, without the prefix; a change counts from the next start
    on. *waiting*: ``start`` starts it.
    """

    program = staticmethod(program)  # how it is started

    def __init__(self, kubeconfig: Path, *, waiting: bool = False, **knobs: object) -> None:
        self._kubeconfig = kubeconfig
        self._waiting = waiting
        self.knobs = {"allow_loopback": True, "listen_port": 0, **knobs}
        self._stack = ExitStack()
        self.process: Process | None = None

    def __enter__(self) -> Self:
        """Start it, unless it shall wait."""
        self._directory = self._stack.enter_context(scratch())
        self.log = self._directory / "operator.log"
        if not self._waiting:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()
        self._stack.close()

    def start(self, module: str = "onecloud_operator", *arguments: str) -> None:
        """Start it (again), by *module* with *arguments* before its own; return at once."""
        settings = {
            f"{PREFIX}{name.upper()}": str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.knobs.items()
        }
        settings["KUBECONFIG"] = str(self._kubeconfig)
        self.process = self.program(module, [*arguments, "run"], log=self.log, env=environment(settings))

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def text(self) -> str:
        """Return all that it logged."""
        return self.log.read_text() if self.log.exists() else ""


def grant(kube: Kube, user: str = "operator", rights: Path = RBAC) -> None:
    """Give *user* the rights of the operator: those that an installation grants, and no others."""
    for document in yaml.safe_load_all(rights.read_text()):
        if document["kind"] == "ClusterRoleBinding":
            document["subjects"] = [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]
        kube.apply(document, force=True)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process: ours without what would change the operator, and *more*."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "PYTHON", "KUBE"))
    }
    path = os.pathsep.join((str(ROOT / "operator"), str(ROOT)))
    return {**kept, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error", **more}


def _wait(ready: Any, process: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.exit_code is not None or time.monotonic() > deadline:
            msg = f"{process.name} did not start:\n{process.tail()}"
            raise StageError(msg)
        time.sleep(POLL_SECONDS)
