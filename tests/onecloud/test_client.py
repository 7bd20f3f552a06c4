"""The calls themselves: above all, when a server may be called gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.onecloud import Cloud
from onecloud_operator.onecloud.errors import (
    DuplicateId,
    Forbidden,
    InvalidStatus,
    NotFound,
    OneCloudError,
    ProtocolError,
    ResourceNotFound,
    ServerError,
)
from tests.onecloud.origin import (
    FORBIDDEN,
    MISSING,
    SERVER,
    SERVER_ID,
    Answer,
    Asked,
    Region,
    asking,
    credentials,
    endpoints,
    error,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ONE = f"GET /servers/{SERVER_ID}"
PROOF = "GET /servers?details=false&pending_delete=all&field=id&limit=1"
SIGN_IN = "POST /v3/auth/tokens"


async def test_a_missing_server_is_none_only_after_its_token_proved_alive() -> None:
    region = Region()
    region.routes[ONE] = MISSING
    found, place = await asking(region, lambda cloud: cloud.get_server(SERVER_ID))
    assert found is None
    assert place.calls == [SIGN_IN, ONE, PROOF]
    assert place.asked[1].token == place.asked[2].token


async def test_a_dead_tokens_404_is_never_none() -> None:
    """The token dies for good: the 404 stays, but no list succeeds with it any more."""
    region = Region()
    region.routes[ONE] = MISSING
    region.routes["GET /servers"] = FORBIDDEN
    with pytest.raises(Forbidden):
        await asking(region, lambda cloud: cloud.get_server(SERVER_ID))


async def test_a_404_of_a_dead_token_is_asked_again_with_a_living_one() -> None:
    region = Region()
    region.routes[ONE] = MISSING

    region.unguarded.add(ONE)

    async def by_token(asked: Asked) -> Answer:
        return Answer(body={"server": SERVER}) if asked.token == "token-2" else MISSING

    async def get_with_a_dead_token(cloud: Cloud) -> object:
        await cloud.session()
        region.tokens.clear()
        return await cloud.get_server(SERVER_ID)

    region.routes[ONE] = by_token
    found, place = await asking(region, get_with_a_dead_token)
    assert found == SERVER
    assert place.calls == [SIGN_IN, ONE, PROOF, SIGN_IN, ONE]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            error(404, "NotFoundError", f"Handler /servers/{SERVER_ID} not found"), NotFound, id="no-route"
        ),
        pytest.param(
            error(404, "ResourceNotFoundError", "project p not found"), ResourceNotFound, id="another-thing"
        ),
        pytest.param(
            Answer(404, b"<html>not found</html>", {"Content-Type": "text/html"}), ProtocolError, id="html"
        ),
        pytest.param(Answer(404, {}), NotFound, id="nothing-said"),
        pytest.param(Answer(200, {}), ProtocolError, id="an-empty-answer"),
        pytest.param(Answer(200, {"server": None}), ProtocolError, id="null"),
        pytest.param(
            Answer(200, {"server": {"id": "other"}}), ProtocolError, id="another-server-by-that-name"
        ),
        pytest.param(
            error(500, "UnclassifiedError", "dial tcp: connection refused"), ServerError, id="database"
        ),
    ],
)
async def test_nothing_else_makes_a_server_gone(answer: Answer, expected: type[OneCloudError]) -> None:
    region = Region()
    region.routes[ONE] = answer
    with pytest.raises(expected):
        await asking(region, lambda cloud: cloud.get_server(SERVER_ID))


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(error(500, "UnclassifiedError"), id="the-database-is-down"),
        pytest.param(error(429, "TooManyRequests"), id="the-queue-is-full"),
        pytest.param(Answer(200, {"error": "x"}), id="an-answer-that-is-no-list"),
        pytest.param(Answer(200, b"<html>", {"Content-Type": "text/html"}), id="a-login-page"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_proof_that_fails_proves_nothing(proof: Answer, method: str) -> None:
    region = Region()
    region.routes[f"{method} /servers/{SERVER_ID}"] = MISSING
    region.routes["GET /servers"] = proof

    def ask(cloud: Cloud) -> Awaitable[object]:
        return cloud.get_server(SERVER_ID) if method == "GET" else cloud.delete_server(SERVER_ID)

    with pytest.raises(OneCloudError):
        await asking(region, ask)


async def test_deleting_what_is_proven_gone_is_none() -> None:
    region = Region()
    region.routes["DELETE"] = MISSING
    found, place = await asking(
        region, lambda cloud: cloud.delete_server(SERVER_ID, override_pending_delete=True)
    )
    assert found is None
    assert place.calls == [SIGN_IN, f"DELETE /servers/{SERVER_ID}?override_pending_delete=true", PROOF]


async def test_a_404_of_an_action_is_raised_since_it_may_be_about_anything() -> None:
    region = Region()
    region.routes["POST"] = MISSING
    with pytest.raises(ResourceNotFound):
        await asking(region, lambda cloud: cloud.perform(SERVER_ID, "change-config", {"sku": "x"}))


async def test_an_error_names_call_and_request() -> None:
    region = Region()
    region.routes["POST"] = Answer(
        400,
        {"code": 400, "class": "InvalidStatusError", "details": "Cannot do start server in status starting"},
        {"X-Request-Id": "ours-7f"},
    )
    with pytest.raises(InvalidStatus) as caught:
        await asking(region, lambda cloud: cloud.perform(SERVER_ID, "start"))
    assert str(caught.value) == (
        "POST /servers/{id}/start: 400 InvalidStatusError: Cannot do start server in status starting"
        " (request ours-7f)"
    )
    assert (caught.value.status, caught.value.error_class) == (400, "InvalidStatusError")


async def test_without_the_clouds_request_id_ours_is_named() -> None:
    region = Region()
    region.routes["PUT"] = error(400, "InputParameterError")
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        with pytest.raises(OneCloudError) as caught:
            await Cloud(credentials(place.url), ours).update_server(SERVER_ID, {"name": "x"})
        await ours.close()
    assert caught.value.request_id == place.asked[-1].headers["x-request-id"]
    assert len(caught.value.request_id) == 8


async def test_a_used_id_is_told_from_other_failures() -> None:
    region = Region()
    region.routes["POST /servers"] = error(
        500, "UnclassifiedError", f"TxExec: Error 1062: Duplicate entry '{SERVER_ID}' for key 'PRIMARY'"
    )
    with pytest.raises(DuplicateId):
        await asking(region, lambda cloud: cloud.create_server({"id": SERVER_ID, "name": "w"}))


@pytest.mark.parametrize(
    ("call", "sent", "body"),
    [
        pytest.param(
            lambda cloud: cloud.create_server({"name": "w"}),
            "POST /servers",
            {"server": {"name": "w"}},
            id="create",
        ),
        pytest.param(
            lambda cloud: cloud.update_server(SERVER_ID, {"disable_delete": False}),
            f"PUT /servers/{SERVER_ID}",
            {"server": {"disable_delete": False}},
            id="update",
        ),
        pytest.param(
            lambda cloud: cloud.merge_user_metadata(SERVER_ID, {"a": "1"}),
            f"POST /servers/{SERVER_ID}/user-metadata",
            {"server": {"a": "1"}},
            id="merge-tags",
        ),
        pytest.param(
            lambda cloud: cloud.set_user_metadata(SERVER_ID, {}),
            f"POST /servers/{SERVER_ID}/set-user-metadata",
            {"server": {}},
            id="set-tags",
        ),
    ],
)
async def test_a_write_is_sent_once_with_its_length(
    call: Callable[[Cloud], Any], sent: str, body: object
) -> None:
    region = Region()
    region.routes |= {"POST": Answer(body={"server": SERVER}), "PUT": Answer(body={"server": SERVER})}
    found, place = await asking(region, call)
    assert found == SERVER
    assert place.calls == [SIGN_IN, sent]
    assert place.asked[-1].json == body
    assert "transfer-encoding" not in place.asked[-1].headers
    assert place.asked[-1].headers["accept-encoding"] == "identity"


async def test_events_are_read_on_from_the_last_one_seen() -> None:
    region = Region()
    region.routes["GET /events"] = Answer(body={"events": [{"id": 5}, {"id": 6}], "next_marker": "7"})
    page, place = await asking(region, lambda cloud: cloud.events(marker=5, limit=2))
    assert [event.id for event in page.events] == [6]
    assert page.next_marker == 7
    assert (
        place.calls[-1]
        == "GET /events?scope=project&obj_type=server&paging_order=ASC&limit=2&paging_marker=5"
    )
