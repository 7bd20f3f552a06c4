"""
Become a container's command, with its volumes mounted: ``python cell.py [[SOURCE, TARGET], …] COMMAND …``.

The mounts are made in a mount namespace of this process alone, so /var/run of the machine stays as it is.
That needs root, or a kernel that gives users namespaces of their own. Linux only; standard library only.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000  # linux/sched.h
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18  # linux/mount.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h
COULD_NOT_START = 128

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Mount, then become the command."""
    mounts, command = json.loads(sys.argv[1]), sys.argv[2:]
    try:
        if mounts:
            parent = os.getppid()
            _isolate()
            _mount_all([(Path(source), Path(os.path.realpath(target))) for source, target in mounts])
            _tie_to(parent)
        os.execvp(command[0], command)  # noqa: S606 - the command is the Pod's own, no shell in between
    except OSError as error:
        print(f"the container cannot be started: {error}", file=sys.stderr)
        sys.exit(COULD_NOT_START)


def _isolate() -> None:
    """Take a mount namespace, as root or with a user namespace around it."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        _call(libc.unshare, CLONE_NEWNS)
    else:
        _call(libc.unshare, CLONE_NEWNS | CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _mount(None, Path("/"), None, MS_REC | MS_PRIVATE)


def _mount_all(mounts: list[tuple[Path, Path]]) -> None:
    # Opened first: what is mounted may hide where the next one comes from.
    opened = [(os.open(source, os.O_PATH), target) for source, target in mounts]
    run = Path(os.path.realpath("/var/run"))
    if any(target.is_relative_to(run) for _, target in mounts):
        _mount("tmpfs", run, "tmpfs", MS_NOSUID | MS_NODEV)  # a place for new directories
    for source, target in opened:
        if target.is_relative_to(run):
            target.mkdir(parents=True, exist_ok=True)
        _mount(f"/proc/self/fd/{source}", target, None, MS_BIND)
        os.close(source)


def _tie_to(parent: int) -> None:
    """Die with the parent: a new user namespace has undone what leash.py did."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def _mount(source: str | None, target: Path, kind: str | None, flags: int) -> None:
    texts = [None if text is None else text.encode() for text in (source, str(target), kind)]
    _call(libc.mount, *texts, flags, None, about=str(target))


def _call(function: "ctypes._NamedFuncPointer", *arguments: object, about: str = "") -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}", about)


if __name__ == "__main__":
    main()
