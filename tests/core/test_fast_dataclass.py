"""A value with some fields changed: the same as by the standard library, whatever the class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.records import Records


@fast_dataclass(frozen=True, slots=True)
class One:
    name: str = "a"


@fast_dataclass(frozen=True, slots=True)
class Derived(One):
    many: tuple[str, ...] = ()


@dataclass(slots=True)
class Checked:
    low: int
    high: int
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.width = self.high - self.low


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Memory(born_at=1.0, wrote_at=2.0), {"wrote_at": 3.0, "too_many": True}),
        (Records(id="a"), {"adopted_at": "b"}),
        (Records(id="a"), {}),
        (Hold(Reason.PAUSED, "a", 1.0), {"message": "b"}),
        (One(), {"name": "b"}),
        (Derived("b"), {"many": ("c",)}),
        (Checked(1, 4), {"high": 9}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_value_with_fields_changed_is_a_new_one_with_all_others_kept(
    value: Any, changes: dict[str, Any]
) -> None:
    before = dataclasses.astuple(value)
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)
    assert type(made) is type(value)
    assert made is not value
    assert dataclasses.astuple(value) == before


def test_no_field_is_changed_that_there_is_not() -> None:
    wrong: Any = {"wrotten_at": 1.0}
    with pytest.raises(AttributeError):
        replace(Memory(born_at=1.0), **wrong)
