"""
Keep secrets out of the error texts that the cloud sends back, before anyone can log or show them.

A text may repeat a secret in part, or as it is written in JSON, Go, HTML, a URL or Base64. So both are read
without such writing, and every run of a secret's characters that the text has is hidden.
"""

from __future__ import annotations

import base64
import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import SecretStr

HIDDEN = "[hidden]"
SHORTEST = 4  # shorter texts occur by chance, and hiding them would garble every message
SHORTEST_LINE = 6
# Of a longer secret half is hidden as well as all of it, within these: shorter runs may be ordinary words.
SHORTEST_RUN = 8
LONGEST_RUN = 16
SECRET_FIELDS = frozenset({"password", "user_data", "content", "secret", "access_key_secret"})

# Characters as others write them; what was written so twice is read at once.
WRITTEN = re.compile(
    r"(?P<utf16>(?:\\+u[0-9a-f]{4})+)"
    r"|(?P<utf8>(?:\\+x[0-9a-f]{2}|%(?:25)*[0-9a-f]{2})+)"
    r"|\\+(?P<escaped>[^\\]|$)"
    r"|(?P<entity>&(?:amp;)*(?:[a-z]{2,8}|\#[0-9]{1,7}|\#x[0-9a-f]{1,6});)",
    re.IGNORECASE | re.DOTALL,
)
NO_DIGITS = re.compile(r"\\+[ux]|%(?:25)*(?=[0-9a-f]{2})", re.IGNORECASE)
WRITTEN_AGAIN = re.compile(r"&(?:amp;)+(?=[a-z#])", re.IGNORECASE)
ROUNDS = 2  # JSON in HTML, for one
ESCAPED = {"n": " ", "r": " ", "t": " "}
# White space, its sign in forms, and the two characters of Base64 that differ in URLs.
ALIKE = {ord(c): " " for c in "\t\n\v\f\r+-"} | {ord("_"): "/"}
BASE64 = re.compile(r"[0-9A-Za-z /]{5}")


def secret_texts(body: object, secrets: Iterable[SecretStr]) -> tuple[str, ...]:
    """Return the texts that an answer may not repeat: *secrets*, and the secret fields of *body*."""
    known = {secret.get_secret_value() for secret in secrets}
    for text in _secret_fields(body):
        known.add(text)
        lines = (line.strip() for line in text.splitlines())  # of a long one the text itself has the runs
        known.update(line for line in lines if SHORTEST_LINE <= len(line) < LONGEST_RUN)
    return tuple(text for text in known if len(text) >= SHORTEST)


def masked(text: str, secrets: Iterable[str]) -> str:
    """
    Return *text* without *secrets*.

    The time that it takes grows with the length of the text and with that of all secrets together, and not
    with the product: both may be the choice of somebody who wants to keep us busy.
    """
    read, places = _read(text)
    forms: dict[int, list[str]] = {}
    for form in _forms(secrets, encoded=BASE64.search(read) is not None):
        if len(form) >= SHORTEST:
            forms.setdefault(_run(len(form)), []).append(form)
    hidden = bytearray(len(text))
    for length, alike in forms.items():
        said = {read[at : at + length] for at in range(len(read) - length + 1)}
        found = {run for form in alike for run in _runs(form, length) if run in said}
        for at in range(len(read) - length + 1) if found else ():
            if read[at : at + length] in found:
                start, end = places[at][0], places[at + length - 1][1]
                hidden[start:end] = b"\1" * (end - start)
    parts = re.finditer(rb"\x00+|\x01+", hidden)
    return "".join(HIDDEN if part[0][0] else text[part.start() : part.end()] for part in parts)


def _forms(secrets: Iterable[str], *, encoded: bool) -> Iterator[str]:
    """Yield what a text that was read shows of *secrets*, if it shows them."""
    for secret in secrets:
        yield _read(secret)[0]
        content = secret.encode(errors="replace")
        for before in range(3) if encoded else ():  # bytes that stand in front, in the first group of three
            text = base64.b64encode(bytes(before) + content).decode()
            yield text[-(-before * 8 // 6) : (before + len(content)) * 8 // 6].translate(ALIKE)


def _run(length: int) -> int:
    """Return how many characters of a secret of *length* give it away."""
    return min(length, LONGEST_RUN, max(SHORTEST_RUN, length // 2))


def _runs(text: str, length: int) -> Iterator[str]:
    return (text[at : at + length] for at in range(len(text) - length + 1))


def _read(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return *text* with its characters as such, and for each where it begins and ends in *text*."""
    places = [(at, at + 1) for at in range(len(text))]
    for _ in range(ROUNDS):
        if WRITTEN.search(text) is None:
            break
        text, places = _read_once(text, places)
    return text.translate(ALIKE), places


def _read_once(text: str, places: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    parts: list[str] = []
    moved: list[tuple[int, int]] = []
    end = 0
    for found in WRITTEN.finditer(text):
        parts.append(text[end : found.start()])
        moved += places[end : found.start()]
        meant = _meant(found)
        parts.append(meant)
        end = found.end()
        moved += [(places[found.start()][0], places[end - 1][1])] * len(meant)
    parts.append(text[end:])
    return "".join(parts), moved + places[end:]


def _meant(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "utf16":
            return bytes.fromhex(NO_DIGITS.sub("", found[0])).decode("utf-16-be", errors="replace")
        case "utf8":
            return bytes.fromhex(NO_DIGITS.sub("", found[0])).decode(errors="replace")
        case "entity":
            return html.unescape(WRITTEN_AGAIN.sub("&", found[0]))
        case _:
            return ESCAPED.get(found["escaped"], found["escaped"])


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
