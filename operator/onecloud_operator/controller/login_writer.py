"""The request that each step on password and key pair makes; only here is its value read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, LoginWrite, SetPassword
from onecloud_operator.core.values import Problem
from onecloud_operator.translate import deploy_keypair, deploy_password, set_password

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.login_record import SecretUse
    from onecloud_operator.onecloud import Cloud


@dataclass(frozen=True, slots=True)
class LoginWriter:
    """What sends key pair and password of one object in one pass."""

    sessions: Sessions
    cloud: Cloud

    async def send(self, facts: Facts, step: LoginWrite) -> Mapping[str, Any] | Problem:
        """Make the one request of *step*; or return why it was not made. Raises OneCloudError."""
        if isinstance(step, DeployKeypair):
            return await self.cloud.perform(step.server_id, "deploy", deploy_keypair(step.keypair_id))
        password = await self.value(facts, step.secret)
        if isinstance(password, Problem):
            return password
        match step:
            case SetPassword(server_id=server_id, account=account):
                return await self.cloud.perform(server_id, "set-password", set_password(account, password))
            case DeployPassword(server_id=server_id):
                return await self.cloud.perform(server_id, "deploy", deploy_password(password))

    async def value(self, facts: Facts, use: SecretUse) -> str | Problem:
        """Return the password of exactly this version of the Secret, which is on record by now."""
        found = await self.sessions.password(facts.resource.namespace, use.name, use.key)
        if isinstance(found, Problem):
            return found
        if found.use != use:
            message = f"Secret {use.name} has just changed, so its newer version is recorded first."
            return Problem(Reason.UPDATING, message, again=True)
        return found.value.get_secret_value()
