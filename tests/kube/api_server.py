"""The client at an API server that answers as a test says, to the byte."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.kube.client import KubeClient
from tests.onecloud.origin import Answer, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tests.onecloud.origin import Asked, Place


class Observer:
    """What is told of each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int | None]] = []

    def __call__(self, operation: str, status: int | None, seconds: float) -> None:
        assert seconds >= 0.0
        self.calls.append((operation, status))


class NoListener:
    """Whom no list of a watch concerns."""

    def listed(self, namespace: str | None, page: Mapping[str, Any], *, continued: bool) -> None: ...

    def relisted(self) -> None: ...

    def refused(self) -> None: ...


@asynccontextmanager
async def answering(
    respond: Callable[[Asked], Awaitable[Answer]],
) -> AsyncIterator[tuple[KubeClient, Observer, Place]]:
    observer = Observer()
    async with serving(respond) as place:
        made = KubeClient(ApiClient(Configuration(host=place.url)), observer)
        try:
            yield made, observer, place
        finally:
            await made.close()


def always(answer: Answer) -> Callable[[Asked], Awaitable[Answer]]:
    async def respond(_asked: Asked) -> Answer:
        return answer

    return respond


def status_of(code: int, message: str) -> Answer:
    return Answer(code, {"kind": "Status", "code": code, "message": message})
