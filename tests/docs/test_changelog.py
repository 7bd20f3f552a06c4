"""What the chart, the operator, CHANGELOG and README say of the version agrees."""

from __future__ import annotations

import re

import yaml

from onecloud_operator import __version__
from sandbox.stage import ROOT
from tools.docs.chart import CHART

HEADINGS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
RELEASED = [re.fullmatch(r"\[?([\d.]+\w*)\]? - \d{4}-\d\d-\d\d", each) for each in HEADINGS[1:]]


def test_the_changelog_begins_with_what_is_not_released_and_dates_the_rest() -> None:
    assert HEADINGS[0] == "Unreleased"
    assert None not in RELEASED, HEADINGS


def test_the_version_is_one_that_is_not_released_yet_and_the_pages_say_so() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__
    pages = ((ROOT / name).read_text() for name in ("README.md", "docs/compatibility.md"))
    if not RELEASED:
        assert all("Nothing is\nreleased yet" in page or "Nothing is released yet" in page for page in pages)
        assert chart["annotations"]["artifacthub.io/prerelease"] == "true"
