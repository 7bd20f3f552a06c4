"""What the Dockerfile promises, as it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from onecloud_operator import __version__
from sandbox.stage import ROOT

DOCKERFILE = ROOT / "Dockerfile"
TEXT = DOCKERFILE.read_text()


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([str(hadolint), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_both_stages_stand_on_a_base_that_is_named_by_its_digest() -> None:
    assert re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE) == ["${PYTHON}", "${PYTHON}"]
    assert re.search(r"^ARG BASE_NAME=\S+:\S+$", TEXT, re.MULTILINE)
    assert re.search(r"^ARG BASE_DIGEST=sha256:[0-9a-f]{64}$", TEXT, re.MULTILINE)
    assert re.findall(r"^ARG PYTHON=(.*)$", TEXT, re.MULTILINE) == ["${BASE_NAME}@${BASE_DIGEST}"]


def test_dependencies_come_from_the_lock_by_their_hashes() -> None:
    assert "--require-hashes" in TEXT
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    pins = re.findall(r"^\w[\w.-]*==", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\w.*\\$", lock, re.MULTILINE)), "a pin without a hash"


def test_the_version_is_the_codes() -> None:
    assert re.findall(r"^ARG VERSION=(.+)$", TEXT, re.MULTILINE) == [__version__]


def test_only_the_code_and_the_lock_are_sent_to_the_builder() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    assert [line for line in lines if line.startswith("!")] == ["!operator/", "!requirements/runtime.txt"]
