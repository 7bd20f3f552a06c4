"""Argo CD's application controller and repo server as processes, driven and read through the API server."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx

from . import tools
from .control_plane import ControlPlane, free_port
from .kube import Object
from .process import Process
from .scratch import scratch

NAMESPACE = "argocd"
MODULE = "github.com/argoproj/argo-cd/v3"
GIT = shutil.which("git") or "git"
READY_SECONDS = 60.0
POLL_SECONDS = 0.1
RESYNC_SECONDS = 3  # how often every Application is compared again; three minutes by default
REFRESH = "argocd.argoproj.io/refresh"
WRAPPER = "git-verify-wrapper.sh"  # of Argo CD's image; called for every commit, even where none is signed


class ArgoError(Exception):
    """A part of Argo CD did not start; the message has the end of its log."""


class Argo:
    """
    Argo CD in *control_plane*, which needs its controllers: pruning waits for the garbage collector.

    Use it as a context manager, in a thread that lives as long (see Process). *path*: directories with
    programs that the repo server needs beyond git, such as helm's.
    """

    def __init__(self, control_plane: ControlPlane, *, path: tuple[Path, ...] = ()) -> None:
        self._control_plane = control_plane
        self._path = path
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Install its resources and start its processes; return when they answer."""
        self._binary = str(tools.binaries("argocd")["argocd"])
        self._directory = self._stack.enter_context(scratch())
        try:
            self._kube = self._stack.enter_context(self._control_plane.client())
            self._install(tools.sources("argocd", MODULE) / "manifests")
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes. Its resources stay."""
        self._stack.close()

    def configure(self, **data: str | None) -> None:
        """Change entries of argocd-cm, or remove them; they count at once."""
        self._kube.patch("configmaps", "argocd-cm", NAMESPACE, {"data": data})

    def refresh(self, name: str) -> None:
        """Have an Application compared with git now."""
        self._kube.patch("applications", name, NAMESPACE, {"metadata": {"annotations": {REFRESH: "hard"}}})

    def log(self) -> str:
        """Return the end of what its processes said."""
        return "\n".join(f"--- {process.log.name}\n{process.tail()}" for process in self._processes)

    def _install(self, manifests: Path) -> None:
        if self._kube.get("namespaces", NAMESPACE) is None:
            self._kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        crds = [f"--filename={manifests / 'crds' / name}-crd.yaml" for name in ("application", "appproject")]
        self._kubectl("apply", "--server-side", "--force-conflicts", *crds)
        self._kubectl("apply", "--server-side", "--force-conflicts", "-k", str(manifests / "base" / "config"))
        self._kube.wait_for("CustomResourceDefinition", "appprojects.argoproj.io", None, _served)
        self._kube.wait_for("CustomResourceDefinition", "applications.argoproj.io", None, _served)
        anything = [{"group": "*", "kind": "*"}]
        project: Object = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{"namespace": "*", "server": "*"}],
                "clusterResourceWhitelist": anything,
            },
        }
        self._kube.apply(project, force=True)

    def _kubectl(self, *arguments: str) -> None:
        command = [str(tools.kubectl()), f"--kubeconfig={self._control_plane.kubeconfig}", f"-n={NAMESPACE}"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ArgoError(f"kubectl {' '.join(arguments)}: {done.stderr}")

    def _start(self) -> None:
        ports = {name: free_port() for name in ("redis", "repo", "repo-metrics", "controller-metrics")}
        redis = f"127.0.0.1:{ports['redis']}"
        self._processes = [
            self._process("redis", f"--address={redis}"),
            self._process(
                "argocd-repo-server",
                "--address=127.0.0.1",
                f"--port={ports['repo']}",
                "--metrics-address=127.0.0.1",
                f"--metrics-port={ports['repo-metrics']}",
                f"--redis={redis}",
                "--disable-tls",
                "--client-ca-path=",
                "--loglevel=warn",
            ),
            self._process(
                "argocd-application-controller",
                f"--namespace={NAMESPACE}",
                f"--kubeconfig={self._kubeconfig()}",
                f"--repo-server=127.0.0.1:{ports['repo']}",
                "--repo-server-plaintext",
                f"--redis={redis}",
                f"--metrics-port={ports['controller-metrics']}",
                f"--app-resync={RESYNC_SECONDS}",
                "--app-resync-jitter=0",
                "--self-heal-timeout-seconds=1",
                "--persist-resource-health",  # else it stands in Redis only
                "--loglevel=warn",
            ),
        ]
        self._until(lambda: _answers(ports["repo-metrics"]) and _answers(ports["controller-metrics"]))

    def _process(self, name: str, *arguments: str) -> Process:
        process = Process(
            [self._binary, name, *arguments], log=self._directory / f"{name}.log", env=self._environment()
        )
        self._stack.callback(process.stop)
        return process

    def _environment(self) -> dict[str, str]:
        own = {name: self._directory / name for name in ("home", "tmp", "tls", "ssh", "bin")}
        for directory in own.values():
            directory.mkdir(exist_ok=True)
        wrapper = own["bin"] / WRAPPER
        wrapper.write_text("#!/bin/sh\nexit 0\n")
        wrapper.chmod(0o755)
        path = os.pathsep.join(map(str, [own["bin"], *self._path, os.environ.get("PATH", os.defpath)]))
        return {
            "PATH": path,
            "HOME": str(own["home"]),
            "TMPDIR": str(own["tmp"]),
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": str(own["tls"]),
            "ARGOCD_SSH_DATA_PATH": str(own["ssh"]),
            "ARGOCD_ASK_PASS_SOCK": str(self._directory / "ask.sock"),
            "ARGOCD_SYNC_WAVE_DELAY": "0",
            "KUBECONFIG": str(self._kubeconfig()),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def _kubeconfig(self) -> Path:
        """Return a kubeconfig whose namespace is Argo CD's own: it reads its settings there."""
        path = self._directory / "kubeconfig"
        if not path.exists():
            content = json.loads(self._control_plane.kubeconfig.read_text())
            content["contexts"][0]["context"]["namespace"] = NAMESPACE
            path.touch(0o600)
            path.write_text(json.dumps(content))
        return path

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            if time.monotonic() > deadline or any(each.exit_code is not None for each in self._processes):
                raise ArgoError(f"Argo CD does not start:\n{self.log()}")
            time.sleep(POLL_SECONDS)


class Repository:
    """A git repository in *directory* that Argo CD reads over file://."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        """Its URL."""
        return f"file://{self.directory}"

    def write(self, path: str, text: str) -> None:
        """Write one file, without a commit."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def copy(self, source: Path, path: str) -> None:
        """Copy a file or directory, without a commit."""
        if source.is_dir():
            shutil.copytree(source, self.directory / path, dirs_exist_ok=True)
        else:
            self.write(path, source.read_text())

    def remove(self, path: str) -> None:
        """Remove one file, without a commit."""
        (self.directory / path).unlink()

    def commit(self, message: str) -> str:
        """Commit everything as it is; return the revision."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self._git("rev-parse", "HEAD").strip()

    def tag(self, name: str) -> None:
        """Give the newest commit a name, as a release does."""
        self._git("tag", name)

    def _git(self, *arguments: str) -> str:
        identity = [
            "-c",
            "user.name=sandbox",
            "-c",
            "user.email=sandbox@localhost",
            "-c",
            "commit.gpgsign=false",
        ]
        done = subprocess.run(
            [GIT, *identity, *arguments], cwd=self.directory, capture_output=True, text=True, check=True
        )
        return done.stdout


def shared_repository(directory: Path) -> str:
    """Make an empty repository that others push to, and Argo CD reads; return its URL."""
    subprocess.run([GIT, "init", "--quiet", "--bare", "--initial-branch=main", str(directory)], check=True)
    return f"file://{directory}"


def _served(definition: Object) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).is_success
    except httpx.TransportError:
        return False
