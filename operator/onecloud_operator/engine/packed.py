"""JSON that is kept for long and seldom looked at: as its text, a quarter of what it takes as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator


class Packed(Mapping[str, Any]):
    """A JSON object as its text. Each look at it parses all of it, so who looks twice takes *value*."""

    __slots__ = ("_text",)

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._text = to_json(value)

    @property
    def value(self) -> dict[str, Any]:
        """Parse it; each time into objects of its own."""
        value: dict[str, Any] = from_json(self._text, cache_strings="all")
        return value

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return self.value[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __eq__(self, other: object) -> bool:
        """Return whether *other* is the same object, packed or not."""
        if isinstance(other, Packed):
            return self._text == other._text or self.value == other.value
        return self.value == other

    __hash__ = None  # type: ignore[assignment]  # as a dict has none
