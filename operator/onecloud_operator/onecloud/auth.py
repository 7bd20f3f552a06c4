"""
Credentials, what they look like on the wire, and the session that they give. Nothing here does I/O.

Secrets are `SecretStr` from end to end: no repr, error or log of this package shows one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, assert_never
from urllib.parse import urlsplit

from pydantic import SecretStr

from .errors import InvalidRequest
from .protocol import Lane, Request

# Fingerprints live in memory only; with a key drawn for each process nobody can try passwords against one.
FINGERPRINT_KEY = secrets.token_bytes(32)
# The service recomputes the signature with whatever location it is told: any will do.
SIGNING_LOCATION = "cn-beijing"


@dataclass(frozen=True, slots=True)
class Password:
    """Sign in as a user by name (and domain) or id. Without a domain the name must be unique."""

    password: SecretStr = field(repr=False)
    user_name: str | None = None
    user_id: str | None = None
    user_domain_name: str | None = None
    user_domain_id: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Sign in with a token that somebody got elsewhere; a new one of full lifetime is asked for at once."""

    token: SecretStr = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Sign in with an access key. Its project is fixed: the cloud ignores a scope."""

    access_key: str
    secret_key: SecretStr = field(repr=False)


@dataclass(frozen=True, slots=True)
class CasTicket:
    """
    Sign in with a ticket of the CAS server that the cloud trusts. It works once.

    The ticket must be one for the service URL that the cloud's identity provider was set up with.
    """

    ticket: SecretStr = field(repr=False)
    service: str | None = None
    identity_provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """The project to work in, by id or by name (and domain)."""

    name: str | None = None
    id: str | None = None
    domain_name: str | None = None
    domain_id: str | None = None


@dataclass(frozen=True, slots=True)
class DomainScope:
    """A whole domain to work in, by id or name."""

    name: str | None = None
    id: str | None = None


Method = Password | Token | AccessKey | CasTicket
Scope = Project | DomainScope


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    Everything needed to get to one project of one cloud.

    *project* may be None only for an access key. *interface* is the catalog's word; ``internal`` never
    means a read replica here. *ca_pem* replaces the system's certificate authorities; *insecure* checks none.
    *source* is told to the cloud's audit log: web, api, cli, srv or operator.
    """

    auth_url: str
    method: Method
    project: Scope | None = None
    region: str | None = None
    interface: str = "public"
    ca_pem: str | None = field(default=None, repr=False)
    insecure: bool = False
    source: str = "api"

    @property
    def fingerprint(self) -> str:
        """Return a text that is the same, within this process, for equal credentials and only for them."""
        text = json.dumps(_revealed(self), sort_keys=True).encode()
        return hmac.new(FINGERPRINT_KEY, text, hashlib.sha256).hexdigest()

    @property
    def secret(self) -> SecretStr:
        """Return what must never be seen, for those who check texts."""
        return secret_of(self.method)


@dataclass(frozen=True, slots=True)
class Session:
    """
    One signed-in token, and where it leads. Times are monotonic seconds of this process.

    *auth_url* is in one canonical spelling, so that it can be compared. With a domain scope *project_id* and
    *project_name* are the domain's and *whole_domain* is True.
    """

    auth_url: str
    compute_url: str
    region: str
    project_id: str
    project_name: str
    user_id: str
    user_name: str
    token: SecretStr = field(repr=False)
    signed_in_at: float
    lifetime_seconds: float
    whole_domain: bool = False

    @property
    def renew_at(self) -> float:
        """Half its life: time enough for an outage of the identity service."""
        return self.signed_in_at + self.lifetime_seconds / 2

    @property
    def ends_at(self) -> float:
        """When the token dies."""
        return self.signed_in_at + self.lifetime_seconds


def secret_of(method: Method) -> SecretStr:
    """Return the secret part of *method*."""
    match method:
        case Password():
            return method.password
        case Token():
            return method.token
        case AccessKey():
            return method.secret_key
        case CasTicket():
            return method.ticket
    assert_never(method)


def canonical_url(url: str) -> str:
    """Return *url* in one spelling: lower-case scheme and host, no default port, no trailing slash."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise InvalidRequest("the URL cannot be read") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidRequest("a URL starts with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidRequest("a URL carries no user, password, query or fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    place = host if port in {None, default} else f"{host}:{port}"
    if not all(c.isascii() and c.isprintable() and c != " " for c in place + parts.path):
        raise InvalidRequest("a URL has only printable ASCII characters")
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def canonical_auth_url(url: str) -> str:
    """Return the sign-in URL in one spelling; a bare host gets the ``/v3``."""
    canonical = canonical_url(url)
    return canonical if urlsplit(canonical).path else canonical + "/v3"


def sign_in(credentials: Credentials, method: Method, now: datetime) -> Request:
    """Build the call that signs in by *method*: that of *credentials*, or the renewal of its token."""
    auth: dict[str, Any] = {"identity": _identity(method, now), "context": {"source": credentials.source}}
    # An access key brings its own project; naming one as well would only pretend to choose.
    if not isinstance(method, AccessKey) and (scope := _scope(credentials.project)):
        auth["scope"] = scope
    return Request("sign_in", "POST", "/auth/tokens", "/auth/tokens", Lane.READ, body={"auth": auth})


def _identity(method: Method, now: datetime) -> dict[str, Any]:
    match method:
        case Password():
            domain = _reference(method.user_domain_id, method.user_domain_name)
            user: dict[str, Any] = _reference(method.user_id, method.user_name)
            if domain and "name" in user:
                user["domain"] = domain
            user["password"] = method.password.get_secret_value()
            return {"methods": ["password"], "password": {"user": user}}
        case Token():
            return {"methods": ["token"], "token": {"id": method.token.get_secret_value()}}
        case AccessKey():
            return {"methods": ["aksk"], "access_key_secret": _signature(method, now)}
        case CasTicket():
            ticket = {"id": method.ticket.get_secret_value()}
            if method.service:
                ticket["service"] = method.service
            identity: dict[str, Any] = {"methods": ["cas"], "cas_ticket": ticket}
            if method.identity_provider_id:
                identity["id"] = method.identity_provider_id
            return identity
    assert_never(method)


def _signature(key: AccessKey, now: datetime) -> str:
    """
    Sign a text as AWS4-HMAC-SHA256 does.

    The service checks the signature over the text that it is sent, and nothing of what the text says, so the
    canonical request in it is a formality.
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    date = stamp[:8]
    canonical_request = "POST\n/v3/auth/tokens\n\nx-amz-date:" + stamp + "\n\nx-amz-date\nUNSIGNED-PAYLOAD"
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            stamp,
            f"{date}/{SIGNING_LOCATION}/s3/aws4_request",
            hashlib.sha256(canonical_request.encode()).hexdigest(),
        )
    )
    signing_key = b"AWS4" + key.secret_key.get_secret_value().encode()
    for part in (date, SIGNING_LOCATION, "s3", "aws4_request"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    return json.dumps(
        {
            "algorithm": "AWS4-HMAC-SHA256",
            "access_key": key.access_key,
            "signature": hmac.new(signing_key, text.encode(), hashlib.sha256).hexdigest(),
            "request": text,
            "location": SIGNING_LOCATION,
            "signed_headers": ["x-amz-date"],
            "sign_date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )


def _scope(scope: Scope | None) -> dict[str, Any]:
    match scope:
        case None:
            return {}
        case DomainScope():
            return {"domain": _reference(scope.id, scope.name)}
        case Project():
            project: dict[str, Any] = _reference(scope.id, scope.name)
            domain = _reference(scope.domain_id, scope.domain_name)
            if domain and "name" in project:
                project["domain"] = domain
            return {"project": project}
    assert_never(scope)


def _reference(identifier: str | None, name: str | None) -> dict[str, Any]:
    """Return an id, or else a name, as the API takes it."""
    if identifier:
        return {"id": identifier}
    return {"name": name} if name else {}


def _revealed(value: object) -> object:
    """Return *value* as plain data with its secrets in the clear, for the fingerprint only."""
    if isinstance(value, SecretStr):
        return ["secret", value.get_secret_value()]
    if hasattr(value, "__dataclass_fields__"):
        return [
            type(value).__name__,
            *(_revealed(getattr(value, name)) for name in value.__dataclass_fields__),
        ]
    return value
