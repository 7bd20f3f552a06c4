"""Describes an unexpected exception without its message."""

from __future__ import annotations

import traceback
from pathlib import Path

FRAMES = 6


def text_of_fault(error: BaseException) -> str:
    """
    Return the type of *error* and its traceback on one line, innermost frame first.

    The message is left out: it may quote data that was being read or sent, including a token or a password.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    origins = [f"{frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in reversed(frames)]
    return " < ".join(
        [f"{type(error).__name__} in {origins[0]}", *origins[1:]] if origins else [type(error).__name__]
    )
