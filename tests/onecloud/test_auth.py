"""Each way of signing in as it is sent; and credentials that can be compared but not read."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import (
    AccessKey,
    CasTicket,
    Credentials,
    DomainScope,
    Password,
    Project,
    Token,
)
from onecloud_operator.onecloud.auth import Method, Scope, canonical_auth_url
from onecloud_operator.onecloud.errors import InvalidRequest
from onecloud_operator.onecloud.signin_request import sign_in

NOW = datetime(2026, 11, 23, 6, 43, 10, tzinfo=UTC)
LAB = Project(name="lab", domain_name="Default")
PASSWORD = Password(SecretStr("pw-123456"), user_name="labuser", user_domain_name="Default")
BASE = Credentials("https://cloud:30500/v3", PASSWORD, LAB)


def sent(method: Method, scope: Scope | None = LAB) -> dict[str, Any]:
    request = sign_in(replace(BASE, project=scope), method, NOW)
    assert request.content is not None
    auth: dict[str, Any] = json.loads(request.content)["auth"]
    return auth


@pytest.mark.parametrize(
    ("method", "identity"),
    [
        pytest.param(
            PASSWORD,
            {
                "methods": ["password"],
                "password": {
                    "user": {"name": "labuser", "domain": {"name": "Default"}, "password": "pw-123456"}
                },
            },
            id="password-by-name",
        ),
        pytest.param(
            Password(SecretStr("pw-123456"), user_id="u1", user_domain_name="ignored"),
            {"methods": ["password"], "password": {"user": {"id": "u1", "password": "pw-123456"}}},
            id="password-by-id-needs-no-domain",
        ),
        pytest.param(
            Password(SecretStr("pw-123456"), user_name="labuser"),
            {"methods": ["password"], "password": {"user": {"name": "labuser", "password": "pw-123456"}}},
            id="password-without-a-domain",
        ),
        pytest.param(Token(SecretStr("tok")), {"methods": ["token"], "token": {"id": "tok"}}, id="token"),
        pytest.param(
            CasTicket(SecretStr("ST-1")), {"methods": ["cas"], "cas_ticket": {"id": "ST-1"}}, id="cas"
        ),
        pytest.param(
            CasTicket(SecretStr("ST-1"), service="https://me", identity_provider_id="idp"),
            {"methods": ["cas"], "cas_ticket": {"id": "ST-1", "service": "https://me"}, "id": "idp"},
            id="cas-of-one-of-several-providers",
        ),
    ],
)
def test_an_identity_is_sent_as(method: Method, identity: dict[str, Any]) -> None:
    assert sent(method)["identity"] == identity


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param(LAB, {"project": {"name": "lab", "domain": {"name": "Default"}}}, id="project-by-name"),
        pytest.param(Project(id="p1", domain_name="x"), {"project": {"id": "p1"}}, id="project-by-id"),
        pytest.param(
            Project(name="lab", domain_id="d1"),
            {"project": {"name": "lab", "domain": {"id": "d1"}}},
            id="domain-id",
        ),
        pytest.param(DomainScope(name="Default"), {"domain": {"name": "Default"}}, id="a-whole-domain"),
    ],
)
def test_a_scope_is_sent_as(scope: Scope, expected: dict[str, Any]) -> None:
    assert sent(PASSWORD, scope)["scope"] == expected


def test_the_cloud_is_told_who_asks() -> None:
    assert sent(PASSWORD)["context"] == {"source": "api"}
    request = sign_in(replace(BASE, source="operator"), PASSWORD, NOW)
    assert request.body is not None
    assert request.body["auth"]["context"] == {"source": "operator"}


def test_an_access_key_signs_its_text_as_aws_does() -> None:
    """Recomputed here step by step, as the identity service does it."""
    auth = sent(AccessKey("ak-id", SecretStr("sk-secret")))
    signed = json.loads(auth["identity"]["access_key_secret"])
    key = b"AWS4sk-secret"
    for part in (b"20261123", signed["location"].encode(), b"s3", b"aws4_request"):
        key = hmac.new(key, part, hashlib.sha256).digest()
    assert signed["signature"] == hmac.new(key, signed["request"].encode(), hashlib.sha256).hexdigest()
    assert signed["access_key"] == "ak-id"
    assert signed["algorithm"] == "AWS4-HMAC-SHA256"
    first, stamp, scope, digest = signed["request"].split("\n")
    assert (first, stamp) == ("AWS4-HMAC-SHA256", "20261123T064310Z")
    assert scope == f"20261123/{signed['location']}/s3/aws4_request"
    assert len(digest) == 64
    assert "sk-secret" not in json.dumps(auth)


def test_an_access_key_names_no_scope_since_the_cloud_would_ignore_it() -> None:
    assert "scope" not in sent(AccessKey("ak-id", SecretStr("sk-secret")))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(BASE, method=replace(PASSWORD, password=SecretStr("pw-123457"))), id="password"),
        pytest.param(replace(BASE, method=replace(PASSWORD, user_name="other")), id="user"),
        pytest.param(replace(BASE, method=Token(SecretStr("pw-123456"))), id="method"),
        pytest.param(replace(BASE, auth_url="https://other/v3"), id="url"),
        pytest.param(replace(BASE, project=replace(LAB, name="other")), id="project"),
        pytest.param(replace(BASE, project=DomainScope(name="lab")), id="scope"),
        pytest.param(replace(BASE, region="b"), id="region"),
        pytest.param(replace(BASE, interface="internal"), id="interface"),
        pytest.param(replace(BASE, ca_pem="pem"), id="authorities"),
        pytest.param(replace(BASE, insecure=True), id="insecure"),
    ],
)
def test_a_fingerprint_changes_with(other: Credentials) -> None:
    assert other.fingerprint != BASE.fingerprint


def test_equal_credentials_have_one_fingerprint_that_is_no_plain_hash() -> None:
    assert replace(BASE).fingerprint == BASE.fingerprint
    assert hashlib.sha256(b"pw-123456").hexdigest() not in BASE.fingerprint


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        pytest.param(
            "https://Cloud.Example:30500/v3/", "https://cloud.example:30500/v3", id="case-and-slash"
        ),
        pytest.param("https://cloud:443/v3", "https://cloud/v3", id="default-port"),
        pytest.param("http://cloud/v3\r\n", "http://cloud/v3", id="the-line-break-of-a-file"),
        pytest.param(" http://cloud:80 ", "http://cloud/v3", id="a-bare-host-gets-its-path"),
        pytest.param("https://[2001:DB8::1]:5000/v3", "https://[2001:db8::1]:5000/v3", id="ipv6"),
        pytest.param("https://cloud/api/identity/v3", "https://cloud/api/identity/v3", id="behind-a-gateway"),
    ],
)
def test_a_sign_in_url_has_one_spelling(given: str, canonical: str) -> None:
    assert canonical_auth_url(given) == canonical


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cloud:5000/v3",
        "ftp://cloud/v3",
        "file:///etc/passwd",
        "https://",
        "https://user:pw@cloud/v3",
        "https://cloud/v3?x=1",
        "https://cloud/v3#x",
        "https://cloud:99999/v3",
        "https://cloud:port/v3",
        "https://[::1/v3",
        "https://wölke/v3",
        "https://cloud/v3\r\nHost: evil",
        "https://cl\toud/v3",
        "https://cl\noud/v3",
        "ht\ntps://cloud/v3",
        "https://cloud/v3\t",
        "\x00https://cloud/v3",
        "https://cloud/v\x7f3",
        "https://good.example\\@evil.example/v3",
        "https://cl$oud/v3",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        canonical_auth_url(url)
    assert "pw" not in str(caught.value)
