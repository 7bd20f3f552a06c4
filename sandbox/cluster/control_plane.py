"""etcd and kube-apiserver as child processes on loopback: a real API server for tests and the demo."""

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from . import kubeconfig, tools
from .kube import Kube
from .process import Process
from .scratch import scratch

READY_SECONDS = 90.0  # 6 s alone on two cores; a busy machine takes longer
POLL_SECONDS = 0.1
PORT_ATTEMPTS = 3  # a port we saw free may be taken a moment later
CLASH = "address already in use"

ADMIN = "admin"
OPERATOR = "operator"
# name: groups. `operator` has no right but what a test gives it.
USERS = {ADMIN: "system:masters", OPERATOR: ""}

# What a cluster without nodes can do; no controller that would delete Pods because no node runs them.
CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "replicaset-controller",
    "job-controller",
    "disruption-controller",
    "resourcequota-controller",
    "validatingadmissionpolicy-status-controller",
)


class ControlPlaneError(Exception):
    """A part of the control plane did not start; the message has the end of its log."""


class ControlPlane:
    """
    A running API server with RBAC and static tokens for the users `admin` and `operator`.

    Use it as a context manager, in a thread that lives as long (see Process). Its data is gone at the end.
    *controllers* adds kube-controller-manager: garbage collection, removal of namespaces, ServiceAccounts.
    """

    def __init__(self, *, controllers: bool = False, pick_port: Callable[[], int] | None = None) -> None:
        """Prepare; nothing is started yet."""
        self._controllers = controllers
        self._pick_port = pick_port or free_port
        self._stack = ExitStack()
        self._etcd: Process | None = None
        self._apiserver: Process | None = None
        self._manager: Process | None = None
        self._tokens = {user: secrets.token_urlsafe(24) for user in USERS}

    def __enter__(self) -> Self:
        """Build what is missing, start everything, and return when the API server is ready."""
        names = ("etcd", "kube-apiserver", *(("kube-controller-manager",) if self._controllers else ()))
        self._binaries = {name: str(path) for name, path in tools.binaries(*names).items()}
        self._directory = self._stack.enter_context(scratch())
        try:
            self._write_tokens()
            self._start_etcd()
            self._start_apiserver()
            if self._controllers:
                self._manager = Process(self._manager_command(), log=self._log("kube-controller-manager"))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything and remove the data."""
        self.stop()

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def authority(self) -> Path:
        """The certificate that signs the API server's."""
        return self._directory / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with every right."""
        return self.kubeconfig_of(ADMIN)

    @property
    def logs(self) -> Path:
        """The directory of the log files."""
        return self._directory

    @property
    def _socket(self) -> Path:
        return self._directory / "etcd.sock"

    @property
    def processes(self) -> tuple[Process, ...]:
        """What has been started."""
        return tuple(part for part in (self._manager, self._apiserver, self._etcd) if part is not None)

    def kubeconfig_of(self, user: str) -> Path:
        """Return the kubeconfig of `admin` or `operator`."""
        return self._directory / f"{user}.kubeconfig"

    def kubeconfig_by(self, url: str, path: Path, user: str) -> Path:
        """Write a kubeconfig of *user* that leads to *url*, a way to this API server; return its *path*."""
        kubeconfig.write(path, url=url, authority=self.authority, user=user, token=self._tokens[user])
        return path

    def client(self, user: str = ADMIN) -> Kube:
        """Return a client with the rights of *user*; close it when done."""
        return Kube(self.url, token=self._tokens[user], authority=self.authority)

    def install_crds(self, path: Path) -> list[str]:
        """Apply the definitions of a file or directory, wait until they are served, return their names."""
        with self.client() as kube:
            return kube.install_crds(path)

    def pause(self) -> None:
        """Freeze the API server: connections stay open, nothing answers."""
        self._running_apiserver().pause()

    def resume(self) -> None:
        """Let a frozen API server go on."""
        self._running_apiserver().resume()

    def restart_apiserver(self) -> None:
        """Crash the API server and start it again, on the same port and data; return when it is ready."""
        self._running_apiserver().kill()
        self._apiserver = Process(self._apiserver_command(), log=self._log("kube-apiserver"))
        if not self._until_ready(self._apiserver):
            raise ControlPlaneError(f"port {self._port} was taken while the API server was down")

    def stop(self) -> None:
        """End every process and remove the data. The data is thrown away, so nobody is asked politely."""
        for process in self.processes:
            process.kill()
        self._manager = self._apiserver = self._etcd = None
        self._stack.close()

    def _running_apiserver(self) -> Process:
        if self._apiserver is None:
            raise ControlPlaneError("the API server has not been started")
        return self._apiserver

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _write_tokens(self) -> None:
        lines = (f'{self._tokens[user]},{user},{user},"{groups}"\n' for user, groups in USERS.items())
        (self._directory / "tokens.csv").write_text("".join(lines))

    def _start_etcd(self) -> None:
        self._etcd = Process(self._etcd_command(), log=self._log("etcd"))
        self._until(self._socket.exists, self._etcd)

    def _start_apiserver(self) -> None:
        for _ in range(PORT_ATTEMPTS):
            self._port = self._pick_port()
            self._apiserver = Process(self._apiserver_command(), log=self._log("kube-apiserver"))
            if self._until_ready(self._apiserver):
                break
        else:
            raise ControlPlaneError("found no free port for kube-apiserver")
        for user, token in self._tokens.items():
            kubeconfig.write(
                self.kubeconfig_of(user), url=self.url, authority=self.authority, user=user, token=token
            )

    def _until_ready(self, process: Process) -> bool:
        # The key is written after the certificate, so the certificate is whole.
        if not self._until((self._directory / "apiserver.key").exists, process):
            return False
        with self.client() as kube:
            return self._until(kube.ready, process)

    def _until(self, condition: Callable[[], bool], process: Process) -> bool:
        """Wait for *condition*; return False if *process* found its port taken. Raises ControlPlaneError."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if process.exit_code is not None:
                if CLASH in process.tail():
                    return False
                raise ControlPlaneError(f"{process.name} ended with {process.exit_code}:\n{process.tail()}")
            if condition():
                return True
            time.sleep(POLL_SECONDS)
        raise ControlPlaneError(f"{process.name} is not ready after {READY_SECONDS} s:\n{process.tail()}")

    def _etcd_command(self) -> list[str]:
        return [
            self._binaries["etcd"],
            f"--data-dir={self._directory / 'etcd'}",
            # A socket in our own directory: no port to lose a race for, and closed to other users.
            f"--listen-client-urls=unix://{self._socket}",
            f"--advertise-client-urls=unix://{self._socket}",
            "--listen-peer-urls=http://127.0.0.1:0",  # a member cannot do without, but nobody calls it
            "--unsafe-no-fsync",
            "--log-level=error",
        ]

    def _apiserver_command(self) -> list[str]:
        tokens = self._directory / "tokens.csv"
        # The server makes this key with its certificate before it reads it: no other tool is needed.
        key = self._directory / "apiserver.key"
        return [
            self._binaries["kube-apiserver"],
            f"--etcd-servers=unix://{self._socket}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self._port}",
            f"--cert-dir={self._directory}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            f"--token-auth-file={tokens}",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            # Tests ask for as much as they like; what is slow here must be ours.
            "--enable-priority-and-fairness=false",
            "--max-requests-inflight=0",
            "--max-mutating-requests-inflight=0",
            "--shutdown-delay-duration=0",
        ]

    def _manager_command(self) -> list[str]:
        return [
            self._binaries["kube-controller-manager"],
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self._directory / 'apiserver.key'}",
            f"--root-ca-file={self.authority}",
            f"--controllers={','.join(CONTROLLERS)}",
        ]


def free_port() -> int:
    """Return a loopback port that nobody listens on now. It may be taken a moment later."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
