"""Requests and answers that the tests of replies and of errors share."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st
from pydantic import SecretStr

from onecloud_operator.onecloud import Credentials, ServerQuery, Token, error_reply, protocol
from onecloud_operator.onecloud.errors import ApiError
from onecloud_operator.onecloud.protocol import Reply, Request, Traffic

ID = "11111111-2222-4333-8444-555555555555"
GET = protocol.get_server(ID)
LIST = protocol.list_servers(ServerQuery())
CREATE = protocol.create_server({"id": ID, "name": "web-0"})
SIGN_IN = Request("sign_in", "POST", "/auth/tokens", "/auth/tokens", Traffic.READ)
CREDENTIALS = Credentials("https://cloud/v3", Token(SecretStr("token")))
RECORDED = json.loads((Path(__file__).parent / "recorded_errors.json").read_text())
JSON = {"content-type": "application/json"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
# The names that our parsers look for, with anything behind them.
answer_values = st.dictionaries(
    st.sampled_from(
        [
            "server",
            "servers",
            "events",
            "total",
            "limit",
            "offset",
            "id",
            "next_marker",
            "error",
            "class",
            "details",
            "code",
            "token",
        ]
    ),
    json_values | st.lists(st.dictionaries(st.sampled_from(["id", "action", "notes"]), json_values)),
)


def reply(status: int, body: object, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, JSON | headers, content, request_id="abc-1")


def refusal(status: int, error_class: str, details: object) -> Reply:
    return reply(status, {"code": status, "class": error_class, "details": details})


def error_of(request: Request, answer: Reply) -> ApiError:
    error = error_reply.parse_error(request, answer)
    assert isinstance(error, ApiError)
    return error
