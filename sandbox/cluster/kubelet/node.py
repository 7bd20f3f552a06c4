"""The kubelet: takes every Pod that has no node, runs it, and tells the API server how it is."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx

from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kube import Kube, KubeError, Object
from sandbox.cluster.process import Process
from sandbox.cluster.scratch import scratch

from .container import CELL, Container
from .environment import ADDRESS
from .host import Host, stamp
from .images import HOST, LOADED, OPERATOR, PUSHED, Image
from .pod import Pod
from .server import serving

ROUND_SECONDS = 0.1
STOP_SECONDS = 30.0
PROBES_AT_ONCE = 8
# The Pod changed or went since we asked, or its namespace is about to go (nobody forbids us anything else).
PASSING = {httpx.codes.NOT_FOUND, httpx.codes.CONFLICT, httpx.codes.FORBIDDEN}
IMAGES = {"host": HOST, PUSHED: OPERATOR, LOADED: OPERATOR}


class KubeletError(Exception):
    """No Pod can run on this machine; the message says what it lacks."""


class Kubelet:
    """
    A node of *control_plane*, and its scheduler: there is one node, so there is nothing to choose.

    *images* maps an image's name, with its tag, to what it stands for; a Pod with another image waits with
    ErrImagePull. *backoff_seconds* is the wait before the second restart of a container, doubled from then on
    (a real kubelet's are 10 s). Use it as a context manager; at the end its processes are ended and its logs
    removed. Pods stay in the API as they are then.
    """

    def __init__(
        self,
        control_plane: ControlPlane,
        images: Mapping[str, Image] | None = None,
        *,
        name: str = "sandbox",
        backoff_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self._control_plane = control_plane
        self._images = IMAGES if images is None else images
        self._backoff_seconds = backoff_seconds
        self._stack = ExitStack()
        self._stopping = threading.Event()
        self._pods: dict[str, Pod] = {}
        self.fault: BaseException | None = None

    def __enter__(self) -> Self:
        """Register the node and begin."""
        try:
            self._begin()
        except BaseException:
            self._stopping.set()
            self._stack.close()
            raise
        return self

    def _begin(self) -> None:
        directory = self._stack.enter_context(scratch())
        _try_cell(directory)
        kube = self._stack.enter_context(self._control_plane.client())
        executor = self._stack.enter_context(ThreadPoolExecutor(PROBES_AT_ONCE, "probe"))
        where = urlsplit(self._control_plane.url)
        self._host = Host(
            kube=kube,
            api_host=where.hostname or "",
            api_port=where.port or 0,
            directory=directory,
            images=self._images,
            executor=executor,
            backoff_seconds=self._backoff_seconds,
        )
        authority = self._control_plane.authority  # its own certificate; the API server asks for no better
        server = serving(self, authority, authority.with_suffix(".key"))
        port = self._stack.enter_context(server)
        self.url = f"https://{ADDRESS}:{port}"
        self._register(kube, port)
        # All processes are this thread's: they live as long as it does (see Process).
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """End every process. Raises what ended the rounds early, if anything did."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        self._stack.close()
        if self.fault is not None:
            raise self.fault

    def logs(self, namespace: str, name: str | None = None) -> str:
        """Return all that the containers of a namespace (or of one Pod in it) ever wrote."""
        found = sorted(self._host.directory.glob(f"{namespace}.{name or '*'}.*/*.log"))
        return "\n".join(f"--- {log.parent.name}/{log.name}\n{log.read_text()}" for log in found)

    def port(self, namespace: str, name: str, port: str | int) -> int:
        """Return where on loopback a container's port, by name or number, really is. Raises LookupError."""
        for container in self._containers(namespace, name):
            if port in container.ports:
                return container.ports[port]
        raise LookupError(f"no container of {namespace}/{name} has the port {port}")

    def log(self, namespace: str, name: str, container: str) -> Path:
        """Return the file with the output of a container. Raises LookupError."""
        for each in self._containers(namespace, name):
            if each.name == container:
                return each.log
        raise LookupError(f"{namespace}/{name} has no container {container}")

    def instead(self, verb: str, namespace: str, name: str) -> str:
        """Say why a verb of the kubelet's does not work here, and what does. Raises LookupError."""
        containers = self._containers(namespace, name)
        if verb == "portForward":
            ports = [
                f"its port {port} is {ADDRESS}:{number}"
                for each in containers
                for port, number in each.ports.items()
                if isinstance(port, int)
            ]
            return _no("port-forward", *(ports or ["it has no port"]))
        as_user = "" if os.getuid() == 0 else "--user --preserve-credentials "
        return _no(
            verb,
            *(
                f"{each.name} is process {each.process.pid}, and a shell in its mounts is "
                f"`nsenter {as_user}--target {each.process.pid} --mount`"
                for each in containers
                if each.process is not None
            ),
        )

    def process(self, namespace: str, name: str) -> Process:
        """Return the process of a Pod's first container, to freeze or kill it. Raises LookupError."""
        container = self._containers(namespace, name)[0]
        if container.process is None:
            raise LookupError(f"{namespace}/{name} does not run")
        return container.process

    def _containers(self, namespace: str, name: str) -> list[Container]:
        for pod in list(self._pods.values()):
            if (pod.namespace, pod.name) == (namespace, name):
                return pod.containers
        raise LookupError(f"no Pod {namespace}/{name} on this node")

    def _run(self) -> None:
        try:
            while not self._stopping.wait(ROUND_SECONDS):
                try:
                    self._round(self._host.kube.list("pods"))
                except httpx.TransportError:
                    continue  # the API server restarts; what runs goes on
                except KubeError as error:
                    if error.status != httpx.codes.TOO_MANY_REQUESTS and not httpx.codes.is_server_error(
                        error.status
                    ):
                        raise
        except BaseException as fault:  # noqa: BLE001 - raised at the end, in the thread that waits for it
            self.fault = fault
        finally:
            for pod in self._pods.values():
                pod.kill()

    def _round(self, found: list[Object]) -> None:
        seen = {pod["metadata"]["uid"]: pod for pod in found}
        for uid in self._pods.keys() - seen.keys():  # deleted by force, or with its namespace
            self._pods.pop(uid).kill()
        for pod in found:
            try:
                self._advance(pod)
            except KubeError as error:
                if error.status not in PASSING:
                    raise

    def _advance(self, found: Object) -> None:
        uid, leaving = found["metadata"]["uid"], "deletionTimestamp" in found["metadata"]
        match found["spec"].get("nodeName"):
            case None:
                self._bind(found)
                return
            case str(node) if node != self.name:
                return
        pod = self._pods.get(uid)
        if pod is None and not leaving and found["status"]["phase"] not in {"Succeeded", "Failed"}:
            pod = self._pods[uid] = Pod(self._host, found)
        if leaving and (pod is None or pod.stop(found, time.monotonic())):
            path = self._host.kube.resource("pods").path(
                found["metadata"]["namespace"], found["metadata"]["name"]
            )
            self._host.kube.request(
                "DELETE", path, body={"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
            )
        elif pod is not None:
            if not leaving:
                pod.step(time.monotonic())
            self._report(pod)

    def _bind(self, pod: Object) -> None:
        metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
        target = {"apiVersion": "v1", "kind": "Node", "name": self.name}
        path = self._host.kube.resource("pods").path(metadata["namespace"], metadata["name"], "binding")
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        self._host.kube.request("POST", path, body=binding)

    def _report(self, pod: Pod) -> None:
        status = pod.status()
        if status != pod.reported:
            self._host.kube.patch("pods", pod.name, pod.namespace, {"status": status}, subresource="status")
            pod.reported = status

    def _register(self, kube: Kube, port: int) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name}}
        if kube.get("nodes", self.name) is None:
            kube.create(node)
        now = stamp()
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "processes run here"}
        ready |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
        room = {"cpu": "64", "memory": "256Gi", "pods": "250"}
        status = {
            "conditions": [ready],
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        kube.patch("nodes", self.name, None, {"status": status}, subresource="status")
        # The admission plugin calls every new node not ready, for the sake of its network.
        kube.patch("nodes", self.name, None, {"spec": {"taints": None}})


def _no(verb: str, *instead: str) -> str:
    return "; ".join((f"no {verb} here: this Pod's containers are processes of this machine", *instead))


def _try_cell(directory: Path) -> None:
    """Raise KubeletError if this machine does not let us mount anything, instead of failing in every Pod."""
    command = [sys.executable, "-I", "-S", str(CELL), json.dumps([[str(directory), "/var/run/try"]]), "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        hint = "Pods need root, or user namespaces (kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu)"
        raise KubeletError(f"{hint}: {done.stderr.strip()}")
