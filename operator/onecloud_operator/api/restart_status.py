"""What the status remembers of a restart: of a stop for a change, and of one that a person asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onecloud_operator.api.status_model import StatusModel, Text, Time


class RestartStatus(StatusModel):
    """A stop of the operator's, under way: the server ran before it, and is started again after it."""

    since: Time = Field(description="When it began.")
    why: Text = Field(
        description="The fields below spec.server whose change needs the server stopped, or the annotation "
        "that asks for a restart."
    )


class RestartRequestStatus(StatusModel):
    """The newest value of the annotation onecloud.io/restart-requested-at, and what came of it."""

    value: Text = Field(description="Value of the annotation; the same one is not obeyed again.")
    outcome: Literal["UnderWay", "Done", "NotNeeded", "Unknown"] = Field(
        description=(
            "UnderWay: it is carried out. Done: the server was stopped since, and is started again. "
            "NotNeeded: the server was being made or adopted, or was off. Unknown: it cannot be told whether "
            "the server was stopped, so it is not stopped again for this value."
        )
    )
    since: Time = Field(description="Since when that is so.")
