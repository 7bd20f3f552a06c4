"""Lines that say the same of many objects at once are one line with their number."""

from __future__ import annotations

import logging

import pytest

from onecloud_operator.engine.loggers import GATHERED
from onecloud_operator.telemetry.gathering import FEW, MOMENT_SECONDS, STORM_SECONDS, GatheringHandler


class Kept(logging.Handler):
    """A target that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def told(self) -> list[str]:
        return [f"{record.getMessage()} {vars(record)['object']}" for record in self.records]


class Line:
    """A log whose clock the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.target = Kept()
        self.handler = GatheringHandler(self.target, lambda: self.now)

    def say(self, number: int, *, first: int = 0, reason: str = "NoCapacity", gathered: bool = True) -> None:
        for each in range(first, first + number):
            record = logging.makeLogRecord(
                {"name": "servers", "levelno": 30, "msg": "There is no room."}
                | {"object": f"shop/web-{each}", "reason": reason, GATHERED: gathered}
            )
            self.handler.handle(record)

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        self.handler.write_due()


@pytest.fixture
def line() -> Line:
    return Line()


def test_ten_thousand_objects_that_fail_together_are_one_line_with_their_number(line: Line) -> None:
    line.say(10_000)
    line.pass_seconds(MOMENT_SECONDS)
    assert line.target.told == ["There is no room. (and 9,999 more) shop/web-0"]
    assert vars(line.target.records[0])["count"] == 10_000


def test_what_is_done_to_a_disk_each_of_many_objects_is_one_line_too(line: Line) -> None:
    for each in range(1000):
        for what in ("set on", "taken off"):
            message = f"owner tags {what} disk {each:08x}"
            about = {"object": f"shop/web-{each}", "step": f"TagDisk {each:08x}", GATHERED: True}
            record = logging.makeLogRecord({"name": "servers", "levelno": 20, "msg": message} | about)
            line.handler.handle(record)
    line.pass_seconds(MOMENT_SECONDS)
    assert line.target.told == [
        "owner tags set on disk 00000000 (and 999 more) shop/web-0",
        "owner tags taken off disk 00000000 (and 999 more) shop/web-0",
    ]


def test_a_few_objects_have_a_line_each(line: Line) -> None:
    line.say(FEW)
    line.pass_seconds(MOMENT_SECONDS)
    assert line.target.told == [f"There is no room. shop/web-{each}" for each in range(FEW)]


def test_while_more_and_more_fail_there_is_a_line_a_minute_and_then_each_is_told_again(line: Line) -> None:
    line.say(100)
    line.pass_seconds(MOMENT_SECONDS)
    line.say(50)
    line.pass_seconds(MOMENT_SECONDS)
    line.say(50)
    assert len(line.target.records) == 1
    line.pass_seconds(STORM_SECONDS)
    assert line.target.told[1:] == ["There is no room. (and 99 more) shop/web-0"]
    line.pass_seconds(STORM_SECONDS)
    line.say(1, first=7)
    line.pass_seconds(MOMENT_SECONDS)
    assert line.target.told[2:] == ["There is no room. shop/web-7"]


def test_another_reason_is_not_held_up_by_many_of_one(line: Line) -> None:
    line.say(100)
    line.pass_seconds(MOMENT_SECONDS)
    line.say(1, reason="Forbidden")
    line.pass_seconds(MOMENT_SECONDS)
    assert vars(line.target.records[-1])["reason"] == "Forbidden"


def test_lines_of_several_reasons_stay_in_the_order_of_their_times(line: Line) -> None:
    line.say(1, first=1, reason="Creating")
    line.now += MOMENT_SECONDS / 4
    line.say(1, first=2, reason="Available")
    line.say(1, first=3, reason="Creating")
    line.pass_seconds(MOMENT_SECONDS)
    assert [vars(record)["object"] for record in line.target.records] == [
        "shop/web-1",
        "shop/web-2",
        "shop/web-3",
    ]


def test_other_lines_are_written_at_once(line: Line) -> None:
    line.say(5, gathered=False)
    assert len(line.target.records) == 5


def test_nothing_is_lost_when_the_process_ends(line: Line) -> None:
    line.say(2)
    line.handler.close()
    assert len(line.target.records) == 2


def test_what_waits_is_written_without_a_further_line() -> None:
    target = Kept()
    handler = GatheringHandler(target)
    record = logging.makeLogRecord({"name": "servers", "levelno": 30, "msg": "m", GATHERED: True})
    handler.handle(record)
    handler.woken.wait(10.0)
    assert target.records == [record]
