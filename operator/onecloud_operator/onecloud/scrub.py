"""Keep secrets out of the error texts that the cloud sends back, before anyone can log or show them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import SecretStr

HIDDEN = "[hidden]"
SHORTEST = 4  # shorter texts occur by chance, and hiding them would garble every message
SHORTEST_LINE = 6
SECRET_FIELDS = frozenset({"password", "user_data", "content", "secret", "access_key_secret"})


def secret_texts(body: object, secrets: Iterable[SecretStr]) -> tuple[str, ...]:
    """Return the texts that an answer may not repeat: *secrets*, and the secret fields of *body*."""
    known = {secret.get_secret_value() for secret in secrets}
    for text in _secret_fields(body):
        known.add(text)
        known.update(line.strip() for line in text.splitlines() if len(line.strip()) >= SHORTEST_LINE)
    # An error text may quote what it complains of, as JSON or as Go does it.
    known.update([json.dumps(text, ensure_ascii=plain)[1:-1] for text in known for plain in (True, False)])
    # The longest first: a line must not be taken out of the text that holds it.
    return tuple(sorted((text for text in known if len(text) >= SHORTEST), key=len, reverse=True))


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return *text* without *secrets*."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _secret_fields(body: object) -> Iterator[str]:
    if isinstance(body, dict):
        for name, value in body.items():
            if name in SECRET_FIELDS and isinstance(value, str):
                yield value
            else:
                yield from _secret_fields(value)
    elif isinstance(body, list | tuple):
        for item in body:
            yield from _secret_fields(item)
