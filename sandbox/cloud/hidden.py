"""How the platform hides a password in the metadata of a server: AES-256, CFB-8, under the server's id."""

import base64
import ctypes
import ctypes.util
import os

BLOCK, KEY_BYTES = 16, 32


def hide(password: str, server_id: str) -> str:
    """Return what the metadata say of *password*, as recorded; by the library that Python's ssl uses."""
    library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_cfb8"):
        getattr(library, name).restype = ctypes.c_void_p
    start, plain = os.urandom(BLOCK), password.encode()
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    cipher = ctypes.c_void_p(library.EVP_aes_256_cfb8())
    hidden, length = ctypes.create_string_buffer(len(plain) or 1), ctypes.c_int(0)
    key = server_id.encode()[:KEY_BYTES]
    try:
        begun = library.EVP_EncryptInit_ex(context, cipher, None, key, start)
        done = library.EVP_EncryptUpdate(context, hidden, ctypes.byref(length), plain, len(plain))
    finally:
        library.EVP_CIPHER_CTX_free(context)
    if not begun or not done or length.value != len(plain):
        msg = "libcrypto cannot encrypt"
        raise RuntimeError(msg)
    return base64.b64encode(start + hidden.raw[: len(plain)]).decode()
