"""What went wrong in the cloud, in words for a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onecloud_operator.core.values import Problem, cut
from onecloud_operator.onecloud.errors import ApiError, OneCloudError, QuotaExceeded
from onecloud_operator.translate.error_row import Doing, ErrorRow
from onecloud_operator.translate.error_table import ERROR_TABLE
from onecloud_operator.translate.quota import numbers_in
from onecloud_operator.translate.rights import right_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_DETAILS = 300

# What differs from one answer to the next, so that one problem keeps one text.
_FLEETING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "…"),
    (re.compile(r":\d+->"), "->"),  # the near end of a connection that broke
)


def problem_of(error: OneCloudError, *, doing: Doing, image: str | None = None) -> Problem:
    """
    Return what *error* means for the object for whose sake it was met.

    *image*: what its server is to be made of; of all that a spec refers to, the cloud names it least.
    """
    row = next(_fitting(error, doing))
    names = {"{image}": image or "that the spec names", "{right}": right_of(error.call) or "for it"}
    return Problem(
        reason=row.reason,
        message=_message(row, error, names),
        request_id=error.request_id or None,
        ambiguous=error.ambiguous,
        again=row.again,
        duplicate_id=row.duplicate_id,
        duplicate_name=row.duplicate_name,
        absent=row.absent,
    )


def _fitting(error: OneCloudError, doing: Doing) -> Iterator[ErrorRow]:
    status = error.status if isinstance(error, ApiError) else None
    text = error.message.lower()
    for row in ERROR_TABLE:
        if not isinstance(error, row.kind) or doing not in row.doing:
            continue
        if row.status is not None and row.status != status:
            continue
        if not row.says or any(words in text for words in row.says):
            yield row


def said_by(error: OneCloudError) -> str:
    """Return what the cloud, or the way there, said, without what differs each time."""
    said = error.details or error.message if isinstance(error, ApiError) else error.message
    if isinstance(error, QuotaExceeded) and (numbers := numbers_in(said)) is not None:
        said = numbers
    for pattern, instead in _FLEETING:
        said = pattern.sub(instead, said)
    said = said.strip().rstrip(".")
    return cut(said, LONGEST_DETAILS)


def _message(row: ErrorRow, error: OneCloudError, names: Mapping[str, str]) -> str:
    said, lead, advice = said_by(error), row.lead, row.advice
    for place, name in names.items():
        lead, advice = lead.replace(place, name), advice.replace(place, name)
    text = f"{lead}: {said}." if said else f"{lead}."
    return f"{text} {advice}" if advice else text
