"""How many files and connections the process may have open, and how many of them are left for clouds."""

from __future__ import annotations

import resource
from typing import Final

RESERVE: Final = 256  # for the Kubernetes API, probes, metrics, DNS and files
LEAST: Final = 16
MOST: Final = 4096  # more are never needed, and each costs memory


def raised() -> int:
    """Raise the limit that holds to the one that may not be passed; return how many are left for clouds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            pass  # some systems refuse a limit without end
        else:
            soft = hard
    return left_of(soft)


def left_of(limit: int) -> int:
    """Return how many connections to clouds a limit leaves room for."""
    if limit == resource.RLIM_INFINITY:
        return MOST
    return max(LEAST, min(MOST, limit - RESERVE))
