"""Anything that others may send, store or edit: wholly random, or something real with a part of it spoilt."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

# `make soak` tries more.
FUZZ = settings(max_examples=600 if "SOAK" in os.environ else 400, deadline=None)

DEAR = settings(max_examples=800 if "SOAK" in os.environ else 100, deadline=None)

texts = st.text(max_size=40) | st.sampled_from(
    ["", " ", "\x00", "none", "-1", "1e999", "٣", "a" * 3000, "\ud7ff"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**40, -(10**40), 2**63, 0, -0.0])
    | texts
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of *value*."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _places(part, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any]:
    """Return *whole* with one to three of its parts replaced by anything, or taken out."""
    found = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(_places(found)) or [("",)]))
        parent: Any = found
        for step in way:
            parent = parent[step]
        if isinstance(parent, dict) and draw(st.booleans()):
            parent.pop(last, None)
        else:
            parent[last] = draw(json_values)
    return found
