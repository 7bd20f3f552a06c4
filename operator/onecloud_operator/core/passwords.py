"""Which passwords the platform takes: a weak one is found before a server is stopped for it."""

from __future__ import annotations

import string

SHORTEST = 12
WANTED = f"at least {SHORTEST} characters, with a digit, lower and upper case and punctuation"
_KINDS = (str.isdigit, str.islower, str.isupper, string.punctuation.__contains__)


def strong(password: str) -> bool:
    """Return whether the platform takes *password*."""
    return len(password) >= SHORTEST and all(any(map(kind, password)) for kind in _KINDS)
