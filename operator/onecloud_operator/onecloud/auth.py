"""
Credentials, and the session that they open.

Secrets are `SecretStr` from end to end: no repr, error or log of this package shows one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import assert_never
from urllib.parse import urlsplit

from pydantic import SecretStr

from .errors import InvalidRequest

HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+(%[a-z0-9._-]+)?")
# Fingerprints live in memory only; with a key drawn for each process nobody can try passwords against one.
FINGERPRINT_KEY = secrets.token_bytes(32)


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
    """Sign in with a token from elsewhere; it is exchanged at once for one of full lifetime."""

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

    The ticket must be issued for the service URL of the cloud's identity provider.
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
    Everything needed to reach one project of one cloud.

    *project* may be None only for an access key. *interface* is the catalog's word; ``internal`` never
    means a read replica here. *ca_pem* replaces the system's certificate authorities; *insecure* turns
    verification off. *allow_http* permits a compute service over http after a sign-in over https. *source* is
    shown in the cloud's audit log: web, api, cli, srv or operator.
    """

    auth_url: str
    method: Method
    project: Scope | None = None
    region: str | None = None
    interface: str = "public"
    ca_pem: str | None = field(default=None, repr=False)
    insecure: bool = False
    allow_http: bool = False
    source: str = "api"

    @property
    def fingerprint(self) -> str:
        """A digest that is equal, within this process, for equal credentials and only for them."""
        text = json.dumps(_revealed(self), sort_keys=True).encode()
        return hmac.new(FINGERPRINT_KEY, text, hashlib.sha256).hexdigest()

    @property
    def secret(self) -> SecretStr:
        """The secret part, which no text may show."""
        return secret_of(self.method)


@dataclass(frozen=True, slots=True)
class Session:
    """
    A token with its project and endpoints. Times are monotonic seconds of this process.

    *auth_url* is canonical, so that it can be compared. With a domain scope *project_id* and *project_name*
    are the domain's and *whole_domain* is True. *image_url* is None if the catalog has none, or none that the
    token may be sent to.
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
    image_url: str | None = None

    @property
    def renew_at(self) -> float:
        """Half of its lifetime, which leaves time for an outage of the identity service."""
        return self.signed_in_at + self.lifetime_seconds / 2

    @property
    def ends_at(self) -> float:
        """When the token expires."""
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
    """Return *url* in canonical form: lower-case scheme and host, no default port, no trailing slash."""
    url = url.removesuffix("\n").removesuffix("\r").strip(" ")
    if not all(c.isascii() and c.isprintable() and c != " " for c in url):
        # Checked before parsing: the parser silently drops tabs and line breaks.
        raise InvalidRequest("a URL has only printable ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidRequest("the URL is malformed") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidRequest("a URL starts with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidRequest("a URL carries no user, password, query or fragment")
    if not HOST.fullmatch(parts.hostname):
        raise InvalidRequest(
            "a host is a name of letters, digits, dots, dashes and underscores, or an address"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    netloc = host if port in {None, default} else f"{host}:{port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def canonical_auth_url(url: str) -> str:
    """Return the sign-in URL in canonical form; ``/v3`` is appended to a bare host."""
    canonical = canonical_url(url)
    return canonical if urlsplit(canonical).path else canonical + "/v3"


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
