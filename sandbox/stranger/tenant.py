"""The hostile tenant at work: in a namespace of a real API server, with the lying cloud as a process."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from sandbox.cluster.kube import KubeError
from sandbox.cluster.scratch import scratch
from sandbox.stage import environment, program
from sandbox.stranger.attacks import ATTACKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.cluster.kube import Kube

KIND: Final = "onecloudservers"
FORCE: Final = {"metadata": {"annotations": {"onecloud.io/force-detach": "true"}, "finalizers": None}}
HANDS: Final = 4
START_SECONDS: Final = 30.0


class Stranger:
    """Somebody who may make OneCloudServers and Secrets in *namespace*, and nothing else."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._numbers = itertools.count()
        self._made: dict[str, list[int]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the cloud."""
        directory = self._stack.enter_context(scratch())
        ready = directory / "port"
        process = program(
            "sandbox.stranger", [str(ready)], log=directory / "stranger.log", env=environment({})
        )
        self._stack.callback(process.kill)
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if process.exit_code is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no lying cloud:\n{process.tail()}")
            time.sleep(0.02)
        url = f"http://127.0.0.1:{ready.read_text()}"
        self._cloud = self._stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=60.0))
        self._hands = self._stack.enter_context(ThreadPoolExecutor(HANDS))
        return self

    def __exit__(self, *_: object) -> None:
        """End the cloud; the namespace's owner removes the rest."""
        self._stack.close()

    def begin(self, name: str, count: int) -> None:
        """Put what the attack called *name* needs into the namespace, *count* times."""
        attack = ATTACKS[name]
        numbers = [next(self._numbers) for _ in range(count)]
        self._made.setdefault(name, []).extend(numbers)
        ports = self._command("open", attack.lie, count) if attack.lie is not None else [9] * count
        urls = [f"http://127.0.0.1:{port}/v3" for port in ports]
        self._do(lambda pair: self._create(attack.makes(*pair)), zip(numbers, urls, strict=True))

    def end(self, name: str) -> None:
        """Take all of it away again."""
        self._do(self._remove, self._made.pop(name, []))
        if (lie := ATTACKS[name].lie) is not None:
            self._command("close", lie)

    def edit(self, name: str, text: str) -> None:
        """Have every object of the attack looked at again."""
        mark = {"metadata": {"annotations": {"onecloud.io/reconcile-requested-at": text}}}
        self._do(
            lambda number: self._kube.patch(KIND, f"object-{number}", self._namespace, mark),
            self._made.get(name, []),
        )

    def asked(self, name: str) -> int:
        """Return how often the endpoints of the attack were asked for anything since the beginning."""
        lie = ATTACKS[name].lie
        return self._command("asked", lie) if lie is not None else 0

    def _create(self, manifests: Iterable[dict[str, Any]]) -> None:
        for manifest in manifests:
            self._kube.create(manifest, namespace=self._namespace)

    def _remove(self, number: int) -> None:
        for kind, name in ((KIND, f"object-{number}"), ("secrets", f"secret-{number}")):
            try:
                self._kube.delete(kind, name, self._namespace)
                if kind == KIND:
                    self._kube.patch(kind, name, self._namespace, FORCE)
            except KubeError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise

    def _do(self, what: Any, each: Iterable[Any]) -> None:
        for _ in self._hands.map(what, each):
            pass

    def _command(self, *words: object) -> Any:
        reply = self._cloud.post("/" + "/".join(map(str, words)))
        reply.raise_for_status()
        return reply.json()["result"]
