"""JSON that is kept as its text: what comes out is what went in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.engine.packed import Packed

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)


@given(value=st.dictionaries(words, values, max_size=6))
def test_what_comes_out_is_what_went_in(value: dict[str, Any]) -> None:
    packed = Packed(value)
    assert packed.value == value
    assert packed == value == dict(packed)
    assert packed == Packed(value)
    assert len(packed) == len(value)


def test_who_changes_what_came_out_changes_nothing_for_others() -> None:
    packed = Packed({"disks": [1]})
    packed.value["disks"].append(2)
    assert packed["disks"] == [1]


def test_a_field_that_is_not_there_is_missed_as_in_a_dict() -> None:
    packed = Packed({"cpu": 2})
    assert packed.get("memory") is None
    with pytest.raises(KeyError):
        packed["memory"]


def test_a_text_that_thousands_have_is_kept_once() -> None:
    first, second = (Packed({"status": "running", "id": name}).value for name in ("a1", "a2"))
    assert first["status"] is second["status"]
