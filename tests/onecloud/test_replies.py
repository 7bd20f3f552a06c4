"""Answers become values of ours or typed errors, whatever their bytes are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.onecloud import ServerQuery, error_reply, protocol, replies, signin_reply
from onecloud_operator.onecloud.errors import (
    OneCloudError,
    ProtocolError,
)
from onecloud_operator.onecloud.protocol import Reply
from tests.fuzz.strategies import DEAR
from tests.onecloud.answers import (
    CREATE,
    CREDENTIALS,
    GET,
    ID,
    LIST,
    SIGN_IN,
    answer_values,
    json_values,
    refusal,
    reply,
)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        pytest.param(
            "Mon, 23 Nov 2026 06:45:27 GMT", datetime(2026, 11, 23, 6, 45, 27, tzinfo=UTC), id="a-date"
        ),
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param("yesterday", None, id="words"),
        pytest.param("Mon, 99 Nov 2026 06:45:27 GMT", None, id="no-such-day"),
        pytest.param("Mon, 23 Nov 99999999999 06:45:27 GMT", None, id="no-such-year"),
        pytest.param("Thu, 31 Dec 1969 23:59:59 GMT", None, id="before-the-calendar"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", None, id="after-the-calendar"),
        pytest.param("1 " * 100_000, None, id="without-end"),
    ],
)
def test_an_answer_is_dated_by_its_header_if_that_can_be_read(
    date: str | None, expected: datetime | None
) -> None:
    assert Reply(200, {} if date is None else {"date": date}, b"").date == expected


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b"{}", id="an-empty-object"),
        pytest.param(b'{"servers":null}', id="null-servers"),
        pytest.param(b'{"servers":{}}', id="servers-as-an-object"),
        pytest.param(b'{"servers":[1]}', id="a-server-that-is-a-number"),
        pytest.param(b'{"servers":[{}]}', id="a-server-without-id"),
        pytest.param(b'{"servers":[],"total":"x"}', id="a-total-in-letters"),
        pytest.param(b'{"servers":[],"total":-1}', id="a-negative-total"),
        pytest.param(b'{"servers":[],"total":NaN}', id="not-a-number"),
        pytest.param(b'{"servers":[{"id":"\\ud800"}]}', id="half-a-character"),
        pytest.param(b'{"servers":[]}'.decode().encode("utf-16"), id="utf-16"),
        pytest.param(b'{"servers":' + b"[" * 100_000, id="a-deep-nest"),
        pytest.param(b'{"servers":[],"total":' + b"9" * 5000 + b"}", id="an-endless-number"),
    ],
)
def test_a_list_that_cannot_be_read_is_never_an_empty_one(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        replies.parse_servers(LIST, Reply(200, {}, content), ServerQuery(), 0.0)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-type": "text/html"}, id="html"),
        pytest.param({"content-encoding": "gzip"}, id="compressed"),
    ],
)
def test_an_answer_announced_as_something_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ProtocolError):
        replies.parse_servers(LIST, Reply(200, headers, b'{"servers":[]}'), ServerQuery(), 0.0)


def test_missing_totals_are_zero() -> None:
    page = replies.parse_servers(LIST, reply(200, {"servers": []}), ServerQuery(), 5.0)
    assert (page.rows, page.total, page.limit, page.offset, page.asked_at) == ((), 0, 0, 0, 5.0)


def test_rows_that_were_not_asked_for_are_left_out_and_counted() -> None:
    answer = reply(200, {"servers": [{"id": "a"}, {"id": "b"}], "total": 2})
    page = replies.parse_servers(LIST, answer, ServerQuery(ids=("a",)), 0.0)
    assert (page.rows, page.unrequested) == (({"id": "a"},), 1)


def test_a_created_server_without_an_id_may_exist_all_the_same() -> None:
    with pytest.raises(ProtocolError) as caught:
        replies.parse_server(CREATE, reply(200, {"server": {"name": "web-0"}}))
    assert caught.value.ambiguous


def test_a_dry_run_needs_no_id() -> None:
    request = protocol.create_server({}, dry_run=True)
    assert replies.parse_server(request, reply(200, {"server": {"name": "w"}})) == {"name": "w"}


def test_events_after_the_marker_are_without_the_marked_one() -> None:
    rows = [{"id": 7, "action": "create"}, {"id": "8", "action": "delete", "obj_id": ID, "notes": None}]
    answer = reply(200, {"events": rows, "next_marker": ""})
    page = replies.parse_events(LIST, answer, 7, 0.0)
    assert [(event.id, event.action, event.server_id, event.notes) for event in page.events] == [
        (8, "delete", ID, "")
    ]
    assert page.next_marker is None


@pytest.mark.parametrize(
    ("answer", "is_missing"),
    [
        pytest.param(refusal(404, "ResourceNotFoundError", f"server {ID} not found"), True, id="this-server"),
        pytest.param(
            refusal(404, "ResourceNotFoundError", f"服务器 {ID.upper()} 不存在"), True, id="any-language"
        ),
        pytest.param(refusal(404, "ResourceNotFoundError", "disk 0 not found"), False, id="another-thing"),
        pytest.param(
            refusal(404, "NotFoundError", f"Handler /servers/{ID} not found"), False, id="no-such-route"
        ),
        pytest.param(
            refusal(403, "ResourceNotFoundError", f"server {ID} not found"), False, id="another-status"
        ),
        pytest.param(Reply(404, {}, f"<html>{ID}".encode()), False, id="a-proxys-page"),
        pytest.param(Reply(404, {}, b""), False, id="nothing-said"),
    ],
)
def test_only_a_404_about_this_server_says_that_it_is_missing(answer: Reply, *, is_missing: bool) -> None:
    assert error_reply.missing(GET, answer, ID) is is_missing


@DEAR
@given(
    status=st.sampled_from([200, 201, 204, 301, 400, 403, 404, 409, 500, 504]),
    value=json_values | answer_values,
)
def test_any_json_is_a_value_or_a_typed_error(status: int, value: object) -> None:
    check_parsers(reply(status, value))


@DEAR
@given(content=st.binary(max_size=200), status=st.integers(min_value=100, max_value=999))
def test_any_bytes_are_a_value_or_a_typed_error(content: bytes, status: int) -> None:
    check_parsers(Reply(status, {}, content))


def check_parsers(answer: Reply) -> None:
    """Every parser returns, or raises one of our errors: anything else fails the test that calls this."""
    token = Reply(answer.status, {"x-subject-token": "t"}, answer.body)
    for parse in (
        lambda: replies.parse_server(GET, answer),
        lambda: replies.parse_acknowledged(CREATE, answer),
        lambda: replies.parse_servers(LIST, answer, ServerQuery(ids=("a",)), 0.0),
        lambda: replies.parse_events(LIST, answer, None, 0.0),
        lambda: error_reply.missing(GET, answer, ID),
        lambda: signin_reply.parse_session(CREDENTIALS, SIGN_IN, token, 0.0),
    ):
        try:
            parse()
        except OneCloudError as error:
            str(error).encode()


def test_a_row_whose_id_is_too_long_is_left_out_and_counted_and_harms_no_other() -> None:
    answer = reply(200, {"servers": [{"id": "x" * 129}, {"id": "y" * 128}], "total": 2})
    page = replies.parse_servers(LIST, answer, ServerQuery(), 0.0)
    assert (page.rows, page.unrequested) == (({"id": "y" * 128},), 1)


def test_a_created_server_whose_id_is_too_long_may_exist_all_the_same() -> None:
    with pytest.raises(ProtocolError) as caught:
        replies.parse_server(CREATE, reply(200, {"server": {"id": "x" * 129}}))
    assert caught.value.ambiguous
    assert len(str(caught.value)) < 200
