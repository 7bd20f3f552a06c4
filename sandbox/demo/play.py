"""Carries the steps out, one after the other, and looks until each was seen to happen or its time is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NoReturn

from sandbox.demo.scene import cells, condition
from sandbox.demo.shell import Follower
from sandbox.demo.show import COLUMNS, HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.demo.scene import Object, Scene
    from sandbox.demo.show import Show
    from sandbox.demo.sights import Sight
    from sandbox.demo.steps import Step

POLL_SECONDS: Final = 0.1
ALONE_SECONDS: Final = 2.0  # rows do not mix with what a command prints, unless it takes longer
LOG_LINES: Final = 20
UNDER_WAY: Final = frozenset({"", "Creating", "Updating", "NotYetObserved"})


class Unseen(Exception):
    """A step did not happen; what was expected and seen has been shown."""


class Play:
    """One performance. *limit_seconds* is how long each step may take."""

    def __init__(self, scene: Scene, show: Show, *, limit_seconds: float) -> None:
        self._scene = scene
        self._show = show
        self._limit_seconds = limit_seconds
        self._shown: dict[str, tuple[dict[str, str], str]] = {}
        self._rows: list[tuple[dict[str, str], float, str]] = []
        self._started = time.monotonic()

    def perform(self, steps: Sequence[Step]) -> None:
        """Carry out every step. Raises Unseen at the first that does not happen."""
        for number, step in enumerate(steps, 1):
            self._show.step(number, len(steps), step.title, step.why)
            self._started = time.monotonic()
            for text, act in step.hands:
                self._show.hand(text)
                act(self._scene)
            for line in step.commands:
                self.run(line)
            simulated = self._scene.cloud is not None
            self._await([sight for sight in step.sights if simulated or not sight.cloud])
            for line in step.afterwards:
                self.run(line)

    def run(self, line: str) -> None:
        """Run a command line; show what it prints, and what happens meanwhile. Raises Unseen if it fails."""
        self._show.command(line)
        started = time.monotonic()
        process = self._scene.shell.start(line)
        told = Follower(process.log)
        try:
            while process.exit_code is None:
                self._look(f"the end of: {line}")
                self._show.output(told.lines())
                if time.monotonic() - started > ALONE_SECONDS:
                    self._flush()
                if time.monotonic() - started > self._limit_seconds:
                    self._fail(f"`{line}` ends within {self._limit_seconds:.0f} s", "it still runs")
        finally:
            process.stop()
        self._show.output(told.lines(rest=True))
        if process.exit_code:
            self._fail(f"`{line}` succeeds", f"it ended with exit code {process.exit_code}, see above")

    def _await(self, sights: Sequence[Sight]) -> None:
        """Look until each of *sights* was seen. Raises Unseen."""
        seen: dict[str, str] = {}
        for sight in sights:
            while not (found := sight.look(self._scene)).so:
                self._look(sight.what)
                self._flush()
                process = self._scene.operator.process
                if process is not None and process.exit_code is not None:
                    self._fail(sight.what, f"the operator has ended with exit code {process.exit_code}", seen)
                if time.monotonic() - self._started > self._limit_seconds:
                    self._fail(f"{sight.what}, within {self._limit_seconds:.0f} s", found.text, seen)
            seen[sight.what] = found.text
        self._flush()
        if seen:
            self._show.right(seen)

    def _look(self, what: str) -> None:
        """Take in what is new, and say that we are still here if nothing was said for long."""
        time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - self._started
        for name, found in self._scene.news():
            if found is None:
                self._shown.pop(name, None)
                self._rows.append(
                    (dict.fromkeys(COLUMNS, "") | {"NAME": name, "STATE": "(gone)"}, seconds, "")
                )
            else:
                self._take(name, found, seconds)
        if self._show.silent_seconds > HEARTBEAT_SECONDS:
            self._show.waiting(what, seconds, self._limit_seconds)

    def _take(self, name: str, found: Object, seconds: float) -> None:
        row = cells(found)
        status = found.get("status") or {}
        synced = condition(status, "Synced")
        telling = synced.get("status") == "False" and synced["reason"] not in UNDER_WAY
        message = synced["message"] if telling else condition(status, "Deleting").get("message", "")
        before = self._shown.get(name)
        if before != (row, message):
            news = message if before is None or before[1] != message else ""
            self._rows.append((row, seconds, news))
            self._shown[name] = (row, message)

    def _flush(self) -> None:
        """Show the rows that are new."""
        for row, seconds, message in self._rows:
            self._show.row(row, seconds, message)
        self._rows.clear()

    def _fail(self, expected: str, seen: str, before: Mapping[str, str] | None = None) -> NoReturn:
        self._flush()
        if before:
            self._show.right(before)
        self._show.wrong(expected, seen)
        log = self._scene.operator.text().splitlines()[-LOG_LINES:]
        self._show.verbatim("the end of the operator's log:", log or ["(nothing)"])
        raise Unseen
