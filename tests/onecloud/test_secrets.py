"""No secret in a repr, an error, a log or a metric: not ours, not the cloud's, not the server's."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import (
    AccessKey,
    CasTicket,
    Cloud,
    Password,
    Session,
    Token,
    protocol,
)
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.models import Exchange
from onecloud_operator.onecloud.signin_request import sign_in
from tests.onecloud.origin import (
    SERVER_ID,
    Answer,
    Asked,
    Region,
    credentials,
    endpoints,
    serving,
)

if TYPE_CHECKING:
    from onecloud_operator.onecloud.auth import Method

SECRET = "Tr0ub4dor&3-secret"
USER_DATA = "#cloud-config\nwrite_files:\n- content: my-api-key-12345\n"


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(Password(SecretStr(SECRET), user_name="u"), id="password"),
        pytest.param(Token(SecretStr(SECRET)), id="token"),
        pytest.param(AccessKey("ak", SecretStr(SECRET)), id="access-key"),
        pytest.param(CasTicket(SecretStr(SECRET)), id="cas"),
    ],
)
def test_no_repr_shows_a_secret(method: Method) -> None:
    given = credentials("https://cloud", method=method)
    for thing in (method, given, sign_in(given, method, datetime.now(UTC))):
        assert SECRET not in repr(thing)
        assert SECRET not in str(thing)
    assert SECRET not in given.fingerprint


async def test_a_session_does_not_show_its_token() -> None:
    region = Region()
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        session: Session = await Cloud(credentials(place.url), ours).session()
        await ours.close()
    assert session.token.get_secret_value() == "token-1"
    assert "token-1" not in repr(session)
    assert "echoed-secret-key" not in repr(session) + str(vars(type(session)))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda asked: asked.content.decode(), id="the-whole-body"),
        pytest.param(
            lambda asked: f"unable to convert '{asked.content.decode()}' to X", id="as-the-cloud-does"
        ),
        pytest.param(lambda asked: f"bad user {asked.json['server']['user_data']!s}", id="the-user-data"),
        pytest.param(lambda asked: f"weak password {asked.json['server']['password']}", id="the-password"),
        pytest.param(lambda _: f"line: {USER_DATA.splitlines()[2]}", id="a-line-of-the-user-data"),
        pytest.param(lambda asked: f"token {asked.token}", id="the-token"),
    ],
)
async def test_an_error_that_repeats_what_we_sent_is_cleaned(
    body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    region, seen = Region(), list[Exchange]()

    async def echo(asked: Asked) -> Answer:
        return Answer(400, {"code": 400, "class": "InputParameterError", "details": body(asked)})

    region.routes["POST /servers"] = echo
    with caplog.at_level(logging.DEBUG):
        async with serving(region.respond) as place:
            region.url = place.url
            ours = endpoints(seen=seen)
            with pytest.raises(OneCloudError) as caught:
                await Cloud(credentials(place.url), ours).create_server(
                    {"name": "w", "password": SECRET, "user_data": USER_DATA}
                )
            await ours.close()
    shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)} {caplog.text} {seen}"
    for secret in (SECRET, "my-api-key-12345", "token-1"):
        assert secret not in shown


async def test_a_sign_in_refusal_that_repeats_the_password_is_cleaned() -> None:
    region = Region()
    region.sign_in = Answer(401, {"code": 401, "class": "WrongPassword", "details": f"not {SECRET}"})
    async with serving(region.respond) as place:
        ours = endpoints()
        given = credentials(place.url)
        given = replace(given, method=Password(SecretStr(SECRET), user_name="u"))
        with pytest.raises(OneCloudError, match="hidden") as caught:
            await Cloud(given, ours).session()
        await ours.close()
    assert SECRET not in f"{caught.value!s} {vars(caught.value)}"


async def test_logs_at_the_lowest_level_show_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """The HTTP library logs headers at DEBUG, and a sign-in's answer brings the token in one."""
    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(
        200, {"server": {"id": SERVER_ID, "password": SECRET}}
    )
    with caplog.at_level(logging.DEBUG):
        async with serving(region.respond) as place:
            region.url = place.url
            ours = endpoints()
            given = credentials(place.url)
            await Cloud(given, ours).get_server(SERVER_ID)
            await ours.close()
    assert isinstance(given.method, Password)
    for secret in ("token-1", SECRET, given.method.password.get_secret_value(), "echoed-secret-key"):
        assert secret not in caplog.text


def test_json_of_a_request_stays_out_of_its_repr() -> None:
    request = protocol.create_server({"user_data": USER_DATA, "password": SECRET})
    assert SECRET in json.dumps(request.body)
    assert SECRET not in repr(request)
