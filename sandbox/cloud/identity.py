"""Who may do what: domains, projects, users, roles, access keys and tokens. keystone.py speaks HTTP."""

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Role = Literal["owner", "editor", "viewer", "admin"]
ROLE_NAMES: dict[Role, str] = {
    "owner": "project_owner",
    "editor": "project_editor",
    "viewer": "project_viewer",
    "admin": "admin",
}
POLICIES: dict[Role, dict[str, list[str]]] = {
    "owner": {"project": ["project-admin"]},
    "editor": {"project": ["project-editor"]},
    "viewer": {"project": ["project-viewer"]},
    "admin": {"system": ["sysadmin"]},
}
DEFAULT_LIFETIME_SECONDS = 86_400.0


@dataclass(slots=True)
class Domain:
    id: str
    name: str


@dataclass(slots=True)
class Project:
    id: str
    name: str
    domain: Domain


@dataclass(slots=True)
class User:
    """*failures* counts wrong passwords in a row; too many of them shut the account."""

    id: str
    name: str
    password: str = field(repr=False)
    domain: Domain
    roles: dict[str, Role] = field(default_factory=dict)
    enabled: bool = True
    locked: bool = False
    failures: int = 0
    system_account: bool = False
    number: int = 0


@dataclass(slots=True)
class AccessKey:
    id: str
    secret: str = field(repr=False)
    user: User
    project: Project
    enabled: bool = True
    name: str = "aksk"
    created_at: datetime | None = None
    update_version: int = 0


@dataclass(slots=True)
class Token:
    """One token. *revoked_at* is when keystone forgot it; region may take longer to notice."""

    text: str = field(repr=False)
    user: User
    method: str
    issued_at: datetime
    expires_at: datetime
    project: Project | None = None
    domain: Domain | None = None
    role: Role | None = None
    audit: str = ""
    source: str = "api"
    ip: str = "127.0.0.1"
    access_key: AccessKey | None = None
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class Identity:
    """The accounts of one cloud, found by id or by name."""

    def __init__(self) -> None:
        self.domains: dict[str, Domain] = {}
        self.projects: dict[str, Project] = {}
        self.users: dict[str, User] = {}
        self.access_keys: dict[str, AccessKey] = {}
        self.tickets: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.lifetime_seconds = DEFAULT_LIFETIME_SECONDS
        self.lock_after = 5
        self._numbers = itertools.count(1)

    def add_domain(self, ident: str, name: str) -> Domain:
        self.domains[ident] = Domain(ident, name)
        return self.domains[ident]

    def add_project(self, ident: str, name: str, domain: Domain) -> Project:
        self.projects[ident] = Project(ident, name, domain)
        return self.projects[ident]

    def add_user(self, ident: str, name: str, password: str, domain: Domain, roles: dict[str, Role]) -> User:
        """Add a user with its *roles*, by project id."""
        user = User(ident, name, password, domain, roles, number=next(self._numbers))
        self.users[ident] = user
        return user

    def add_access_key(
        self, ident: str, secret: str, user: User, project: Project, *, name: str = "aksk"
    ) -> AccessKey:
        self.access_keys[ident] = AccessKey(ident, secret, user, project, name=name)
        return self.access_keys[ident]

    def domain(self, reference: dict[str, str]) -> Domain | None:
        """Return the domain that *reference* names by id or by name."""
        if (ident := reference.get("id")) is not None:
            return self.domains.get(ident)
        name = reference.get("name", "").casefold()
        return next((d for d in self.domains.values() if d.name.casefold() == name), None)

    def project(self, ident: str) -> Project | None:
        """Return the project with this id or name."""
        found = self.projects.get(ident)
        name = ident.casefold()
        return found or next((p for p in self.projects.values() if p.name.casefold() == name), None)

    def issue(
        self,
        user: User,
        method: str,
        now: datetime,
        *,
        project: Project | None = None,
        domain: Domain | None = None,
        audit: str = "",
        source: str = "api",
        ip: str = "127.0.0.1",
        access_key: AccessKey | None = None,
    ) -> Token:
        """Make a token with a full lifetime and remember it."""
        text = hashlib.sha256(f"{user.id}/{now.isoformat()}/{next(self._numbers)}".encode()).hexdigest()
        role = None
        if project is not None:
            role = user.roles.get(project.id)
        elif domain is not None:
            role = "admin"
        token = Token(
            text,
            user,
            method,
            now,
            now + timedelta(seconds=self.lifetime_seconds),
            project,
            domain,
            role,
            audit or str(user.number),
            source,
            ip,
            access_key,
        )
        self.tokens[text] = token
        return token

    def revoke(self, token: Token, now: datetime) -> None:
        token.revoked_at = token.revoked_at or now

    def revoke_all(self, now: datetime, *, user_id: str | None = None) -> int:
        """Revoke every token, or every token of one user, and return how many there were."""
        found = [t for t in self.tokens.values() if t.revoked_at is None and user_id in (None, t.user.id)]
        for token in found:
            token.revoked_at = now
        return len(found)
