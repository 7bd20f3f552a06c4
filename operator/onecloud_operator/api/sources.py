"""Values of the spec that come out of a Secret."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from onecloud_operator.api.lists import ATOMIC_MAP
from onecloud_operator.api.part import Part, SecretName


class SecretKeyReference(Part):
    """A key of a Secret in the namespace of the object."""

    name: SecretName = Field(description="Name of the Secret, in the namespace of the object.")
    key: Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        description="Key in the Secret."
    )


class SecretSource(Part):
    """A value out of a Secret; it is read when the server is made, and never shown."""

    secret_key_ref: SecretKeyReference = Field(
        description="The key of the Secret that holds the value.", json_schema_extra=ATOMIC_MAP
    )
