"""What the cloud refuses becomes the error that fits, with words that are fit to be shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.onecloud import error_reply, protocol, signin_reply
from onecloud_operator.onecloud.connection_errors import WebPage
from onecloud_operator.onecloud.errors import (
    GatewayError,
    GatewayTimeout,
    OneCloudError,
    ProtocolError,
    RateLimited,
    Redirected,
    ResourceNotFound,
    ServerError,
)
from onecloud_operator.onecloud.protocol import Reply, Request, Traffic
from onecloud_operator.onecloud.redact import Redactor
from tests.onecloud.answers import CREATE, GET, ID, RECORDED, SIGN_IN, error_of, refusal, reply


@pytest.mark.parametrize("recorded", [pytest.param(row, id=row["case"]) for row in RECORDED])
def test_a_recorded_refusal_gets_its_class(recorded: dict[str, Any]) -> None:
    is_sign_in = (recorded["method"], recorded["path"]) == ("POST", "/v3/auth/tokens")
    body = {"server": {"id": recorded["id_sent"]}} if "id_sent" in recorded else None
    traffic = Traffic.READ if is_sign_in or recorded["method"] == "GET" else Traffic.WRITE
    request = Request("x", recorded["method"], recorded["path"], recorded["path"], traffic, body=body)
    answer = reply(recorded["status"], recorded["answer"])
    error = (signin_reply.refusal if is_sign_in else error_reply.parse_error)(request, answer)
    assert type(error).__name__ == recorded["expected"]
    assert error.request_id == "abc-1"
    assert '{"' not in str(error)


@pytest.mark.parametrize(
    ("status", "error_class", "expected"),
    [
        pytest.param(400, "InsufficientResourceError", "NoCapacity", id="no-room"),
        pytest.param(400, "ServerStatusError", "InvalidStatus", id="another-word-for-status"),
        pytest.param(402, "PaymentError", "ApiError", id="a-kind-we-do-nothing-special-for"),
        pytest.param(406, "UnsupportOperationError", "NotSupported", id="not-supported"),
        pytest.param(409, "ResourceBusyError", "Busy", id="busy"),
        pytest.param(409, "DuplicateIdError", "DuplicateId", id="a-release-that-names-it"),
        pytest.param(409, "ConflictError", "Conflict", id="conflict"),
        pytest.param(413, "TooLargeEntity", "InvalidInput", id="too-large"),
        pytest.param(423, "UserLocked", "Locked", id="locked"),
        pytest.param(429, "TooManyRequests", "RateLimited", id="queue-full"),
        pytest.param(499, "ConnectRefusedError", "ApiError", id="a-fault-behind-the-service"),
        pytest.param(500, "ResourceNotReadyError", "Busy", id="not-ready"),
        pytest.param(501, "NotImplementedError", "NotSupported", id="not-implemented"),
        pytest.param(502, "BadGateway", "GatewayError", id="gateway"),
        pytest.param(504, "TimeoutError", "GatewayTimeout", id="timeout"),
        pytest.param(507, "OutOfResource", "NoCapacity", id="out-of-resource"),
        pytest.param(598, "Whatever", "ServerError", id="internal-code"),
        pytest.param(400, "NewClassOfNextRelease", "InvalidInput", id="an-unknown-class-goes-by-status"),
    ],
)
def test_a_class_that_was_not_recorded(status: int, error_class: str, expected: str) -> None:
    assert type(error_reply.parse_error(GET, refusal(status, error_class, "x"))).__name__ == expected


@pytest.mark.parametrize(
    ("request_", "status", "ambiguous"),
    [
        pytest.param(CREATE, 504, True, id="a-create-goes-on-after-504"),
        pytest.param(CREATE, 502, True, id="a-create-behind-a-broken-gateway"),
        pytest.param(CREATE, 500, True, id="a-create-that-failed-somewhere"),
        pytest.param(CREATE, 400, False, id="a-create-refused"),
        pytest.param(GET, 504, False, id="a-read-changes-nothing"),
        pytest.param(protocol.create_server({}, dry_run=True), 504, False, id="a-dry-run-changes-nothing"),
        pytest.param(SIGN_IN, 504, False, id="a-sign-in-changes-nothing"),
    ],
)
def test_a_write_that_may_have_happened_says_so(request_: Request, status: int, *, ambiguous: bool) -> None:
    assert error_reply.parse_error(request_, refusal(status, "SomeError", "x")).ambiguous is ambiguous


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param(
            f"TxExec: Error 1062: Duplicate entry '{ID}' for key 'PRIMARY'", "DuplicateId", id="ours"
        ),
        pytest.param(
            f"Error 1062: Duplicate entry '{ID}' for key 'guests_tbl.PRIMARY'", "DuplicateId", id="8.0"
        ),
        pytest.param(
            f"Error 1062 (23000): Doppelter Eintrag '{ID}' für Schlüssel 'PRIMARY'",
            "DuplicateId",
            id="in-german",
        ),
        pytest.param(
            f"Error 1062 (23000): 键 “PRIMARY” 的条目 “{ID.upper()}” 重复", "DuplicateId", id="in-chinese"
        ),
        pytest.param(
            f"Insert: Duplicate entry '{ID}' for key 'guests_tbl.PRIMARY'", "DuplicateId", id="no-number"
        ),
        pytest.param(
            'pq: duplicate key value violates unique constraint "guests_tbl_pkey"',
            "DuplicateId",
            id="postgresql",
        ),
        pytest.param(
            f"ERROR: doppelter Schlüsselwert (SQLSTATE 23505), guests_tbl_pkey: (id)=({ID})",
            "DuplicateId",
            id="postgresql-in-german",
        ),
        pytest.param("UNIQUE constraint failed: guests_tbl.id", "DuplicateId", id="sqlite"),
        pytest.param("UNIQUE constraint failed: disks_tbl.id", "ServerError", id="sqlite-another-table"),
        pytest.param(
            "UNIQUE constraint failed: guests_tbl.domain_id", "ServerError", id="sqlite-another-column"
        ),
        pytest.param(
            "UNIQUE constraint failed: guests_tbl.name, guests_tbl.id", "ServerError", id="sqlite-two-columns"
        ),
        pytest.param(
            'pq: duplicate key value violates unique constraint "guests_tbl_name_key"',
            "ServerError",
            id="postgresql-another-key",
        ),
        pytest.param(
            f"Error 1062: Duplicate entry '{ID}-0' for key 'PRIMARY'", "ServerError", id="a-longer-key"
        ),
        pytest.param("Error 1062: Duplicate entry '42' for key 'PRIMARY'", "ServerError", id="another-table"),
        pytest.param(
            f"Error 1062: Duplicate entry '{ID}' for key 'ix_name'", "ServerError", id="another-key"
        ),
        pytest.param(f"Error 1213: Deadlock, '{ID}', PRIMARY", "ServerError", id="another-error"),
    ],
)
def test_only_our_own_id_in_the_primary_key_is_a_used_id(details: str, expected: str) -> None:
    error = error_reply.parse_error(CREATE, refusal(500, "UnclassifiedError", details))
    assert type(error).__name__ == expected


def test_user_data_that_names_the_id_does_not_hide_that_it_is_used() -> None:
    """What is hidden from the message still counts for what is done."""
    request = protocol.create_server({"id": ID, "user_data": f"#!/bin/sh\nmy_own_id={ID}\n"})
    answer = refusal(500, "UnclassifiedError", f"Error 1062: Duplicate entry '{ID}' for key 'PRIMARY'")
    error = error_reply.parse_error(request, replace(answer, mask=Redactor(request.body)))
    assert type(error).__name__ == "DuplicateId"


def test_an_error_within_an_error_that_says_error_twice_is_no_fault() -> None:
    text = '{"error":{"details":"x"},"error":5}'
    assert error_of(GET, refusal(400, "InputParameterError", f"Validate: {text}")).details == "Validate: {…}"


def test_the_innermost_text_is_shown() -> None:
    inner = json.dumps({"error": {"class": "X", "code": 404, "details": "serversku no.such not found"}})
    middle = json.dumps({"error": {"details": f"FetchSku: {inner}"}})
    assert error_of(GET, refusal(404, "ResourceNotFoundError", f"Validate: {middle}")).details == (
        "serversku no.such not found"
    )


def test_an_error_wrapped_by_a_proxy_is_unwrapped() -> None:
    answer = reply(404, {"error": {"code": 404, "class": "ResourceNotFoundError", "details": "x"}})
    assert isinstance(error_reply.parse_error(GET, answer), ResourceNotFound)


def test_details_are_one_short_line() -> None:
    error = error_of(GET, refusal(400, "InputParameterError", "a\n\tb\x00" + "c" * 10_000))
    assert error.details.startswith("a b?ccc")
    assert len(error.details) == 500


def test_an_echoed_request_is_not_shown() -> None:
    """The cloud repeats a whole body that it cannot convert, passwords and user data included."""
    sent = json.dumps({"password": "Secret-123456", "vmem_size": "1g"})
    error = error_of(
        CREATE, refusal(500, "UnclassifiedError", f"unable to convert '{sent}' to Type \"X\": why")
    )
    assert error.details == "unable to convert '{…}' to Type \"X\": why"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Reply(302, {"location": "http://evil"}, b""), Redirected, id="redirect"),
        pytest.param(Reply(404, {"content-type": "text/html"}, b"<html>"), WebPage, id="html-404"),
        pytest.param(Reply(403, {"content-type": "text/html"}, b"<html>"), WebPage, id="html-403"),
        pytest.param(Reply(502, {"content-type": "text/html"}, b"<html>"), GatewayError, id="html-502"),
        pytest.param(Reply(504, {"content-type": "text/html"}, b"<html>"), GatewayTimeout, id="html-504"),
        pytest.param(Reply(429, {}, b""), RateLimited, id="empty-429"),
        pytest.param(Reply(500, {}, b"[]"), ProtocolError, id="500-with-a-list"),
        pytest.param(Reply(500, {}, b"{}"), ServerError, id="500-without-words"),
        pytest.param(Reply(101, {}, b""), ProtocolError, id="101"),
    ],
)
def test_an_answer_of_something_else(answer: Reply, expected: type[OneCloudError]) -> None:
    assert type(error_reply.parse_error(GET, answer)) is expected


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        pytest.param("https://new.example/v3", ", a redirect to https://new.example", id="another-host"),
        pytest.param("http://10.0.0.1:5000/v3?a=b", ", a redirect to http://10.0.0.1:5000", id="a-port"),
        pytest.param("//[fd00::1]:5000/v3", ", a redirect to //[fd00::1]:5000", id="the-same-scheme"),
        pytest.param("/login?next=/v3", ", a redirect to another path", id="the-same-host"),
        pytest.param("http://user:Sesam@new.example/", ", a redirect to http://new.example", id="a-password"),
        pytest.param(
            "https://new.example/Sesam?x=Sesam#Sesam", ", a redirect to https://new.example", id="path"
        ),
        pytest.param(
            "https://Sesam-0ffne-dich.example/",
            ", a redirect to https://[hidden].example",
            id="a-secret-for-a-host",
        ),
        pytest.param(f"https://{'a' * 300}/", "", id="too-long-for-a-host"),
        pytest.param("javascript:alert(1)", "", id="another-scheme"),
        pytest.param("/\\evil.example", "", id="a-backslash"),
        pytest.param("", "", id="nowhere"),
    ],
)
def test_a_redirect_tells_the_host_that_it_leads_to_and_nothing_more(location: str, shown: str) -> None:
    hidden = Redactor({"password": "Sesam-0ffne-dich"})
    answer = Reply(302, {"location": location}, b"", mask=hidden)
    assert error_reply.parse_error(GET, answer).message == f"the service answered 302{shown}"
