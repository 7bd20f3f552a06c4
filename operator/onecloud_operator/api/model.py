"""What the models of spec and status share: their names on the wire, and how they are read."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictStr,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from onecloud_operator.api.quantity import PATTERN, is_size, mib_of
from onecloud_operator.api.rule import VALIDATIONS, Rule

_CAPITALS = {"id": "ID", "ids": "IDs", "ip": "IP", "mac": "MAC", "url": "URL", "cpu": "CPU", "io": "IO"}

# How a field may change, as a mark in its schema. The sentence ends the field's description, and the rules
# that keep fixed fields from changing are made of the mark.
CHANGE = "x-change"
FIXED: JsonDict = {CHANGE: "Cannot change once the server is made, only be taken out."}
LIVE: JsonDict = {CHANGE: "Can change at any time."}
NEXT_START: JsonDict = {CHANGE: "Can change at any time; in force from the next start on."}
RESTART: JsonDict = {
    CHANGE: "A change of a running server restarts it, so it waits for disruption.allow: Restart."
}
REBUILD: JsonDict = {
    CHANGE: "A change rebuilds the root disk, and what is on it is lost, so it waits for "
    "disruption.allow: Rebuild."
}

LIVE_OR_RESTART: JsonDict = {
    CHANGE: "Changes as the server runs; where its host does not take that, it waits for disruption.allow: "
    "Restart."
}
WITH_THE_CARD: JsonDict = {
    CHANGE: "A card that is there cannot change it: take the entry out, and put it back when that is gone."
}
AGENT: JsonDict = {
    CHANGE: "A change is given to the server's guest agent; where that does not take it, it restarts the "
    "server, so it waits for disruption.allow: Restart."
}


def wire_name(name: str) -> str:
    """Return an attribute's name on the wire: camelCase, with Kubernetes' spelling of abbreviations."""
    first, *others = name.split("_")
    return first + "".join(_CAPITALS.get(word, word.capitalize()) for word in others)


class Model(BaseModel):
    """
    A part of the spec. It takes what the API server takes, no more and no less.

    So types are not turned into one another, a null counts as absent, and unknown fields are ignored: the API
    server prunes them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=wire_name, populate_by_name=True)
    rules: ClassVar[tuple[Rule[Any], ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {key: each for key, each in value.items() if each is not None}
        return value

    @model_validator(mode="after")
    def _checked(self) -> Self:
        for rule in self.rules:
            rule.check(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Put the object's rules into its schema."""
        found = handler(schema)
        if cls.rules:
            resolved = handler.resolve_ref_schema(found)
            resolved[VALIDATIONS] = [rule.validation() for rule in cls.rules]
        return found


# What nobody sees at the end of a name: every blank of Unicode, and the two without a width.
BLANK = r"\p{Z}\t\n\v\f\r\x{85}\x{200b}\x{feff}"
Reference = Annotated[StrictStr, Field(min_length=1, max_length=128, pattern=rf"^[^{BLANK}](.*[^{BLANK}])?$")]
Identifier = Annotated[
    StrictStr, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
SecretName = Annotated[
    StrictStr, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
# The API server's schema takes 2.0 for an integer, but no rule can read it: once it stood in a list that is
# compared at every write, nothing could be written any more, not even the status. This one refuses it.
WHOLE: Rule[int] = Rule("must be a whole number above 0", cel="self > 0", holds=lambda number: number > 0)
# A rule instead of a pattern, since only a rule can say what to write for 4G.
SIZE: Rule[str] = Rule(
    "must be a whole number with Mi, Gi or Ti, for example 4Gi",
    cel=f"self.matches('{PATTERN}')",
    holds=is_size,
    message_expression="'must be a whole number with Mi, Gi or Ti' + "
    "(self.matches('^[1-9][0-9]{0,8} ?[mMgGtT][iI]?[bB]?$')"
    " ? ': write ' + self.find('^[0-9]+') + self.find('[mMgGtT]').upperAscii() + 'i' : ', for example 4Gi')",
)
Size = Annotated[StrictStr, Field(max_length=12), SIZE]


def within(least: str, most: str) -> Rule[str]:
    """Return the rule that a size is from *least* to *most*."""
    return Rule(
        f"must be from {least} to {most}",
        cel=f"!self.matches('{PATTERN}') || (quantity(self).compareTo(quantity('{least}')) >= 0"
        f" && quantity(self).compareTo(quantity('{most}')) <= 0)",
        holds=lambda text: not is_size(text) or mib_of(least) <= mib_of(text) <= mib_of(most),
    )
