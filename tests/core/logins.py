"""The login of the modelled servers: Secrets with versions, guest agents, and deploys that fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.login_record import SecretUse, use_of
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, LoginWrite, SetPassword
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.login import secret_needed
from onecloud_operator.core.policies import observing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Problem
    from tests.core.cloud import Row

PASSWORD_INSIDE, PAIR_INSIDE = "inside_password", "inside_pair"


@dataclass
class Logins:
    """
    *agent*: whether guest agents run in the servers. *deploys*: whether deploys end well.

    *versions*: of the Secrets that the cluster has, 1 for those not named. *trouble*: why none can be read.
    *hidden*: a password was accepted and not written. Once another hand has changed the server, that looks
    like one that was written.
    """

    agent: bool = False
    deploys: bool = True
    versions: dict[str, int] = field(default_factory=dict)
    trouble: Problem | None = None
    hidden: bool = False

    def unheard(self, step: CloudWrite) -> None:
        """Note that nothing comes of *step*, though it was accepted."""
        self.hidden = self.hidden or isinstance(step, DeployPassword)

    def rotate(self, name: str = "login") -> None:
        """Have a Secret changed."""
        self.versions[name] = self.versions.get(name, 1) + 1

    def use(self, name: str, key: str) -> SecretUse:
        """Return the newest version of a Secret."""
        return SecretUse(name, key, f"uid-{name}", str(self.versions.get(name, 1)))

    def wanted(self, resource: Resource) -> SecretUse | None:
        """Return the password that an object names, in its newest version."""
        source = resource.server_spec.password_from if resource.server_spec is not None else None
        return self.use(source.secret_key_ref.name, source.secret_key_ref.key) if source is not None else None

    def shown(self, resource: Resource) -> SecretUse | Problem | None:
        """Return what the operator knows of the Secret of *resource*."""
        source = resource.server_spec.password_from if resource.server_spec is not None else None
        if source is None or resource.deleting or observing(resource):
            return None
        if resource.records.bound_id is not None and not secret_needed(resource) and not source.rotate:
            return None
        named = use_of(source)
        return self.trouble or self.use(named.name, named.key)

    def read(self, step: LoginWrite) -> bool:
        """Say whether the writer finds the very version of the Secret that is on record."""
        return isinstance(step, DeployKeypair) or step.secret == self.use(step.secret.name, step.secret.key)

    def fits(self, row: Row, step: LoginWrite) -> bool:
        """Say whether the state of a server allows *step*."""
        return row.server.phase is (Phase.RUNNING if isinstance(step, SetPassword) else Phase.STOPPED)

    def stages(self, step: LoginWrite, now: float) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the stages that *step* leads through."""
        self.hidden = self.hidden and isinstance(step, DeployKeypair)
        match step:
            case SetPassword(secret=secret) if self.agent:
                end = {"status": "running", "login_set_at": str(now), PASSWORD_INSIDE: secret}
                return {"status": "qga_set_password"}, end
            case SetPassword():
                return {"status": "qga_set_password"}, {"status": "qga_exec_command_failed"}
            case DeployPassword(secret=secret):
                end = {"status": "ready", PASSWORD_INSIDE: secret}
                return {"status": "deploying"}, end if self.deploys else {"status": "deploy_fail"}
            case DeployKeypair(keypair_id=keypair_id):
                # The cloud shows it from the first moment on, before it is on the disk.
                begin = {"status": "deploying", "keypair_id": keypair_id, "keypair": keypair_id}
                end = {"status": "ready", PAIR_INSIDE: keypair_id}
                return begin, end if self.deploys else {"status": "deploy_fail"}


def meant_by(step: LoginWrite) -> Mapping[str, Any]:
    """Return what *step* is to put into the disk of a server; of a guest agent the cloud says that it did."""
    match step:
        case DeployKeypair(keypair_id=keypair_id):
            return {PAIR_INSIDE: keypair_id}
        case DeployPassword(secret=secret):
            return {PASSWORD_INSIDE: secret}
        case SetPassword():
            return {}


def left_outside(row: Row, resource: Resource, logins: Logins) -> set[str]:
    """Return what of the login is not, in truth, as *resource* says."""
    left: set[str] = set()
    spec, wanted = resource.server_spec, logins.wanted(resource)
    if spec is None:
        return left
    if spec.keypair is not None and spec.keypair != row.inside_pair:
        left.add("keypair")
    have = row.inside_password
    # Of an adopted one nobody knows what was inside.
    known = (have is not None or bool(row.rebuilt)) and not logins.hidden
    if wanted is not None and known and not wanted.of_same_key(have):
        left.add("passwordFrom")
    rotates = spec.password_from is not None and spec.password_from.rotate
    if rotates and known and wanted != have:
        left.add("passwordFrom")
    return left
