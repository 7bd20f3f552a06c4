"""The body of a token: who, where, until when, and the catalog of services."""

import hashlib
from typing import Any

from .identity import POLICIES, ROLE_NAMES, Domain, Project, Token, User
from .times import token_time
from .world import World

ROLE_IDS = {
    "owner": "5657498058da465d8137bf6ba7f34a6e",
    "editor": "8b2d4e6f0a1c4d3e9f5b7a9c1e3d5f70",
    "viewer": "9c3e5f7a1b2d4e4f8a6c8b0d2f4e6a81",
    "admin": "5710fa7ce0ae47be8b6caed646b9d075",
}
SERVICES = (
    ("scheduler", "scheduler", "3c648f017a834d488b9f161ef4622322", ""),
    ("image", "glance", "34513985c09347938f42e8e484fbaeb4", "/v1"),
    ("compute_v2", "region2", "dbb96a97ab944cdb805a807102739a74", ""),
    ("identity", "keystone", "61f23d9f2f674c1580a2583169aaa75a", "/v3"),
)


def show(world: World, token: Token, *, secret: bool = False) -> dict[str, Any]:
    """Return a token's body. The secret of an access key is echoed at sign-in."""
    user = token.user
    key: dict[str, Any] = {"expire": 0}
    if secret and token.access_key is not None:
        key = {"access_key": token.access_key.id, "expire": 0, "secret": token.access_key.secret}
    shown: dict[str, Any] = {
        "access_key": key,
        "audit_ids": [token.audit],
        "context": {"ip": token.ip, "source": token.source},
        "expires_at": token_time(token.expires_at),
        "is_domain": token.domain is not None,
        "issued_at": token_time(token.issued_at),
        "methods": [token.method],
        "user": {
            "domain": _domain(user.domain),
            "id": user.id,
            "is_system_account": user.system_account,
            "name": user.name,
        },
    }
    if token.role is None:
        return shown | _unscoped(world, user)
    owner = token.project or token.domain
    if owner is None:
        raise AssertionError("a token with a role has a scope")
    place: dict[str, Any] = {"id": owner.id, "name": owner.name}
    place["domain"] = _domain(owner.domain if isinstance(owner, Project) else owner)
    return shown | {
        "catalog": catalog(world),
        "policies": POLICIES[token.role],
        "project": place,
        "roles": [{"id": ROLE_IDS[token.role], "name": ROLE_NAMES[token.role]}],
    }


def _domain(domain: Domain) -> dict[str, str]:
    return {"id": domain.id, "name": domain.name}


def _unscoped(world: World, user: User) -> dict[str, Any]:
    projects, assignments = [], []
    for ident, role in user.roles.items():
        project = world.identity.projects[ident]
        place = {"domain": _domain(project.domain), "id": project.id, "name": project.name}
        projects.append(place)
        assignments.append(
            {
                "policies": POLICIES[role],
                "role": {"domain": _domain(project.domain), "id": ROLE_IDS[role], "name": ROLE_NAMES[role]},
                "scope": {"project": place},
                "user": {"domain": _domain(user.domain), "id": user.id, "name": user.name},
            }
        )
    return {"projects": projects, "role_assignments": assignments}


def catalog(world: World) -> list[dict[str, Any]]:
    """Return the services, each with a public and an internal address; compute has a read replica as well."""
    found = []
    for kind, name, ident, suffix in SERVICES:
        interfaces = ("public", "internal", "slave") if kind == "compute_v2" else ("public", "internal")
        endpoints = [
            {
                "id": hashlib.md5(f"{kind}-{interface}".encode(), usedforsecurity=False).hexdigest(),
                "interface": interface,
                "name": f"{kind}-{interface}",
                "region": world.region,
                "region_id": world.region,
                "url": world.base_url + suffix,
            }
            for interface in interfaces
        ]
        found.append({"endpoints": endpoints, "id": ident, "name": name, "type": kind})
    # The order varies from call to call in the real one.
    turn = len(world.identity.tokens) % len(found)
    return found[turn:] + found[:turn]
