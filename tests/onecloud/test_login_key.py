"""The password that a server's metadata tell, as the real platform hides it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from onecloud_operator.onecloud.aes import SBOX, decrypt_cfb8
from onecloud_operator.onecloud.login_key import password_in

# Recorded: a password was set through the guest agent, and the details showed this.
ID = "c8a53278-9666-494f-8bee-2179d9c2abbd"
HIDDEN = "eJA9ojgdZCAccYmsThkjQ4z4u8Ecjr9i5blkcu5I"
IV_ONLY = base64.b64encode(b"x" * 16).decode()
PASSWORD = "Orders-2026.x2"


def server(**changes: Any) -> dict[str, Any]:
    return {"id": ID, "metadata": {"login_key": HIDDEN}, **changes}


def test_a_recorded_password_is_read() -> None:
    found = password_in(server())
    assert found is not None
    assert found.get_secret_value() == PASSWORD
    assert PASSWORD not in repr(found)


def test_the_cipher_is_that_of_the_standard() -> None:
    """NIST SP 800-38A, F.3.11: CFB8-AES256."""
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    hidden = bytes.fromhex("dc1f1a8520a64db55fcc8ac554844e889700")
    plain = decrypt_cfb8(key, bytes(range(16)), hidden)
    assert plain == bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d")
    assert sorted(SBOX) == list(range(256))
    assert SBOX[:4] == bytes.fromhex("637c777b")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"metadata": {}}, id="none"),
        pytest.param({"metadata": None}, id="no-metadata"),
        pytest.param({"metadata": {"login_key": ""}}, id="empty"),
        pytest.param({"metadata": {"login_key": 7}}, id="a-number"),
        pytest.param({"metadata": {"login_key": "not Base64!"}}, id="not-base64"),
        pytest.param({"metadata": {"login_key": IV_ONLY}}, id="without-a-password"),
        pytest.param({"metadata": {"login_key": "A" * 4000}}, id="too-long"),
        pytest.param({"keypair_id": "key-1"}, id="hidden-with-a-key-pair"),
        pytest.param({"id": "00000000-0000-4000-8000-000000000000"}, id="of-another-server"),
        pytest.param({"id": "short"}, id="of-a-short-id"),
    ],
)
def test_what_cannot_be_read_is_left_out(other: dict[str, Any]) -> None:
    assert password_in(server(**other)) is None
