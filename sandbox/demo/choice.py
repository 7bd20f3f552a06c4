"""What the person chose: a cluster and a cloud that are made for the demo, or his own."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT_SECONDS = 60.0  # for a busy machine; the longest step takes ten
REAL_LIMIT_SECONDS = 600.0  # a real cloud may have to copy an image first
EPILOG = """With CONTEXT=name in the environment the demo uses a cluster and a cloud of yours. It then needs
SECRET=file, SERVER_IMAGE=name and NETWORK=name as well, and asks before it makes anything; YES=1 says yes."""


class ChoiceError(Exception):
    """Something is missing or wrong; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Own:
    """A cluster by its context, the Secret of a real cloud, and what there is in that cloud."""

    context: str
    secret: Path
    image: str
    network: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """*own* is None where cluster and cloud are made for the demo; *pace* 1 is that of a real cloud."""

    own: Own | None
    pace: float
    limit_seconds: float
    no_room: bool


def choice(arguments: Sequence[str], environment: Mapping[str, str]) -> Choice:
    """Return what was chosen. Raises ChoiceError."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__, epilog=EPILOG)
    parser.add_argument("--pace", type=float, default=1.0, help="below 1: the simulated cloud works faster")
    parser.add_argument("--limit", type=float, help="seconds that a step may take")
    parser.add_argument(
        "--no-room", action="store_true", help="see it fail: a cloud without room for a server"
    )
    found = parser.parse_args(arguments)
    own = _own(environment) if environment.get("CONTEXT") else None
    limit = found.limit or (REAL_LIMIT_SECONDS if own else LIMIT_SECONDS)
    return Choice(own, found.pace, limit, found.no_room)


def _own(environment: Mapping[str, str]) -> Own:
    # Only with CONTEXT, and never printed: somebody may have a variable SECRET for another purpose.
    needed = {
        "SECRET": "a file with the Secret of a cloud's credentials, as examples/secret.yaml",
        "SERVER_IMAGE": "id or name of an image that there is in that cloud",
        "NETWORK": "id or name of a network that there is in that cloud",
    }
    missing = {name: text for name, text in needed.items() if not environment.get(name)}
    if missing:
        lines = [f"  {name}=...  {text}" for name, text in missing.items()]
        raise ChoiceError(
            "\n".join(
                ["With CONTEXT, the demo uses a cluster and a cloud of yours. It needs as well:", *lines]
            )
        )
    secret = Path(environment["SECRET"]).absolute()
    if not secret.is_file():
        raise ChoiceError("SECRET names no file that there is")
    return Own(
        environment["CONTEXT"],
        secret,
        environment["SERVER_IMAGE"],
        environment["NETWORK"],
        environment.get("YES") == "1",
    )
