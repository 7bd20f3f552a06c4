"""A problem that a Secret is to blame for names it; one of rights also names user and project."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.attribution import attributed
from onecloud_operator.core.values import Problem
from onecloud_operator.onecloud import Cloud, Password, Project
from tests.onecloud.origin import PASSWORD, Answer, Asked, credentials, endpoints, serving, token_body


async def of_a_session(user: str, project: str, reason: Reason) -> str:
    """Return what is said of a problem that is met with a session of *user* in *project*."""

    async def sign_in(_asked: Asked) -> Answer:
        body = token_body("http://127.0.0.1:9")
        body["token"]["user"]["name"], body["token"]["project"]["name"] = user, project
        return Answer(body=body, headers={"X-Subject-Token": "token-5ecret"})

    async with serving(sign_in) as place:
        ours = endpoints()
        cloud = Cloud(
            credentials(
                place.url,
                method=Password(SecretStr(PASSWORD), user_name="labuser"),
                project=Project(id="p-1"),
            ),
            ours,
        )
        before = attributed(Problem(reason, "No."), "onecloud", cloud).message
        assert before in {"Secret onecloud: No.", "No."}
        await cloud.session()
        said = attributed(Problem(reason, "No."), "onecloud", cloud).message
        await ours.close()
        return said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        pytest.param(Reason.FORBIDDEN, "Secret onecloud (user labuser, project lab): No.", id="rights"),
        pytest.param(Reason.ENDPOINT_UNREACHABLE, "Secret onecloud: No.", id="the-way"),
        pytest.param(Reason.ENDPOINT_NOT_ALLOWED, "Secret onecloud: No.", id="the-address"),
        pytest.param(Reason.CREDENTIALS_REJECTED, "Secret onecloud: No.", id="the-sign-in"),
        pytest.param(Reason.QUOTA_EXCEEDED, "No.", id="what-is-not-the-secrets"),
    ],
)
async def test_a_problem_names_whom_it_is_about(reason: Reason, said: str) -> None:
    assert await of_a_session("labuser", "lab", reason) == said


def test_of_a_provider_its_users_hear_the_name_and_who_can_mend_it() -> None:
    problem = Problem(Reason.FORBIDDEN, "No.")
    said = attributed(problem, "hidden-one", provider="shared").message
    assert said == "OneCloudProvider shared, for its administrator: No."


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        pytest.param(PASSWORD, "[hidden]", id="the-password"),
        pytest.param("token-5ecret", "[hidden]", id="the-token"),
        pytest.param("lab\nuser\x1b[31m", "lab user?[31m", id="what-no-line-has"),
        pytest.param("é" * 200, "é" * 64, id="a-name-without-end"),
    ],
)
async def test_a_cloud_that_gives_a_secret_for_a_name_does_not_have_it_shown(user: str, shown: str) -> None:
    said = await of_a_session(user, "lab", Reason.FORBIDDEN)
    assert said == f"Secret onecloud (user {shown}, project lab): No."
