"""
A scratch directory, in memory if possible; removed at the end, or by the next user if we were killed.

Who is interrupted before he could note that he has one calls ``remove_all``.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.interrupts import held

PREFIX = "onecloud-sandbox-"
MEMORY = Path("/dev/shm")  # noqa: S108 tmpfs on every Linux; the directories in it are made private by mkdtemp
ROOM_BYTES = 512 * 1024 * 1024  # a control plane of a test session writes about 150 MB
SETTLE_SECONDS = 60.0  # a directory younger than this may not have its lock yet
_made: set[Path] = set()


@contextmanager
def scratch(root: Path | None = None) -> Iterator[Path]:
    """Give a new private directory in *root* (by default in memory, where it has room), and remove it."""
    root = root or _root()
    _sweep(root)
    with held():
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        _made.add(directory)
    try:
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield directory
    finally:
        _remove(directory)


def remove_all() -> None:
    """Remove those that are left; call it when nothing of ours runs any more."""
    for directory in tuple(_made):
        _remove(directory)


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    _made.discard(directory)


def _root() -> Path:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
        return MEMORY
    return Path(tempfile.gettempdir())  # a container's /dev/shm is often 64 MB


def _sweep(root: Path) -> None:
    """Remove what killed runs left: directories of ours whose lock nobody holds."""
    for directory in root.glob(f"{PREFIX}*"):
        try:
            if (
                directory.stat().st_uid != os.getuid()
                or time.time() - directory.stat().st_mtime < SETTLE_SECONDS
            ):
                continue
            with (directory / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
        except OSError:  # gone meanwhile, or in use
            continue
