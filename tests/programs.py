"""Programs of the machine that some tests use, and how to get those that are missing."""

from __future__ import annotations

import faulthandler
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Debian's package of each. All but those that every Debian has are installed by .ci/run.
PACKAGES: Final = {
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "unshare": "util-linux",
    "chroot": "coreutils",
    "make": "make",
    "curl": "curl",
    "gpg": "gpg",
    "docker-registry": "docker-registry",
    "promtool": "prometheus",
    "prometheus": "prometheus",
}
PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where root's programs are, too


def missing(names: Iterable[str] = PACKAGES) -> list[str]:
    """Return those of the programs that are not here."""
    return [name for name in names if shutil.which(name, path=PATH) is None]


def remedy(names: Iterable[str]) -> str:
    """Say how to get these programs, where that is known; empty: it is not."""
    if shutil.which("apt-get", path=PATH) is None:
        return ""
    packages = " ".join(dict.fromkeys(PACKAGES[name] for name in names))
    return f"{'' if os.getuid() == 0 else 'sudo '}apt-get install {packages}"


def lacking(*names: str) -> str:
    """Return which of the programs are not here, and what brings them; empty: all are."""
    if not (absent := missing(names)):
        return ""
    how = remedy(absent)
    return f"{', '.join(absent)} cannot be found" + (f"; to get it: {how}" if how else "")


def needs(*names: str) -> dict[str, str]:
    """Return where the programs are, or skip the test and say what is missing."""
    if reason := lacking(*names):
        pytest.skip(reason)
    return {name: shutil.which(name, path=PATH) or name for name in names}


@contextmanager
def first_build(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a first build of a program take minutes and show its progress: it is no test that hangs."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        faulthandler.cancel_dump_traceback_later()
        yield
