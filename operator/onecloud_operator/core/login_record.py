"""
What the status remembers of how people get into a server: key pair and password, and nothing of their values.

A password is known by the Secret that it came from: name, key, UID and resource version. What is about to be
carried out is recorded before it is sent, and until it was seen to be done: the cloud shows a new key pair
before it is on the disk, and a password nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.status_values import given, mapping, text

if TYPE_CHECKING:
    from onecloud_operator.api.server_parts import PasswordSource
    from onecloud_operator.core.values import Problem

SHORT_LENGTH, NAME_LENGTH = 64, 256  # the CRD's bounds


@fast_dataclass(frozen=True, slots=True)
class SecretUse:
    """A key of a Secret, and which version of it; *uid* and *version* None: that is not known."""

    name: str
    key: str
    uid: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        """Return it as a message names it."""
        version = f", version {self.version}" if self.version is not None else ""
        return f"Secret {self.name}, key {self.key}{version}"

    def of_same_key(self, other: SecretUse | None) -> bool:
        """Return whether *other* is of the same key of a Secret of that name."""
        return other is not None and (self.name, self.key) == (other.name, other.key)


@fast_dataclass(frozen=True, slots=True)
class LoginRecord:
    """
    *since*: when the record began; what the spec said then counts as done.

    *password*, *keypair_id*: last carried out; *keypair*: what the spec called it, which the cloud may call
    otherwise by now. *pending*, *pending_keypair_id*: sent, or about to be, and not
    seen to be done. *unanswered*: version of the Secret whose password the guest agent did not take.
    """

    since: str
    password: SecretUse | None = None
    pending: SecretUse | None = None
    unanswered: str | None = None
    keypair: str | None = None
    keypair_id: str | None = None
    pending_keypair_id: str | None = None


def use_of(source: PasswordSource) -> SecretUse:
    """Return which key of a Secret *source* names, of no version that is known."""
    return SecretUse(source.secret_key_ref.name, source.secret_key_ref.key)


def begun_login(now: str, source: PasswordSource | None, read: SecretUse | Problem | None) -> LoginRecord:
    """Return the record in which *source* counts as carried out; *read*: its version, if that is known."""
    use = use_of(source) if source is not None else None
    if use is not None and isinstance(read, SecretUse) and use.of_same_key(read):
        use = read
    return LoginRecord(now, password=use)


def password_done(login: LoginRecord, use: SecretUse) -> LoginRecord:
    """Return the record after the password of *use* was carried out."""
    return replace(login, password=use, pending=None, unanswered=None)


def keypair_done(login: LoginRecord, name: str | None, keypair_id: str) -> LoginRecord:
    """Return the record after a key pair was carried out, which the spec calls *name*."""
    return replace(login, keypair=name, keypair_id=keypair_id, pending_keypair_id=None)


# -- in the status ---------------------------------------------------------------------------------------
def login_status(login: LoginRecord) -> dict[str, Any]:
    """Return ``status.login``."""
    found = {
        "since": login.since,
        "password": _use_status(login.password),
        "pendingPassword": _use_status(login.pending),
        "unansweredVersion": _cut(login.unanswered),
        "keypair": login.keypair[:NAME_LENGTH] if login.keypair else None,
        "keypairID": _cut(login.keypair_id),
        "pendingKeypairID": _cut(login.pending_keypair_id),
    }
    return given(found)


def login_in(value: object) -> LoginRecord | None:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(value, dict) or (since := text(value.get("since"))) is None:
        return None
    return LoginRecord(
        since,
        password=_use_in(value.get("password")),
        pending=_use_in(value.get("pendingPassword")),
        unanswered=text(value.get("unansweredVersion")),
        keypair=text(value.get("keypair")),
        keypair_id=text(value.get("keypairID")),
        pending_keypair_id=text(value.get("pendingKeypairID")),
    )


def _use_status(use: SecretUse | None) -> dict[str, str] | None:
    if use is None:
        return None
    found = {
        "secret": use.name[:NAME_LENGTH],
        "key": use.key[:NAME_LENGTH],
        "uid": _cut(use.uid),
        "resourceVersion": _cut(use.version),
    }
    return given(found)


def _use_in(value: object) -> SecretUse | None:
    found = mapping(value)
    name, key = text(found.get("secret")), text(found.get("key"))
    if name is None or key is None:
        return None
    return SecretUse(name, key, text(found.get("uid")), text(found.get("resourceVersion")))


def _cut(text: str | None) -> str | None:
    return text[:SHORT_LENGTH] if text else None
