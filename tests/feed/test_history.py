from __future__ import annotations

import json

import pytest

from onecloud_operator.feed.history import history_in, text_of_notes
from onecloud_operator.onecloud.models import Event

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
