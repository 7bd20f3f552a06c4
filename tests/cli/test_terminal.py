"""What others wrote reaches a terminal as text, and never as an order to it."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.cli.terminal import NAME_LENGTH, UNSAFE, Screen, clean, complain, print_json

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = {
    "clears-the-screen": "\x1b[2J\x1b[1;1Hall is well",
    "sets-the-title": "\x1b]0;owned\x07",
    "eight-bit-escape": "\x9b2J",
    "overwrites-its-line": "bad\rgood",
    "goes-back": "bad\b\b\bgood",
    "reverses": "\u202egnp.exe",
    "isolates": "\u2066x\u2069",
    "hides": "a\u200bb\ufeffc",
    "rings": "\a" * 9,
    "tag-characters": "\U000e0041",
    "half-a-pair": "\ud800",
    "paragraph": "a\u2029b\u2028c",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_order_to_a_terminal_is_left(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = HOSTILE[name]
    screen = Screen()
    screen.say(text, (text, "bad"), indent=2)
    screen.table(["NAME"], [[text]])
    complain(text, text)
    captured = capsys.readouterr()
    for line in (captured.out + captured.err).split("\n"):
        assert not any(unicodedata.category(character) in UNSAFE for character in line), repr(line)


@given(st.text(max_size=60))
def test_a_clean_text_is_one_line_without_orders_and_stays_so(text: str) -> None:
    made = clean(text, 40)
    assert len(made) <= 40
    assert not {unicodedata.category(character) for character in made} & UNSAFE
    assert clean(made, 40) == made


def test_ordinary_words_of_any_script_stay(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("Ümlaute, 服务器, [bold]no markup[/bold], :smile:")
    assert capsys.readouterr().out == "Ümlaute, 服务器, [bold]no markup[/bold], :smile:\n"


def test_json_is_ascii_and_keeps_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(HOSTILE)
    out = capsys.readouterr().out
    assert out.isascii()
    assert not {character for character in out if ord(character) < 32} - {"\n"}
    assert json.loads(out) == HOSTILE


def test_a_cell_is_no_longer_than_a_name_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().table(["NAME", "IP"], [["x" * 10**6, "10.0.0.1"]])
    assert max(map(len, capsys.readouterr().out.split("\n"))) < NAME_LENGTH + 20


def test_what_is_piped_has_no_colour_and_is_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say(("word " * 100, "bad"))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Terminal:
        def __init__(self) -> None:
            self.text = ""
            self.encoding = "utf-8"

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

        def flush(self) -> None:
            pass

        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    for value, coloured in (("1", False), ("", True), (None, True)):
        if value is None:
            monkeypatch.delenv("NO_COLOR")
        else:
            monkeypatch.setenv("NO_COLOR", value)
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)
        Screen().say(("red", "bad"))
        assert ("\x1b[" in terminal.text and "31m" in terminal.text) is coloured
