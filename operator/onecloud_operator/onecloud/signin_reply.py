"""Parses the identity service's answers: the session's token, project and endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import SecretStr

from .auth import Credentials, DomainScope, Project, Scope, Session, canonical_auth_url, canonical_url
from .connection_errors import not_the_api
from .error_reply import cut, parse_error
from .errors import (
    AccountLocked,
    ApiError,
    Call,
    CatalogError,
    InnerFailure,
    InvalidRequest,
    NotIdentity,
    NotInProject,
    OneCloudError,
    ProtocolError,
    SignInError,
    TooManyAttempts,
    UserNotFound,
    WrongPassword,
)
from .json_body import decode
from .models import parse_time
from .protocol import ID_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .protocol import Reply, Request

COMPUTE = "compute_v2"  # the cloud's own client maps "compute" to this
IMAGE = "image"
UNKNOWN_LIFETIME_SECONDS = 3600.0
NAME_CHARACTERS = 256
URL_CHARACTERS = 1024
LISTED_CHARACTERS = 300  # of a list in a message
SHORTEST_LIFETIME_SECONDS = 60.0  # a token that expires sooner is refused, and renewed for that

BY_CLASS: dict[str, type[SignInError]] = {
    "WrongPassword": WrongPassword,
    "UserNotFound": UserNotFound,
    "UserLocked": AccountLocked,
    "UserDisabled": AccountLocked,
    "TooManyFailedAttempts": TooManyAttempts,
    "NotFoundError": NotIdentity,
}


def parse_session(credentials: Credentials, request: Request, reply: Reply, asked_at: float) -> Session:
    """
    Return the session that *reply* opens. *asked_at* is the monotonic time before the call.

    The token's lifetime is counted from there, as the difference of two times of the service, so that no
    clocks need to agree.
    """
    call = request.call(reply.request_id)
    if not reply.is_success:
        raise refusal(request, reply)
    if (other := not_the_api(reply, call)) is not None:
        raise other
    text = reply.headers.get("x-subject-token", "")
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        _unreadable(reply, call, "it has no token")
    try:
        body = decode(reply)
    except ValueError as error:
        _unreadable(reply, call, str(error))
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, dict):
        _unreadable(reply, call, "it does not describe the token")
    project = _mapping(token, "project")
    project_id, project_name = _text(project, "id"), _text(project, "name")
    if not project_id:
        raise NotInProject("signed in, but to no project: set one in the credentials", call)
    user = _mapping(token, "user")
    if max(map(len, (project_id, project_name, _text(user, "id"), _text(user, "name")))) > NAME_CHARACTERS:
        _unreadable(reply, call, f"it has a name of more than {NAME_CHARACTERS} characters")
    if max(len(project_id), len(_text(user, "id"))) > ID_CHARACTERS:
        _unreadable(reply, call, f"its project or user has an id of more than {ID_CHARACTERS} characters")
    _check_scope(credentials.project, project, call)
    compute_url, region = choose_endpoint(
        token.get("catalog"), interface=credentials.interface, region=credentials.region, call=call
    )
    secret = canonical_auth_url(credentials.auth_url).startswith("https:") and not credentials.allow_http
    if secret and not compute_url.startswith("https:"):
        raise CatalogError(
            f"the sign-in uses https, but the catalog's {COMPUTE} URL {compute_url} does not, so the token "
            "would be sent in the clear (OS_ALLOW_HTTP: true allows it)",
            call,
        )
    image_url = image_endpoint(token.get("catalog"), interface=credentials.interface, region=region)
    if secret and image_url is not None and not image_url.startswith("https:"):
        image_url = None
    return Session(
        auth_url=canonical_auth_url(credentials.auth_url),
        compute_url=compute_url,
        region=region,
        project_id=project_id,
        project_name=project_name,
        user_id=_text(user, "id"),
        user_name=_text(user, "name"),
        token=SecretStr(text),
        signed_in_at=asked_at,
        lifetime_seconds=_lifetime_seconds(token),
        whole_domain=token.get("is_domain") is True,
        image_url=image_url,
    )


def choose_endpoint(
    catalog: object, *, interface: str, region: str | None, call: Call | None = None
) -> tuple[str, str]:
    """
    Return the compute service's URL and region.

    An endpoint matches if its interface is a prefix of the wanted one (``public`` matches ``publicURL``) and
    its region is the wanted one. Of several URLs the lowest is chosen, since the catalog's order varies from
    call to call. A ``slave`` is a read replica that may lag behind, so it is never chosen by default.
    """
    endpoints = list(_endpoints(catalog))
    matching = [
        endpoint
        for endpoint in endpoints
        if (name := _text(endpoint, "interface")) and interface.startswith(name)
    ]
    if not matching:
        known = _listed({_text(endpoint, "interface") for endpoint in endpoints}) or "none at all"
        raise CatalogError(
            f"the catalog has no {COMPUTE} endpoint of interface {interface!r}, but: {known}", call
        )
    regions = sorted({_region(endpoint) for endpoint in matching})
    if max(map(len, regions)) > ID_CHARACTERS:
        raise ProtocolError(f"the catalog names a region of more than {ID_CHARACTERS} characters", call)
    if region is None and len(regions) > 1:
        raise CatalogError(f"the cloud has several regions, name one: {_listed(regions)}", call)
    chosen = region if region is not None else regions[0]
    urls = sorted(_text(endpoint, "url") for endpoint in matching if _region(endpoint) == chosen)
    if not urls:
        raise CatalogError(f"the catalog has no region {chosen!r}, but: {_listed(regions)}", call)
    try:
        return _url(urls[0]), chosen
    except InvalidRequest as error:
        raise CatalogError(f"the catalog's {COMPUTE} URL is not usable: {error.message}", call) from None


def image_endpoint(catalog: object, *, interface: str, region: str) -> str | None:
    """Return the image service's URL in *region*, or None: only lookups of images need it."""
    urls = sorted(
        _text(endpoint, "url")
        for endpoint in _endpoints(catalog, IMAGE)
        if (name := _text(endpoint, "interface")) and interface.startswith(name)
        if _region(endpoint) == region
    )
    try:
        return _url(urls[0]) if urls else None
    except InvalidRequest:
        return None


def _url(url: str) -> str:
    if len(url) > URL_CHARACTERS:
        raise InvalidRequest(f"the URL is longer than {URL_CHARACTERS} characters")
    return canonical_url(url)


def _listed(names: Iterable[str]) -> str:
    return cut(", ".join(sorted(names)), LISTED_CHARACTERS)


def refusal(request: Request, reply: Reply) -> OneCloudError:
    """Return the error for an unsuccessful answer to a sign-in."""
    error = parse_error(request, reply)
    if not isinstance(error, ApiError) or isinstance(error, InnerFailure):
        return error
    kind = BY_CLASS.get(error.error_class)
    if kind is None:
        if reply.status not in {400, 401, 403, 404, 409, 423}:
            return error
        # Only the text tells these apart; a wrong guess changes a message and nothing else.
        unknown_project = "not in project" in error.details or "FetchProject" in error.details
        kind = NotInProject if unknown_project else SignInError
    return kind(error.message, error.call, status=reply.status, error_class=error.error_class)


def _check_scope(wanted: Scope | None, project: Mapping[str, Any], call: Call) -> None:
    """Raise NotInProject if the token is for another project: an access key has its own."""
    match wanted:
        case None:
            return
        case Project() | DomainScope():
            names = ((wanted.id, _text(project, "id")), (wanted.name, _text(project, "name")))
            expected, found = names[0] if wanted.id else names[1]
            if expected and expected.strip().casefold() != found.casefold():
                raise NotInProject(f"the credentials lead to {found!r}, not to {expected!r}", call)


def _lifetime_seconds(token: Mapping[str, Any]) -> float:
    issued, expires = parse_time(token.get("issued_at")), parse_time(token.get("expires_at"))
    if issued is None or expires is None:
        return UNKNOWN_LIFETIME_SECONDS
    return max(SHORTEST_LIFETIME_SECONDS, (expires - issued).total_seconds())


def _endpoints(catalog: object, kind: str = COMPUTE) -> Iterator[Mapping[str, Any]]:
    for service in catalog if isinstance(catalog, list) else ():
        if isinstance(service, dict) and service.get("type") == kind:
            found = service.get("endpoints")
            yield from (item for item in (found if isinstance(found, list) else ()) if isinstance(item, dict))


def _region(endpoint: Mapping[str, Any]) -> str:
    return _text(endpoint, "region_id") or _text(endpoint, "region")


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _unreadable(reply: Reply, call: Call, why: str) -> NoReturn:
    raise ProtocolError(f"cannot read the answer of {reply.host_port}: {why}", call) from None
