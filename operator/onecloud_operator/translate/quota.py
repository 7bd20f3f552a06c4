"""The numbers in the cloud's refusal for a quota."""

from __future__ import annotations

import re
from typing import Final

from onecloud_operator.api.quantity import text_of_mib

# As recorded: "… Out of quota: [project.count] limit 50 used 9677 request 1, [project.cpu] limit 200 used …"
_NUMBERS: Final = re.compile(
    r"\[(?:\w{1,32}\.)?(\w{1,32})\] limit (\d{1,15}) used (\d{1,15}) request (\d{1,15})\b"
)
_IN_MIB: Final = frozenset({"memory", "storage"})


def numbers_in(details: str) -> str | None:
    """Return limit, use and request of each quota that *details* tells of and that is too small, or None."""
    found = [
        (kind, int(limit), int(used), int(asked)) for kind, limit, used, asked in _NUMBERS.findall(details)
    ]
    exceeded = [row for row in found if row[2] + row[3] > row[1]] or found
    return "; ".join(_told(*row) for row in exceeded) or None


def _told(kind: str, limit: int, used: int, asked: int) -> str:
    texts = [text_of_mib(one) if kind in _IN_MIB else str(one) for one in (limit, used, asked)]
    return "{}: limit {}, used {}, asked for {}".format(kind, *texts)
