"""Pages that are made of the code are up to date, and no link leads nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.docs import resource, settings
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "sandbox").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")


@pytest.mark.parametrize(
    ("name", "page"),
    [("reference.md", resource.page), ("settings.md", settings.page)],
    ids=["spec", "settings"],
)
def test_a_generated_page_is_what_the_code_makes(name: str, page: Callable[[], str]) -> None:
    assert (ROOT / "docs" / name).read_text() == page(), "run `make generate`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such section"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    made = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    quoted = re.findall(r"`([^`\n]+)`|^(make .*)$", page.read_text(), re.MULTILINE)
    for piece in (one or other for one, other in quoted):
        for target in TARGET.findall(piece):
            assert target in made, f"make {target}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made of them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(page.read_text())
    }
