"""
The platform's shell file (``rcadmin``), read as a shell would read it, and without running anything.

    export OS_USERNAME=labuser  OS_PASSWORD='Lab $user'      assignments, in any quotes
    export OS_REGION_NAME="$NAME"                            of a variable that the file assigned before
    echo hello                                               passed over; refused if it speaks of OS_…

What only a shell could know (a command's output, a variable from elsewhere) is refused, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from onecloud_operator.cli.failure import Failure

ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
VARIABLE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)")
EXPANDS: Final = frozenset("{(@*#?$!-0123456789")
OPERATORS: Final = frozenset("&|<>()")
ESCAPED_IN_QUOTES: Final = frozenset('$`"\\\n')
CURE: Final = (
    "put the value in single quotes; or have your shell read the file: "
    "(. ./rcadmin && kubectl onecloud secret rcadmin --from-env)"
)


def variables(text: str) -> dict[str, str]:
    """Return the variables that the file assigns. Raises Failure, which never quotes a value."""
    found: dict[str, str] = {}
    for command in _Reader(text, found).commands():
        words = command.words[1:] if command.words[:1] == ["export"] else command.words
        assigned = [ASSIGNMENT.fullmatch(word) for word in words]
        if all(assigned) and not command.odd:
            found.update((match[1], match[2]) for match in assigned if match is not None)
        elif not (command.words[:1] in (["export"], ["unset"]) and not command.odd and not any(assigned)):
            _pass_over(command)
    return found


@dataclass(slots=True)
class _Command:
    """The words of one command. *odd*: it has operators, which only a shell obeys."""

    line: int
    words: list[str] = field(default_factory=list)
    odd: bool = False


def _pass_over(command: _Command) -> None:
    if any("OS_" in word for word in command.words):
        raise Failure(
            f"line {command.line}: this is more than an assignment, so only a shell can read it", CURE
        )


@dataclass(slots=True)
class _Reader:
    """Reads *text* from its beginning; *known*: the variables so far, which its user fills."""

    text: str
    known: Mapping[str, str]
    at: int = 0
    line: int = 1

    def commands(self) -> Iterator[_Command]:
        """Yield each command as soon as it is read, so that the next one can use its variables."""
        command, word = _Command(1), ""
        begun = False  # a word, which may be empty: ''
        while (character := self._next()) is not None:
            if character == "#" and not begun:
                self._skip_line()
            elif character in " \t\r\n;" or character in OPERATORS:
                if begun:
                    command.words.append(word)
                word, begun = "", False
                command.odd |= character in OPERATORS
                if character in "\n;":
                    if command.words or command.odd:
                        yield command
                    command = _Command(self.line)
            elif not (character == "\\" and self._peek() == "\n" and self._next()):
                word += self._piece(character)  # in place: a word may be as long as the file
                begun = True
        if begun:
            command.words.append(word)
        if command.words or command.odd:
            yield command

    def _piece(self, character: str) -> str:
        """Return what one piece of a word means: a character, or what is in quotes."""
        match character:
            case "'":
                return self._single()
            case '"':
                return self._double()
            case "\\":
                return self._next() or ""
            case "$" | "`":
                return self._expansion(character, quoted=False)
        return character

    def _single(self) -> str:
        end = self.text.find("'", self.at)
        if end < 0:
            raise Failure(f"line {self.line}: a single quote is never closed", CURE)
        found = self.text[self.at : end]
        self.at, self.line = end + 1, self.line + found.count("\n")
        return found

    def _double(self) -> str:
        began, parts = self.line, list[str]()
        while (character := self._next()) is not None:
            if character == '"':
                return "".join(parts)
            if character == "\\" and self._peek() in ESCAPED_IN_QUOTES:
                following = self._next() or ""
                parts.append("" if following == "\n" else following)
            elif character in "$`":
                parts.append(self._expansion(character, quoted=True))
            else:
                parts.append(character)
        raise Failure(f"line {began}: a double quote is never closed", CURE)

    def _expansion(self, character: str, *, quoted: bool) -> str:
        following = self._peek()
        named = VARIABLE.match(self.text, self.at) if character == "$" else None
        if named is not None and (name := named[1] or named[2]) in self.known:
            self.at = named.end()
            return self.known[name]
        opens = not quoted and following in {"'", '"'}
        if character == "`" or named is not None or following in EXPANDS or opens:
            what = "a command" if character == "`" or following == "(" else "a variable, after a dollar sign"
            raise Failure(
                f"line {self.line}: {what} outside of single quotes, which only a shell can read", CURE
            )
        return character

    def _next(self) -> str | None:
        if self.at >= len(self.text):
            return None
        character = self.text[self.at]
        self.at += 1
        self.line += character == "\n"
        return character

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end
