"""docs/settings.md: the operator's own settings, out of the class that reads them."""

from __future__ import annotations

from dataclasses import fields

from onecloud_operator.settings import PREFIX, Settings

PREFACE = """\
# Settings

<!-- Made of operator/onecloud_operator/settings.py by `make generate`; a change belongs there. -->

The operator reads its settings from environment variables when it starts. One that it does not know, or cannot read,
is an error that names the variable. Lists are separated by commas, times are seconds.

| variable | default | meaning |
| --- | --- | --- |
"""


def page() -> str:
    """Return the page in Markdown."""
    rows = (
        f"| `{PREFIX}{knob.name.upper()}` | {_shown(knob.default)} | {knob.metadata['help']} |\n"
        for knob in fields(Settings)
    )
    return PREFACE + "".join(rows)


def _shown(default: object) -> str:
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case float():
            return f"`{default:g}`"
        case () | "":
            return ""
        case _:
            return f"`{default}`"
