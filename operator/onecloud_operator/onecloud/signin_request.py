"""The request of a sign-in: credentials, scope and source. Nothing here does I/O."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, assert_never

from .auth import AccessKey, CasTicket, Credentials, DomainScope, Method, Password, Project, Scope, Token
from .protocol import Request, Traffic

# The service recomputes the signature with the location in the request, so any value works.
SIGNING_LOCATION = "cn-beijing"


def sign_in(credentials: Credentials, method: Method, now: datetime) -> Request:
    """Return the request that signs in by *method*: that of *credentials*, or a renewal of its token."""
    auth: dict[str, Any] = {"identity": _identity(method, now), "context": {"source": credentials.source}}
    # An access key has its own project, and the cloud ignores a scope.
    if not isinstance(method, AccessKey) and (scope := _scope(credentials.project)):
        auth["scope"] = scope
    return Request("sign_in", "POST", "/auth/tokens", "/auth/tokens", Traffic.READ, body={"auth": auth})


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

    The service verifies the signature of the text but none of its contents, so the canonical request in it is
    a formality.
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
    """Return an id, or else a name, as the API expects it."""
    if identifier:
        return {"id": identifier}
    return {"name": name} if name else {}
