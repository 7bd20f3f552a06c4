"""
What the models of the status share.

The operator writes plain values of this form; the models are for the CRD, the reference and the tests. Every
text and list is bounded, and cut to its bound before it is written, so the API server never refuses a status.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from onecloud_operator.api.model import wire_name

Text = Annotated[StrictStr, Field(max_length=256)]
Short = Annotated[StrictStr, Field(max_length=64)]  # ids, states, the cloud's enumerations
Long = Annotated[StrictStr, Field(max_length=1024)]
RuleText = Annotated[StrictStr, Field(max_length=4096)]
Message = Annotated[StrictStr, Field(max_length=32768)]  # as in every condition of Kubernetes
Size = Annotated[StrictStr, Field(max_length=24)]
Count = Annotated[StrictInt, Field(ge=0)]
# A text, as it stands on the wire: RFC 3339, in UTC, without fractions.
Time = Annotated[StrictStr, Field(json_schema_extra={"format": "date-time"})]


class StatusModel(BaseModel):
    """A part of the status. An unknown field is a mistake of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=wire_name, populate_by_name=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value, without what is absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def shown(description: str, **extra: Any) -> Any:  # noqa: ANN401 - a field of any type
    """Return a field that is absent where there is nothing to show."""
    return Field(default=None, description=description, json_schema_extra=extra or None)
