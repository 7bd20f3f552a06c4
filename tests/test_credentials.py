"""A Secret of any kind: credentials, or a word on which key is wrong; never a value of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from onecloud_operator.credentials import Secrets, SecretUnusable, credentials_of, data_of
from onecloud_operator.onecloud import AccessKey, CasTicket, Password, Project, Token
from tests.engine.simulated import SimulatedClock

SECRET_WORD = "Sesam-0ffne-dich"
BASE = {
    "OS_AUTH_URL": "https://cloud.example.com:30500/v3",
    "OS_USERNAME": "shop",
    "OS_PASSWORD": SECRET_WORD,
    "OS_PROJECT_NAME": "shop",
}


def secret(**changes: str | None) -> dict[str, Any]:
    """Return the Secret as the API server gives it; None takes a key out."""
    values = {key: value for key, value in {**BASE, **changes}.items() if value is not None}
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}


def test_the_words_of_the_platforms_shell_file_make_credentials() -> None:
    made = credentials_of(data_of(secret(OS_REGION_NAME="region0", OS_DOMAIN_NAME="Default")))
    assert made.auth_url == BASE["OS_AUTH_URL"]
    assert made.region == "region0"
    assert made.interface == "public"
    assert isinstance(made.method, Password)
    assert made.project == Project(name="shop")


def test_quotes_of_the_shell_file_are_no_part_of_a_value() -> None:
    made = credentials_of(data_of(secret(OS_REGION_NAME="'region0'", OS_PROJECT_NAME='"shop"')))
    assert (made.region, made.project) == ("region0", Project(name="shop"))


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        pytest.param({"OS_ACCESS_KEY": "a", "OS_SECRET_KEY": "b"}, AccessKey, id="an-access-key"),
        pytest.param({"OS_PASSWORD": None, "OS_TOKEN": "t"}, Token, id="a-token"),
        pytest.param({"OS_PASSWORD": None, "OS_CAS_TICKET": "t"}, CasTicket, id="a-ticket"),
    ],
)
def test_each_way_to_sign_in_is_known_by_its_keys(changes: dict[str, str | None], method: type) -> None:
    assert isinstance(credentials_of(data_of(secret(**changes))).method, method)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"OS_AUTH_URL": None}, "OS_AUTH_URL is missing", id="no-url"),
        pytest.param({"OS_AUTH_URL": "cloud.example.com"}, "OS_AUTH_URL is no URL", id="no-scheme"),
        pytest.param({"OS_AUTH_URL": "ftp://cloud/v3"}, "OS_AUTH_URL is no URL", id="another-scheme"),
        pytest.param(
            {"OS_AUTH_URL": f"https://shop:{SECRET_WORD}@cloud/v3"},
            "OS_AUTH_URL is no URL",
            id="a-password-in-the-url",
        ),
        pytest.param({"OS_PASSWORD": None}, "no complete way to sign in", id="no-password"),
        pytest.param({"OS_USERNAME": ""}, "no complete way to sign in", id="an-empty-user"),
        pytest.param({"OS_PROJECT_NAME": None}, "no project", id="no-project"),
        pytest.param(
            {"OS_PROJECT_NAME": None, "OS_DOMAIN_SCOPE": "Default"}, "OS_DOMAIN_SCOPE", id="a-whole-domain"
        ),
        pytest.param({"OS_ENDPOINT_TYPE": "secret"}, "OS_ENDPOINT_TYPE must be", id="an-unknown-interface"),
        pytest.param({"OS_INSECURE": "maybe"}, "OS_INSECURE must be true or false", id="a-vague-switch"),
        pytest.param({"ca.crt": SECRET_WORD}, "ca.crt holds no certificate", id="no-certificate"),
    ],
)
def test_a_secret_that_cannot_be_used_names_the_key_and_no_value(
    changes: dict[str, str | None], says: str
) -> None:
    with pytest.raises(SecretUnusable) as error:
        credentials_of(data_of(secret(**changes)))
    assert says in str(error.value)
    assert SECRET_WORD not in f"{error.value!r} {error.value.__cause__!r}"


@pytest.mark.parametrize("value", ["not base64!", None, 7, base64.b64encode(b"\xff\xfe").decode()])
def test_a_value_that_is_no_text_names_its_key(value: object) -> None:
    with pytest.raises(SecretUnusable, match="key OS_PASSWORD"):
        data_of({"data": {"OS_PASSWORD": value}})


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}])
def test_a_secret_without_data_is_empty(body: dict[str, Any]) -> None:
    assert data_of(body) == {}


def test_credentials_never_show_a_secret() -> None:
    assert SECRET_WORD not in repr(credentials_of(data_of(secret())))


async def test_a_secret_is_read_once_a_minute_and_at_once_when_it_is_doubted() -> None:
    clock = SimulatedClock()
    reads: list[str] = []

    async def read(namespace: str, name: str) -> dict[str, Any]:
        reads.append(f"{namespace}/{name}")
        return secret()

    secrets = Secrets(read, clock.monotonic, 60.0)
    await secrets.data("shop", "onecloud")
    await secrets.data("shop", "onecloud")
    assert reads == ["shop/onecloud"]
    await clock.advance(5.0)
    await secrets.data("shop", "onecloud", newer_than=clock.monotonic())
    assert len(reads) == 2
    await clock.advance(61.0)
    await secrets.data("shop", "onecloud")
    assert len(reads) == 3
