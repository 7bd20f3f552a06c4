"""The real Dockerfile, built by `make image` with buildah on a base that stands in for the one it names."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sandbox.cluster import tools
from sandbox.cluster.process import Process
from sandbox.stage import ROOT
from tests import programs
from tests.programs import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER: Final = "65532"
NEEDED: Final = ("buildah", "mmdebstrap", "unshare", "chroot", "make")
NAME: Final = "localhost/onecloud-operator:test"
STANDIN: Final = "localhost/stand-in-python:bookworm-1"
MAX_IMAGES: Final = 60  # each run leaves a few layers, of which only the newest can be used again
DIGEST: Final = f"sha256:{'0' * 64}"  # what the label says; the stand-in is named by its tag
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")

# Debian's Python, seen where the real base has its own: /usr/local/bin/python, with pip beside it.
STANDIN_FILE: Final = """\
FROM scratch
ADD base.tar /
RUN python3 -m venv /usr/local
ENV PATH=/usr/local/bin:/usr/bin:/bin
"""

# $1: the image's root, $2: the user. Not even root could write to it after this, and the user is not root.
ENTER: Final = """\
set -e
root=$1 user=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for device in null zero urandom random; do
  touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user:$user" "$root" "$@"
"""


def lacking() -> str:
    """Return what this machine lacks to build an image without an engine; empty: nothing."""
    if reason := programs.lacking(*NEEDED):
        return reason
    return "" if os.getuid() == 0 else "only root may mount a file system"


def call(*command: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a command; return its standard output. Raises AssertionError with all that it said."""
    done = subprocess.run(
        [*command], cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{(done.stdout + done.stderr)[-6000:]}"
    return done.stdout


@dataclass(frozen=True)
class Buildah:
    """Buildah with a storage of its own; base and dependencies stay in it from run to run."""

    directory: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the storage to ourselves: what other runs left in it may then be removed."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def env(self) -> dict[str, str]:
        """What it, and `make image`, are told of this machine."""
        conf = self.directory / "storage.conf"
        return {
            **{name: os.environ[name] for name in os.environ if name.upper().endswith("_PROXY")},
            "PATH": PATH,
            "HOME": str(self.directory),
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_STORAGE_CONF": str(conf),
        }

    def prepare(self) -> None:
        """Have the stand-in base; half a minute, once."""
        store, run = self.directory / "store", self.directory / "run"
        (self.directory / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{store}"\nrunroot = "{run}"\n'
        )
        self("rm", "--all")  # a run that was killed may have left a container, and its image would be in use
        if len(self("images", "--all", "--quiet").split()) > MAX_IMAGES:
            self("rmi", "--prune")
        if STANDIN in self("images", "--format", "{{.Name}}:{{.Tag}}"):
            return
        packages = "--include=python3,python3-venv,ca-certificates"
        tar = self.directory / "base.tar"
        call("mmdebstrap", "--quiet", "--variant=apt", packages, "bookworm", str(tar))
        (self.directory / "Standin").write_text(STANDIN_FILE)
        self("bud", "--file", "Standin", "--tag", STANDIN, ".", cwd=self.directory)
        tar.unlink()

    def __call__(self, *arguments: str, cwd: Path = ROOT) -> str:
        """Run a command of buildah."""
        return call("buildah", *arguments, env=self.env, cwd=cwd)

    def image(self) -> None:
        """Build the operator's image, as `make image` does."""
        base = {"PYTHON": STANDIN, "BASE_NAME": STANDIN, "BASE_DIGEST": DIGEST}
        more = " ".join(
            ("--pull-never --layers", *(f"--build-arg {name}={text}" for name, text in base.items()))
        )
        if CERTIFICATES.exists():  # a proxy of this machine may have a certificate of its own
            more += f" --volume {CERTIFICATES}:{CERTIFICATES}:ro"
        self.make(NAME, more)

    def make(self, name: str, arguments: str, *options: str) -> str:
        """Run `make image`; return what it said. *arguments* go to buildah."""
        return call("make", "image", f"IMAGE={name}", f"ARGS={arguments}", *options, env=self.env)

    def config(self) -> dict[str, Any]:
        """Return what the image says of itself."""
        found: dict[str, Any] = json.loads(self("inspect", "--type=image", NAME))["OCIv1"]["config"]
        return found


@dataclass(frozen=True)
class Container:
    """A container of the image: its root, what the image says, and who it runs as."""

    root: Path
    config: Mapping[str, Any]
    user: str = USER

    def command(self, *arguments: str) -> list[str]:
        """Return the command that starts *arguments* in it, read-only and as its user."""
        return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(self.root), self.user, *arguments]

    def env(self, **more: str) -> dict[str, str]:
        """Return the image's environment; PATH finds the programs of this machine, too."""
        own = dict(each.split("=", 1) for each in self.config["Env"])
        return {**own, "PATH": f"{own['PATH']}:{PATH}", **more}

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run something to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.env(**more),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def start(self, log: Path, **more: str) -> Process:
        """Start what the image says, as an engine does."""
        command = [*self.config["Entrypoint"], *self.config["Cmd"]]
        return Process(self.command(*command), log=log, env=self.env(**more))


def storage() -> Path:
    """Return the directory that keeps the stand-in base."""
    directory = tools.cache().parent / "image"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
