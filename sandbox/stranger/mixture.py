"""All attacks, several at a time and in random order, while the honest tenant goes on with its work."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sandbox.stranger.attacks import ATTACKS
from sandbox.stranger.neighbour import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.stranger.street import Street

AT_ONCE: Final = 3
EVERY_SECONDS: Final = 0.5  # the honest tenant's edits
TOUCH_SECONDS: Final = 10.0  # the stranger has all of an attack's objects looked at again
PATIENCE_SECONDS: Final = 120.0


def quiet(street: Street, seconds: float) -> list[Edit]:
    """Return how long each edit of the honest tenant's took, while nobody else did anything."""
    return _edits(street, seconds, threading.Event())


def beside(street: Street, seconds: float, seed: int, share: float) -> list[Edit]:
    """Return the same with every attack played for its part of *seconds*, at *share* of its full size."""
    order = list(ATTACKS)
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    each = seconds * AT_ONCE / len(order)
    with ThreadPoolExecutor(AT_ONCE) as actors, ThreadPoolExecutor(1) as waiter:
        stop = threading.Event()
        played = [actors.submit(_play, street, name, share, each, stop) for name in order]
        over = waiter.submit(_after, played, stop)
        try:
            found = _edits(street, float("inf"), stop)
        finally:
            stop.set()
        over.result()
    return found


def _after(played: list[Future[None]], stop: threading.Event) -> None:
    try:
        for one in played:
            one.result()
    finally:
        stop.set()


def _play(street: Street, name: str, share: float, seconds: float, stop: threading.Event) -> None:
    if stop.is_set():
        return
    attack, stranger = ATTACKS[name], street.stranger
    with _ended(street, name):
        stranger.begin(name, max(attack.few, round(attack.many * share)))
        ends_at, touch = time.monotonic() + seconds, 0
        while time.monotonic() < ends_at and not stop.wait(
            min(TOUCH_SECONDS, max(ends_at - time.monotonic(), 0.0))
        ):
            touch += 1
            stranger.edit(name, str(touch))


@contextmanager
def _ended(street: Street, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        street.stranger.end(name)


def _edits(street: Street, seconds: float, stop: threading.Event) -> list[Edit]:
    ends_at, found = time.monotonic() + seconds, list[tuple[str, float, float]]()
    while time.monotonic() < ends_at and not stop.is_set():
        took = street.honest.edit(PATIENCE_SECONDS)
        found.append((*street.honest.last, took))
        stop.wait(EVERY_SECONDS)
    saw = street.onlooker.saw([wanted for wanted, _, _ in found])
    return [Edit(took, saw[wanted] - began_at) for wanted, began_at, took in found if wanted in saw]
