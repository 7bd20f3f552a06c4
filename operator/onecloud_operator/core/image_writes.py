"""The step that makes the root disk of a server anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.core.login_record import SecretUse


@dataclass(frozen=True, slots=True)
class Rebuild:
    """
    Make the root disk of a stopped server anew, of the image *image_id*: what is on it is lost.

    The key pair goes with the old disk unless it is sent again; *password*: of which version of a Secret.
    """

    server_id: str
    image_id: str
    keypair_id: str | None = None
    password: SecretUse | None = None
