"""Which version the Secret of an object's password has: read where it matters, and then only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.core.login_record import SecretUse
from onecloud_operator.core.plan.login import secret_needed
from onecloud_operator.core.policies import observing
from onecloud_operator.core.values import Problem
from onecloud_operator.kube.secrets import PASSWORD_BYTES, Part

if TYPE_CHECKING:
    from onecloud_operator.api.server_parts import PasswordSource
    from onecloud_operator.controller.awaited_secrets import AwaitedSecrets
    from onecloud_operator.controller.rotated_secrets import RotatedSecrets
    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.kube.store import Key, Store


@dataclass(frozen=True, slots=True)
class PasswordSecrets:
    """One for the process."""

    objects: Store[Resource]
    sessions: Sessions
    awaited: AwaitedSecrets
    rotated: RotatedSecrets

    async def version(self, key: Key, facts: Facts) -> SecretUse | Problem | None:
        """
        Return the version of the Secret, or what is wrong with it; None where it does not matter.

        While a password is to be set the Secret is read now, and while it is wrong every few seconds. What
        ``rotate`` follows is read every few minutes, and nothing else ever is.
        """
        found = await self._found(key, facts)
        if isinstance(found, Problem) and key in self.objects:
            source = facts.resource.server_spec.password_from if facts.resource.server_spec else None
            self.awaited.values(key, (_part(facts.resource, source),) if source is not None else ())
        elif _made(facts.resource):
            self.awaited.values(key)
        return found

    def forget(self, key: Key) -> None:
        """Let go of an object that is gone, or has no password to look after."""
        self.rotated.follow(key, None)

    async def _found(self, key: Key, facts: Facts) -> SecretUse | Problem | None:
        resource, login = facts.resource, facts.resource.records.login
        source = resource.server_spec.password_from if resource.server_spec is not None else None
        if source is None or resource.deleting or observing(resource):
            self.forget(key)
            return None
        part, bound = _part(resource, source), resource.records.bound_id is not None
        self.rotated.follow(key, part if bound and source.rotate and key in self.objects else None)
        if not bound:
            return await self._for_creation(part, facts)
        if not secret_needed(resource):
            last, seen = login.password if login is not None else None, self.rotated.seen(key)
            if seen is None or last is None:
                return None
            if last.version is None or (last.uid, last.version) == (seen.uid, seen.version):
                return SecretUse(part.name, part.key, seen.uid, seen.version)
        found = await self.sessions.password(part.namespace, part.name, part.key)
        return found if isinstance(found, Problem) else found.use

    async def _for_creation(self, part: Part, facts: Facts) -> SecretUse | None:
        adoption = facts.resource.spec.adoption if facts.resource.spec is not None else None
        if facts.lacking is not None or (adoption is not None and adoption.policy == "Adopt"):
            return None
        found = await self.sessions.password(part.namespace, part.name, part.key)
        return None if isinstance(found, Problem) else found.use


def _part(resource: Resource, source: PasswordSource) -> Part:
    reference = source.secret_key_ref
    return Part(resource.namespace, reference.name, reference.key, PASSWORD_BYTES)


def _made(resource: Resource) -> bool:
    """Return whether no creation is under way any more, which may wait for Secrets of its own."""
    creation = resource.records.creation
    return resource.records.bound_id is not None and (creation is None or creation.completed_at is not None)
