"""The log as people and machines get it: one event a line, its data beside it, no secret anywhere."""

from __future__ import annotations

import base64
import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

import onecloud_operator
from onecloud_operator.controller.credentials import credentials_of
from onecloud_operator.engine import loggers
from onecloud_operator.kube.secrets import SecretUnusable, data_of
from onecloud_operator.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_WORD = "Sesam-0ffne-dich"
TEXT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (\w+) +(\S+): (.*)$")
QUIET = ("kopf", "kopf.objects", "httpx", "httpcore", "aiohttp.client", "asyncio", "kubernetes", "uvicorn")


class Log:
    """The process's log while a test runs."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._told = ""

    def configure(self, form: str, level: str = "info") -> None:
        logs.configure(form=form, level=level)

    @property
    def text(self) -> str:
        self._told += self._capsys.readouterr().err
        return self._told

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*QUIET, "aiohttp")}
    root.handlers = []  # pytest's own would be closed
    yield Log(capsys)
    root.handlers, root.level = before, level
    for name, each in levels.items():
        logging.getLogger(name).setLevel(each)


def say(message: str = "started server", level: int = logging.INFO, **extra: object) -> None:
    logging.getLogger("onecloud_operator.servers").log(level, message, extra=extra)


def test_a_line_for_people_has_time_level_place_message_and_data(log: Log) -> None:
    log.configure("text")
    say(object="shop/web-1", server_id="s1", step="Start")
    found = TEXT.match(log.lines[0])
    assert found is not None
    assert found[1] == "INFO"
    assert found[2] == "onecloud_operator.servers"
    assert found[3] == "started server object=shop/web-1 server_id=s1 step=Start"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("two words", "detail='two words'", id="spaces-are-quoted"),
        pytest.param("", "detail=''", id="so-is-nothing"),
        pytest.param(7, "detail=7", id="a-number"),
        pytest.param(None, "started server", id="what-is-not-there-is-not-shown"),
        pytest.param("a\nERROR forged line", r"detail='a\nERROR forged line'", id="no-second-line"),
        pytest.param("a\x1b[2Jb", r"detail='a\x1b[2Jb'", id="no-command-to-a-terminal"),
        pytest.param("a\r2026-11-23", r"detail='a\r2026-11-23'", id="nor-back-to-the-start-of-a-line"),
        pytest.param("größer…", "detail=größer…", id="letters-of-any-language"),
    ],
)
def test_data_stays_on_its_line(log: Log, value: object, shown: str) -> None:
    """Names of servers and the cloud's own words come from outside."""
    log.configure("text")
    say(detail=value)
    assert len(log.lines) == 1
    assert log.lines[0].endswith(shown)


def test_a_message_stays_on_its_line_too(log: Log) -> None:
    log.configure("text")
    say("forged\nline")
    assert len(log.lines) == 1


def test_a_line_for_machines_is_one_json_object_with_the_same_words(log: Log) -> None:
    log.configure("json")
    say(object="shop/web-1", server_id=None, detail="two\nlines")
    (event,) = log.events
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
    assert event == {
        "level": "INFO",
        "logger": "onecloud_operator.servers",
        "message": "started server",
        "object": "shop/web-1",
        "detail": "two\nlines",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_fault_is_told_with_where_it_happened(log: Log, form: str) -> None:
    log.configure(form)
    try:
        [].pop()
    except IndexError:
        logging.getLogger("onecloud_operator").exception("a task has failed", extra={"task": "queue"})
    assert "IndexError: pop from empty list" in log.text
    assert "test_logs.py" in log.text
    if form == "json":
        assert log.events[0]["task"] == "queue"


@pytest.mark.parametrize(
    ("level", "levels"),
    [
        ("debug", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("info", ["INFO", "WARNING", "ERROR"]),
        ("warning", ["WARNING", "ERROR"]),
        ("error", ["ERROR"]),
    ],
)
def test_a_level_leaves_out_what_is_below_it(log: Log, level: str, levels: list[str]) -> None:
    log.configure("json", level)
    for each in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        say(level=each)
    assert [event["level"] for event in log.events] == levels


@pytest.mark.parametrize("name", QUIET)
def test_libraries_are_heard_only_when_something_is_wrong(log: Log, name: str) -> None:
    """At DEBUG they log requests with their headers, and so tokens."""
    log.configure("text", "debug")
    logging.getLogger(name).info("HTTP Request: GET https://cloud X-Auth-Token: %s", SECRET_WORD)
    logging.getLogger(name).debug("headers %s", SECRET_WORD)
    assert log.text == ""
    logging.getLogger(name).warning("retrying")
    assert log.lines


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_kopf_adds_to_a_record_is_left_out(log: Log, form: str) -> None:
    log.configure(form)
    reference = {"apiVersion": "onecloud.io/v1alpha1", "kind": "OneCloudServer", "uid": "u1"}
    say(k8s_skip=False, k8s_ref=reference, settings=object())
    assert "OneCloudServer" not in log.text
    assert "settings" not in log.text


def test_configured_again_each_line_is_written_once(log: Log) -> None:
    log.configure("text")
    log.configure("json")
    say()
    assert len(log.events) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_gets_into_the_log_whatever_is_logged_of_it(log: Log, form: str) -> None:
    log.configure(form, "debug")
    values = {"OS_AUTH_URL": "https://cloud/v3", "OS_TOKEN": SECRET_WORD, "OS_PROJECT_NAME": "shop"}
    data = data_of({"data": {key: _encoded(value) for key, value in values.items()}})
    say(secret=SecretStr(SECRET_WORD), data=data, credentials=credentials_of(data))
    try:
        credentials_of(data_of({"data": {"OS_AUTH_URL": _encoded(SECRET_WORD)}}))
    except SecretUnusable:
        logging.getLogger("onecloud_operator").exception("a Secret cannot be used")
    assert len(log.lines) >= 2
    assert SECRET_WORD not in log.text


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def test_every_logger_is_named_after_what_its_lines_are_about() -> None:
    """Who filters by logger knows no modules, and these change."""
    names = {value for name, value in vars(loggers).items() if name.isupper() and "." in value}
    sources = Path(onecloud_operator.__file__).parent.rglob("*.py")
    used = [word for path in sources for word in re.findall(r"getLogger\(([^)]*)\)", path.read_text())]
    ours = {word for word in used if word != "name"}  # of libraries, which are kept quiet
    assert ours == {f"loggers.{name.rpartition('.')[2].upper()}" for name in names}


def audit(**extra: object) -> None:
    logging.getLogger(loggers.AUDIT).info("call to the cloud", extra=extra)


def test_without_the_audit_log_nothing_is_written_to_it(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("text", "debug")
    audit(object="shop/web-1")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_audit_log_is_json_on_stdout_whatever_the_form_and_level_of_the_log(
    log: Log, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(form=form, level="error", audit=True)
    audit(object="shop/web-1", changes=[{"field": "tags.a", "from": None, "to": "x\nforged"}])
    said = capsys.readouterr()
    assert said.err == ""
    (line,) = said.out.splitlines()
    found = json.loads(line)
    assert found["logger"] == "onecloud.audit"
    assert found["changes"] == [{"field": "tags.a", "from": None, "to": "x\nforged"}]


def test_setting_up_the_log_again_writes_no_line_twice(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        logs.configure(form="text", level="info", audit=True)
    audit(object="shop/web-1")
    assert len(capsys.readouterr().out.splitlines()) == 1
