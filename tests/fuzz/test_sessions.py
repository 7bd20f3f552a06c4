"""Whatever answers a sign-in, it opens a session or is a typed error without the token in it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from onecloud_operator.onecloud.auth import Session
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.protocol import Reply
from onecloud_operator.onecloud.redact import Redactor
from onecloud_operator.onecloud.signin_reply import parse_session
from tests.fuzz.strategies import FUZZ, spoilt
from tests.onecloud.answers import CREDENTIALS, JSON, SIGN_IN

TOKEN = "gAAAA-Geheim-4711"
ANSWER: dict[str, Any] = {
    "token": {
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "expires_at": "2026-01-02T00:00:00.000000Z",
        "project": {"id": "9ba548d7b41246938c5f46332a74bb50", "name": "lab", "domain": {"id": "default"}},
        "user": {"id": "u-1", "name": "labuser"},
        "roles": [{"name": "admin"}],
        "catalog": [
            {
                "type": "compute_v2",
                "name": "region2",
                "endpoints": [
                    {
                        "interface": "public",
                        "region": "LabRegion",
                        "region_id": "LabRegion",
                        "url": "https://c:1",
                    }
                ],
            }
        ],
    }
}


def opened(status: int, headers: dict[str, str], content: bytes) -> None:
    """Have an answer read."""
    reply = Reply(status, headers, content, mask=Redactor(secrets=(SecretStr(TOKEN),)))
    found: Session | OneCloudError
    try:
        found = parse_session(CREDENTIALS, SIGN_IN, reply, 0.0)
    except OneCloudError as error:
        found = error
    assert TOKEN not in f"{found} {found!r}"


def test_a_sound_answer_opens_a_session() -> None:
    reply = Reply(200, {**JSON, "x-subject-token": TOKEN}, json.dumps(ANSWER).encode())
    assert parse_session(CREDENTIALS, SIGN_IN, reply, 0.0).region == "LabRegion"


@FUZZ
@given(spoilt(ANSWER), st.sampled_from([200, 201, 204]))
def test_a_spoilt_answer_is_a_session_or_a_typed_error(answer: dict[str, Any], status: int) -> None:
    opened(status, {**JSON, "x-subject-token": TOKEN}, json.dumps(answer).encode("utf-8", "replace"))


@FUZZ
@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["content-type", "x-subject-token"]), st.text()),
    st.binary(),
)
def test_any_answer_is_a_session_or_a_typed_error(
    status: int, headers: dict[str, str], content: bytes
) -> None:
    opened(status, headers, content + TOKEN.encode())
