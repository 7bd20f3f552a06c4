"""A shell file means what a shell takes it for, or is refused."""

from __future__ import annotations

import shlex
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.shell_file import variables

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "Lab-user-2026!"
FILES = {
    "of-the-platform": f"# by hand\nexport OS_AUTH_URL='http://c/v3'\nexport OS_PASSWORD='{SECRET}'\n",
    "double-quotes": r'''OS_PASSWORD="a \"b\" \\ \$HOME \`c\` \n 'd' # e"''',
    "no-quotes": "OS_PASSWORD=a\\ b\\'c#d;OS_X=1 OS_Y=2 # rest",
    "mixed-quotes": """OS_PASSWORD=a'b c'"d e"f""",
    "over-lines": "OS_PASSWORD='a\nb' \\\n  OS_X=c\\\nd\nOS_Y=\"e\\\nf\"",
    "empty": "OS_PASSWORD=''\nOS_X=\n",
    "dollars-that-mean-themselves": 'OS_PASSWORD="a$ b$%c$" OS_X=d$%',
    "of-a-variable-before": 'NAME=lab\nexport OS_X="$NAME-${NAME}" OS_Y=$NAME',
    "assigned-twice": "OS_X=1\nOS_X=2\n",
    "with-other-lines": "echo hello\nOS_X=1\nexport OS_X\nunset OS_Y\n",
    "windows-ends": "OS_X=1 \r\nOS_Y=2 \r\n",
    "tabs": "\texport\tOS_X=1\t\n",
}


def by_shell(text: str, folder: Path) -> dict[str, str]:
    (folder / "rcadmin").write_text(text, newline="")
    script = ". ./rcadmin >/dev/null; env -0"
    done = subprocess.run(
        ["/usr/bin/env", "-i", "/bin/sh", "-ac", script], cwd=folder, capture_output=True, check=True
    )
    pairs = (entry.partition("=") for entry in done.stdout.decode().split("\0") if entry)
    return {key: value for key, _, value in pairs if key.startswith("OS_")}


@pytest.mark.parametrize("name", sorted(set(FILES) - {"windows-ends"}))
def test_it_is_read_as_a_shell_reads_it(name: str, tmp_path: Path) -> None:
    text = FILES[name]
    assert {k: v for k, v in variables(text).items() if k.startswith("OS_")} == by_shell(text, tmp_path)


def test_ends_of_lines_of_windows_are_no_part_of_a_value() -> None:
    assert variables("OS_X=1\r\nOS_Y='2'\r\n") == {"OS_X": "1", "OS_Y": "2"}


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0\r"), max_size=12), max_size=3))
def test_whatever_is_quoted_well_is_read_back(values: list[str]) -> None:
    lines = [f"export OS_{number}={shlex.quote(value)}\n" for number, value in enumerate(values)]
    assert variables("".join(lines)) == {f"OS_{number}": value for number, value in enumerate(values)}


REFUSED = {
    "a-variable-from-elsewhere": f'OS_PASSWORD="{SECRET}$word"',
    "without-quotes": f"OS_PASSWORD={SECRET}$word",
    "its-own-number": f"OS_PASSWORD={SECRET}$$",
    "a-command": f"OS_PASSWORD=$(echo {SECRET})",
    "a-command-in-old-style": f"OS_PASSWORD=`echo {SECRET}`",
    "an-escape-of-bash": f"OS_PASSWORD=$'{SECRET}'",
    "a-default": f"OS_PASSWORD=${{X:-{SECRET}}}",
    "a-quote-left-open": f"OS_PASSWORD='{SECRET}",
    "a-double-quote-left-open": f'OS_PASSWORD="{SECRET}',
    "a-question": 'read -sr OS_PASSWORD_INPUT\nexport OS_PASSWORD="$OS_PASSWORD_INPUT"',
    "a-pipe": f"echo {SECRET} | OS_PASSWORD={SECRET} cat",
    "a-condition": f"[ -n x ] && OS_PASSWORD={SECRET}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_a_shell_knows_is_refused_without_a_value(name: str) -> None:
    with pytest.raises(Failure, match=r"^line 1: ") as caught:
        variables(REFUSED[name])
    assert "Lab" not in str(caught.value) + caught.value.cure
    assert "single quotes" in caught.value.cure


@given(st.text(max_size=60) | st.text(alphabet="OS_=' \"\\$`{}();&|#\n\tab", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Failure):
        assert isinstance(variables(text), dict)


def test_a_word_as_long_as_the_file_may_be_is_read_at_once() -> None:
    began_at = time.process_time()
    assert variables("OS_PASSWORD=" + "x" * 1_000_000)["OS_PASSWORD"] == "x" * 1_000_000
    assert time.process_time() - began_at < 20.0
