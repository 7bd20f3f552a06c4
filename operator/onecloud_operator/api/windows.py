"""When a server may be stopped: weekly windows of local time, as an object and a provider declare them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StrictStr

from onecloud_operator.api.lists import ATOMIC_LIST, Unique
from onecloud_operator.api.model import Model

Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DAYS: Final[tuple[Day, ...]] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MAX_WINDOWS: Final = 8

Start = Annotated[StrictStr, Field(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Duration = Annotated[StrictStr, Field(max_length=4, pattern=r"^(([1-9]|1[0-9]|2[0-4])h|[1-9][0-9]{1,2}m)$")]
# No dot: a name is looked up among files.
TimeZone = Annotated[
    StrictStr,
    Field(
        min_length=1, max_length=64, pattern=r"^[A-Za-z][-+A-Za-z0-9_]*(/[A-Za-z0-9][-+A-Za-z0-9_]*){0,2}$"
    ),
]


class Window(Model):
    """A time at which a stop may begin, on some days of each week."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7), Unique()] | None = Field(
        default=None, description="Days on which it begins, in its time zone. Absent: every day."
    )
    start: Start = Field(description='When it begins, in its time zone: "HH:MM", from "00:00" to "23:59".')
    duration: Duration = Field(
        description='How long a stop may begin after that: "1h" to "24h", or "10m" to "999m".'
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description=(
            "Time zone by its IANA name, such as Europe/Berlin, whose changes of the clock are followed; "
            "InvalidSpec tells of one that is not known. Absent: UTC."
        ),
    )

    @property
    def zone(self) -> str:
        """Return the name of the time zone, its default resolved."""
        return self.time_zone or "UTC"


Windows = Annotated[
    tuple[Window, ...], Field(min_length=1, max_length=MAX_WINDOWS, json_schema_extra=ATOMIC_LIST)
]
