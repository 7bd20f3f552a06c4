"""Who may do what to a server. A dead token is a guest, and a guest gets a 403, never a 401."""

from dataclasses import dataclass
from typing import Literal

from .errors import create_refused, list_refused, object_refused
from .events import PLATFORM, Actor
from .guests import Guest
from .identity import Role, Token
from .wire import Query

Verb = Literal["list", "get", "create", "update", "delete", "perform"]
ALLOWED: dict[Role, frozenset[Verb]] = {
    "owner": frozenset({"list", "get", "create", "update", "delete", "perform"}),
    "editor": frozenset({"list", "get", "update", "perform"}),
    "viewer": frozenset({"list", "get"}),
    "admin": frozenset({"list", "get", "create", "update", "delete", "perform"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. *token* is None for a guest: no token, a dead one, or one that nobody can verify."""

    token: Token | None

    @property
    def project_id(self) -> str:
        return self.token.project.id if self.token and self.token.project else ""

    @property
    def administrator(self) -> bool:
        return self.token is not None and self.token.role == "admin"

    @property
    def actor(self) -> Actor:
        if self.token is None:
            return PLATFORM
        return Actor.of(self.token.user, self.token.project, self.token.role)

    def may(self, verb: Verb) -> bool:
        return self.token is not None and self.token.role is not None and verb in ALLOWED[self.token.role]

    def allowance(self, verb: Verb) -> str:
        """Return how far the caller's policy reaches: none, project or system."""
        if not self.may(verb):
            return "none"
        return "system" if self.administrator else "project"


@dataclass(frozen=True, slots=True)
class Span:
    """Whose rows a list shows: one project's, or everyone's (None)."""

    project_id: str | None


def span_of(caller: Caller, query: Query, service: str, resource: str, *, find: dict[str, str]) -> Span:
    """
    Return the rows that a list may show, or refuse. *find* maps project ids and lower-case names to ids.

    Without ``scope`` it is the token's project, for an administrator too.
    """
    scope = query.one("scope") or ("system" if query.flag("admin") else "")
    wanted = query.one("project") or query.one("project_id") or query.one("tenant") or query.one("tenant_id")
    allow = caller.allowance("list")
    require = "domain" if wanted and scope in {"", "project"} else scope or "project"
    if require in {"max", "maxallowed", "user"}:
        require = allow if allow != "none" else "project"
    ranks = {"none": 0, "project": 1, "domain": 2, "system": 3}
    if ranks.get(require, 3) > ranks[allow]:
        raise list_refused(service, resource, require=require, allow=allow, query=require)
    if wanted:
        return Span(find.get(wanted, find.get(wanted.casefold(), wanted)))
    if require in {"system", "domain"}:
        return Span(None)
    return Span(caller.project_id)


def check_object(caller: Caller, guest: Guest, verb: Verb) -> None:
    """Refuse unless *caller* may do *verb* to *guest*; another project's server is a 403, never a 404."""
    allow = caller.allowance(verb)
    if allow == "system":
        return
    if guest.project_id != caller.project_id:
        raise object_refused(require="domain", allow=allow)
    if allow == "none":
        raise object_refused(require="project", allow=allow)


def check_create(caller: Caller, project_id: str | None) -> None:
    """Refuse unless *caller* may create, in *project_id* (None: its own)."""
    allow = caller.allowance("create")
    require = "project" if project_id in (None, caller.project_id) else "domain"
    if allow == "none" or (require == "domain" and allow != "system"):
        raise create_refused(require=require, allow=allow)
