"""What the status remembers of a server that is taken out of the recycle bin."""

from __future__ import annotations

from pydantic import Field

from onecloud_operator.api.status_model import StatusModel, Text, Time, shown


class RestoreStatus(StatusModel):
    """A server that is, or was, taken out of the cloud's recycle bin, as adoption.restore asks for."""

    since: Time = Field(description="When it began.")
    name: Text | None = shown(
        "The name that it had in the bin, until it has that one again, or spec.server.name rules. The cloud "
        "gives it another one where that name is taken by now."
    )
    done_at: Time | None = shown("When it was seen to be out of the bin; from then on it is left in a bin.")
