"""Tables of fields, out of the schema that the definition is made of."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.disks import MADE
from onecloud_operator.api.eip import NEW_EIP
from onecloud_operator.api.model import (
    AGENT,
    CHANGE,
    FIXED,
    LIVE,
    LIVE_OR_RESTART,
    NEXT_START,
    REBUILD,
    RESTART,
    WITH_THE_CARD,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

# The mark in the schema, in a word for the table; every mark of what can only grow has `GROWS` in it.
WORDS: Final = {
    FIXED[CHANGE]: "never",
    LIVE[CHANGE]: "any time",
    NEXT_START[CHANGE]: "next start",
    RESTART[CHANGE]: "restart",
    MADE[CHANGE]: "when made",
    LIVE_OR_RESTART[CHANGE]: "any time, or restart",
    WITH_THE_CARD[CHANGE]: "with its card",
    AGENT[CHANGE]: "guest agent, restart",
    REBUILD[CHANGE]: "rebuild",
    NEW_EIP[CHANGE]: "new EIP",
}
GROWS: Final = "can only grow"
DEEPEST: Final = 5  # of headings


def sections(path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield *node* and every object below it, each before those in it; ``[]`` stands for a list's items."""
    yield path, node
    for name, each in node["properties"].items():
        below, suffix = _inside(each)
        if below.get("properties"):
            yield from sections(f"{path}.{name}{suffix}", below)


def section(path: str, node: Mapping[str, Any]) -> str:
    """Return one object: heading, description, table."""
    marked = any(CHANGE in each for each in node["properties"].values())
    titles = ["field", "type", *(["change"] if marked else []), "meaning"]
    lines = [
        f"{'#' * min(path.count('.') + 2, DEEPEST)} {path}",
        "",
        *([line(node["description"]), ""] if "description" in node else []),
        f"| {' | '.join(titles)} |",
        f"| {' | '.join('---' for _ in titles)} |",
    ]
    required = set(node.get("required", ()))
    for name, each in node["properties"].items():
        below, suffix = _inside(each)
        link = f"{path}.{name}{suffix}" if below.get("properties") else None
        cells = [f"`{name}`", _type(each, link) + (" **required**" if name in required else "")]
        cells += [_change(each)] if marked else []
        lines.append(f"| {' | '.join([*cells, line(each.get('description', ''))])} |")
    return "\n".join(lines) + "\n"


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def linked(path: str) -> str:
    """Return a link to the section of *path*."""
    return f"[{path.rpartition('.')[2]}](#{anchor(path)})"


def patterns(root: str, node: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each pattern that a text must match, with the paths of the fields that must."""
    found: dict[str, list[str]] = defaultdict(list)
    for path, each in _walk(root, node):
        if "pattern" in each:
            found[each["pattern"]].append(path)
    yield from found.items()


def rules(root: str, node: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the message of each rule, with the paths of the fields that it is put to."""
    found: dict[str, list[str]] = defaultdict(list)
    for path, each in _walk(root, node):
        for rule in each.get("x-kubernetes-validations", ()):
            found[rule["message"]].append(path)
    yield from found.items()


def line(text: str) -> str:
    """Return *text* as it can stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _walk(path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, node
    for name, each in node.get("properties", {}).items():
        yield from _walk(f"{path}.{name}", each)
    if "items" in node:
        yield from _walk(f"{path}[]", node["items"])


def _inside(node: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    return (node["items"], "[]") if node.get("type") == "array" else (node, "")


def _change(node: Mapping[str, Any]) -> str:
    """Return how a field may change; nothing for an object whose fields say it themselves."""
    mark = node.get(CHANGE)
    if mark is None:
        return ""
    if GROWS in mark.lower():
        return "grows, restart" if "restart" in mark else "grows"
    return WORDS[mark]


def _type(node: Mapping[str, Any], link: str | None = None) -> str:
    default = f", default `{_word(node['default'])}`" if node.get("default", "") != "" else ""
    object_ = f"[object](#{anchor(link)})" if link else "object"
    match node:
        case {"enum": [*words]}:
            return ", ".join(f"`{word}`" for word in words) + default.replace(", ", "; ", 1)
        case {"type": "array", "items": {"type": "object"}}:
            return f"list of {object_}{_size(node, 'Items')}"
        case {"type": "array", "items": {"enum": [*words]}}:
            return f"list{_size(node, 'Items')}, of {', '.join(f'`{word}`' for word in words)}"
        case {"type": "array", "items": {"type": "string"} as each}:
            return f"list of strings{_size(node, 'Items')}, each{_size(each, 'Length', ' ')} characters"
        case {"type": "object", "additionalProperties": {"type": "string"} as each}:
            each_is = f", each{_size(each, 'Length', ' ')} characters" if "maxLength" in each else ""
            return f"map of strings{_size(node, 'Properties')}{each_is}"
        case {"type": "object", "additionalProperties": {"type": "integer"}}:
            return f"map of integers{_size(node, 'Properties')}"
        case {"type": "object", "properties": _}:
            return object_
        case {"format": "date-time"}:
            return "time"
        case {"type": "string", "maxLength": _}:
            return f"string{_size(node, 'Length')} characters{default}"
        case {"type": "integer"}:
            return f"integer{_range(node)}{default}"
        case {"type": "boolean" | "string" as word}:
            return f"{word}{default}"
    msg = f"no words for {sorted(node)}"
    raise AssertionError(msg)


def _size(node: Mapping[str, Any], what: str, before: str = ", ") -> str:
    least, most = node.get(f"min{what}"), node.get(f"max{what}")
    if most is None:
        return ""
    return f"{before}{least} to {most}" if least else f"{before}at most {most}"


def _range(node: Mapping[str, Any]) -> str:
    least, most = node.get("minimum"), node.get("maximum")
    if least is not None and most is not None:
        return f", {least} to {most}"
    return f", from {least}" if least is not None else ""


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
