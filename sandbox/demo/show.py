"""What the person sees. Lines are only ever added: a terminal, a log and a pipe show the same."""

from __future__ import annotations

import io
import re
import textwrap
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH: Final = 80
MARGIN: Final = "    "
HEARTBEAT_SECONDS: Final = 10.0  # silence for longer looks like a hang
# The columns of `kubectl get ocs`, less the age.
COLUMNS: Final = {"NAME": 12, "READY": 8, "STATE": 9, "REASON": 15, "IP": 15, "CPU": 4, "MEMORY": 0}
# A word of a command line, which may be continued on the next line after it.
WORD: Final = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""")

BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"


class Show:
    """Writes for a person. *colour*: the stream is a terminal whose owner does not mind."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._headed = False
        self._gap = 0
        self._blank = False
        self._spoke_at = time.monotonic()

    @property
    def silent_seconds(self) -> float:
        """How long nothing was said."""
        return time.monotonic() - self._spoke_at

    def title(self, text: str) -> None:
        self._say("", self._paint(text, BOLD), "")

    def facts(self, rows: Mapping[str, str]) -> None:
        """Write names and what they are, side by side."""
        self._say("")
        width = max(map(len, rows)) + 2
        for name, text in rows.items():
            self._say(*_wrapped(text, f"{MARGIN}{name:{width}}"))
        self._say("")

    def step(self, number: int, total: int, title: str, why: str) -> None:
        """Begin a step."""
        self._say("", self._paint(f"{number}/{total}  {title}", BOLD))
        self.text(why)
        self._headed = False

    def text(self, text: str) -> None:
        """Write a paragraph."""
        self._say(*_wrapped(text, MARGIN))

    def lines(self, lines: Sequence[str]) -> None:
        """Write command lines to be copied."""
        self._say("", *(self._paint(each, CYAN) for line in lines for each in _continued(line, MARGIN)))

    def command(self, line: str) -> None:
        """Show a line as it is typed."""
        self._say("", *(self._paint(each, CYAN) for each in _continued(line, f"{MARGIN}$ ")))
        self._headed = False
        self._gap = 0

    def hand(self, text: str) -> None:
        """Show what happens beside kubectl."""
        self._say("", *(self._paint(each, CYAN) for each in _wrapped(text, f"{MARGIN}* ")))

    def output(self, lines: Sequence[str]) -> None:
        """Show what a command printed."""
        for line in lines:
            if not line.strip():
                self._gap += 1  # shown if something follows it
                continue
            self._say(*[""] * self._gap, *_folded(line, f"{MARGIN}  "))
            self._gap = 0
            self._headed = False

    def row(self, cells: Mapping[str, str], seconds: float, message: str) -> None:
        """Show an object as `kubectl get ocs -w` would now, and what a condition says about it."""
        if not self._headed:
            self._say("", self._paint(f"{MARGIN}       {_in_columns({name: name for name in COLUMNS})}", DIM))
            self._headed = True
        self._say(f"{MARGIN}{self._paint(f'{seconds:5.1f}s', DIM)} {_in_columns(cells)}")
        if message:
            self._say(*(self._paint(each, DIM) for each in _wrapped(message, MARGIN * 3)))

    def waiting(self, what: str, seconds: float, limit_seconds: float) -> None:
        """Say that it still goes on."""
        head = f"{MARGIN}{seconds:5.1f}s "
        self._say(*_wrapped(f"still waiting, {limit_seconds:.0f} s at most: {what}", head))

    def right(self, found: Mapping[str, str]) -> None:
        """Show what was seen to be so."""
        self._say("")
        for what, text in found.items():
            first, *rest = _wrapped(f"{what}: {text}", f"{MARGIN}  ")
            self._say(f"{MARGIN}{self._paint('✓', GREEN)} {first.strip()}", *rest)

    def wrong(self, what: str, found: str) -> None:
        """Show what was expected, and what was seen instead."""
        self._say("", f"{MARGIN}{self._paint('✗ this was not seen:', RED)}")
        self.facts({"  expected": what, "  seen": found})

    def verbatim(self, heading: str, lines: Sequence[str]) -> None:
        """Show the end of a log."""
        self._say(
            "", f"{MARGIN}{heading}", *(each for line in lines for each in _folded(line, f"{MARGIN}  | "))
        )

    def end(self, text: str, *, well: bool) -> None:
        """Write the last word."""
        self._say("", self._paint(text, GREEN if well else RED))

    @contextmanager
    def busy(self, text: str, usually: str) -> Iterator[None]:
        """Say that something begins, now and then that it still goes on, and how long it took."""
        started, over = time.monotonic(), threading.Event()
        self._say(f"{MARGIN}{text} (usually {usually}) ...")

        def still() -> None:
            while not over.wait(HEARTBEAT_SECONDS):
                self._say(f"{MARGIN}  still at it, {time.monotonic() - started:.0f} s so far")

        beat = threading.Thread(target=still, daemon=True)
        beat.start()
        try:
            yield
            self._say(f"{MARGIN}  done in {time.monotonic() - started:.1f} s")
        finally:
            over.set()
            beat.join()

    def ask(self, question: str) -> bool:
        """Ask a question whose answer is no unless it is yes."""
        self._say("")
        try:
            answer = input(f"{MARGIN}{question} [y/N] ")
        except EOFError:
            answer = ""
        return answer.strip().lower() in {"y", "yes"}

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colour else text

    def _say(self, *lines: str) -> None:
        text = ""
        for line in lines:
            if line or not self._blank:  # one empty line parts as well as two
                text += f"{line}\n"
            self._blank = not line
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:  # nobody reads any more: that ends the demo, but not its clean-up
            self._stream = io.StringIO()
            raise BrokenPipeError(error.errno, "nobody reads any more") from error
        self._spoke_at = time.monotonic()


def fitting(text: str) -> str:
    """Return *text* with its long lines in pieces."""
    return "\n".join(piece for line in text.splitlines() for piece in _folded(line, ""))


def _wrapped(text: str, head: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _folded(line: str, head: str) -> list[str]:
    """Return a line of a program in pieces that fit; one that fits keeps its own spaces."""
    room = WIDTH - len(head)
    pieces = [line] if len(line) <= room else textwrap.wrap(line, room, subsequent_indent="  ")
    return [f"{head}{each}" for each in pieces]


def _continued(line: str, head: str) -> list[str]:
    """Return a command line in pieces that fit and can be copied as they are."""
    room = WIDTH - len(head) - len(" \\")
    pieces = [""]
    for word in WORD.findall(line):
        if pieces[-1] and len(f"{pieces[-1]} {word}") > room:
            pieces.append(f"  {word}")
        else:
            pieces[-1] = f"{pieces[-1]} {word}" if pieces[-1] else word
    margins = [head, *[" " * len(head)] * (len(pieces) - 1)]
    ends = [*[" \\"] * (len(pieces) - 1), ""]
    return [f"{margin}{piece}{end}" for margin, piece, end in zip(margins, pieces, ends, strict=True)]


def _in_columns(cells: Mapping[str, str]) -> str:
    """Return a row of the table; what is too wide for its column takes of the space after it."""
    line, start = "", 0
    for name, width in COLUMNS.items():
        line = line.ljust(start) if not line or len(line) < start else f"{line} "
        line += cells[name]
        start += width
    return line.rstrip()
