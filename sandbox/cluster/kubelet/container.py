"""One container: a process that is started, probed, restarted after a growing wait, and stopped politely."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

from sandbox.cluster.control_plane import free_port
from sandbox.cluster.process import Process

from .environment import NotConfiguredError, Sources, environment, expand
from .host import Host, stamp
from .images import image_of
from .probes import Probe, check_of
from .volumes import Volumes

CELL = Path(__file__).with_name("cell.py")
MAX_BACKOFF_SECONDS = 300.0
GRACE_SECONDS = 30.0
CONFIGURE_AGAIN_SECONDS = 1.0
SIGNALLED = 128  # a shell's way to say which signal ended a process
MESSAGE_CHARACTERS = 2048

Status = dict[str, Any]


class Container:
    """
    One container of a Pod, driven by ``step``. Nothing here waits.

    *policy* is the Pod's restartPolicy; an init container that must end well has "OnFailure" at most.
    """

    def __init__(self, host: Host, sources: Sources, volumes: Volumes, spec: Status, policy: str) -> None:
        self.name: str = spec["name"]
        self.process: Process | None = None
        self.ports: dict[str | int, int] = {}
        self.restarts = 0
        self.started = False
        self.ready = False
        self._host, self._sources, self._volumes = host, sources, volumes
        self._spec, self._policy = spec, policy
        self._state: Status = _waiting("ContainerCreating")
        self._last: Status = {}
        self._start_at = 0.0
        self._kill_at: float | None = None
        self._probes: dict[str, Probe] = {}

    @property
    def exit_code(self) -> int | None:
        """The exit code of one that has ended for good, else None."""
        ended = self._state.get("terminated")
        return None if ended is None else int(ended["exitCode"])

    @property
    def log(self) -> Path:
        """The file with the output of all its runs."""
        return self._host.directory / f"{self.name}.log"

    def status(self) -> Status:
        """Return its entry in the Pod's containerStatuses."""
        return {
            "name": self.name,
            "image": self._spec["image"],
            "imageID": self._spec["image"],
            "containerID": f"process://{self.process.pid}" if self.process else "",
            "restartCount": self.restarts,
            "started": self.started,
            "ready": self.ready,
            "state": self._state,
            "lastState": self._last,
        }

    def step(self, now: float) -> None:
        """Do what is due."""
        if self.process is not None:
            if (code := self.process.exit_code) is not None:
                self._ended(code, now)
            elif self._kill_at is not None:
                if now >= self._kill_at:
                    self.process.kill()
            else:
                self._probe(now)
        elif self.exit_code is None and now >= self._start_at:
            self._start(now)

    def stop(self, now: float, grace_seconds: float) -> bool:
        """Ask it to end, once, and end it after the grace period; return whether it has ended."""
        self._policy, self.ready = "Never", False
        if self.process is None:
            return True
        if self._kill_at is None:
            self._kill_at = now + grace_seconds
            self.process.signal(signal.SIGTERM)
        self.step(now)
        return self.process is None

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()

    def _start(self, now: float) -> None:
        image = image_of(self._spec["image"], self._host.images)
        if image is None:
            self._state = _waiting("ErrImagePull", f"no image {self._spec['image']!r} on this node")
            self._start_at = now + CONFIGURE_AGAIN_SECONDS
            return
        told: dict[str, str] = {}
        if ports := self._spec.get("ports"):
            port = free_port()
            self.ports = {key: port for key in (ports[0]["containerPort"], ports[0].get("name")) if key}
            told = {image.listens: str(port)}
        base = {
            "HOSTNAME": self._sources.pod["metadata"]["name"],
            "HOME": "/",
            "KUBERNETES_SERVICE_HOST": self._host.api_host,
            "KUBERNETES_SERVICE_PORT": str(self._host.api_port),
            **image.env,
        }
        try:
            mounts = self._volumes.mounts(self._spec)
            base |= self._volumes.environment(self._spec)
            env = environment(self._sources, self._spec, base) | told
        except NotConfiguredError as error:
            self._state = _waiting("CreateContainerConfigError", str(error))
            self._start_at = now + CONFIGURE_AGAIN_SECONDS
            return
        cell = [sys.executable, "-I", "-S", str(CELL), json.dumps(mounts)]
        command = [*(self._spec.get("command") or image.entrypoint), *self._spec.get("args", [])]
        self.process = Process([*cell, *(expand(part, env) for part in command)], log=self.log, env=env)
        self._state = {"running": {"startedAt": stamp()}}
        self._probes = {
            kind: Probe(
                spec,
                check_of(spec, self.ports, cell, env),
                self._host.executor,
                due=now + spec.get("initialDelaySeconds", 0),
            )
            for kind in ("startup", "readiness", "liveness")
            if (spec := self._spec.get(f"{kind}Probe"))
        }
        self.started = "startup" not in self._probes
        self.ready = self.started and "readiness" not in self._probes

    def _probe(self, now: float) -> None:
        if not self.started:
            verdict = self._probes["startup"].step(now)
            if verdict is False:
                self._unwell(now, "startup")
            elif verdict:
                self.started, self.ready = True, "readiness" not in self._probes
            return
        if "readiness" in self._probes and (verdict := self._probes["readiness"].step(now)) is not None:
            self.ready = verdict
        if "liveness" in self._probes and self._probes["liveness"].step(now) is False:
            self._unwell(now, "liveness")

    def _unwell(self, now: float, kind: str) -> None:
        """Begin a restart: a failed probe asks the process to end as a deletion does."""
        with self.log.open("a") as log:
            log.write(f"kubelet: the {kind} probe of {self.name} failed: restarting it\n")
        assert self.process is not None  # noqa: S101 - only a running process is probed
        self.ready = False
        grace = self._probes[kind].spec.get("terminationGracePeriodSeconds")
        pods = self._sources.pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
        self._kill_at = now + (pods if grace is None else grace)
        self.process.signal(signal.SIGTERM)

    def _ended(self, code: int, now: float) -> None:
        assert self.process is not None  # noqa: S101 - it just gave its exit code
        ended: Status = {
            "exitCode": code if code >= 0 else SIGNALLED - code,
            "reason": "Error" if code else "Completed",
            "startedAt": self._state["running"]["startedAt"],
            "finishedAt": stamp(),
            "containerID": f"process://{self.process.pid}",
        }
        if code < 0:
            ended["signal"] = -code
        if code and self._spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            ended["message"] = self.process.tail()[-MESSAGE_CHARACTERS:]
        self._kill_at = None
        self.process, self.started, self.ready, self._probes = None, False, False, {}
        if self._policy == "Always" or (self._policy == "OnFailure" and code != 0):
            wait = min(self._host.backoff_seconds * 2 ** (self.restarts - 1), MAX_BACKOFF_SECONDS)
            self._start_at = now + (wait if self.restarts else 0.0)  # the first restart is at once
            self.restarts += 1
            self._last = {"terminated": ended}
            self._state = _waiting("CrashLoopBackOff", f"back-off restarting {self.name}")
        else:
            self._state = {"terminated": ended}


def _waiting(reason: str, message: str | None = None) -> Status:
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
