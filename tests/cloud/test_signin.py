"""Sign-in, and what a token is worth when it is not alive any more."""

from typing import Any

import pytest

from sandbox.cloud.defaults import TICKET
from tests.cloud.fixtures import Scene

LAB = {"project": {"name": "lab", "domain": {"name": "Default"}}}


def _password(password: str = "Lab-user-2026!", name: str = "labuser") -> dict[str, Any]:
    user = {"name": name, "password": password, "domain": {"name": "Default"}}
    return {"methods": ["password"], "password": {"user": user}}


async def _sign_in(scene: Scene, identity: dict[str, Any], scope: Any = LAB) -> Any:
    auth = {"identity": identity} | ({"scope": scope} if scope else {})
    return await scene.ask("POST", "/v3/auth/tokens", token=None, body={"auth": auth})


async def test_a_ticket_signs_in_once(scene: Scene) -> None:
    identity = {"methods": ["cas"], "cas_ticket": {"id": TICKET}}
    assert (await _sign_in(scene, identity)).status_code == 200
    assert (await _sign_in(scene, identity)).status_code == 401


async def test_wrong_passwords_lock_the_account_for_the_right_one_too(scene: Scene) -> None:
    codes = [(await _sign_in(scene, _password("wrong"))).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    reply = await _sign_in(scene, _password())
    assert (reply.status_code, reply.json()["class"]) == (429, "TooManyFailedAttempts")


async def test_a_locked_user_is_423(scene: Scene) -> None:
    scene.cloud.user("labuser").locked = True
    assert (await _sign_in(scene, _password())).status_code == 423


async def test_the_token_is_in_the_header_and_its_catalog_has_a_read_replica_to_avoid(scene: Scene) -> None:
    reply = await _sign_in(scene, _password())
    compute = next(s for s in reply.json()["token"]["catalog"] if s["type"] == "compute_v2")
    assert reply.headers["x-subject-token"] == reply.json()["id"]
    assert {e["interface"] for e in compute["endpoints"]} == {"public", "internal", "slave"}


async def test_the_catalog_comes_in_another_order_each_time(scene: Scene) -> None:
    orders = {
        tuple(s["type"] for s in (await _sign_in(scene, _password())).json()["token"]["catalog"])
        for _ in range(4)
    }
    assert len(orders) > 1


async def test_without_a_scope_there_is_no_catalog(scene: Scene) -> None:
    token = (await _sign_in(scene, _password(), None)).json()["token"]
    assert "catalog" not in token
    assert [project["name"] for project in token["projects"]] == ["lab"]


async def test_an_administrator_may_scope_to_a_domain(scene: Scene) -> None:
    identity = _password("System-admin-2026!", "sysadmin")
    token = (await _sign_in(scene, identity, {"domain": {"name": "Default"}})).json()["token"]
    assert token["is_domain"] is True
    assert token["project"]["name"] == "Default"


async def test_a_token_renews_itself_for_a_full_lifetime(scene: Scene) -> None:
    scene.world.identity.lifetime_seconds = 100.0
    first = (await _sign_in(scene, _password())).headers["x-subject-token"]
    scene.time.passed = 60.0
    second = await _sign_in(scene, {"methods": ["token"], "token": {"id": first}})
    scene.time.passed = 120.0
    assert (
        await scene.ask("GET", "/servers", token=None, headers={"X-Auth-Token": first})
    ).status_code == 403
    renewed = {"X-Auth-Token": second.headers["x-subject-token"]}
    assert (await scene.ask("GET", "/servers", token=None, headers=renewed)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/servers", id="list"),
        pytest.param("GET", "/servers/{id}", id="get"),
        pytest.param("PUT", "/servers/{id}", id="put"),
        pytest.param("DELETE", "/servers/{id}", id="delete"),
        pytest.param("POST", "/servers/{id}/start", id="action"),
        pytest.param("GET", "/events", id="events"),
    ],
)
async def test_a_dead_token_is_403_and_never_401(scene: Scene, method: str, path: str) -> None:
    ident = scene.cloud.add_server("web-0")
    token = scene.token()
    scene.cloud.revoke_tokens()
    reply = await scene.ask(method, path.format(id=ident), token=None, headers={"X-Auth-Token": token})
    assert (reply.status_code, reply.json()["class"]) == (403, "ForbiddenError")


async def test_a_dead_token_reads_404_for_an_id_that_does_not_exist(scene: Scene) -> None:
    """Why a 404 proves nothing unless the token is proven alive."""
    token = scene.token()
    scene.cloud.revoke_tokens()
    reply = await scene.ask("GET", "/servers/nosuch", token=None, headers={"X-Auth-Token": token})
    assert reply.status_code == 404


async def test_region_notices_a_revocation_late(scene: Scene) -> None:
    scene.cloud.settings.revocation_lag_seconds = 24.0
    assert (await scene.ask("GET", "/servers")).status_code == 200
    scene.cloud.revoke_tokens()
    assert (await scene.ask("GET", "/servers")).status_code == 200
    scene.time.passed = 25.0
    assert (await scene.ask("GET", "/servers")).status_code == 403


async def test_while_keystone_is_down_only_tokens_that_region_knows_work(scene: Scene) -> None:
    assert (await scene.ask("GET", "/servers", token="labuser")).status_code == 200
    scene.cloud.settings.keystone_down = True
    assert (await scene.ask("GET", "/servers", token="labuser")).status_code == 200
    assert (await scene.ask("GET", "/servers", token="labviewer")).status_code == 403
    scene.cloud.settings.keystone_down = False
    assert (await scene.ask("GET", "/servers", token="labviewer")).status_code == 200


async def test_another_projects_server_is_403_by_id_and_by_name_and_absent_from_lists(scene: Scene) -> None:
    ident = scene.cloud.add_server("web-0", project="other")
    assert (await scene.ask("GET", f"/servers/{ident}")).status_code == 403
    assert (await scene.ask("GET", "/servers/web-0")).status_code == 403
    assert (await scene.ask("GET", f"/servers?id={ident}")).json() == {"servers": []}
    assert (await scene.ask("GET", "/servers?project=lab")).status_code == 403
