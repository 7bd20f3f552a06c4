"""``status.login``: which key pair and password a server was given, and nothing of their values."""

from __future__ import annotations

from pydantic import Field

from onecloud_operator.api.status_model import Short, StatusModel, Text, Time, shown


class SecretUseStatus(StatusModel):
    """A version of a key of a Secret."""

    secret: Text = Field(description="Name of the Secret.")
    key: Text = Field(description="Key in it.")
    uid: Short | None = shown("UID of the Secret; absent where it was not read.")
    resource_version: Short | None = shown("Its resourceVersion; absent where it was not read.")


class LoginStatus(StatusModel):
    """How people get into the server: key pair and password."""

    since: Time = Field(description="Since when this is recorded; what the spec said then counts as done.")
    password: SecretUseStatus | None = shown("The Secret of the password that was last carried out.")
    pending_password: SecretUseStatus | None = shown(
        "The Secret of a password that was sent, or is about to be, and was not seen to be set."
    )
    unanswered_version: Short | None = shown(
        "resourceVersion of the Secret whose password the guest agent did not take. It is tried again after "
        "a change of the spec or of the Secret, or by the annotation onecloud.io/reconcile-requested-at."
    )
    keypair: Text | None = shown("What the spec called the key pair that was last carried out.")
    keypair_id: Short | None = shown(
        "Its id: while the spec calls it so, this one is meant, whatever has that name in the cloud by now."
    )
    pending_keypair_id: Short | None = shown(
        "Id of a key pair that was sent, or is about to be, and was not seen to be set."
    )
