"""The password of a server out of its metadata, where whoever sees the server finds it, hidden."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from onecloud_operator.onecloud.aes import BLOCK, KEY_BYTES, decrypt_cfb8

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGIN_KEY: Final = "login_key"
HIDDEN_BYTES: Final = 512  # of the password and what comes before it


def password_in(server: Mapping[str, Any]) -> SecretStr | None:
    """
    Return the password that the details of a server tell, None if they tell none.

    It is hidden with the beginning of the server's id. Of a server with a key pair it is hidden with that,
    so that only who has the pair can read it. What does not come out as printable ASCII is none.
    """
    server_id, metadata = server.get("id"), server.get("metadata")
    hidden = metadata.get(LOGIN_KEY) if isinstance(metadata, dict) else None
    if not isinstance(server_id, str) or not isinstance(hidden, str) or server.get("keypair_id"):
        return None
    key = server_id.encode()[:KEY_BYTES]
    if len(key) < KEY_BYTES or len(hidden) > HIDDEN_BYTES * 4 // 3:
        return None
    try:
        raw = base64.b64decode(hidden, validate=True)
    except (ValueError, binascii.Error):
        return None
    plain = decrypt_cfb8(key, raw[:BLOCK], raw[BLOCK:]) if len(raw) > BLOCK else b""
    if not plain or not plain.isascii() or not plain.decode("ascii").isprintable():
        return None
    return SecretStr(plain.decode("ascii"))
