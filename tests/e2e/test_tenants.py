"""One bad tenant beside good ones."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.play import Play

SECRETS, OBJECTS = 9, 8  # together more than there are workers


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        yield listener.getsockname()[1]


def test_an_endpoint_that_hangs_slows_no_other_however_many_secrets_lead_to_it(
    play: Play, silent_port: int
) -> None:
    play.apply("first")
    play.wait_ready("first")
    url = f"http://127.0.0.1:{silent_port}/v3"
    for number in range(SECRETS):
        play.kube.apply(play.cloud.secret(play.namespace, f"hung-{number}", OS_AUTH_URL=url))
    for number in range(SECRETS):
        for each in range(OBJECTS):
            play.apply(f"hung-{number}-{each}", credentialsRef={"name": f"hung-{number}"})
    play.apply("good")
    play.wait(lambda status: status.get("state") == "Running", "good", seconds=8.0)
