"""What a shell sources to work with the playground, or with the demo when it has been played."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NAMESPACE, RELEASE = "onecloud-system", "onecloud-operator"  # as README.md installs it

# Calls a method of the hand behind the curtain: cloud METHOD [ARGUMENTS AS JSON]
CLOUD = """\
cloud() {
  curl -sS -H 'Content-Type: application/json' -d "${2:-{\\}}" "$CLOUD/_control/$1" && echo
}
"""

# In a subshell, so that its variables do not stay in the reader's.
METRICS = """\
metrics() (
  leader=$(kubectl -n {namespace} get lease {release} -o 'jsonpath={{.spec.holderIdentity}}') || exit
  address=$(curl -sS --cacert {authority} {node}/port/{namespace}/"${{leader%_*}}"/http) || exit
  curl -sS "http://$address/metrics"
)
"""

# A file of the reader's own is not written over.
CREDENTIALS = """\
if [ -e rcadmin ] && ! cmp -s {rcadmin} rcadmin; then
  echo "rcadmin is there already; the simulated cloud's is {rcadmin}" >&2
else
  cp {rcadmin} rcadmin
fi
"""


@dataclass(frozen=True, slots=True)
class Node:
    """Where the kubelet answers, and whose certificate it has."""

    url: str
    authority: Path


def playground(
    directory: Path,
    names: Mapping[str, str],
    programs: Sequence[Path],
    credentials: Mapping[str, str],
    node: Node,
) -> Path:
    """Write what a shell in the checkout sources into *directory*; return the file."""
    rcadmin = _write(directory / "rcadmin", _exports(credentials))
    functions = CLOUD + METRICS.format(
        namespace=NAMESPACE, release=RELEASE, node=node.url, authority=node.authority
    )
    text = _exports(names) + _on_path(programs) + functions + CREDENTIALS.format(rcadmin=rcadmin)
    return _write(directory / "environment", text)


def demo(path: Path, names: Mapping[str, str], programs: Sequence[Path], metrics_url: str) -> Path:
    """Write what a shell sources to *path*; return it."""
    functions = (CLOUD if "CLOUD" in names else "") + f"metrics() {{\n  curl -sS {metrics_url}\n}}\n"
    return _write(path, _exports(names) + _on_path(programs) + functions)


def _write(path: Path, text: str) -> Path:
    """Write a file that nobody else may read; return it."""
    path.touch(0o600)
    path.write_text(text)
    return path


def _exports(names: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in names.items())


def _on_path(directories: Sequence[Path]) -> str:
    first = "".join(f"{shlex.quote(str(each))}{os.pathsep}" for each in directories)
    return f"export PATH={first}$PATH\n" if first else ""
