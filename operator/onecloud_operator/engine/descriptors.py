"""The process's limit on open files, and how many connections to clouds it permits."""

from __future__ import annotations

import resource
from typing import Final

RESERVE: Final = 256  # for the Kubernetes API, probes, metrics, DNS and files
MIN_CONNECTIONS: Final = 16
MAX_CONNECTIONS: Final = 4096  # more are never needed, and each costs memory


def raise_limit() -> int:
    """Raise the soft limit to the hard limit; return how many connections to clouds it permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            pass  # some systems refuse an infinite limit
        else:
            soft = hard
    return connections_within(soft)


def connections_within(limit: int) -> int:
    """Return how many connections to clouds a limit permits."""
    if limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, limit - RESERVE))
