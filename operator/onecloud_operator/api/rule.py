"""What a schema cannot say: each rule once, in CEL for the API server and in Python, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

V = TypeVar("V")

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule(Generic[V]):
    """
    A rule over a value, in ``Annotated``, or over a whole object, in the ``rules`` of its model.

    *cel* and *holds* MUST judge alike: the API server asks the one, the operator the other. A property test
    puts the same specs to both. *field* is the path below the object that the message is about, as ``.id``.
    *message_expression*: CEL for a message that knows the value, in place of *message*.
    """

    message: str
    cel: str
    holds: Callable[[V], bool]
    field: str | None = None
    reason: Literal["FieldValueRequired", "FieldValueInvalid", "FieldValueForbidden"] | None = None
    message_expression: str | None = None

    def check(self, value: V) -> V:
        """Return *value*. Raises ValueError if it breaks the rule."""
        if not self.holds(value):
            raise ValueError(self.message)
        return value

    def validation(self) -> dict[str, str]:
        """Return the rule as an entry of ``x-kubernetes-validations``."""
        entry = {
            "rule": self.cel,
            "message": self.message,
            "messageExpression": self.message_expression,
            "fieldPath": self.field,
            "reason": self.reason,
        }
        return {key: value for key, value in entry.items() if value is not None}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Have pydantic check the value after its type and bounds."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Put the rule into the schema of the value."""
        found = handler(schema)
        return {**found, VALIDATIONS: [*found.get(VALIDATIONS, ()), self.validation()]}
