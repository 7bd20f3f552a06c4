"""-o json prints what the page says, key by key."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import SPEC
from tools.docs.plugin import names, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Desk, Said

WORD = re.compile(r"`([A-Za-z]+)(?:\[\])?`")
RCADMIN = "OS_AUTH_URL=https://c/v3\nOS_USERNAME=u\nOS_PASSWORD=p\nOS_PROJECT_NAME=l\n"


def keys_of(value: Any) -> set[str]:
    """Return every key in *value*, but not those of other people's maps."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    inner = (keys_of(each) for key, each in value.items() if key not in {"states", "reasons", "lastError"})
    return set(value).union(*inner)


@pytest.mark.parametrize(
    "arguments",
    [
        ("why", "web-1"),
        ("plan", "-f", "{folder}"),
        ("top",),
        ("retry", "web-1"),
        ("detach", "web-1", "--yes"),
        ("freeze", "web-1"),
        ("unfreeze", "web-1"),
        ("secret", "rcadmin", "{folder}/rcadmin"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_page_names_each_key(desk: Desk, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "rcadmin").write_text(RCADMIN)
    manifest = {key: desk.apply()[key] for key in ("apiVersion", "kind")} | {"metadata": {"name": "web-2"}}
    (tmp_path / "web-2.json").write_text(json.dumps({**manifest, "spec": SPEC}))
    said = desk.run(*(each.format(folder=tmp_path) for each in arguments), "-o", "json")
    assert said.out, said.err
    name = next(each for each in names() if " ".join(arguments).startswith(each))
    shape = shape_of(name)
    told = set(WORD.findall(" ".join([*shape, *shape.values()])))
    assert keys_of(said.json) - told == set()
    assert set(said.json) == set(WORD.findall(" ".join(shape)))


def test_every_command_takes_json(plugin: Callable[..., Said]) -> None:
    for name in names():
        assert "-o, --output <text|json>" in plugin(*name.split(), "--help").out, name
