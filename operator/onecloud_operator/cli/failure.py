"""What a command ends with when it cannot do its work."""

from __future__ import annotations


class Failure(Exception):
    """The message says what is wrong; *cure* what to do about it, in one sentence or command."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


class Refused(Failure):
    """The API server refused a call with *status*, or did not answer (None)."""

    def __init__(self, message: str, cure: str = "", status: int | None = None) -> None:
        super().__init__(message, cure)
        self.status = status


class TooLarge(Refused):
    """The answer is larger than anything that is read."""
