"""
Values that are made by the thousand: to the type checker frozen dataclasses, at run time cheap to make.

A frozen dataclass sets each of its fields by a call, which takes twice the time; and that nobody changes a
value is seen before anything runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as value
else:

    def value(**options: bool) -> Callable[[type], type]:
        """Make a dataclass of *options*, which are those of a frozen one, whose fields are just set."""
        return dataclass(**{**options, "frozen": False, "unsafe_hash": True})


__all__ = ["value"]
