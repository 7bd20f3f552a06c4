"""One link of the chain from an object to its server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "fail", "wait", "unknown"]


@dataclass(frozen=True, slots=True)
class Link:
    """One link. *since*: how long it has been so, "" where nothing says."""

    name: str
    state: State
    text: str
    reason: str = ""
    since: str = ""
