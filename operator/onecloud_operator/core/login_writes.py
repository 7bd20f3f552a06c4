"""The steps that change how people get into a server, and what a process remembers of the newest one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from onecloud_operator.core.login_record import SecretUse


@dataclass(frozen=True, slots=True)
class SetPassword:
    """
    Set the password of *account* in a running server, through its guest agent.

    The value is read out of the Secret when it is sent, and must be of this very version. *before*: when the
    cloud said that the password was last set.
    """

    server_id: str
    secret: SecretUse
    account: str
    before: str | None


@dataclass(frozen=True, slots=True)
class DeployPassword:
    """Write the password into the disk of a stopped server."""

    server_id: str
    secret: SecretUse


@dataclass(frozen=True, slots=True)
class DeployKeypair:
    """Write the key pair into the disk of a stopped server."""

    server_id: str
    keypair_id: str


LoginDeploy = DeployPassword | DeployKeypair
LoginWrite = SetPassword | LoginDeploy


@fast_dataclass(frozen=True, slots=True)
class LoginTry:
    """
    The newest write of one kind, key pair or password, and what came of it. Times are monotonic.

    *recorded*: this process wrote what is pending into the status itself, and no other can have sent it.
    *unsent*: nothing of it was sent, and nothing else was pending before it.
    *step*, *at*, *version*, *intent*: of the newest one that the cloud accepted; *version*: of the server
    that it was decided upon. *failed*: since then the server was seen in a failed status, or the cloud had to
    be asked to look at it. *lost*, *lost_at*: the newest one whose answer was lost; it may come true until
    later.
    """

    recorded: bool = False
    unsent: bool = False
    step: LoginWrite | None = None
    at: float = 0.0
    version: int = 0
    intent: str = ""
    failed: bool = False
    lost: LoginWrite | None = None
    lost_at: float = 0.0


@fast_dataclass(frozen=True, slots=True)
class LoginTries:
    """
    What this process did about the login. The two kinds vouch for nothing of each other.

    *rebuilding*: a root disk was asked for, which takes the login along, and neither a failed status nor a
    look by the cloud has come since.
    """

    password: LoginTry = field(default_factory=LoginTry)
    keypair: LoginTry = field(default_factory=LoginTry)
    rebuilding: bool = False


def target_of(step: LoginWrite) -> SecretUse | str:
    """Return what *step* brings about, by whichever way."""
    return step.keypair_id if isinstance(step, DeployKeypair) else step.secret
