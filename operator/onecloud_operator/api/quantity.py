"""Sizes: Kubernetes quantities with a binary suffix in the resource, whole MiB everywhere else."""

from __future__ import annotations

import re

PATTERN = "^([1-9][0-9]{0,8})(Mi|Gi|Ti)$"
_SIZE = re.compile(PATTERN)
_MIB = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


def is_size(text: str) -> bool:
    """Return whether *text* is a size in the one form that is taken, such as ``4Gi``."""
    return _SIZE.fullmatch(text) is not None


def mib_of(text: str) -> int:
    """Return how many MiB *text* (``4Gi``) is. Raises ValueError for any other form."""
    found = _SIZE.fullmatch(text)
    if found is None:
        msg = "a size is a whole number with Mi, Gi or Ti"
        raise ValueError(msg)
    return int(found[1]) * _MIB[found[2]]


def text_of_mib(mib: int) -> str:
    """Return *mib* in whole ``Gi`` when it divides evenly, else in ``Mi``."""
    return f"{mib // 1024}Gi" if mib and mib % 1024 == 0 else f"{mib}Mi"
