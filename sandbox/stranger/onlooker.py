"""
Another client of the same watch, which does nothing: how long the API server takes to tell of an edit.

``python -m sandbox.stranger.onlooker KUBECONFIG NAMESPACE FILE`` watches all objects of the cluster, as the
operator does, and notes in FILE when it first saw each description in NAMESPACE. It is a process of its own,
since whoever plays the stranger is busy.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sandbox.cluster.scratch import scratch
from sandbox.stage import environment, program

if TYPE_CHECKING:
    from collections.abc import Iterator

WATCH: Final = "/apis/onecloud.io/v1alpha1/onecloudservers?watch=true&timeoutSeconds=86400"
DESCRIPTION: Final = re.compile(rb'"description":"([^"]{1,64})"')
START_SECONDS: Final = 30.0
LATE_SECONDS: Final = 30.0  # behind the operator, at most


class Onlooker:
    """What the process has noted so far in *file*."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def saw(self, descriptions: list[str]) -> dict[str, float]:
        """Return when each of them was first seen (monotonic), once all were; of late ones nothing."""
        deadline = time.monotonic() + LATE_SECONDS
        while True:
            lines = (line.rsplit(" ", 1) for line in self._file.read_text().splitlines())
            found = {line[0]: float(line[1]) for line in lines if len(line) > 1}
            if found.keys() >= set(descriptions) or time.monotonic() > deadline:
                return found
            time.sleep(0.1)


@contextmanager
def onlooker(kubeconfig: Path, namespace: str) -> Iterator[Onlooker]:
    """Give one that already watches, and notes what it sees in *namespace*."""
    with scratch() as directory:
        file = directory / "seen"
        process = program(
            "sandbox.stranger.onlooker",
            [str(kubeconfig), namespace, str(file)],
            log=directory / "onlooker.log",
            env=environment({}),
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not file.exists():
                if process.exit_code is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"nobody looks on:\n{process.tail()}")
                time.sleep(0.02)
            yield Onlooker(file)
        finally:
            process.kill()


def main(kubeconfig: Path, namespace: str, file: Path) -> None:
    """Watch for ever, also when the API server ends a watch, as it does after the definition was made."""
    config = json.loads(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    server = urlsplit(cluster["server"])
    connection = http.client.HTTPSConnection(
        server.hostname or "", server.port, context=ssl.create_default_context(cadata=authority)
    )
    ours, seen = f'"namespace":"{namespace}"'.encode(), set[bytes]()
    with file.open("w", buffering=1) as notes:
        while True:
            connection.request("GET", WATCH, headers={"Authorization": f"Bearer {user['token']}"})
            stream = connection.getresponse()
            while line := stream.readline():
                for description in set(DESCRIPTION.findall(line)) - seen if ours in line else ():
                    seen.add(description)
                    notes.write(f"{description.decode()} {time.monotonic()}\n")
            connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
