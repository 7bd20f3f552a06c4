from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from onecloud_operator.feed.history import cause_in, history_in, text_of_notes
from onecloud_operator.onecloud.models import Event, EventPage
from onecloud_operator.onecloud.redact import Redactor

SECRET = "s3cret-password"


def events(*lines: tuple[str, str]) -> list[Event]:
    """Return events, newest first, from lines in the order of time."""
    found = [
        Event(id=number, action=action, server_id="s1", notes=notes)
        for number, (action, notes) in enumerate(lines)
    ]
    return found[::-1]


CREATE = ("create", '{"cpu":1}')


def test_a_creation_that_failed_never_started() -> None:
    past = history_in(
        events(CREATE, ("updatestatus", "init=>schedule"), ("updatestatus", "schedule=>sched_fail: no room"))
    )
    assert past is not None
    assert not past.started
    assert past.failure == "no room"


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(("start", ""), id="it-was-started"),
        pytest.param(("starting", ""), id="a-start-was-tried"),
        pytest.param(("updatestatus", "starting=>running"), id="it-reached-running"),
        pytest.param(
            ("updatestatus", "sync_status=>running: perform_syncstatus"), id="a-sync-found-it-running"
        ),
    ],
)
def test_whatever_ever_ran_counts_as_started_even_if_it_failed_since(sign: tuple[str, str]) -> None:
    past = history_in(events(CREATE, sign, ("updatestatus", "ready=>disk_fail: disk is full")))
    assert past is not None
    assert past.started


def test_a_log_that_does_not_reach_back_to_the_creation_proves_nothing() -> None:
    """Events may be lost or purged: "never started" must be known, not presumed."""
    assert history_in(events(("updatestatus", "deploying=>deploy_fail: no"))) is None
    assert history_in([]) is None


def test_the_newest_failure_is_told() -> None:
    past = history_in(
        events(CREATE, ("updatestatus", "disk=>disk_fail: allocation failed"), ("alloc_fail", "full"))
    )
    assert past is not None
    assert past.failure == "full"


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param("allocation failed", "allocation failed", id="plain-words"),
        pytest.param(
            '{"__reason__":"stub no","__stage__":"OnReady","__status__":"error"}', "stub no", id="a-reason"
        ),
        pytest.param(
            json.dumps({"__reason__": {"reason": json.dumps({"__reason__": "no space"}), "stage": "X"}}),
            "no space",
            id="a-reason-within-a-reason-as-text",
        ),
        pytest.param(
            json.dumps(
                ["No room", json.dumps({"error": {"code": 400, "details": 'No host, session_id="17954"\n'}})]
            ),
            "No room: No host",
            id="a-list-with-an-error",
        ),
        pytest.param(
            json.dumps(["No room", f'{{"request":{{"body":"{SECRET}"'])[:-4],
            "No room",
            id="a-list-that-was-cut-off",
        ),
        pytest.param(f'{{"request":{{"body":"{SECRET}', "", id="an-object-that-was-cut-off"),
        pytest.param(json.dumps({"request": {"body": SECRET}}), "", id="nothing-but-a-request"),
        pytest.param(f'it failed: {{"request":"{SECRET}"}}', "it failed", id="words-before-json"),
        pytest.param("", "", id="nothing"),
        pytest.param("x" * 1000, "x" * 299 + "…", id="long-words-are-cut"),
    ],
)
def test_only_the_words_for_people_are_taken_out_of_notes(notes: str, expected: str) -> None:
    assert text_of_notes(notes) == expected


def test_notes_nested_without_end_are_no_stack_overflow() -> None:
    assert text_of_notes("[" * 100_000) == ""
    assert text_of_notes('{"reason":' * 5_000 + '"x"' + "}" * 5_000) == ""


# -- the cause of the newest failure -----------------------------------------------------------------------
REASON = '{"__reason__":"no kvm device","__stage__":"OnStartComplete","__status__":"error"}'
STARTED = (
    CREATE,
    ("updatestatus", "ready=>start_start"),
    ("starting", ""),
    ("updatestatus", "start_start=>starting"),
)
FAILED = (*STARTED, ("updatestatus", f"starting=>start_fail: {REASON}"), ("start_fail", REASON))
RAN_AGAIN = (
    ("updatestatus", "start_fail=>sync_status: perform_syncstatus"),
    ("updatestatus", "sync_status=>ready"),
)
DATED = datetime(2026, 11, 23, 8, 0, 30, tzinfo=UTC)


def page_of(*lines: tuple[str, str], **more: object) -> EventPage:
    """Return a page of events, one a second from 8 o'clock on, that was asked for at 100 seconds of ours."""
    stamped = [
        replace(event, happened_at=f"2026-11-23T08:00:{event.id:02d}.000000Z") for event in events(*lines)
    ]
    return replace(EventPage(tuple(stamped), None, 100.0), **{"date": DATED, **more})  # type: ignore[arg-type]


def test_the_cause_of_a_failed_status_is_what_its_events_say() -> None:
    cause = cause_in(page_of(*FAILED), "s1")
    assert (cause.text, cause.status) == ("no kvm device", "start_fail")
    assert cause.at == 100.0 - (30 - 5), "by our clock, whatever the cloud's says"


def test_the_cause_of_what_was_in_vain_stands_before_what_followed() -> None:
    cause = cause_in(page_of(*FAILED, *RAN_AGAIN), "s1")
    assert (cause.text, cause.status) == ("no kvm device", "ready")
    assert cause.at == 100.0 - (30 - 5)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((("start_fail", REASON), ("updatestatus", "starting=>start_fail")), id="action-first"),
        pytest.param((("updatestatus", "starting=>start_fail"), ("start_fail", REASON)), id="status-first"),
        pytest.param((("updatestatus", f"suspending=>suspend_failed: {REASON}"),), id="the-other-spelling"),
        pytest.param((("alloc_fail", "no kvm device"), ("disk_fail", "")), id="several"),
    ],
)
def test_all_events_of_one_failure_are_searched_for_words(lines: tuple[tuple[str, str], ...]) -> None:
    assert cause_in(page_of(*STARTED, *lines, *RAN_AGAIN), "s1").text == "no kvm device"


def test_the_words_of_an_older_failure_are_not_those_of_a_newer_one() -> None:
    silent = (*STARTED[1:], ("updatestatus", "starting=>start_fail"))
    assert cause_in(page_of(*FAILED, *RAN_AGAIN, *silent), "s1").text == ""


@pytest.mark.parametrize("lines", [(), (CREATE,), STARTED])
def test_without_a_failure_there_is_no_cause(lines: tuple[tuple[str, str], ...]) -> None:
    assert cause_in(page_of(*lines), "s1").text == ""


def test_events_of_other_servers_tell_nothing() -> None:
    assert cause_in(page_of(*FAILED), "s2").text == ""


def test_without_a_date_a_failure_is_not_taken_for_older_than_the_newest_event() -> None:
    assert cause_in(page_of(*FAILED, date=None), "s1").at == 100.0
    assert cause_in(page_of(*FAILED, *RAN_AGAIN, date=None), "s1").at == 98.0


def test_no_note_shows_a_secret_of_ours() -> None:
    lines = (*STARTED, ("start_fail", f"token {SECRET} was refused, {SECRET[:12]} too"))
    text = cause_in(page_of(*lines, mask=Redactor(secrets=(SecretStr(SECRET),))), "s1").text
    assert SECRET[:9] not in text
    assert "was refused" in text
