"""Error texts that quote what they complain of do not give it away."""

from __future__ import annotations

import json

import pytest

from onecloud_operator.onecloud.scrub import masked, secret_texts

USER_DATA = '#cloud-config\nchpasswd:\n  list: "root:Sesam-0ffne-dich"\nT=abc9X1\n'
PASSWORD = 'p"ss\\Wörd-12345'
BODY = {"server": {"id": "x", "user_data": USER_DATA, "password": PASSWORD}}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(f"unable to convert {json.dumps(USER_DATA)}", id="the-whole-as-json"),
        pytest.param(f"unable to convert {USER_DATA}", id="the-whole-as-it-is"),
        pytest.param('line 3: list: \\"root:Sesam-0ffne-dich\\" is odd', id="a-line-with-its-quotes-escaped"),
        pytest.param("line 4: T=abc9X1: not allowed", id="a-short-line"),
        pytest.param(f"bad password {json.dumps(PASSWORD)}", id="a-password-as-json"),
        pytest.param(f"bad password {json.dumps(PASSWORD, ensure_ascii=False)}", id="a-password-in-quotes"),
    ],
)
def test_an_echo_is_hidden(said: str) -> None:
    shown = masked(said, secret_texts(BODY, ()))
    for secret in ("Sesam-0ffne-dich", "abc9X1", "12345"):
        assert secret not in shown
