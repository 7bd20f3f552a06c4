"""
Keep secrets out of the error texts that the cloud sends back, before anyone can log or show them.

A text may repeat a secret in part, or as it is written in JSON, Go, HTML, a URL or Base64. So both are read
without such writing, and every run of a secret's characters that the text has is hidden.
"""

from __future__ import annotations

import base64
import html
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

HIDDEN = "[hidden]"
SHORTEST = 4  # shorter texts occur by chance, and hiding them would garble every message
SHORTEST_LINE = 6
# Of a longer secret half is hidden as well as all of it, within these: shorter runs may be ordinary words.
SHORTEST_RUN = 8
LONGEST_RUN = 16
LONG = 64  # from here on not every run is kept
GRAM = 8
ALIKE_AT_MOST = 8
SECRET_FIELDS = frozenset({"password", "user_data", "content", "secret", "access_key_secret"})

# Characters as others write them; what was written so twice is read at once. It begins with what all of them
# begin with: a text without that is then passed over eight times as fast.
WRITTEN = re.compile(
    r"(?=[\\%&])(?:"
    r"(?P<utf16>(?:\\+u[0-9a-f]{4})+)"
    r"|(?P<utf8>(?:\\+x[0-9a-f]{2}|%(?:25)*[0-9a-f]{2})+)"
    r"|\\+(?P<escaped>[^\\]|$)"
    r"|(?P<entity>&(?:amp;)*(?:[a-z]{2,8}|\#[0-9]{1,7}|\#x[0-9a-f]{1,6});))",
    re.IGNORECASE | re.DOTALL,
)
NO_DIGITS = re.compile(r"\\+[ux]|%(?:25)*(?=[0-9a-f]{2})", re.IGNORECASE)
WRITTEN_AGAIN = re.compile(r"&(?:amp;)+(?=[a-z#])", re.IGNORECASE)
ROUNDS = 2  # JSON in HTML, for one
ESCAPED = {"n": " ", "r": " ", "t": " "}
# White space, its sign in forms, and the two characters of Base64 that differ in URLs.
ALIKE = {ord(c): " " for c in "\t\n\v\f\r+-"} | {ord("_"): "/"}
BASE64 = re.compile(r"[0-9A-Za-z /]{5}")


@dataclass(frozen=True, slots=True)
class Redactor:
    """
    What an answer may not repeat: *secrets*, and the secret fields of *body*.

    It costs nothing until a text is to be shown, which is after a refusal only.
    """

    body: object = field(default=None, repr=False)
    secrets: tuple[SecretStr, ...] = ()

    def __call__(self, text: str) -> str:
        """
        Return *text* with every run that gives a secret away hidden.

        Each secret is read once, and each place in the text looked up in what was read: the time grows with
        the length of both together, and not with the product, which a stranger would choose.
        """
        read, places = _read(text)
        encoded = BASE64.search(read) is not None
        grams = {read[at : at + GRAM] for at in range(len(read) - GRAM + 1)}
        runs: defaultdict[int, set[str]] = defaultdict(set)
        found: list[tuple[int, int]] = []
        for secret in self._texts():
            for form in _forms(secret, encoded=encoded):
                if len(form) >= LONG:
                    found += _in_common(read, grams, form)
                elif len(form) >= SHORTEST:
                    length = _run(len(form))
                    runs[length].update(form[at : at + length] for at in range(len(form) - length + 1))
        for line in self._lines():
            runs[len(line)].add(line)
        for length, known in runs.items():
            ends = range(length, len(read) + 1)
            found += [(end - length, end) for end in ends if read[end - length : end] in known]
        hidden = bytearray(len(text))
        for first, end in found:
            start, stop = places[first][0], places[end - 1][1]
            hidden[start:stop] = b"\1" * (stop - start)
        parts = re.finditer(rb"\x00+|\x01+", hidden)
        return "".join(HIDDEN if part[0][0] else text[part.start() : part.end()] for part in parts)

    def _texts(self) -> set[str]:
        known = {secret.get_secret_value() for secret in self.secrets}
        return {text for text in (*known, *_secret_fields(self.body)) if len(text) >= SHORTEST}

    def _lines(self) -> set[str]:
        """Return the short lines of longer secrets; of the others the secret itself has the runs."""
        lines: set[str] = set()
        for text in _secret_fields(self.body):
            meant = _plain("\0".join(text.splitlines())).split("\0")
            lines.update(line for each in meant if SHORTEST_LINE <= len(line := each.strip()) < LONGEST_RUN)
        return lines


def _forms(secret: str, *, encoded: bool) -> Iterator[str]:
    """Yield what a text that was read shows of *secret*, if it shows it."""
    yield _plain(secret)
    content = secret.encode(errors="replace")
    for before in range(3) if encoded else ():  # bytes that stand in front, in the first group of three
        text = base64.b64encode(bytes(before) + content).decode()
        yield text[-(-before * 8 // 6) : (before + len(content)) * 8 // 6].translate(ALIKE)


def _run(length: int) -> int:
    """Return how many characters of a secret of *length* give it away."""
    return min(length, LONGEST_RUN, max(SHORTEST_RUN, length // 2))


def _in_common(read: str, grams: set[str], form: str) -> Iterator[tuple[int, int]]:
    """
    Yield where *read* and *form* have runs of LONGEST_RUN characters in common.

    Whatever two such texts share has eight characters that begin at a multiple of eight in *form*. *grams*
    are all runs of eight in *read*: mostly no such characters are among them.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for at in range(0, len(form) - GRAM + 1, GRAM):
        if (gram := form[at : at + GRAM]) in grams:
            places[gram].append(at)
    if not places:
        return
    for at in range(len(read) - GRAM + 1):
        meant = places.get(read[at : at + GRAM], ())
        if len(meant) > ALIKE_AT_MOST:  # as in a row of equal characters: who knows which of them it is
            yield max(at - GRAM, 0), min(at + 2 * GRAM, len(read))
            continue
        for place in meant:
            first, end = at, at + GRAM
            while (
                first > max(at - LONGEST_RUN, at - place, 0)
                and read[first - 1] == form[place - at + first - 1]
            ):
                first -= 1
            most = min(len(read), at + len(form) - place, at + GRAM + LONGEST_RUN)
            while end < most and read[end] == form[place - at + end]:
                end += 1
            if end - first >= LONGEST_RUN:
                yield first, end


def _plain(text: str) -> str:
    """Return *text* with its characters as such, read like the texts in which it is looked for."""
    for _ in range(ROUNDS):
        if WRITTEN.search(text) is None:
            break
        text = WRITTEN.sub(_meant, text)
    return text.translate(ALIKE)


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
