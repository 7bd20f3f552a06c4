"""Startup, readiness and liveness: asking a container how it is, beside the kubelet's own round."""

import http.client
import socket
import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from .environment import ADDRESS

Check = Callable[[], bool]
GOOD = range(200, 400)


@dataclass(slots=True)
class Probe:
    """One probe of a running container. ``step`` returns a new verdict, or None while there is none."""

    spec: Mapping[str, Any]
    check: Check
    executor: Executor
    due: float
    _asked: Future[bool] | None = None
    _streak: int = 0  # answers alike in a row: above zero good ones, below zero bad ones

    def step(self, now: float) -> bool | None:
        """Ask if it is time, look if there is an answer."""
        if self._asked is None:
            if now >= self.due:
                self.due = now + self.spec.get("periodSeconds", 10)
                self._asked = self.executor.submit(self.check)
            return None
        if not self._asked.done():
            return None
        good, self._asked = self._asked.result(), None
        self._streak = max(self._streak, 0) + 1 if good else min(self._streak, 0) - 1
        if good:
            return True if self._streak >= self.spec.get("successThreshold", 1) else None
        return False if -self._streak >= self.spec.get("failureThreshold", 3) else None


def check_of(
    spec: Mapping[str, Any], ports: Mapping[str | int, int], run: Sequence[str], env: Mapping[str, str]
) -> Check:
    """Return the call that *spec* describes; *run* goes before a command, *ports* says where each is."""
    timeout = float(spec.get("timeoutSeconds", 1))
    match spec:
        case {"httpGet": wanted}:
            port = ports.get(wanted["port"], wanted["port"])
            headers = {header["name"]: header["value"] for header in wanted.get("httpHeaders", [])}
            secure, path = wanted.get("scheme") == "HTTPS", wanted.get("path", "/")
            return lambda: _answers(int(port), path, headers, timeout, secure=secure)
        case {"tcpSocket": wanted}:
            port = ports.get(wanted["port"], wanted["port"])
            return lambda: _connects(int(port), timeout)
        case {"exec": {"command": command}}:
            return lambda: _succeeds([*run, *command], env, timeout)
        case _:
            raise ValueError(f"this kubelet knows no such probe: {', '.join(spec)}")


def _answers(port: int, path: str, headers: Mapping[str, str], timeout: float, *, secure: bool) -> bool:
    kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
    options: dict[str, Any] = {}
    if secure:
        # As kubelets do: a probe asks whether somebody answers, not who.
        kind, options = http.client.HTTPSConnection, {"context": ssl._create_unverified_context()}  # noqa: S323, SLF001
    connection = kind(ADDRESS, port, timeout=timeout, **options)
    try:
        connection.request("GET", path, headers={"User-Agent": "kube-probe/1.37", **headers})
        return connection.getresponse().status in GOOD
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connects(port: int, timeout: float) -> bool:
    try:
        with socket.create_connection((ADDRESS, port), timeout):
            return True
    except OSError:
        return False


def _succeeds(command: Sequence[str], env: Mapping[str, str], timeout: float) -> bool:
    try:
        return not subprocess.run(
            command, env=env, timeout=timeout, capture_output=True, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False
