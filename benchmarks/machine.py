"""Where and with what it was measured, and how much of the machine others used meanwhile."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onecloud_operator import __version__
from sandbox.cluster.tools import KUBERNETES
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = ("kopf", "kubernetes", "aiohttp", "httpx", "httpcore", "pydantic", "uvloop", "prometheus-client")
QUIET_PERCENT = 5.0  # of the machine: more used by others makes a figure provisional
IDLE_FIELDS = slice(3, 5)  # idle and iowait, in the first line of /proc/stat
GUEST_FIELDS = slice(8, 10)  # these are counted in user and nice as well


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = Path("/proc/meminfo").read_text().split()[1]
    return {
        "cpu": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory) / 1024**2, 1),
        "kernel": platform.release().partition("-")[0],
    }


def versions() -> dict[str, str]:
    """Return what was measured, and with what."""
    return {
        "operator": __version__,
        "python": platform.python_version(),
        "kube-apiserver": KUBERNETES,
        **{name: version(name) for name in LIBRARIES},
    }


@contextmanager
def circumstances(root: Path = ROOT) -> Iterator[dict[str, Any]]:
    """
    Note when the block ran and how busy others kept the machine; every child must end within it.

    *root*: of the repository whose commit is measured.
    """
    found: dict[str, Any] = {
        "began_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }
    changed = "+" if _git(root, "status", "--short", "operator") else ""
    commit = _git(root, "rev-parse", "--short=12", "HEAD") + changed
    busy, own, since = _busy_seconds(), _own_seconds(), time.monotonic()
    yield found
    seconds = time.monotonic() - since
    others = (_busy_seconds() - busy) - (_own_seconds() - own)
    percent = 100.0 * max(0.0, others) / (seconds * (os.cpu_count() or 1))
    found |= {
        "commit": commit,
        "seconds": round(seconds),
        "others_cpu_percent": round(percent, 1),
        "provisional": percent > QUIET_PERCENT,
    }


def _busy_seconds() -> float:
    fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields) - sum(fields[IDLE_FIELDS]) - sum(fields[GUEST_FIELDS])) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever is there
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"
