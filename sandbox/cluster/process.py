"""A child process with a log file: started on a leash, signalled by its own id and group, never by name."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from sandbox.interrupts import held

Code = TypeVar("Code", int, int | None)

LEASH = Path(__file__).with_name("leash.py")
TAIL_BYTES = 4096  # enough for the last error and what led to it
_started: "set[Process]" = set()


class Process:
    """
    One running command in its own process group; its output goes to *log*.

    It is killed by the kernel when the *thread* that made it ends, so make it in a thread that lives as long
    (in a test: the main one). *env* replaces the environment.
    """

    def __init__(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        """Start *command*; return at once."""
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as output, held():
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                process_group=0,  # Ctrl-C is for us: we end our children in order
            )
            _started.add(self)

    @property
    def pid(self) -> int:
        """The process id; also the id of its group."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self._seen(self._popen.poll())

    def wait(self, timeout_seconds: float) -> int:
        """Wait for its end and return the exit code. Raises subprocess.TimeoutExpired."""
        return self._seen(self._popen.wait(timeout_seconds))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens if it has ended."""
        if self.exit_code is None:
            os.killpg(self.pid, number)

    def pause(self) -> None:
        """Freeze it: its sockets stay open and nothing answers."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        self.signal(signal.SIGCONT)

    def stop(self, timeout_seconds: float = 5.0) -> int:
        """Ask it to end, make it end after *timeout_seconds*, and return the exit code."""
        self.resume()  # a frozen process keeps a polite signal waiting
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once, as a crash would, and return the exit code."""
        self.signal(signal.SIGKILL)
        return self._seen(self._popen.wait())

    def _seen(self, code: Code) -> Code:
        """Forget it once it is seen to have ended."""
        if code is not None:
            _started.discard(self)
        return code

    def tail(self) -> str:
        """Return the end of its log, for an error message."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            return log.read().decode(errors="replace")


def stop_all() -> None:
    """Stop what still runs, even what was interrupted before its maker could note that it was made."""
    for process in tuple(_started):
        process.stop()
