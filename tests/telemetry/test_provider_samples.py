"""What is measured of providers."""

from __future__ import annotations

from typing import Any

from onecloud_operator.controller.provider_object import provider_kind
from onecloud_operator.core.provider_facts import ProviderObject
from onecloud_operator.kube.store import Store
from onecloud_operator.telemetry.metrics import MAX_PROVIDERS, OTHER
from onecloud_operator.telemetry.provider_samples import ProviderSamples
from tests.engine.simulated import SimulatedClock


def body(name: str, status: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "uid": name, "resourceVersion": "1", "generation": 1}
    secret = {"namespace": "onecloud-system", "name": "shared"}
    return {"metadata": metadata, "spec": {"secretRef": secret}, "status": status}


def told(ready: str, total: object) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "reason": "Available"}
    return {"conditions": [condition], "servers": {"total": total}}


def samples(objects: Store[ProviderObject]) -> dict[tuple[str, str], float]:
    return {(metric, name): value for metric, (name,), value in ProviderSamples(objects)()}


def test_each_provider_has_its_state_and_its_servers(clock: SimulatedClock) -> None:
    objects = Store(provider_kind(frozenset({"onecloud-system"})), clock.monotonic)
    objects.heard(body("well", told("True", 3)), listed=True)
    objects.heard(body("ill", told("False", 2)), listed=True)
    objects.heard(body("forged", told("True", "many")), listed=True)
    objects.heard(body("new", {}), listed=True)
    assert samples(objects) == {
        ("provider_ready", "well"): 1.0,
        ("provider_servers", "well"): 3.0,
        ("provider_ready", "ill"): 0.0,
        ("provider_servers", "ill"): 2.0,
        ("provider_ready", "forged"): 1.0,
        ("provider_servers", "forged"): 0.0,
        ("provider_ready", "new"): 0.0,
        ("provider_servers", "new"): 0.0,
    }


def test_of_many_the_rest_is_told_as_one_with_the_worst_state(clock: SimulatedClock) -> None:
    objects = Store(provider_kind(frozenset()), clock.monotonic)
    for number in range(MAX_PROVIDERS + 3):
        ready = "False" if number == MAX_PROVIDERS + 1 else "True"
        objects.heard(body(f"p{number:04}", told(ready, 2)), listed=True)
    found = samples(objects)
    assert len(found) == 2 * (MAX_PROVIDERS + 1)
    assert found["provider_ready", OTHER] == 0.0
    assert found["provider_servers", OTHER] == 6.0
