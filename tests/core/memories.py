"""Facts with a memory, and the outcomes of steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.cloud_writes import Start
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.values import Problem
from tests.core.fixtures import ID, NOW, facts

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

NO = Problem(Reason.PROVIDER_ERROR, "no")
START = Start(ID)
REFUSED = Refusal(NO, facts().intent, until=NOW + 10, count=1, since=NOW)


def remembering(**changes: object) -> Facts:
    return replace(facts(), memory=replace(Memory(born_at=1.0), **changes))  # type: ignore[arg-type]
