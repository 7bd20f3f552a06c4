"""Tables as Markdown has them, and the numbers in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TINY: Final = 0.1  # a number below has four decimals
SMALL: Final = 10  # a number below has two decimals
LARGE: Final = 100  # a number below has one


def number(value: float) -> str:
    """Return a number as a table shows it."""
    if math.isinf(value):  # beyond the last bucket of a histogram
        return "∞"
    if value == int(value) or abs(value) >= LARGE:
        return f"{value:,.0f}"
    if abs(value) < TINY:
        return f"{value:.4f}"
    return f"{value:.2f}" if abs(value) < SMALL else f"{value:.1f}"


def table(head: Sequence[str], sides: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; *sides* say to which side each column leans."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, sides, *rows])
