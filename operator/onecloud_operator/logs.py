"""Log lines for people or for machines: one event, its data beside it."""

from __future__ import annotations

import logging
import sys
from typing import Final

from pythonjsonlogger.json import JsonFormatter

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# kopf adds these to what it logs of an object; they would be printed with all their parts.
_KOPF: Final = frozenset({"k8s_skip", "k8s_ref", "k8s_queue", "settings", "typename", "funcname"})
# Chatty below WARNING: each request, each watch.
_QUIET: Final = ("kopf", "httpx", "httpcore", "aiohttp", "asyncio", "kubernetes", "uvicorn")


class TextFormatter(logging.Formatter):
    """Lines of the form ``time level logger message key=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line with the record's own data behind it."""
        data = {
            key: value
            for key, value in vars(record).items()
            if key not in _STANDARD and key not in _KOPF and value is not None
        }
        line = super().formatMessage(record)
        return " ".join([line, *(f"{key}={_shown(value)}" for key, value in data.items())])


def configure(*, form: str, level: str) -> None:
    """Set up logging for the process: *form* text or json, *level* as a word."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
                datefmt="%Y-%m-%dT%H:%M:%S%z",
            ),
        )
    else:
        handler.setFormatter(TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _shown(value: object) -> str:
    text = str(value)
    return repr(text) if " " in text or not text else text
