"""
Dataclasses of which thousands are made: frozen to the type checker, cheap to make at run time.

A frozen dataclass sets each of its fields by a call, which takes twice the time; and mypy finds every place
that changes one before anything runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as fast_dataclass
else:

    def fast_dataclass(**options: bool) -> Callable[[type], type]:
        """Make a dataclass of *options*, which are those of a frozen one, whose fields are just set."""
        return dataclass(**{**options, "frozen": False, "unsafe_hash": True})


__all__ = ["fast_dataclass"]
