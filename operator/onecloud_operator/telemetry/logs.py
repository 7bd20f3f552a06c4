"""Log lines for people or for machines: one event each, with its data beside the message."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Final

from pythonjsonlogger.core import RESERVED_ATTRS, LogData
from pythonjsonlogger.json import JsonFormatter

from onecloud_operator.engine import loggers
from onecloud_operator.telemetry.gathering import GatheringHandler

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# kopf adds these to its records about objects; they would be printed in full.
_KOPF: Final = frozenset({"k8s_skip", "k8s_ref", "k8s_queue", "settings", "typename", "funcname"})
# Chatty below WARNING: each request, each watch.
_QUIET: Final = ("kopf", "httpx", "httpcore", "aiohttp", "asyncio", "kubernetes", "uvicorn")


class TextFormatter(logging.Formatter):
    """Lines of the form ``time level logger message key=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the time as in RFC 3339."""
        return _time(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line with the record's data appended."""
        data = {
            key: value
            for key, value in vars(record).items()
            if key not in _STANDARD and key not in _KOPF and value is not None
        }
        line = super().formatMessage(record)
        return " ".join([_printable(line), *(f"{key}={_shown(value)}" for key, value in data.items())])


class MachineFormatter(JsonFormatter):
    """One JSON object per line, with the same message as a line for people."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            reserved_attrs=[*RESERVED_ATTRS, *_KOPF],
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the time as in RFC 3339."""
        return _time(record)

    def process_log_record(self, log_data: LogData) -> LogData:
        """Leave out empty values."""
        return {key: value for key, value in log_data.items() if value is not None}


def configure(*, form: str, level: str, audit: bool = False) -> None:
    """Set up logging for the process: *form* is text or json, *level* a name; *audit*: with the audit log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MachineFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[GatheringHandler(handler)], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    _configure_audit(wanted=audit)


def _configure_audit(*, wanted: bool) -> None:
    """Have the audit log written to stdout, in JSON whatever the form and level of the other lines."""
    logger = logging.getLogger(loggers.AUDIT)
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO if wanted else logging.CRITICAL)
    if wanted:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(MachineFormatter())
        logger.addHandler(handler)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _shown(value: object) -> str:
    text = str(value)
    return repr(text) if " " in text or not text.isprintable() or not text else text


def _printable(text: str) -> str:
    """Return *text* on one line, so that outside data cannot forge log lines."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
