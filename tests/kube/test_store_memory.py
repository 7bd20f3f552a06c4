"""What is kept of an object between looks at it: its text, and the same object whenever it is looked at."""

from __future__ import annotations

import gc
import json
import tracemalloc
from typing import Any

from onecloud_operator.controller.server_object import SERVERS, resource_of
from onecloud_operator.kube.bounded_json import slim
from onecloud_operator.kube.store import FRESH, PARSED, Key, Store
from tests.api.manifests import SPEC
from tests.engine.simulated import SimulatedClock

COUNT = FRESH + PARSED
PARSED_BYTES = 20_000  # of an object that is at work


def body(number: int, status: dict[str, Any]) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": f"web-{number}", "uid": f"uid-{number}", "resourceVersion": "1"}
    return {"metadata": metadata, "spec": SPEC, "status": status}


def key(number: int) -> Key:
    return Key("shop", f"web-{number}", f"uid-{number}")


def test_an_object_at_rest_takes_little_more_memory_than_its_text(clock: SimulatedClock) -> None:
    objects = Store(SERVERS, clock.monotonic)
    text = json.dumps({f"part{number}": {"name": f"{number}", "size": number} for number in range(50)})
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(COUNT):
            objects.heard(body(number, json.loads(text)), listed=True)
            objects.get(key(number))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - PARSED * PARSED_BYTES
    finally:
        tracemalloc.stop()
    assert taken / COUNT < len(text) + len(json.dumps(SPEC)) + 1_000


def test_an_object_is_the_same_however_long_it_was_kept(clock: SimulatedClock) -> None:
    objects = Store(SERVERS, clock.monotonic)
    status = {"id": "s-1", "server": {"name": "Größe 😀", "cpu": 2, "size": 2**60, "share": 0.5}}
    for number in range(COUNT):
        objects.heard(body(number, status), listed=True)
    for number in reversed(range(COUNT)):
        assert objects.get(key(number)) == resource_of(slim(body(number, status)))
