import json
from dataclasses import replace

from onecloud_operator.onecloud.errors import ApiError, Call
from onecloud_operator.translate import (
    Doing,
    mirror_of,
    observed_from_details,
    observed_from_row,
    problem_of,
    recall,
)
from tests.cloud.recorded import exchanges
from tests.translate.arrange import FULL, SECRET, detailed


def test_user_data_never_leaves_the_border() -> None:
    """The platform shows a server's user data, and the body that made it, among its metadata."""
    assert SECRET in json.dumps(FULL)
    seen = observed_from_details(FULL)
    row = observed_from_row(FULL, seen)
    recalled = recall(seen.mirror)
    shown = (seen, row, recalled, replace(seen, mirror={}), mirror_of(FULL), observed_from_row(FULL, None))
    assert not [each for each in shown if SECRET in repr(each)]


def test_no_recorded_user_data_shows() -> None:
    secrets = [
        value
        for server in detailed()
        for key, value in server.get("metadata", {}).items()
        if key in {"user_data", "create_params", "__os_profile__"} and value
    ]
    assert secrets
    for server in detailed():
        seen = repr(observed_from_details(server))
        assert not [secret for secret in secrets if secret in seen]


def test_an_unknown_key_of_the_metadata_shows_nowhere() -> None:
    for key in ("password", "login_key", "__secret", "sys:x", "ext:x", "user", "USER:x"):
        shown = observed_from_details({"id": "s1", "metadata": {key: SECRET}})
        assert SECRET not in repr(shown)


def test_no_message_about_a_refused_creation_holds_what_was_sent() -> None:
    sent = [
        body
        for exchange in exchanges()
        if exchange.method == "POST"
        and isinstance(exchange.body, dict)
        and isinstance(body := exchange.body.get("server"), dict)
    ]
    hidden = {str(body[key]) for body in sent for key in ("password", "user_data") if body.get(key)}
    assert hidden
    for exchange in exchanges():
        if exchange.status < 400:
            continue
        call = Call("POST", "/servers", "1a2b3c", writes=True)
        error = ApiError(call, exchange.status, exchange.kind, exchange.details)
        message = problem_of(error, doing=Doing.CREATE).message
        assert not [secret for secret in hidden if len(secret) > 3 and secret in message]
        assert "1a2b3c" not in message
