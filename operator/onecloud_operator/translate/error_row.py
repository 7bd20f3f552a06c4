"""One row of the tables that say what an error of the cloud means."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.api.reasons import Reason
    from onecloud_operator.onecloud.errors import OneCloudError


class Doing(enum.Enum):
    """What was being done; the same answer means different things."""

    SIGN_IN = enum.auto()
    READ = enum.auto()
    CREATE = enum.auto()
    CHANGE = enum.auto()
    ACTION = enum.auto()
    REMOVE = enum.auto()
    REBUILD = enum.auto()
    MAKE_PART = enum.auto()  # something that is joined to a server that is there


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """
    One row: an error of *kind*, of this *status* and with these words in its text, met while *doing*.

    *lead* says what happened, *advice* what to do; the cloud's own words come between. ``{image}`` in them is
    the image of the spec, ``{right}`` the right that the request needs. *absent*: what is named beside the
    server is proven not to be there.
    """

    kind: type[OneCloudError]
    reason: Reason
    lead: str
    advice: str = ""
    doing: frozenset[Doing] = frozenset(Doing)
    status: int | None = None
    says: tuple[str, ...] = ()
    again: bool = False
    duplicate_id: bool = False
    duplicate_name: bool = False
    absent: bool = False


SIGN_IN = frozenset({Doing.SIGN_IN})
CREATE = frozenset({Doing.CREATE})
REMOVE = frozenset({Doing.REMOVE})
ASKING = frozenset({Doing.SIGN_IN, Doing.READ})
MAKE_PART = frozenset({Doing.MAKE_PART})
ACTION = frozenset({Doing.ACTION})
REBUILD = frozenset({Doing.REBUILD})
REFERRING = frozenset({Doing.CREATE, Doing.ACTION, Doing.REBUILD, Doing.MAKE_PART})
