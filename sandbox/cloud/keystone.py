"""The identity service over HTTP: sign-in by four methods, catalog, verify and revoke."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from .errors import CloudError, bad_input, invalid_token, list_refused, no_handler, not_found, unauthorized
from .identity import AccessKey, Domain, Project, Token, User
from .times import row_time
from .tokens import show
from .wire import Answer, Request, answer
from .world import World

KEPT_AFTER_EXPIRY = timedelta(days=1)


def handle(world: World, request: Request) -> Answer:
    """Answer a request under ``/v3``."""
    path, method = request.path, request.method
    if path == "/v3/auth/tokens":
        match method:
            case "POST":
                return sign_in(world, request)
            case "GET":
                return verify(world, request)
            case "DELETE":
                return revoke(world, request)
    if path in {"/v3/projects", "/v3/users"} and method == "GET":
        resource = path.rsplit("/", 1)[-1]
        token = _alive(world, request.token)
        allow = "none" if token is None or resource == "projects" else "project"
        if token is None or token.role != "admin":
            raise list_refused("identity", resource, require="domain", allow=allow, query="domain")
        return answer({resource: []})
    if path.startswith("/v3/credentials/"):
        return _credential(world, request, path.rsplit("/", 1)[-1])
    raise no_handler(path)


def _now(world: World) -> datetime:
    return world.clock().astimezone(UTC)


def _alive(world: World, text: str) -> Token | None:
    token = world.identity.tokens.get(text)
    return token if token is not None and token.valid(_now(world)) and token.user.enabled else None


def _remembered(world: World, text: str) -> Token | None:
    """Return a token that keystone still has: an expired one too, for a day more than it lived."""
    token = world.identity.tokens.get(text)
    if token is None or token.revoked_at is not None or not token.user.enabled:
        return None
    return token if _now(world) < token.expires_at + KEPT_AFTER_EXPIRY else None


def sign_in(world: World, request: Request) -> Answer:
    body = request.json()
    if not isinstance(body, dict):
        raise bad_input("fail to decode request body")
    auth = body.get("auth") or {}
    identity = auth.get("identity") or {}
    methods = identity.get("methods")
    if not isinstance(methods, list) or len(methods) != 1:
        raise unauthorized("[auth] invalid auth methods")
    access_key: AccessKey | None = None
    audit = ""
    match methods[0]:
        case "password":
            user = _by_password(world, (identity.get("password") or {}).get("user") or {})
        case "token":
            old = _remembered(world, str((identity.get("token") or {}).get("id") or ""))
            if old is None:
                raise unauthorized("authUserByTokenV3: [auth] invalid token")
            user, audit = old.user, old.text
        case "aksk":
            access_key = _by_access_key(world, str(identity.get("access_key_secret") or ""))
            user, audit = access_key.user, access_key.id
        case "cas":
            user = _by_ticket(world, identity.get("cas_ticket"))
        case _:
            raise unauthorized("[auth] empty auth request")
    if user.locked:
        raise CloudError(423, "UserLocked", "UserLocked")
    if not user.enabled:
        raise CloudError(423, "UserDisabled", "UserDisabled")
    project, domain = None, None
    if access_key is not None:
        # The project is the key's; a scope that is sent as well is not even looked at.
        project = access_key.project
    else:
        project, domain = _scope(world, user, auth.get("scope") or {})
    context = auth.get("context") or {}
    token = world.identity.issue(
        user,
        methods[0],
        _now(world),
        project=project,
        domain=domain,
        audit=audit,
        source=str(context.get("source") or "api"),
        ip=str(context.get("ip") or "127.0.0.1"),
        access_key=access_key,
    )
    shown = {"id": token.text, "token": show(world, token, secret=True)}
    return answer(shown, headers={"X-Subject-Token": token.text})


def _by_password(world: World, wanted: dict[str, Any]) -> User:
    identity = world.identity
    domain = None
    if reference := wanted.get("domain"):
        domain = identity.domain(reference)
        if domain is None:
            name = reference.get("name") or reference.get("id")
            raise CloudError(404, "UserNotFound", f"domain {name}: UserNotFound")
    if ident := wanted.get("id"):
        user = identity.users.get(str(ident))
    else:
        name = str(wanted.get("name") or "").casefold()
        found = [
            u for u in identity.users.values() if u.name.casefold() == name and domain in (None, u.domain)
        ]
        if len(found) > 1:
            raise CloudError(409, "ConflictError", f"duplicate user name {name}")
        user = found[0] if found else None
    if user is None:
        raise CloudError(404, "UserNotFound", f"user {wanted.get('name') or wanted.get('id')}: UserNotFound")
    if not user.enabled:
        raise CloudError(423, "UserDisabled", "UserDisabled")
    if user.locked:
        raise CloudError(423, "UserLocked", "UserLocked")
    if user.failures >= identity.lock_after:
        raise CloudError(429, "TooManyFailedAttempts", "TooManyFailedAttempts")
    if str(wanted.get("password") or "") != user.password:
        user.failures += 1
        raise CloudError(401, "WrongPassword", "Authenticate: usrExt.VerifyPassword: WrongPassword")
    user.failures = 0
    return user


def _by_access_key(world: World, text: str) -> AccessKey:
    """Check the signature over the text that was sent; neither its date nor its content is looked at."""
    try:
        sent = json.loads(text)
        signed = str(sent["request"])
        location = str(sent["location"])
        date = signed.split("\n")[2].split("/", maxsplit=1)[0]
    except (ValueError, KeyError, IndexError, TypeError):
        raise unauthorized("authUserByAccessKeyV3: invalid access key secret") from None
    key = world.identity.access_keys.get(str(sent.get("access_key")))
    if key is None:
        raise unauthorized("authUserByAccessKeyV3: [auth] invalid access key id")
    if not key.enabled:
        raise unauthorized("authUserByAccessKeyV3: Access Key disabled: InvalidStatusError")
    digest = b"AWS4" + key.secret.encode()
    for part in (date, location, "s3", "aws4_request"):
        digest = hmac.new(digest, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(digest, signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, str(sent.get("signature"))):
        raise unauthorized("authUserByAccessKeyV3: signature mismatch")
    return key


def _by_ticket(world: World, sent: Any) -> User:
    """Take a ticket; it works once."""
    ident = str(sent.get("id") or "") if isinstance(sent, dict) else str(sent or "")
    user = world.identity.tickets.pop(ident, None)
    if user is None:
        raise unauthorized("authUserByCASV3: invalid ticket")
    return user


def _scope(world: World, user: User, scope: dict[str, Any]) -> tuple[Project | None, Domain | None]:
    if reference := scope.get("project"):
        domain = world.identity.domain(reference["domain"]) if reference.get("domain") else None
        project = world.identity.project(str(reference.get("id") or reference.get("name") or ""))
        if project is None or domain not in (None, project.domain):
            raise unauthorized("ProjectManager.FetchProject: q.First: sql: no rows in result set")
        if project.id not in user.roles:
            raise unauthorized(f'getTokenV3: project "{project.name}": [auth] user not in project')
        return project, None
    if reference := scope.get("domain"):
        domain = world.identity.domain(reference)
        if domain is None:
            raise unauthorized("DomainManager.FetchDomain: q.First: sql: no rows in result set")
        if "admin" not in user.roles.values():
            raise unauthorized(f'getTokenV3: domain "{domain.name}": [auth] user not in project')
        return None, domain
    return None, None


def _caller(world: World, request: Request) -> Token:
    token = _alive(world, request.token)
    if token is None:
        raise CloudError(403, "ForbiddenError", "guest not allow to auth")
    return token


def verify(world: World, request: Request) -> Answer:
    """Show another token, to an administrator only."""
    caller = _caller(world, request)
    if caller.role != "admin":
        raise CloudError(403, "ForbiddenError", f"{caller.user.name} not allow to auth")
    subject = request.headers.get("x-subject-token", "")
    if not subject:
        raise CloudError(403, "ForbiddenError", "missing auth token")
    token = _remembered(world, subject)
    if token is None:
        raise invalid_token()
    return answer({"token": show(world, token)}, headers={"X-Subject-Token": token.text})


def revoke(world: World, request: Request) -> Answer:
    """Forget a token: one's own, or anyone's for an administrator."""
    subject = request.headers.get("x-subject-token") or request.token
    token = _alive(world, subject)
    if token is None:
        raise invalid_token()
    caller = _caller(world, request)
    if caller.role != "admin" and caller.user is not token.user:
        raise CloudError(403, "ForbiddenError", f"{caller.user.name} not allow to auth")
    world.identity.revoke(token, _now(world))
    return Answer(204)


def _credential(world: World, request: Request, ident: str) -> Answer:
    key = world.identity.access_keys.get(ident)
    if key is None:
        raise not_found("credential", ident)
    gone: dict[str, Any] = {}
    caller = _caller(world, request)
    if caller.user is not key.user:
        raise CloudError(403, "ForbiddenError", "not enough privilege")
    if request.method in {"PATCH", "PUT"}:
        wanted = request.inner("credential")
        key.enabled = bool(wanted.get("enabled", key.enabled))
        key.update_version += 1
    elif request.method == "DELETE":
        del world.identity.access_keys[ident]
        gone = {"deleted": True, "deleted_at": row_time(_now(world)), "encrypted_blob": "-", "key_hash": "-"}
    elif request.method != "GET":
        raise no_handler(request.path)
    stamp = row_time(_now(world))
    shown = {
        "blob": json.dumps({"secret": key.secret, "expire": 0}),
        "can_delete": True,
        "can_update": True,
        "created_at": stamp,
        "deleted": False,
        "domain": key.user.domain.name,
        "domain_id": key.user.domain.id,
        "enabled": key.enabled,
        "id": key.id,
        "is_emulated": False,
        "name": key.name,
        "project_id": key.project.id,
        "type": "aksk",
        "update_version": key.update_version,
        "updated_at": stamp,
        "user": key.user.name,
        "user_id": key.user.id,
    }
    return answer({"credential": shown | gone})
