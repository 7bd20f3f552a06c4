"""Pages that are made of the code are up to date, and leave nothing out."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api import annotations as names
from onecloud_operator.api.reasons import ALL_REASONS, EventReason
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status
from onecloud_operator.api.structural import paths, structural
from onecloud_operator.controller import credentials
from onecloud_operator.settings import PREFIX, Settings
from sandbox.stage import ROOT
from tools.docs import plugin, provider, resource, settings
from tools.docs.__main__ import main
from tools.docs.fields import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE = resource.page()


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("reference.md", resource.page),
        ("provider-reference.md", provider.page),
        ("settings.md", settings.page),
        ("kubectl-plugin.md", plugin.page),
    ],
    ids=["reference", "provider-reference", "settings", "plugin"],
)
def test_a_generated_page_is_what_the_code_makes(name: str, page: Callable[[], str]) -> None:
    assert (ROOT / "docs" / name).read_text() == page(), "run `make generate`"


@pytest.mark.parametrize(
    ("root", "model"), [pytest.param("spec", Spec, id="spec"), pytest.param("status", Status, id="status")]
)
def test_every_field_has_a_row_in_the_section_of_its_object(root: str, model: type[Spec | Status]) -> None:
    section = re.compile(r"^#+ ((?:spec|status)[\w.\[\]]*)\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
    sections = dict(section.findall(REFERENCE))
    for path, node in paths(structural(model)):
        parent, _, name = f"{root}.{path}".rpartition(".")
        row = re.search(rf"^\| `{name}` \| (.*) \|$", sections[parent], re.MULTILINE)
        assert row is not None, path
        assert " ".join(node["description"].split())[:40].replace("<", "&lt;") in row[1], path


def test_what_can_never_change_says_so_in_its_row() -> None:
    for line in (
        "| `hostname` | string, 1 to 60 characters | never |",
        "| `tags` | map of strings, at most 15",
    ):
        assert f"\n{line}" in REFERENCE


def test_a_required_field_says_so_and_a_default_is_shown() -> None:
    assert "| `name` | string, 1 to 253 characters **required** | Name of the Secret" in REFERENCE
    assert "| `managementPolicy` | `Manage`, `Observe`; default `Manage` |" in REFERENCE


@pytest.mark.parametrize("reason", sorted(ALL_REASONS))
def test_every_reason_is_in_the_reference(reason: str) -> None:
    assert re.search(rf"\b{reason}\b", REFERENCE + provider.page())


def test_every_reason_that_only_an_event_has_is_explained() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text()
    for reason in set(EventReason) - set(ALL_REASONS):
        assert f"`{reason}`" in page


def test_every_word_for_how_a_field_changes_is_explained() -> None:
    explained = re.findall(r"^\| ([a-zA-Z ,]+) \|", resource.CHANGES, re.MULTILINE)
    assert set(WORDS.values()) - set(explained) == set()


def test_every_example_is_linked_in_the_reference() -> None:
    examples = (ROOT / "examples" / "servers").glob("*.yaml")
    assert [path.name for path in examples if f"](../examples/servers/{path.name})" not in REFERENCE] == []


def test_every_annotation_is_in_the_reference() -> None:
    marks = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]
    assert len(marks) > 5
    for mark in marks:
        assert f"| `{mark}: " in REFERENCE


def test_every_key_that_is_read_of_a_secret_is_in_the_reference() -> None:
    keys = set(re.findall(r'"(OS_[A-Z_]+|ca\.crt)"', inspect.getsource(credentials)))
    assert len(keys) > 15
    assert [key for key in sorted(keys) if f"`{key}`" not in REFERENCE] == []


def test_every_setting_has_one_row_and_a_group() -> None:
    page = settings.page()
    for knob in fields(Settings):
        assert page.count(f"| `{PREFIX}{knob.name.upper()}` |") == 1
    titles = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert titles == [group.title for group in settings.GROUPS], "a group begins at no setting"


def test_a_page_that_there_is_not_is_refused_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tools.docs", "poem"])
    assert main() == 2
    assert "resource|provider|settings" in capsys.readouterr().err
