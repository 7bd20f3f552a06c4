"""What the pages tell a reader to open, to type and to set is there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api import annotations as names
from onecloud_operator.api.crd import NAMES, schema
from onecloud_operator.api.identity import SERVER
from onecloud_operator.settings import PREFIX, Settings
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def committed(pattern: str) -> list[Path]:
    list_files = ["git", "ls-files", "-z", pattern]
    listed = subprocess.run(list_files, cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0")[:-1] if (ROOT / name).is_file()]


PAGES = committed("*.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# What begins with a folder of ours is a path of ours, unless it goes on with the reader's own words.
FOLDERS = "|".join(sorted({re.escape(path.relative_to(ROOT).parts[0]) for path in committed("*/*")}))
PATH = re.compile(rf"(?<![\w./…-])((?:{FOLDERS})/[a-z0-9_./-]*[a-z0-9_/])(?![\w…{{*<])")
TARGET = re.compile(r"\bmake ((?:[a-z-]+ ?)+)")
MODULE = re.compile(r"python3? -m ((?:sandbox|onecloud_operator)[a-z_.]*)(?: ([a-z]+))?")
MARK = re.compile(rf"(?<![\w.]){re.escape(SERVER.group)}/([a-z0-9-]*[a-z0-9])")
EXPLAINED = re.compile(rf"kubectl explain {NAMES.short}\.([\w.]+)")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them; a comment in a shell block is none."""
    text = FENCE.sub("", page.read_text())
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(text):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(name if not seen[name] else f"{name}-{seen[name]}")
        seen[name] += 1
    return found


def code(page: Path) -> list[str]:
    """Return what is set as code: the lines of blocks for a shell, and what stands between backquotes."""
    text = page.read_text()
    lines = [
        line.strip().removeprefix("$ ")
        for language, block in FENCE.findall(text)
        if language in {"sh", "console"}
        for line in block.splitlines()
    ]
    return [*lines, *INLINE.findall(FENCE.sub("", text))]


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(INLINE.sub("", FENCE.sub("", page.read_text()))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such section"


@every_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    made = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for piece in code(page):
        for named in TARGET.findall(piece.partition(" #")[0]):
            assert set(named.split()) <= made, piece


@every_page
def test_every_path_that_is_named_exists(page: Path) -> None:
    for piece in code(page):
        for path in PATH.findall(piece):
            assert (ROOT / path).exists() or (page.parent / path).exists(), piece


@every_page
def test_every_module_that_is_to_be_run_exists(page: Path) -> None:
    for piece in code(page):
        for module, _ in MODULE.findall(piece):
            assert importlib.util.find_spec(module) is not None, piece
            assert importlib.util.find_spec(f"{module}.__main__" if "." not in module else module), piece


def test_every_command_of_the_operator_that_is_named_exists() -> None:
    ask_for_help = [sys.executable, "-m", "onecloud_operator", "--help"]
    usage = subprocess.run(ask_for_help, check=True, capture_output=True, text=True).stdout
    known = re.findall(r"^    (\w+) ", usage, re.MULTILINE)
    named = [
        command
        for page in PAGES
        for piece in code(page)
        for module, command in MODULE.findall(piece)
        if module == "onecloud_operator"
    ]
    assert named, "README says how to run it"
    assert set(named) <= set(known)


@every_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {knob.name.upper() for knob in fields(Settings)}
    named = set(re.findall(rf"{PREFIX}([A-Z_]*[A-Z])", page.read_text()))
    assert named - known <= {"SERVICE_HOST"}, "the last is the example of what is not known"


@every_page
def test_every_annotation_that_is_named_exists(page: Path) -> None:
    known = {value for value in vars(names).values() if isinstance(value, str)}
    ours = {found.partition("/")[2] for found in known if found.startswith(f"{SERVER.group}/")}
    owner_tags, of_secrets = {"cluster", "namespace", "name", "uid"}, {"connection"}
    assert set(MARK.findall(page.read_text())) - ours - owner_tags - of_secrets <= {SERVER.version}


@every_page
def test_every_field_that_is_to_be_explained_exists(page: Path) -> None:
    for path in EXPLAINED.findall(page.read_text()):
        node: dict[str, Any] = schema()
        for name in path.rstrip(".").split("."):
            node = node["properties"][name]
