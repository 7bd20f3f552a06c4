"""
Become another command that dies with the process that started it: ``python leash.py PARENT_PID COMMAND …``.

A test run may be killed at any moment; what it started must not stay behind. The kernel's parent-death
signal survives exec, so this sets it and turns into the command: no wrapper stays in between. (A preexec_fn
would do the same in the child of a fork, which is not safe in a process with threads.) Linux only; elsewhere
the command simply runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tie(parent: int) -> None:
    """Have this process die with *parent*, which started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above: the signal would never come
            sys.exit("the parent is gone")


def main() -> None:
    """Tie this process to its parent, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    tie(parent)
    os.execvp(command[0], command)  # noqa: S606 the command is the caller's own, no shell in between


if __name__ == "__main__":
    main()
