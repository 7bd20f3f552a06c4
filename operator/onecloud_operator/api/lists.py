"""Kubernetes' list types: how lists are merged, and what must not stand in them twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

LIST_TYPE = "x-kubernetes-list-type"
MAP_TYPE = "x-kubernetes-map-type"

# Objects and lists that are replaced as a whole, with one entry in the managed fields.
ATOMIC_MAP: JsonDict = {MAP_TYPE: "atomic"}
ATOMIC_LIST: JsonDict = {LIST_TYPE: "atomic"}


@dataclass(frozen=True, slots=True)
class Unique:
    """
    In ``Annotated``: a list without repetitions, of texts (a set) or of objects that differ in *key* (a map).

    *key* is a field that has the same name in Python and on the wire.
    """

    key: str | None = None

    def check(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return *values*. Raises ValueError for one that stands there twice, as the API server does."""
        keys = [value if self.key is None else getattr(value, self.key) for value in values]
        if len(keys) != len(set(keys)):
            raise ValueError(f"each {self.key or 'item'} may stand in the list once")
        return values

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Have pydantic check the list after its items."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Put the list's type into its schema."""
        if self.key is None:
            return {**handler(schema), LIST_TYPE: "set"}
        return {**handler(schema), LIST_TYPE: "map", "x-kubernetes-list-map-keys": [self.key]}
