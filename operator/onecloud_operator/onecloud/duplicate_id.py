"""Recognises from an error text that the database refused the id of something new as a duplicate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Database errors for a duplicate key. Error numbers and key names are the same in every language. MySQL names
# the value and, from 8.0 on, the table; others name the table and no value.
TAKEN = re.compile(
    r"\berror:? 1062\b|\bSQLSTATE[ :=]*23505\b|duplicate (entry|key)|unique constraint", re.IGNORECASE
)
TABLES = {"server": "guests_tbl", "disk": "disks_tbl", "eip": "elasticips_tbl"}
OUR_KEYS = {
    kind: re.compile(rf"(?<!, )\b{table}(_pkey\b|\.id\b(?!\s*,))", re.IGNORECASE)
    for kind, table in TABLES.items()
}
PRIMARY_KEY = re.compile(r"\bPRIMARY\b|_pkey\b|\(id\)\s*=", re.IGNORECASE)


def reports_used_id(body: Mapping[str, Any] | None, text: str) -> bool:
    """
    Return whether *text* says that the id of the server, disk or EIP in *body* is used, now or in the past.

    A duplicate in another table or column does not count.
    """
    kind, new = (
        next(((kind, body[kind]) for kind in TABLES if kind in body), ("", None)) if body else ("", None)
    )
    sent = new.get("id") if isinstance(new, dict) else None
    if not isinstance(sent, str) or not TAKEN.search(text):
        return False
    named = re.search(rf"(?<![\w-]){re.escape(sent)}(?![\w-])", text, re.IGNORECASE)
    return bool(OUR_KEYS[kind].search(text) or (named and PRIMARY_KEY.search(text)))
