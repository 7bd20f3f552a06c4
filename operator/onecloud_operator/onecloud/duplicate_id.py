"""The one case where only a text tells what happened: the database refused the very id that was sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The database's words for a key that is taken. In every language the numbers are the same, and so are the
# names of keys. MySQL says the value and, from 8.0 on, the table; others say the table and no value.
TAKEN = re.compile(
    r"\berror:? 1062\b|\bSQLSTATE[ :=]*23505\b|duplicate (entry|key)|unique constraint", re.IGNORECASE
)
OUR_KEY = re.compile(r"(?<!, )\bguests_tbl(_pkey\b|\.id\b(?!\s*,))", re.IGNORECASE)
PRIMARY_KEY = re.compile(r"\bPRIMARY\b|_pkey\b|\(id\)\s*=", re.IGNORECASE)


def names_used_id(body: Mapping[str, Any] | None, text: str) -> bool:
    """
    Tell whether *text* says that the id of the server in *body* is used already, now or in the past.

    Of another table's key, or another column's, it says nothing.
    """
    server = (body or {}).get("server")
    sent = server.get("id") if isinstance(server, dict) else None
    if not isinstance(sent, str) or not TAKEN.search(text):
        return False
    said = re.search(rf"(?<![\w-]){re.escape(sent)}(?![\w-])", text, re.IGNORECASE)
    return bool(OUR_KEY.search(text) or (said and PRIMARY_KEY.search(text)))
