"""A Secret of any kind: credentials, or a word on which key is wrong; never a value of it."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.status import CloudStatus
from onecloud_operator.controller import credentials
from onecloud_operator.controller.credentials import REGION_LENGTH, URL_LENGTH, credentials_of
from onecloud_operator.kube.calls import KubeError, KubeNotFound
from onecloud_operator.kube.secrets import (
    MAX_CACHED,
    MAX_CACHED_BYTES,
    MISSING_SECONDS,
    SIGN_IN_KEYS,
    Data,
    Secrets,
    SecretUnusable,
    data_of,
)
from onecloud_operator.onecloud import AccessKey, CasTicket, Password, Project, Token
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from onecloud_operator.onecloud import Credentials

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


def made_of(**changes: str | None) -> Credentials:
    return credentials_of(data_of(secret(**changes)))


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
        pytest.param({"OS_ACCESS_KEY": "a"}, Password, id="half-an-access-key-and-a-password"),
        pytest.param({"OS_USERNAME": None, "OS_USER_ID": "u1"}, Password, id="a-user-by-id"),
        pytest.param({"OS_TOKEN": "t"}, Password, id="a-password-and-a-token"),
        pytest.param({"OS_PASSWORD": None, "OS_TOKEN": "t"}, Token, id="a-token"),
        pytest.param({"OS_PASSWORD": None, "OS_CAS_TICKET": "t"}, CasTicket, id="a-ticket"),
    ],
)
def test_each_way_to_sign_in_is_known_by_its_keys(changes: dict[str, str | None], method: type) -> None:
    assert isinstance(made_of(**changes).method, method)


@pytest.mark.parametrize(
    ("changes", "project"),
    [
        pytest.param({}, Project(name="shop"), id="by-name"),
        pytest.param({"OS_PROJECT_ID": "p1"}, Project(id="p1"), id="an-id-says-more-than-a-name"),
        pytest.param(
            {"OS_PROJECT_DOMAIN": "Default"}, Project(name="shop", domain_name="Default"), id="in-a-domain"
        ),
        pytest.param({"OS_PROJECT_NAME": None, "OS_TENANT_NAME": "t"}, Project(name="t"), id="a-tenant"),
        pytest.param(
            {"OS_PROJECT_NAME": None, "OS_ACCESS_KEY": "a", "OS_SECRET_KEY": "b"},
            None,
            id="an-access-key-has-its-own",
        ),
    ],
)
def test_the_project_is_known_by_its_keys(changes: dict[str, str | None], project: Project | None) -> None:
    assert made_of(**changes).project == project


@pytest.mark.parametrize(
    ("given", "interface"),
    [(None, "public"), ("publicURL", "public"), ("internal", "internal"), ("ADMIN", "admin")],
)
def test_the_kind_of_addresses_is_read_as_the_shell_file_writes_it(given: str | None, interface: str) -> None:
    assert made_of(OS_ENDPOINT_TYPE=given).interface == interface


@pytest.mark.parametrize(("given", "insecure"), [(None, False), ("true", True), ("1", True), ("No", False)])
def test_a_certificate_is_checked_unless_it_is_said_otherwise(given: str | None, insecure: bool) -> None:
    assert made_of(OS_INSECURE=given).insecure is insecure


def test_http_after_https_is_allowed_by_a_key_alone() -> None:
    assert not made_of().allow_http
    assert made_of(OS_ALLOW_HTTP="true").allow_http


@pytest.mark.parametrize("key", ["OS_PASSWORD", "OS_TOKEN", "OS_SECRET_KEY", "OS_CAS_TICKET"])
def test_the_line_break_that_echo_leaves_is_no_part_of_a_secret(key: str) -> None:
    """Each try with it would count towards locking the account."""
    changes: dict[str, str | None] = {"OS_PASSWORD": None, "OS_ACCESS_KEY": "a", key: f" {SECRET_WORD}\r\n"}
    assert made_of(**changes).secret.get_secret_value() == f" {SECRET_WORD}"


def test_quotes_in_a_password_are_part_of_it() -> None:
    assert made_of(OS_PASSWORD="'it'").secret.get_secret_value() == "'it'"


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
        pytest.param({"OS_AUTH_URL": "https://"}, "OS_AUTH_URL is no URL", id="no-host"),
        pytest.param({"OS_AUTH_URL": "https://cloud:port/v3"}, "OS_AUTH_URL is no URL", id="no-port"),
        pytest.param({"OS_AUTH_URL": " "}, "OS_AUTH_URL is missing", id="a-blank-url"),
        pytest.param(
            {"OS_AUTH_URL": f"https://cloud/{SECRET_WORD * 100}"},
            "OS_AUTH_URL is longer than 1024",
            id="a-novel-for-a-url",
        ),
        pytest.param({"OS_REGION_NAME": "r" * 300}, "OS_REGION_NAME is longer than 256", id="and-a-region"),
        pytest.param({"OS_PASSWORD": None}, "no complete way to sign in", id="no-password"),
        pytest.param({"OS_PASSWORD": "\n"}, "no complete way to sign in", id="an-empty-line-for-a-password"),
        pytest.param(
            {"OS_PASSWORD": None, "OS_ACCESS_KEY": "a"},
            "no complete way to sign in",
            id="half-an-access-key",
        ),
        pytest.param({"OS_USERNAME": ""}, "no complete way to sign in", id="an-empty-user"),
        pytest.param({"OS_PROJECT_NAME": None}, "no project", id="no-project"),
        pytest.param(
            {"OS_PROJECT_NAME": None, "OS_DOMAIN_SCOPE": "Default"}, "OS_DOMAIN_SCOPE", id="a-whole-domain"
        ),
        pytest.param({"OS_ENDPOINT_TYPE": "secret"}, "OS_ENDPOINT_TYPE must be", id="an-unknown-interface"),
        pytest.param({"ca.crt": "x" * 300_000}, "ca.crt is longer than 256 KiB", id="endless-authorities"),
        pytest.param({"OS_INSECURE": "maybe"}, "OS_INSECURE must be true or false", id="a-vague-switch"),
        pytest.param({"ca.crt": SECRET_WORD}, "ca.crt holds no certificate", id="no-certificate"),
        pytest.param({"ca.crt": " "}, "ca.crt holds no certificate", id="a-blank-certificate"),
        pytest.param({"ca.crt": "für den Ofen"}, "ca.crt holds no certificate", id="no-ascii"),
        pytest.param(
            {"ca.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            "ca.crt holds no certificate",
            id="a-broken-certificate",
        ),
    ],
)
def test_a_secret_that_cannot_be_used_names_the_key_and_no_value(
    changes: dict[str, str | None], says: str
) -> None:
    with pytest.raises(SecretUnusable) as error:
        made_of(**changes)
    assert says in str(error.value)
    assert SECRET_WORD not in f"{error.value!r} {error.value.__cause__!r}"


@pytest.mark.parametrize("value", ["not base64!", None, 7, base64.b64encode(b"\xff\xfe").decode()])
def test_a_value_that_is_no_text_names_its_key(value: object) -> None:
    body = secret()
    body["data"]["OS_PASSWORD"] = value
    with pytest.raises(SecretUnusable, match="key OS_PASSWORD is not UTF-8 text"):
        credentials_of(data_of(body))


def test_a_value_that_is_no_text_is_nobodys_matter_while_nobody_asks_for_it() -> None:
    """A Secret may hold a key store beside the credentials."""
    body = secret()
    body["data"]["keystore.jks"] = base64.b64encode(b"\xfe\xed\xfe\xed").decode()
    assert credentials_of(data_of(body)).auth_url == BASE["OS_AUTH_URL"]


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}])
def test_a_secret_without_data_is_empty(body: dict[str, Any]) -> None:
    assert data_of(body) == Data()


def test_what_is_written_to_the_status_fits_in_there() -> None:
    made = made_of(OS_AUTH_URL=f"https://cloud/{'a' * (URL_LENGTH - 14)}", OS_REGION_NAME="r" * REGION_LENGTH)
    CloudStatus(auth_url=made.auth_url, region=made.region, project_id="p")


def test_certificates_may_have_comments_in_any_language_between_them(tmp_path: Path) -> None:
    program = shutil.which("openssl")
    assert program is not None
    key, pem_file = str(tmp_path / "ca.key"), str(tmp_path / "ca.crt")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key)
    make = [program, "req", "-x509", *new_key, "-subj", "/CN=ca", "-days", "2", "-out", pem_file]
    subprocess.run(make, check=True, capture_output=True)
    pem = (tmp_path / "ca.crt").read_text()
    assert made_of(**{"ca.crt": pem}).ca_pem == pem.strip()
    assert made_of(**{"ca.crt": f"# Überprüft am 1. März\n{pem}\n# Fin de la autorización\n{pem}"}).ca_pem


def test_credentials_never_show_a_secret() -> None:
    data = data_of(secret())
    assert SECRET_WORD not in f"{data!r} {credentials_of(data)!r} {credentials_of(data).fingerprint}"


# -- remembering -----------------------------------------------------------------------------------------
class Shelf:
    """The API server's Secrets, as far as a test has put them there."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.reads: list[str] = []
        self.fails: Exception | None = None
        self.secrets = Secrets(self.read, self.clock.monotonic, 60.0)

    async def read(self, namespace: str, name: str) -> dict[str, Any]:
        self.reads.append(f"{namespace}/{name}")
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        return secret()


async def test_a_secret_is_read_once_a_minute_and_at_once_when_it_is_doubted() -> None:
    shelf = Shelf()
    await shelf.secrets.data("shop", "onecloud")
    await shelf.secrets.data("shop", "onecloud")
    assert shelf.reads == ["shop/onecloud"]
    await shelf.clock.advance(5.0)
    await shelf.secrets.data("shop", "onecloud", newer_than=shelf.clock.monotonic())
    assert len(shelf.reads) == 2
    await shelf.clock.advance(61.0)
    await shelf.secrets.data("shop", "onecloud")
    assert len(shelf.reads) == 3


async def test_secrets_of_one_name_in_two_namespaces_are_two() -> None:
    shelf = Shelf()
    await shelf.secrets.data("shop", "onecloud")
    await shelf.secrets.data("bank", "onecloud")
    assert shelf.reads == ["shop/onecloud", "bank/onecloud"]


async def test_a_secret_that_could_not_be_read_is_not_remembered_as_it_was() -> None:
    """It may be gone, or the right to read it: what it said is not used any longer."""
    shelf = Shelf()
    await shelf.secrets.data("shop", "onecloud")
    shelf.fails = LookupError("it is gone")
    for _ in range(2):
        with pytest.raises(LookupError):
            await shelf.secrets.data("shop", "onecloud", newer_than=shelf.clock.monotonic() + 1)
    shelf.fails = None
    await shelf.secrets.data("shop", "onecloud")
    assert len(shelf.reads) == 4


async def test_not_more_secrets_are_remembered_than_fit() -> None:
    shelf = Shelf()
    for number in range(MAX_CACHED + 1):
        await shelf.secrets.data("shop", f"s{number}")
    shelf.reads.clear()
    await shelf.secrets.data("shop", f"s{MAX_CACHED}")
    assert shelf.reads == []
    await shelf.secrets.data("shop", "s0")
    assert shelf.reads == ["shop/s0"]


async def test_a_secret_that_does_not_exist_is_asked_for_once_for_all_who_want_it() -> None:
    """Thousands of objects may name it. Whoever has just been asked to look again does."""
    shelf = Shelf()
    shelf.fails = KubeNotFound("it is not there", 404)
    for _ in range(100):
        with pytest.raises(KubeNotFound):
            await shelf.secrets.data("shop", "onecloud")
    assert len(shelf.reads) == 1
    await shelf.clock.advance(1.0)
    with pytest.raises(KubeNotFound):
        await shelf.secrets.data("shop", "onecloud", newer_than=shelf.clock.monotonic())
    assert len(shelf.reads) == 2
    shelf.fails = None
    await shelf.clock.advance(MISSING_SECONDS)
    await shelf.secrets.data("shop", "onecloud")
    assert len(shelf.reads) == 3


async def test_an_api_server_that_did_not_answer_is_asked_again_at_once() -> None:
    shelf = Shelf()
    shelf.fails = KubeError("silence")
    for _ in range(2):
        with pytest.raises(KubeError):
            await shelf.secrets.data("shop", "onecloud")
    assert len(shelf.reads) == 2


async def test_of_a_secret_only_what_is_asked_for_is_remembered_and_no_more_than_fits() -> None:
    """600 Secrets of 768 KiB were half a gibibyte, for ever."""
    clock, big = SimulatedClock(), "x" * 60_000
    ca = "-----BEGIN CERTIFICATE-----" + "x" * 200_000

    async def read(_namespace: str, _name: str) -> dict[str, Any]:
        return secret(**{"ca.crt": ca, "junk": "y" * 500_000, "user-data": big})

    secrets = Secrets(read, clock.monotonic, 60.0)
    assert set((await secrets.data("shop", "s")).values) == {*BASE, "ca.crt"}
    found = await secrets.value("shop", "s", "user-data", 65536)
    assert found is not None
    assert found.get_secret_value() == big
    for number in range(600):
        await secrets.data("shop", f"s{number}")
        kept = [each for _, each in secrets._cache.values() if isinstance(each, Data)]  # noqa: SLF001
        assert sum(each.size for each in kept) == secrets._bytes <= MAX_CACHED_BYTES  # noqa: SLF001
    assert len(kept) > 50


async def test_a_value_that_was_deleted_or_rotated_is_gone_within_the_time_it_is_remembered() -> None:
    shelf = Shelf()
    await shelf.secrets.data("shop", "old")
    await shelf.secrets.value("shop", "old", "OS_PASSWORD", 64)
    await shelf.clock.advance(59.0)
    await shelf.secrets.data("shop", "new")
    await shelf.clock.advance(1.0)
    shelf.secrets.expire()
    assert [part.name for part in shelf.secrets._cache] == ["new"]  # noqa: SLF001 - that it is gone is the point


@pytest.mark.parametrize("key", sorted(SIGN_IN_KEYS))
def test_a_value_that_is_too_long_is_named_and_never_decoded(key: str) -> None:
    data = data_of(secret(**{key: "x" * (SIGN_IN_KEYS[key] + 10)}))
    assert key not in data.values
    with pytest.raises(SecretUnusable, match=f"key {key} is longer than {SIGN_IN_KEYS[key] // 1024} KiB"):
        data.get(key)


@pytest.mark.parametrize(
    "kind",
    ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token", "helm.sh/release.v1"],
)
def test_a_secret_of_the_cluster_itself_is_never_sent_to_a_cloud(kind: str) -> None:
    with pytest.raises(SecretUnusable, match=f"its type is {kind}, which is for this cluster only"):
        credentials_of(data_of({"type": kind, **secret()}))
    with pytest.raises(SecretUnusable, match="which is for this cluster only"):
        data_of({"type": kind, **secret(token="t0ken")}, {"token": 1024}).get("token")


def test_every_key_that_credentials_are_made_of_is_read_from_the_secret() -> None:
    """A key that the reader of Secrets does not know would never be seen, whatever it says."""
    source = Path(credentials.__file__).read_text()
    assert set(re.findall(r'"(OS_[A-Z_]+|ca\.crt)"', source)) == set(SIGN_IN_KEYS)
