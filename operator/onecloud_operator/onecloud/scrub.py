"""Take secrets out of the error texts that the cloud sends back, before anyone can log or show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pydantic import SecretStr

from .protocol import Reply, Request

HIDDEN = b"[hidden]"
SHORTEST = 6  # shorter texts occur by chance, and hiding them would garble every message
SECRET_FIELDS = ("password", "user_data")


def scrubbed(reply: Reply, request: Request, secrets: Iterable[SecretStr]) -> Reply:
    """Return *reply*; an error comes without *secrets* and the secret fields that *request* sent."""
    if reply.status < 400:  # noqa: PLR2004
        return reply
    body = reply.body
    for secret in (*(secret.get_secret_value() for secret in secrets), *_sent(request)):
        if len(secret) >= SHORTEST:
            body = body.replace(secret.encode(), HIDDEN)
    return replace(reply, body=body)


def _sent(request: Request) -> Iterator[str]:
    server = (request.body or {}).get("server")
    if isinstance(server, dict):
        yield from (value for name in SECRET_FIELDS if isinstance(value := server.get(name), str))
