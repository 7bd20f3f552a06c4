"""Each way of signing in, and of being refused, against the whole simulated cloud."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import (
    AccessKey,
    CasTicket,
    Cloud,
    DomainScope,
    Password,
    Project,
    Token,
)
from onecloud_operator.onecloud.errors import (
    AccountLocked,
    CatalogError,
    NotInProject,
    OneCloudError,
    SignInError,
    UserNotFound,
    WrongPassword,
)
from sandbox.cloud.defaults import ACCESS_KEY, ACCESS_PHRASE, LAB_PROJECT, TICKET

if TYPE_CHECKING:
    from onecloud_operator.onecloud.auth import Method, Scope

from tests.onecloud.lab import LAB, as_user, lab


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        pytest.param(as_user("labuser"), LAB, id="password"),
        pytest.param(as_user("labuser"), Project(id=LAB_PROJECT), id="password-and-project-by-id"),
        pytest.param(AccessKey(ACCESS_KEY, SecretStr(ACCESS_PHRASE)), None, id="access-key"),
        pytest.param(AccessKey(ACCESS_KEY, SecretStr(ACCESS_PHRASE)), LAB, id="access-key-with-its-project"),
        pytest.param(CasTicket(SecretStr(TICKET)), LAB, id="cas-ticket"),
    ],
)
async def test_one_signs_in_by(method: Method, scope: Scope | None) -> None:
    async with lab() as here:
        session = await here.cloud(method, scope).session()
        assert (session.project_id, session.project_name) == (LAB_PROJECT, "lab")
        assert session.compute_url == here.control.url
        assert session.auth_url == here.control.auth_url
        assert (await here.cloud(method, scope).list_servers()).rows == ()


async def test_one_signs_in_by_a_token_that_somebody_got() -> None:
    async with lab() as here:
        session = await here.cloud().session()
        theirs = here.cloud(Token(session.token))
        assert (await theirs.session()).token != session.token
        assert (await theirs.list_servers()).rows == ()


@pytest.mark.parametrize(
    ("method", "scope", "expected"),
    [
        pytest.param(as_user("labuser", "wrong"), LAB, WrongPassword, id="wrong-password"),
        pytest.param(
            Password(SecretStr("x"), user_name="labuser", user_domain_name="nowhere"),
            LAB,
            UserNotFound,
            id="domain",
        ),
        pytest.param(
            as_user("labuser"), Project(name="nosuch", domain_name="Default"), NotInProject, id="project"
        ),
        pytest.param(
            as_user("labuser"), Project(name="other", domain_name="Default"), NotInProject, id="no-role"
        ),
        pytest.param(
            as_user("labuser"), DomainScope(name="Default"), NotInProject, id="a-domain-without-a-role"
        ),
        pytest.param(as_user("labuser"), None, SignInError, id="no-project-at-all"),
        pytest.param(AccessKey(ACCESS_KEY, SecretStr("wrong")), None, SignInError, id="wrong-secret-key"),
        pytest.param(
            AccessKey(ACCESS_KEY, SecretStr(ACCESS_PHRASE)),
            Project(name="other"),
            NotInProject,
            id="not-that-project",
        ),
        pytest.param(Token(SecretStr("0" * 64)), LAB, SignInError, id="a-dead-token"),
        pytest.param(CasTicket(SecretStr("ST-none")), LAB, SignInError, id="a-ticket-that-is-none"),
    ],
)
async def test_one_is_refused(method: Method, scope: Scope | None, expected: type[OneCloudError]) -> None:
    async with lab() as here:
        with pytest.raises(expected):
            await here.cloud(method, scope).session()


async def test_a_disabled_user_is_told_so() -> None:
    async with lab() as here:
        here.control.user("labuser").enabled = False
        with pytest.raises(AccountLocked):
            await here.cloud().session()


async def test_a_region_that_is_not_there_is_named() -> None:
    async with lab() as here:
        given = replace(here.credentials(), region="Paris")
        with pytest.raises(CatalogError, match=f"'Paris', but: {here.control.world.region}"):
            await Cloud(given, here.endpoints).session()
