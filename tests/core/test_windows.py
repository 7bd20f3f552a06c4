"""When windows are open: over real time zones, their changes of the clock, and names that lead nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.windows import DAYS, Window
from onecloud_operator.core.windows import HORIZON, meetings, next_opening, unknown_zones, zone_of
from tests.core.plain_windows import open_at

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)  # a Monday


def window(start: str, duration: str, zone: str | None = None, *days: str) -> Window:
    return Window.model_validate(
        {"start": start, "duration": duration, "timeZone": zone, "days": list(days) or None}
    )


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def opening(wall: datetime, *windows: Window) -> datetime | None:
    return next_opening((windows,), wall)


def test_without_windows_it_is_always_open() -> None:
    assert next_opening((), NOON) == NOON
    assert next_opening(((), ()), NOON) == NOON


def test_it_is_open_from_its_start_until_its_duration_is_over() -> None:
    two = window("02:00", "2h", None, "Sun")
    start = at("2026-12-06T02:00")
    assert opening(NOON, two) == start
    assert opening(start - timedelta(microseconds=1), two) == start
    for inside in (start, start + timedelta(hours=2) - timedelta(microseconds=1)):
        assert opening(inside, two) == inside
    assert opening(start + timedelta(hours=2), two) == start + timedelta(days=7)


def test_the_day_is_that_of_its_time_zone() -> None:
    assert opening(NOON, window("02:00", "1h", "Asia/Shanghai", "Sun")) == at("2026-12-05T18:00")
    assert opening(NOON, window("23:30", "1h", "Pacific/Honolulu", "Mon")) == at("2026-12-01T09:30")
    assert opening(NOON, window("00:30", "1h", "Pacific/Kiritimati", "Tue")) == at("2026-12-07T10:30")


def test_one_that_begins_late_lasts_into_the_next_days() -> None:
    late = window("23:59", "24h", "Etc/GMT+12", "Sat")  # until Monday, 11:59 UTC
    inside = at("2026-11-30T11:58")
    assert opening(inside, late) == inside
    assert opening(at("2026-11-30T11:59"), late) == at("2026-12-06T11:59")


def test_a_start_that_the_clock_leaves_out_is_that_of_the_old_clock() -> None:
    """In Berlin 02:00 becomes 03:00 on 29 March 2026, so 02:30 is 03:30; it lasts an hour all the same."""
    gap = window("02:30", "1h", BERLIN, "Sun")
    start = at("2026-03-29T01:30")
    assert opening(at("2026-03-28T12:00"), gap) == start == at("2026-03-29T03:30", BERLIN)
    assert opening(start + timedelta(minutes=59), gap) == start + timedelta(minutes=59)
    assert opening(start + timedelta(hours=1), gap) == at("2026-04-05T00:30")


def test_a_start_that_comes_twice_is_the_first() -> None:
    """In Berlin 03:00 becomes 02:00 on 25 October 2026."""
    twice = window("02:30", "30m", BERLIN, "Sun")
    first = at("2026-10-25T00:30")
    assert opening(at("2026-10-24T12:00"), twice) == first
    assert opening(first + timedelta(minutes=30), twice) == at("2026-11-01T01:30"), "not the second"


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        pytest.param("2026-03-28", BERLIN, 23, id="a-short-night"),
        pytest.param("2026-10-24", BERLIN, 25, id="a-long-night"),
        pytest.param("2026-03-07", NEW_YORK, 23, id="a-short-night-in-the-west"),
        pytest.param("2026-10-31", NEW_YORK, 25, id="a-long-night-in-the-west"),
        pytest.param("2026-04-04", LORD_HOWE, 24.5, id="half-an-hour"),
    ],
)
def test_it_lasts_as_long_as_it_says_whatever_the_clocks_do(day: str, zone: str, hours: float) -> None:
    """So a window of 4 hours is 4 hours, and the next day's begins at its local time."""
    nightly = window("22:00", "4h", zone)
    start = at(f"{day}T22:00", zone).astimezone(UTC)
    end = start + timedelta(hours=4)
    assert opening(start, nightly) == start
    assert opening(end - timedelta(seconds=1), nightly) == end - timedelta(seconds=1)
    assert opening(end, nightly) == start + timedelta(hours=hours)


def test_a_zone_without_changes_and_one_that_changed_for_good() -> None:
    assert opening(at("2026-06-30T12:00"), window("02:00", "1h", "Asia/Kolkata")) == at("2026-06-30T20:30")
    # Samoa had no 30 December 2011.
    assert opening(at("2011-12-29T12:00"), window("12:00", "1h", "Pacific/Apia", "Sat")) == at(
        "2011-12-30T22:00"
    )


def test_of_several_the_first_counts_and_they_join() -> None:
    pair = window("01:00", "1h", None, "Wed"), window("22:00", "3h", None, "Tue")
    assert opening(NOON, *pair) == at("2026-12-01T22:00")
    assert opening(at("2026-12-02T01:30"), *pair) == at("2026-12-02T01:30")
    assert opening(at("2026-12-02T02:00"), *pair) == at("2026-12-08T22:00")


def test_all_sets_must_be_open() -> None:
    ours, theirs = (window("01:00", "4h", BERLIN),), (window("02:00", "24h", None, "Sun"),)
    assert next_opening((ours, theirs), NOON) == at("2026-12-06T02:00")
    assert next_opening((ours, theirs), at("2026-12-06T04:00")) == at("2026-12-07T00:00"), "ours opens again"
    assert next_opening((ours, ()), NOON) == at("2026-12-01T00:00")


def test_sets_that_never_meet_do_not_open() -> None:
    ours, theirs = (window("01:00", "1h"),), (window("02:00", "1h"),)
    assert next_opening((ours, theirs), NOON) is None


def test_sets_that_only_touch_do_not_meet() -> None:
    touching = (window("01:00", "1h"),), (window("02:00", "1h"), window("00:00", "1h"))
    assert next_opening(touching, at("2026-12-01T02:00")) is None


def test_windows_that_meet_in_winter_only_are_seen_to_as_it_comes_near() -> None:
    ours, theirs = (window("01:00", "1h", None, "Sun"),), (window("02:00", "1h", BERLIN, "Sun"),)
    assert next_opening((ours, theirs), at("2026-06-01T00:00")) is None
    assert next_opening((ours, theirs), at("2026-10-20T00:00")) == at("2026-11-01T01:00")


def test_what_never_meets_is_looked_for_once_a_day() -> None:
    """Sixteen windows for five weeks take milliseconds, and an object is looked at any number of times."""
    zones = (BERLIN, NEW_YORK, LORD_HOWE, "Asia/Kolkata", None, "UTC", "Etc/UTC", "Asia/Tokyo")
    ours = tuple(window("01:00", "10m", "Pacific/Apia", day) for day in DAYS)
    theirs = tuple(window("13:20", "10m", zone, "Wed") for zone in zones)
    asked, day = meetings.cache_info().misses, at("2033-01-05T00:00")
    for minutes in range(0, 24 * 60, 10):
        assert next_opening((ours, theirs), day + timedelta(minutes=minutes)) is None
    assert meetings.cache_info().misses == asked + 1


# -- time zones ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "Europe/../../../etc/passwd",
        "Europe/Berlin/",
        "Europe//Berlin",
        "America",
        "zone.tab",
        "tzdata.zi",
        "__init__",
        "__init__.py",
        "localtime",
        "posixrules",
        "right/UTC",
        "posix/UTC",
        "Factory",
        "europe/berlin",
        "Europe/Berlin\n",
        "Europe/Berlin\0",
        "UTC+2",
        "CET-1CEST",
        ":/etc/localtime",
        "",
        "x" * 10_000,
        "Ünknown/Zone",
    ],
)
def test_no_other_file_and_nothing_of_the_machines_own_is_a_time_zone(name: str) -> None:
    assert zone_of(name) is None


def test_every_time_zone_of_the_database_is_one() -> None:
    own = {"localtime", "Factory", "posixrules"}
    names = {name for name in available_timezones() - own if not name.startswith(("posix/", "right/"))}
    assert len(names) > 400
    assert [name for name in names if zone_of(name) is None] == []
    Window.model_validate({"start": "00:00", "duration": "1h", "timeZone": max(names, key=len)})


def test_the_time_zones_that_nobody_knows_are_told_and_never_open() -> None:
    odd, known = window("00:00", "24h", "Europe/Atlantis"), window("03:00", "1h", BERLIN)
    assert unknown_zones((odd, known, odd, window("00:00", "1h"))) == ("Europe/Atlantis",)
    assert opening(NOON, odd) is None
    assert opening(NOON, odd, known) == at("2026-12-01T02:00")


# -- any -------------------------------------------------------------------------------------------------
ZONES = st.sampled_from(
    [
        "UTC",
        BERLIN,
        NEW_YORK,
        LORD_HOWE,
        "Asia/Shanghai",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Asia/Kolkata",
    ]
)
SOME = st.builds(
    lambda hour, minute, length, zone, days: window(f"{hour:02}:{minute:02}", f"{length}m", zone, *days),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(10, 999),
    ZONES,
    st.lists(st.sampled_from(DAYS), unique=True, max_size=7),
)
SETS = st.lists(st.lists(SOME, min_size=1, max_size=3), min_size=1, max_size=2)
WALLS = st.integers(0, 6 * 365 * 86400).map(
    lambda seconds: at("2024-01-01T00:00") + timedelta(seconds=seconds)
)


@given(SETS, WALLS)
def test_what_opens_is_open_and_was_not_before(sets: list[list[Window]], wall: datetime) -> None:
    found = next_opening(sets, wall)
    assert (found == wall) is all(open_at(windows, wall) for windows in sets)
    if found is None:
        assert len(sets) > 1
        return
    assert wall <= found <= wall + HORIZON + timedelta(days=3)
    assert all(open_at(windows, found) for windows in sets)
    if found > wall:
        assert not all(open_at(windows, found - timedelta(microseconds=1)) for windows in sets)
        middle = wall + (found - wall) / 2
        assert not all(open_at(windows, middle) for windows in sets)
        assert next_opening(sets, middle) == found, "it stays the same while it is waited for"
