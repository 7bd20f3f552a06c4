"""
What a command prints: text for a person, or JSON for a program.

Texts of objects and clouds are others' words. Before a terminal sees them they are cut to a length, and lose
whatever could move its cursor, colour its lines or turn the direction of its text.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

LONGEST: Final = 2000  # of one text; a message of a condition has less
NAME_LENGTH: Final = 253  # of anything in a cell of a table
REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
# Control characters; those that join, hide or reverse; halves of pairs; what has no meaning; breaks of lines.
UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Tone = Literal["good", "bad", "busy", "faint", "strong", "plain"]
Cell = str | tuple[str, Tone]  # plain, or in a tone
STYLES: Final[Mapping[Tone, str]] = {
    "good": "green",
    "bad": "bold red",
    "busy": "yellow",
    "faint": "dim",
    "strong": "bold",
    "plain": "",
}


def clean(value: object, longest: int = LONGEST) -> str:
    """Return *value* as one line of at most *longest* characters that no terminal obeys; "" for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    cut = text[: longest + 1]
    made = "".join(_safe(character) for character in cut)
    return made if len(text) <= longest else f"{made[: longest - 1]}…"


def _safe(character: str) -> str:
    if character in "\n\t\r":
        return " "
    return REPLACED if unicodedata.category(character) in UNSAFE else character


def print_json(value: object) -> None:
    """Print *value* as JSON in ASCII, so that nothing in it reaches a terminal as it is."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def complain(message: str, cure: str = "") -> None:
    """Say on the standard error what is wrong, and what to do about it."""
    sys.stderr.write(f"error: {clean(message)}\n")
    if cure:
        sys.stderr.write(f"  try: {clean(cure)}\n")


def remark(message: str) -> None:
    """Say something on the standard error that is no error and no result."""
    sys.stderr.write(f"{clean(message)}\n")


class Screen:
    """The standard output for a person: on a terminal folded, in colours without NO_COLOR; else as it is."""

    def __init__(self) -> None:
        self._console = _console() if sys.stdout.isatty() else None

    def say(self, *parts: Cell, indent: int = 0) -> None:
        """Print one line of *parts*; what is folded goes on under its *indent*."""
        if self._console is None:
            sys.stdout.write(" " * indent + "".join(_text(part) for part in parts) + "\n")
            return
        from rich.padding import Padding

        line = _styled(parts)
        line.overflow = "fold"
        self._console.print(Padding(line, (0, 0, 0, indent), expand=False))

    def grid(self, rows: Iterable[Sequence[Cell]], widths: Sequence[int]) -> None:
        """Print rows without titles; all columns but the last are as wide as *widths*; that one is folded."""
        if self._console is None:
            for row in rows:
                cells = [_text(cell) for cell in row]
                padded = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=True)]
                sys.stdout.write(" ".join([*padded, cells[-1]]).rstrip() + "\n")
            return
        from rich.table import Table

        table = Table.grid(padding=(0, 1, 0, 0))
        for width in widths:
            table.add_column(width=width, no_wrap=True)
        table.add_column(overflow="fold")
        for row in rows:
            table.add_row(*(_styled([cell]) for cell in row))
        self._console.print(table)

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Print a table in kubectl's manner: without lines, titles in capitals."""
        if self._console is None:
            _print_aligned([list(titles), *([_text(cell, NAME_LENGTH) for cell in row] for row in rows)])
            return
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold", show_edge=False)
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(_styled([cell]) for cell in row))
        self._console.print(table)


def _console() -> Console:
    from rich.console import Console

    return Console(
        file=sys.stdout,
        highlight=False,
        markup=False,
        emoji=False,
        no_color=True if os.environ.get("NO_COLOR") else None,
        legacy_windows=False,
    )


def _print_aligned(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("   ".join(padded).rstrip() + "\n")


def _text(cell: Cell, longest: int = LONGEST) -> str:
    return clean(cell if isinstance(cell, str) else cell[0], longest)


def _styled(parts: Iterable[Cell]) -> Text:
    from rich.text import Text

    line = Text()
    for part in parts:
        match part:
            case str():
                line.append(clean(part))
            case (text, tone):
                line.append(clean(text), STYLES[tone])
    return line
