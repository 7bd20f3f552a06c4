"""How an unexpected exception is told without telling what it holds."""

from __future__ import annotations

import traceback
from pathlib import Path

FRAMES = 6


def text_of_fault(error: BaseException) -> str:
    """
    Return the kind of *error* and where it came from, innermost place first.

    Its message is left out: it may quote whatever was being read or sent, a token or a password included.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in reversed(frames)]
    return " < ".join(
        [f"{type(error).__name__} in {places[0]}", *places[1:]] if places else [type(error).__name__]
    )
