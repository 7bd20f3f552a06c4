"""CONTRIBUTING leads a newcomer to places and targets that exist."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "onecloud_operator"
FOLDERS = sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__")
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PLACES = sorted(set(re.findall(rf"`((?:{'|'.join(FOLDERS)})/[a-z_/]*)`", PAGE)))


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_named_exists(place: str) -> None:
    assert (PACKAGE / place).is_dir() or (PACKAGE / f"{place}.py").is_file()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_drawn(folder: str) -> None:
    assert re.search(rf"^  {folder}/ ", PAGE, re.MULTILINE)


def test_the_list_of_targets_fits_a_terminal_and_has_those_that_are_named() -> None:
    listed = subprocess.run(
        ["/usr/bin/env", "-u", "MAKEFLAGS", "make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [line for line in listed.splitlines() if len(line) > 80] == []
    named = set(re.findall(r"`make ([a-z-]+)`", PAGE)) | set(
        re.findall(r"^make ([a-z-]+)", PAGE, re.MULTILINE)
    )
    assert named <= set(re.findall(r"^make ([a-z-]+)", listed, re.MULTILINE))


def test_places_are_found() -> None:
    assert len(PLACES) > len(FOLDERS)
