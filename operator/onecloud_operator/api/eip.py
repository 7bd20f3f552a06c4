"""The elastic IP (EIP) of ``spec.server``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, StrictInt, model_validator
from pydantic.config import JsonDict

from onecloud_operator.api.model import CHANGE, LIVE, WHOLE, Identifier, Model, Reference

# The text that it was, of an EIP that exists, has become an object.
_OLD_SHAPE = (
    "eip is an object now: write eip: {name: …} or eip: {id: …} for an EIP that exists, by kubectl edit or "
    "patch (the API server cannot apply it over a text)"
)
NEW_EIP: JsonDict = {
    CHANGE: "Counts when the EIP is made: declare eip.none first to have it deleted, then the other one."
}


# No rules in CEL: where a text of the old shape is stored they would fail at every write, of a status or of
# the end of a finalizer, too. What stands here is not asked again of what has not changed.
_OTHERS: JsonDict = {"not": {"anyOf": [{"required": ["chargeType"]}, {"required": ["network"]}]}}
_FORMS: JsonDict = {
    "oneOf": [
        {"required": ["name"], **_OTHERS},
        {"required": ["id"], **_OTHERS},
        {"required": ["bandwidth"]},
        {"required": ["none"], **_OTHERS},
    ]
}


class EipSpec(Model):
    """One of: an EIP that exists, by name or id; one of the object's own, by its bandwidth; or none."""

    model_config = ConfigDict(json_schema_extra=_FORMS)

    name: Reference | None = Field(
        default=None,
        description=(
            "Name of an existing EIP, which is bound to the server. It is never deleted; it is dissociated "
            "when this field changes or the server is removed."
        ),
        json_schema_extra=LIVE,
    )
    id: Identifier | None = Field(
        default=None, description="Id of an existing EIP, instead of its name.", json_schema_extra=LIVE
    )
    bandwidth: Annotated[StrictInt, Field(ge=1, le=100000), WHOLE] | None = Field(
        default=None,
        description=(
            "Bandwidth in Mbps of an EIP that the object makes for its server. It is deleted with this field "
            "or the server."
        ),
        json_schema_extra=LIVE,
    )
    charge_type: Literal["Bandwidth", "Traffic"] | None = Field(
        default=None,
        description=(
            "How the object's own EIP is charged. Absent: Bandwidth, which alone a private cloud takes."
        ),
        json_schema_extra=NEW_EIP,
    )
    network: Reference | None = Field(
        default=None,
        description=(
            "Network that the address of the object's own EIP is taken from, by id or name. Absent: the "
            "cloud chooses."
        ),
        json_schema_extra=NEW_EIP,
    )
    none: StrictBool | None = Field(
        default=None,
        description=(
            "true: the server gets none, and loses the one that this object gave it. One that others bound "
            "is left alone."
        ),
        json_schema_extra={**LIVE, "enum": [True]},
    )

    @model_validator(mode="before")
    @classmethod
    def _an_object(cls, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            raise ValueError(_OLD_SHAPE)  # noqa: TRY004 - what pydantic reports
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (self.name, self.id, self.bandwidth, self.none)
        if sum(form is not None for form in forms) != 1:
            raise ValueError("give exactly one of eip.name, eip.id, eip.bandwidth and eip.none")
        if self.bandwidth is None and (self.charge_type is not None or self.network is not None):
            raise ValueError("eip.chargeType and eip.network go with eip.bandwidth")
        if self.none is False:
            raise ValueError("eip.none can only be true: take eip out to have it no longer looked after")
        return self

    def __str__(self) -> str:
        """Return it as a difference shows it."""
        if self.none:
            return "none"
        return self.name or self.id or f"one of its own, {self.bandwidth} Mbps"
