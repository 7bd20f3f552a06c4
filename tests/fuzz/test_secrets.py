"""Whatever stands in a Secret, it gives credentials or is refused without a word of what stands in it."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.controller.credentials import credentials_of
from onecloud_operator.kube.secrets import Data, SecretUnusable, data_of
from onecloud_operator.onecloud import Credentials
from onecloud_operator.onecloud.auth import canonical_auth_url
from onecloud_operator.onecloud.errors import InvalidRequest
from tests.fuzz.strategies import FUZZ, json_values, texts

HIDDEN = ("OS_PASSWORD", "OS_SECRET_KEY", "OS_TOKEN", "OS_CAS_TICKET")
OPEN = (
    "OS_AUTH_URL", "OS_USERNAME", "OS_USER_ID", "OS_PROJECT_NAME", "OS_PROJECT_ID",
    "OS_DOMAIN_NAME", "OS_PROJECT_DOMAIN", "OS_ACCESS_KEY",
    "OS_REGION_NAME", "OS_ENDPOINT_TYPE", "OS_INSECURE", "OS_ALLOW_HTTP", "OS_DOMAIN_SCOPE", "ca.crt",
)  # fmt: skip
MARK = "Geheim-4711-"
urls = st.sampled_from(
    [
        "https://cloud/v3",
        "http://[::1",
        "https://u:p@cloud",
        "ftp://cloud",
        "https://",
        "//cloud",
        "https://cloud:99999",
    ]
)


def secret(found: dict[str, str]) -> dict[str, Any]:
    """Return a Secret as the API server gives it."""
    return {"data": {k: base64.b64encode(v.encode("utf-8", "replace")).decode() for k, v in found.items()}}


def credentials_or_refusal(found: dict[str, str]) -> Credentials | SecretUnusable:
    try:
        return credentials_of(data_of(secret(found)))
    except SecretUnusable as error:
        return error


@FUZZ
@given(
    st.dictionaries(st.sampled_from(OPEN), texts | urls),
    st.dictionaries(st.sampled_from(HIDDEN), texts.map(lambda text: MARK + text)),
)
def test_any_values_are_credentials_or_refused_without_being_told(
    found: dict[str, str], hidden: dict[str, str]
) -> None:
    made = credentials_or_refusal(found | hidden)
    if isinstance(made, SecretUnusable):
        assert MARK not in f"{made!r} {made} {made.__cause__} {made.__context__}"
        return
    assert MARK not in repr(made)


@FUZZ
@given(json_values, st.binary(max_size=40))
def test_anything_for_data_is_read_or_left_out(value: Any, content: bytes) -> None:
    assert isinstance(data_of({"data": value}), Data)
    given = {"one": base64.b64encode(content).decode(), "other": value}
    keys = data_of({"data": given}, {"one": 1000, "other": 1000})
    assert {*keys.values, *keys.flaws} == set(given)


@FUZZ
@given(texts | urls)
def test_any_text_is_a_sign_in_url_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        assert canonical_auth_url(text).startswith(("http://", "https://"))
