"""With which engine `make image` builds, and what it says of those that do not work."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from sandbox.stage import ROOT
from tests.programs import needs

if TYPE_CHECKING:
    from pathlib import Path

# Clients, by what becomes of `… info`.
SILENT = "exec sleep 600"  # the daemon takes the connection, and that is all
DOWN = "echo some lines >&2; echo 'Is the docker daemon running?' >&2; exit 1"
WELL = 'test "$1" = info || echo "built: $*"'
TOOLS = ("make", "sh", "timeout", "tail", "sed", "git", "python3", "sleep", "env", "bash")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


class Image:
    """`make image` on a machine that has these engines and no others."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "bin"
        self._path.mkdir()
        for name in TOOLS:
            if found := shutil.which(name):
                (self._path / name).symlink_to(found)

    def make(self, apt: str = "", **engines: str) -> subprocess.CompletedProcess[str]:
        """Run it with *engines*, whose clients do as their text says."""
        for name, text in {**engines, **({"apt-get": apt} if apt else {})}.items():
            (self._path / name).write_text(f"#!/bin/sh\n{text}\n")
            (self._path / name).chmod(0o755)
        return subprocess.run(
            [needs("make")["make"], "image", "IMAGE=it:1", "ENGINE_SECONDS=0.5"],
            cwd=ROOT,
            env={"PATH": str(self._path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def test_a_daemon_that_is_silent_is_named(image: Image) -> None:
    done = image.make(docker=SILENT)
    assert done.returncode != 0
    assert "docker does not work here: its daemon does not answer `docker info` within 0.5 s" in done.stderr
    assert "Neither docker nor podman nor buildah works here." in done.stderr


def test_another_engine_takes_its_place_and_that_is_said(image: Image) -> None:
    done = image.make(docker=SILENT, buildah=WELL)
    assert done.returncode == 0, done.stderr
    assert "its daemon does not answer" in done.stderr
    assert done.stdout.startswith("built: bud --tag it:1 ")
    assert done.stdout.endswith("push it with: buildah push it:1\n")


def test_a_daemon_that_is_down_is_told_in_its_clients_own_words(image: Image) -> None:
    done = image.make(docker=DOWN, podman=WELL)
    assert done.stderr == "docker does not work here: Is the docker daemon running?\n"
    assert done.stdout.startswith("built: build --tag it:1 ")


def test_an_engine_that_works_is_all_that_is_needed(image: Image) -> None:
    done = image.make(docker=WELL)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("push it with: docker push it:1\n")


@pytest.mark.parametrize("apt", ["exit 0", ""], ids=["with-apt", "without-apt"])
def test_without_an_engine_it_says_how_to_get_one_where_apt_is(image: Image, apt: str) -> None:
    done = image.make(apt=apt)
    assert done.returncode != 0
    assert ("apt-get install buildah" in done.stderr) is bool(apt)
