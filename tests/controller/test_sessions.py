"""From a Secret to a signed-in project, at the simulated cloud; the Secrets are those of a test."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.sessions import REREAD_SECONDS, TAKEN, TIDY_SECONDS, Opened, Sessions
from onecloud_operator.core.values import Place, Problem
from onecloud_operator.kube import calls
from onecloud_operator.kube.secrets import Secrets
from onecloud_operator.onecloud import AddressPolicy, Endpoints
from sandbox.cloud import running_cloud
from sandbox.cloud.defaults import LAB_PROJECT, PASSWORDS
from tests.engine.simulated import SimulatedClock
from tests.onecloud.origin import Answer, Asked, Region, serving, token_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cloud import Control

SIGN_IN = "POST /v3/auth/tokens"
SECRET = ("shop", "onecloud")
WRONG = "Wr0ng-but-secret!"


class Scene:
    """A cloud, the Secrets that there are, and what the operator makes of them."""

    def __init__(self, cloud: Control, policy: AddressPolicy) -> None:
        self.cloud = cloud
        self.clock = SimulatedClock()
        self.values: dict[tuple[str, str], dict[str, str]] = {SECRET: cloud.secret()}
        self.refusal: Exception | None = None
        self.reads = 0
        self.endpoints = Endpoints(policy, clock=self.clock.monotonic)
        self.sessions = Sessions(
            Secrets(self._read, self.clock.monotonic, 60.0), self.endpoints, self.clock.monotonic
        )

    async def _read(self, namespace: str, name: str) -> dict[str, Any]:
        self.reads += 1
        if self.refusal is not None:
            raise self.refusal
        if (namespace, name) not in self.values:
            msg = f"GET …/secrets/{name}: 404"
            raise calls.KubeNotFound(msg, 404)
        found = self.values[namespace, name]
        return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in found.items()}}

    @property
    def sign_ins(self) -> int:
        return self.cloud.counts.get(SIGN_IN, 0)

    async def opened(self, name: str = "onecloud", **more: bool) -> Opened:
        found = await self.sessions.open("shop", name, **more)
        assert isinstance(found, Opened), found
        return found

    async def problem(self, name: str = "onecloud", **more: bool) -> Problem:
        found = await self.sessions.open("shop", name, **more)
        assert isinstance(found, Problem), found
        assert not [word for word in (WRONG, *PASSWORDS.values()) if word in repr(found)]
        return found


@asynccontextmanager
async def scene(policy: AddressPolicy | None = None) -> AsyncIterator[Scene]:
    async with running_cloud(step_seconds=0.005) as cloud:
        made = Scene(cloud, policy or AddressPolicy(allow_loopback=True))
        try:
            yield made
        finally:
            await made.sessions.close()
            await made.endpoints.close()


async def test_credentials_lead_to_a_place_that_can_be_pinned() -> None:
    async with scene() as s:
        opened = await s.opened()
        assert opened.place == Place(s.cloud.auth_url, s.cloud.world.region, LAB_PROJECT)
        assert await opened.cloud.get_server("no-such-server") is None


async def test_a_thousand_objects_with_one_secret_share_one_session() -> None:
    async with scene() as s:
        found = await asyncio.gather(*(s.opened() for _ in range(1000)))
        assert len({id(each.cloud) for each in found}) == 1
        assert s.sign_ins == 1


async def test_two_secrets_of_one_project_lead_to_one_place() -> None:
    async with scene() as s:
        s.values["shop", "other"] = s.cloud.secret("editor")
        assert (await s.opened()).place == (await s.opened("other")).place


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        pytest.param(None, "There is no Secret lost in namespace shop.", id="there-is-none"),
        pytest.param(calls.KubeForbidden("403", 403), "no right to read Secret lost", id="no-right"),
    ],
)
async def test_a_secret_that_cannot_be_had_is_named(refusal: Exception | None, says: str) -> None:
    async with scene() as s:
        s.refusal = refusal
        problem = await s.problem("lost")
        assert problem.reason == "SecretNotFound"
        assert says in problem.message
        assert s.cloud.counts == {}


async def test_an_api_server_that_does_not_answer_says_nothing_of_the_secret() -> None:
    """It goes through, so that the pass is repeated; the object is not blamed."""
    async with scene() as s:
        s.refusal = calls.KubeError("no answer")
        with pytest.raises(calls.KubeError):
            await s.sessions.open(*SECRET)


async def test_a_secret_that_cannot_be_used_says_which_key_is_wrong() -> None:
    async with scene() as s:
        s.values[SECRET] |= {"OS_PASSWORD": WRONG, "OS_ENDPOINT_TYPE": WRONG}
        problem = await s.problem()
        assert problem.reason == "SecretInvalid"
        assert "Secret onecloud" in problem.message
        assert "OS_ENDPOINT_TYPE" in problem.message


async def test_a_wrong_password_is_said_of_its_secret() -> None:
    async with scene() as s:
        s.values[SECRET]["OS_PASSWORD"] = WRONG
        problem = await s.problem()
        assert problem.reason == "CredentialsRejected"
        assert problem.message.startswith("Secret onecloud: ")


async def test_an_address_that_is_not_allowed_is_never_asked() -> None:
    async with scene(AddressPolicy()) as s:
        assert (await s.problem()).reason == "EndpointNotAllowed"
        assert s.cloud.counts == {}


async def test_a_cloud_that_is_down_is_told_with_the_secret_that_leads_there() -> None:
    async with scene() as s:
        s.cloud.settings.keystone_down = True
        problem = await s.problem()
        assert problem.reason == "EndpointUnreachable"
        host = s.cloud.auth_url.removeprefix("http://").removesuffix("/v3")
        assert problem.message.startswith(f"Secret onecloud: The cloud cannot be reached: {host} ")


async def test_a_password_that_was_changed_a_moment_ago_is_tried_at_once() -> None:
    """The Secret is remembered for a minute, but not against the cloud's refusal."""
    async with scene() as s:
        s.values[SECRET]["OS_PASSWORD"] = WRONG
        assert (await s.problem()).reason == "CredentialsRejected"
        s.values[SECRET] = s.cloud.secret()
        await s.clock.advance(REREAD_SECONDS + 1)
        await s.opened()


async def test_a_refusal_of_a_thousand_objects_reads_the_secret_once_in_a_while() -> None:
    async with scene() as s:
        s.values[SECRET]["OS_PASSWORD"] = WRONG
        for _ in range(100):
            assert (await s.problem()).reason == "CredentialsRejected"
        assert s.reads == 1
        await s.clock.advance(REREAD_SECONDS + 1)
        for _ in range(100):
            await s.problem()
        assert s.reads == 2
        assert s.sign_ins <= 2, "each one counts towards locking the account"


async def test_a_user_who_asks_for_another_look_gets_the_secret_read_again() -> None:
    async with scene() as s:
        await s.opened()
        s.values[SECRET] = s.cloud.secret("otheruser", "other")
        assert (await s.opened()).place.project_id == LAB_PROJECT
        await s.clock.advance(1.0)
        assert (await s.opened(reread=True)).place.project_id != LAB_PROJECT


async def test_a_rewritten_secret_that_says_the_same_keeps_its_session() -> None:
    async with scene() as s:
        before = await s.opened()
        s.values[SECRET]["note"] = "rotated by nobody"
        await s.clock.advance(61.0)
        assert (await s.opened()).cloud is before.cloud
        assert (s.reads, s.sign_ins) == (2, 1)


# -- what a removal may use ------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["gone", "no-right", "garbled"])
async def test_a_removal_goes_on_with_the_last_session_that_worked(how: str) -> None:
    """A namespace that is deleted loses its Secret before its objects."""
    async with scene() as s:
        before = await s.opened()
        if how == "gone":
            del s.values[SECRET]
        elif how == "no-right":
            s.refusal = calls.KubeForbidden("403", 403)
        else:
            s.values[SECRET] = {"OS_AUTH_URL": "?"}
        await s.clock.advance(61.0)
        assert (await s.problem()).reason in {"SecretNotFound", "SecretInvalid"}
        assert await s.opened(last_will_do=True) == before


async def test_without_a_session_that_worked_a_removal_has_none_either() -> None:
    async with scene() as s:
        del s.values[SECRET]
        assert (await s.problem(last_will_do=True)).reason == "SecretNotFound"


async def test_credentials_that_are_refused_are_refused_to_a_removal_too() -> None:
    async with scene() as s:
        await s.opened()
        s.cloud.set_password("labuser", "changed-in-the-cloud")
        await s.clock.advance(30 * 24 * 3600.0)
        assert (await s.problem(last_will_do=True)).reason == "CredentialsRejected"


# -- reading without signing in --------------------------------------------------------------------------
async def test_where_a_secret_leads_is_learned_without_asking_the_cloud() -> None:
    async with scene() as s:
        assert s.sessions.endpoint_of(SECRET) is None
        assert await s.sessions.learn(SECRET)
        assert s.sessions.endpoint_of(SECRET) == s.cloud.auth_url.removesuffix("/v3")
        assert not await s.sessions.learn(("shop", "lost"))
        assert s.cloud.counts == {}


@pytest.mark.parametrize(
    ("value", "given"),
    [
        pytest.param(f" {WRONG} ", f" {WRONG} ", id="to-the-letter"),
        pytest.param(f"'{WRONG}'", f"'{WRONG}'", id="with-its-quotes"),
        pytest.param(f"{WRONG}\n", WRONG, id="but-for-a-line-break"),
        pytest.param(f"{WRONG}\r\n", WRONG, id="of-either-kind"),
        pytest.param("#!/bin/sh\n\n", "#!/bin/sh\n", id="and-for-one-only"),
    ],
)
async def test_a_value_that_a_spec_refers_to_is_given_without_the_line_break_of_a_file(
    value: str, given: str
) -> None:
    async with scene() as s:
        s.values["shop", "login"] = {"password": value}
        assert await s.sessions.value("shop", "login", "password", 64) == given


@pytest.mark.parametrize("value", ["", "\n", "\r\n"])
async def test_an_empty_value_is_none(value: str) -> None:
    """A server that nobody can enter would be made of it."""
    async with scene() as s:
        s.values["shop", "login"] = {"password": value}
        said = "Secret login cannot be used: key password is empty. Correct the Secret."
        found = await s.sessions.value("shop", "login", "password", 64)
        assert found == Problem(Reason.SECRET_INVALID, f"{said} {TAKEN}")


@pytest.mark.parametrize(
    ("password", "told"), [("'Lab-user-2026!'", True), ("Lab-user-2027!", False), ("it's", False)]
)
async def test_a_password_that_is_refused_in_its_quotes_is_told_of_them(password: str, told: bool) -> None:
    async with scene() as s:
        s.values[SECRET]["OS_PASSWORD"] = password
        problem = await s.problem()
        assert problem.reason == "CredentialsRejected"
        assert ("The value of OS_PASSWORD is in quotes" in problem.message) is told
        assert password not in problem.message


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        pytest.param("login", "user", "Secret login has no key user. Add it.", id="no-key"),
        pytest.param("lost", "user", "There is no Secret lost in namespace shop. Make it.", id="no-secret"),
    ],
)
async def test_a_value_that_is_not_there_is_named(name: str, key: str, says: str) -> None:
    async with scene() as s:
        s.values["shop", "login"] = {"password": WRONG}
        assert await s.sessions.value("shop", name, key, 64) == Problem(
            Reason.SECRET_NOT_FOUND, f"{says} {TAKEN}"
        )


# -- letting go ------------------------------------------------------------------------------------------
async def test_sessions_of_secrets_that_nobody_names_any_more_are_let_go() -> None:
    async with scene() as s:
        s.values["shop", "other"] = s.cloud.secret("editor")
        await s.opened()
        await s.opened("other")
        tidying = asyncio.create_task(s.sessions.tidy(lambda secret: secret == SECRET, s.clock))
        await s.clock.advance(TIDY_SECONDS + 1)
        assert s.sessions.endpoint_of(SECRET) == s.cloud.auth_url.removesuffix("/v3")
        assert s.sessions.endpoint_of(("shop", "other")) is None
        tidying.cancel()
        await asyncio.wait([tidying])


async def test_another_password_is_another_session_and_the_old_one_is_let_go() -> None:
    async with scene() as s:
        before = await s.opened()
        s.values[SECRET] = s.cloud.secret("editor")
        await s.clock.advance(61.0)
        after = await s.opened()
        assert after.cloud is not before.cloud
        assert after.place == before.place
        assert s.sign_ins == 2


@pytest.mark.parametrize("length", [129, 300, 900_000])
async def test_a_project_id_without_end_is_a_problem_that_fits_into_a_status(length: int) -> None:
    clock, region = SimulatedClock(), Region()

    async def sign_in(_asked: Asked) -> Answer:
        body = token_body(region.url)
        body["token"]["project"]["id"] = "p" * length
        return Answer(body=body, headers={"X-Subject-Token": "t"})

    async with serving(sign_in) as place:
        region.url = place.url

        async def read(_namespace: str, _name: str) -> dict[str, Any]:
            values = {
                "OS_AUTH_URL": f"{place.url}/v3",
                "OS_USERNAME": "u",
                "OS_PASSWORD": WRONG,
                "OS_PROJECT_NAME": "lab",
            }
            return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}

        endpoints = Endpoints(AddressPolicy(allow_loopback=True), clock=clock.monotonic)
        sessions = Sessions(Secrets(read, clock.monotonic, 60.0), endpoints, clock.monotonic)
        found = await sessions.open("shop", "onecloud")
        assert isinstance(found, Problem)
        assert found.reason == "EndpointUnreachable"
        assert len(found.message) < 500
        await sessions.close()
        await endpoints.close()
