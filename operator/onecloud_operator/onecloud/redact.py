"""
Hides secrets in the cloud's error texts before they can be logged or shown.

A text may repeat a secret in part, or escaped for JSON, Go, HTML or a URL, or in Base64. So both are compared
unescaped, and every run of a secret's characters in the text is hidden.
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
SHORTEST = 4  # shorter secrets match by chance, and hiding them would garble every message
SHORTEST_LINE = 6
# Runs of half of a longer secret are hidden, too, within these bounds: shorter runs may be ordinary words.
SHORTEST_RUN = 8
LONGEST_RUN = 16
LONG = 64  # for longer secrets not every run is stored
GRAM = 8
MAX_MATCHES = 8
SECRET_FIELDS = frozenset({"password", "user_data", "content", "secret", "access_key_secret"})

# Escape sequences, including doubly escaped ones. The lookahead for their first character makes the search
# eight times as fast in a text without any.
ESCAPED_TEXT = re.compile(
    r"(?=[\\%&])(?:"
    r"(?P<utf16>(?:\\+u[0-9a-f]{4})+)"
    r"|(?P<utf8>(?:\\+x[0-9a-f]{2}|%(?:25)*[0-9a-f]{2})+)"
    r"|\\+(?P<escaped>[^\\]|$)"
    r"|(?P<entity>&(?:amp;)*(?:[a-z]{2,8}|\#[0-9]{1,7}|\#x[0-9a-f]{1,6});))",
    re.IGNORECASE | re.DOTALL,
)
ESCAPE_PREFIX = re.compile(r"\\+[ux]|%(?:25)*(?=[0-9a-f]{2})", re.IGNORECASE)
NESTED_AMP = re.compile(r"&(?:amp;)+(?=[a-z#])", re.IGNORECASE)
ROUNDS = 2  # JSON in HTML, for one
ESCAPED = {"n": " ", "r": " ", "t": " "}
# White space, form-encoded white space, and the two characters that differ in URL-safe Base64.
EQUIVALENT = {ord(c): " " for c in "\t\n\v\f\r+-"} | {ord("_"): "/"}
BASE64 = re.compile(r"[0-9A-Za-z /]{5}")


@dataclass(frozen=True, slots=True)
class Redactor:
    """
    Hides *secrets*, and the secret fields of *body*, in a text.

    Nothing is computed until it is called, which is only for texts of errors.
    """

    body: object = field(default=None, repr=False)
    secrets: tuple[SecretStr, ...] = ()

    def __call__(self, text: str) -> str:
        """
        Return *text* with every run of a secret hidden.

        The runs of the secrets are put into sets, in which each position of the text is looked up: the time
        grows with the sum of the lengths and not with their product, which an attacker could choose.
        """
        read, spans = _decode_with_spans(text)
        encoded = BASE64.search(read) is not None
        grams = {read[at : at + GRAM] for at in range(len(read) - GRAM + 1)}
        runs: defaultdict[int, set[str]] = defaultdict(set)
        found: list[tuple[int, int]] = []
        for secret in self._texts():
            for form in _forms(secret, encoded=encoded):
                if len(form) >= LONG:
                    found += _common_runs(read, grams, form)
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
            start, stop = spans[first][0], spans[end - 1][1]
            hidden[start:stop] = b"\1" * (stop - start)
        parts = re.finditer(rb"\x00+|\x01+", hidden)
        return "".join(HIDDEN if part[0][0] else text[part.start() : part.end()] for part in parts)

    def _texts(self) -> set[str]:
        known = {secret.get_secret_value() for secret in self.secrets}
        return {text for text in (*known, *_secret_fields(self.body)) if len(text) >= SHORTEST}

    def _lines(self) -> set[str]:
        """Return the short lines of longer secrets; longer lines are covered by the runs of the secret."""
        lines: set[str] = set()
        for text in _secret_fields(self.body):
            plain = _plain("\0".join(text.splitlines())).split("\0")
            lines.update(line for each in plain if SHORTEST_LINE <= len(line := each.strip()) < LONGEST_RUN)
        return lines


def _forms(secret: str, *, encoded: bool) -> Iterator[str]:
    """Yield the forms of *secret* that a decoded text may contain."""
    yield _plain(secret)
    content = secret.encode(errors="replace")
    for before in range(3) if encoded else ():  # bytes before it in the first group of three
        text = base64.b64encode(bytes(before) + content).decode()
        yield text[-(-before * 8 // 6) : (before + len(content)) * 8 // 6].translate(EQUIVALENT)


def _run(length: int) -> int:
    """Return how long a run of a secret of *length* must be to be hidden."""
    return min(length, LONGEST_RUN, max(SHORTEST_RUN, length // 2))


def _common_runs(read: str, grams: set[str], form: str) -> Iterator[tuple[int, int]]:
    """
    Yield where *read* and *form* have runs of LONGEST_RUN characters in common.

    Every such run contains eight characters that begin at a multiple of eight in *form*. *grams* are all
    runs of eight in *read*; usually none of *form* is among them.
    """
    spans: defaultdict[str, list[int]] = defaultdict(list)
    for at in range(0, len(form) - GRAM + 1, GRAM):
        if (gram := form[at : at + GRAM]) in grams:
            spans[gram].append(at)
    if not spans:
        return
    for at in range(len(read) - GRAM + 1):
        matches = spans.get(read[at : at + GRAM], ())
        if len(matches) > MAX_MATCHES:  # such as a run of equal characters: too many to compare
            yield max(at - GRAM, 0), min(at + 2 * GRAM, len(read))
            continue
        for start in matches:
            first, end = at, at + GRAM
            while (
                first > max(at - LONGEST_RUN, at - start, 0)
                and read[first - 1] == form[start - at + first - 1]
            ):
                first -= 1
            most = min(len(read), at + len(form) - start, at + GRAM + LONGEST_RUN)
            while end < most and read[end] == form[start - at + end]:
                end += 1
            if end - first >= LONGEST_RUN:
                yield first, end


def _plain(text: str) -> str:
    """Return *text* unescaped and normalised."""
    for _ in range(ROUNDS):
        if ESCAPED_TEXT.search(text) is None:
            break
        text = ESCAPED_TEXT.sub(_decoded, text)
    return text.translate(EQUIVALENT)


def _decode_with_spans(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return *text* unescaped and normalised, and for each character its span in the original."""
    spans = [(at, at + 1) for at in range(len(text))]
    for _ in range(ROUNDS):
        if ESCAPED_TEXT.search(text) is None:
            break
        text, spans = _decode_once(text, spans)
    return text.translate(EQUIVALENT), spans


def _decode_once(text: str, spans: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    parts: list[str] = []
    moved: list[tuple[int, int]] = []
    end = 0
    for found in ESCAPED_TEXT.finditer(text):
        parts.append(text[end : found.start()])
        moved += spans[end : found.start()]
        decoded = _decoded(found)
        parts.append(decoded)
        end = found.end()
        moved += [(spans[found.start()][0], spans[end - 1][1])] * len(decoded)
    parts.append(text[end:])
    return "".join(parts), moved + spans[end:]


def _decoded(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "utf16":
            return bytes.fromhex(ESCAPE_PREFIX.sub("", found[0])).decode("utf-16-be", errors="replace")
        case "utf8":
            return bytes.fromhex(ESCAPE_PREFIX.sub("", found[0])).decode(errors="replace")
        case "entity":
            return html.unescape(NESTED_AMP.sub("&", found[0]))
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
