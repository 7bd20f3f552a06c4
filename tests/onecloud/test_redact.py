"""Error texts that quote what they complain of do not give it away."""

from __future__ import annotations

import base64
import html
import json
import random
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from onecloud_operator.onecloud.error_reply import DETAILS_CHARACTERS
from onecloud_operator.onecloud.redact import HIDDEN, LONGEST_RUN, Redactor
from tests.onecloud.test_bounds import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

USER_DATA = '#cloud-config\nchpasswd:\n  list: "root:Sesam-0ffne-dich"\nT=abc9X1\n'
PASSWORD = 'p"ss\\Wörd-12345'
BODY = {"server": {"id": "x", "user_data": USER_DATA, "password": PASSWORD}}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(f"unable to convert {json.dumps(USER_DATA)}", id="the-whole-as-json"),
        pytest.param(f"unable to convert {USER_DATA}", id="the-whole-as-it-is"),
        pytest.param('line 3: list: \\"root:Sesam-0ffne-dich\\" is odd', id="a-line-with-its-quotes-escaped"),
        pytest.param("line 4: T=abc9X1: not allowed", id="a-short-line"),
        pytest.param(f"bad password {json.dumps(PASSWORD)}", id="a-password-as-json"),
        pytest.param(f"bad password {json.dumps(PASSWORD, ensure_ascii=False)}", id="a-password-in-quotes"),
    ],
)
def test_an_echo_is_hidden(words: str) -> None:
    shown = Redactor(BODY)(words)
    for secret in ("Sesam-0ffne-dich", "abc9X1", "12345"):
        assert secret not in shown


def as_go_writes_json(text: str) -> str:
    """Return *text* in JSON as Go writes it: fit to stand in HTML."""
    return json.dumps(text)[1:-1].replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


ODD = "Geh<eim&nis>+2026! 'ä'\\x"


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(ODD, id="odd"),
        pytest.param("correct-horse-battery", id="plain"),
        pytest.param("50%25 &amp; \\u0026", id="looks-written"),
        pytest.param("пароль-секрет", id="cyrillic"),
        pytest.param("🔑🔒-open-sesame", id="outside-the-plane"),
    ],
)
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(str, id="as-it-is"),
        pytest.param(lambda text: json.dumps(text)[1:-1], id="json"),
        pytest.param(lambda text: json.dumps(text, ensure_ascii=False)[1:-1], id="json-in-utf-8"),
        pytest.param(as_go_writes_json, id="json-by-go"),
        pytest.param(lambda text: as_go_writes_json(as_go_writes_json(text)), id="json-in-json"),
        pytest.param(html.escape, id="html"),
        pytest.param(lambda text: html.escape(text).replace("&#x27;", "&#39;"), id="html-by-go"),
        pytest.param(lambda text: html.escape(html.escape(text)), id="html-in-html"),
        pytest.param(lambda text: json.dumps(html.escape(text))[1:-1], id="html-in-json"),
        pytest.param(lambda text: html.escape(json.dumps(text)[1:-1]), id="json-in-html"),
        pytest.param(lambda text: quote(text, safe=""), id="in-a-url"),
        pytest.param(lambda text: quote(text, safe="").lower(), id="in-a-url-in-small-letters"),
        pytest.param(lambda text: quote_plus(quote_plus(text)), id="in-a-form-twice"),
        pytest.param(lambda text: base64.b64encode(text.encode()).decode(), id="base64"),
        pytest.param(lambda text: base64.urlsafe_b64encode(text.encode()).decode(), id="base64-for-urls"),
        pytest.param(lambda text: base64.b64encode(f"me:{text}".encode()).decode(), id="base64-with-a-user"),
        pytest.param(lambda text: base64.b64encode(f"user:{text}.".encode()).decode(), id="base64-within"),
    ],
)
def test_a_secret_is_hidden_however_it_is_written(secret: str, written: Callable[[str], str]) -> None:
    echo = written(secret)
    mask = Redactor({"password": secret})
    for text in (echo, f"weak password {echo}: no", f'{{"password":"{echo}"}}'):
        shown = mask(text)
        assert "hidden" in shown
        assert not {echo[at : at + 8] for at in range(len(echo) - 7)} & {
            shown[at : at + 8] for at in range(len(shown) - 7)
        }


@pytest.mark.parametrize(
    "piece",
    [pytest.param(ODD[:12], id="its-beginning"), pytest.param(ODD[-12:], id="its-end")],
)
def test_the_half_of_a_secret_is_hidden_too(piece: str) -> None:
    assert Redactor({"password": ODD})(f"weak: {piece}…") == "weak: [hidden]…"


@pytest.mark.parametrize("cut", range(20, len(USER_DATA), 7))
def test_user_data_that_is_cut_anywhere_is_hidden(cut: int) -> None:
    shown = Redactor(BODY)(f"bad user data: {USER_DATA[:cut]}")
    assert "root" not in shown
    assert "Sesam" not in shown


def test_words_that_the_user_data_has_as_well_are_shown() -> None:
    data = "#cloud-config\nruncmd: [echo 'the network is not found']\npackages: [ubuntu-drivers, net-tools]\n"
    text = "network vnet-1 not found, image ubuntu-22.04 not found"
    assert Redactor({"user_data": data})(text) == text


def test_a_text_without_secrets_is_left_as_it_is() -> None:
    text = "50% of \\u0026 &amp; C:\\new <html> %41 🔑"
    assert Redactor(BODY)(text) == text


@given(
    st.text("abc012", min_size=64, max_size=600),
    st.integers(0, 600),
    st.integers(LONGEST_RUN, 200),
    st.text("abc012 ", max_size=60),
    st.text("abc012 ", max_size=60),
)
def test_no_run_of_a_long_secret_is_shown_wherever_it_was_cut(
    secret: str, start: int, length: int, before: str, behind: str
) -> None:
    piece = secret[min(start, len(secret) - LONGEST_RUN) :][:length]
    shown = Redactor({"user_data": secret})(f"{before}{piece}{behind}")
    for part in shown.split(HIDDEN):
        runs = {part[at : at + LONGEST_RUN] for at in range(len(part) - LONGEST_RUN + 1)}
        assert not any(run in secret for run in runs)


@pytest.mark.parametrize("words", ["other words", "the user data", "&amp;"])
@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("x9", id="letters"),
        pytest.param("line12\n", id="lines"),
        pytest.param("&amp;", id="entities"),
        pytest.param("\\", id="backslashes"),
        pytest.param("\\u0041", id="escapes"),
    ],
)
def test_hiding_what_is_as_long_as_it_may_be_is_no_long_work(piece: str, words: str) -> None:
    """All of this is work in the event loop, and as much of it as a stranger can ask for."""
    secret, most = (piece * 65536)[:65536], DETAILS_CHARACTERS
    answer = json.dumps([{"id": str(n), "name": "x" * 20, "number": n} for n in range(17_000)])
    dice = random.Random(1)  # noqa: S311 - no secret
    text = {"other words": dice.choices("abcdefgh/ ", k=most), "the user data": secret}.get(words)
    mask = Redactor({"user_data": secret}, (SecretStr("t" * 300), SecretStr("Sesam-0ffne-dich")))
    words = "".join(text or words * most)[:most]
    assert seconds(lambda: mask(words)) < 12 * seconds(lambda: json.loads(answer))
