"""What is asked of the cloud for the login of a server: bodies with a password, which are never logged."""

from __future__ import annotations

from typing import Any


def set_password(account: str, password: str) -> dict[str, Any]:
    """Return the password that the guest agent of a running server is to set."""
    return {"username": account, "password": password, "auto_start": False}


def deploy_password(password: str) -> dict[str, Any]:
    """Return the password that is written into the disk of a stopped server."""
    return {"reset_password": True, "password": password}


def deploy_keypair(keypair_id: str) -> dict[str, Any]:
    """Return the key pair that is written into the disk of a stopped server."""
    return {"keypair_id": keypair_id}
