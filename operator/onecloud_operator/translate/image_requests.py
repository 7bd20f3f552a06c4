"""What is asked of the cloud about the root disk's image."""

from __future__ import annotations

from typing import Any


def rebuild_root(image_id: str, *, keypair_id: str | None, password: str | None) -> dict[str, Any]:
    """
    Return the image to make the root disk of, with the login, which goes with the old disk.

    It is never started by the cloud itself: what else it is stopped for may follow.
    """
    body: dict[str, Any] = {"image_id": image_id, "auto_start": False}
    if keypair_id is not None:
        body["keypair_id"] = keypair_id
    if password is not None:
        body |= {"reset_password": True, "password": password}
    return body
