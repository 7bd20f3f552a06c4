"""``status.connection``: the Secret into which the object writes how its server is reached."""

from __future__ import annotations

from onecloud_operator.api.status_model import Short, StatusModel, Text, shown


class ConnectionStatus(StatusModel):
    """Which Secrets are the object's own, and nothing of what is in them."""

    secret: Text | None = shown(
        "Name of the Secret that the object writes; absent where it is to write none."
    )
    former: Text | None = shown("Name of the one before it, which is to be deleted.")
    written: Short | None = shown("A digest of what was last written, without the password.")
