"""A program on a terminal of its own, 80 columns wide, and all that it shows there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COLUMNS = 80
END_SECONDS = 120.0  # for a busy machine; it takes fifteen
COLOUR = re.compile(r"\033\[[0-9;]*m")
# A terminal sends its Ctrl-C to the session that it controls.
OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass
class Terminal:
    """The program, and all that it has shown."""

    process: subprocess.Popen[bytes]
    screen: int
    shown: str = ""
    _open: bool = field(default=True)

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + END_SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, f"not shown: {text}\n{self.shown}"
            assert self._read(), f"ended without {text}\n{self.shown}"

    def interrupt(self) -> int:
        """Type Ctrl-C, read to the end and return the exit code."""
        os.write(self.screen, b"\x03")
        return self.end()

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        return self.process.wait(END_SECONDS)

    def close(self) -> int:
        """Close the window, and return the exit code."""
        if self._open:
            self._open = False
            os.close(self.screen)
        return self.process.wait(END_SECONDS)

    def too_wide(self) -> list[str]:
        """Return the lines that do not fit."""
        return [line for line in plain(self.shown).split("\n") if len(line) > COLUMNS]

    def _read(self) -> bool:
        try:
            data = os.read(self.screen, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.shown += data.decode()
        return bool(data)


def terminated(terminal: Terminal) -> int:
    """Send SIGTERM to the program; read to the end and return the exit code."""
    terminal.process.terminate()
    return terminal.end()


def plain(shown: str) -> str:
    """Return what is shown without colours."""
    return COLOUR.sub("", shown).replace("\r\n", "\n")


@contextmanager
def on_a_terminal(
    command: Sequence[str], env: Mapping[str, str], directory: Path = ROOT
) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=directory,
        env=env,
        start_new_session=True,
    )
    os.close(theirs)
    terminal = Terminal(process, ours)
    try:
        yield terminal
    finally:
        process.kill()
        terminal.close()


def children(pid: int) -> set[int]:
    """Return the children of a process."""
    found: set[int] = set()
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            found |= set(map(int, (task / "children").read_text().split()))
    return found


def descendants(pid: int) -> set[int]:
    """Return the children of a process, and theirs."""
    own = children(pid)
    return own.union(*map(descendants, own))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def scratches(pid: int) -> set[Path]:
    """Return the scratch directories of a process: it holds a lock in each, and only looks at others'."""
    found = set()
    locks = (line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines())
    held = {lock[5].rpartition(":")[2] for lock in locks if lock[1:2] == ["FLOCK"] and lock[4] == str(pid)}
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            target = descriptor.readlink()
            ours = target.name == "lock" and target.parent.name.startswith("onecloud-sandbox-")
            if ours and str(target.stat().st_ino) in held:
                found.add(target.parent)
    return found
