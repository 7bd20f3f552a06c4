"""Which providers there are by name, and which objects have servers of them."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.controller.provider_object import provider_kind
from onecloud_operator.controller.providers import Providers, is_stranger, usage_of
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.core.provider_facts import ProviderObject
from onecloud_operator.core.resource import Resource
from onecloud_operator.kube.store import Key, Store
from tests.core.fixtures import PLACE
from tests.engine.simulated import SimulatedClock

OWN = frozenset({"onecloud-system"})
SECRET = {"namespace": "onecloud-system", "name": "shared"}


def body(name: str = "shared", *, uid: str = "uid-1", version: int = 1, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {"metadata": metadata, "spec": {"secretRef": SECRET, **spec}}


def server(name: str, namespace: str, *, provider: str = "shared", **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}", "resourceVersion": "1"}
    return {"metadata": metadata, "spec": {"providerRef": {"name": provider}}, "status": status}


@pytest.fixture
def kept(clock: SimulatedClock) -> Store[ProviderObject]:
    return Store(provider_kind(OWN), clock.monotonic)


@pytest.fixture
def servers(clock: SimulatedClock) -> Store[Resource]:
    made = Store(SERVERS, clock.monotonic)
    made.complete = True
    return made


def test_one_is_found_by_its_name_until_it_is_gone(kept: Store[ProviderObject]) -> None:
    providers = Providers(kept)
    assert providers.named("shared") is None
    kept.heard(body(allowedNamespaces={"names": ["shop"]}, allow=["EIP"]), listed=True)
    found = providers.named("shared")
    assert found is not None
    assert found.secret == ("onecloud-system", "shared")
    assert found.allow == frozenset({"EIP"})
    assert found.flaw is None
    assert found.allows("shop")
    assert providers.names(("onecloud-system", "shared"))
    kept.drop(Key("", "shared", "uid-1"))
    assert providers.named("shared") is None
    assert not providers.names(("onecloud-system", "shared"))


def test_it_is_frozen_by_its_spec_or_by_an_annotation_also_where_its_spec_cannot_be_read(
    kept: Store[ProviderObject],
) -> None:
    providers = Providers(kept)
    scenes: tuple[tuple[dict[str, Any], dict[str, str], bool], ...] = (
        ({}, {}, False),
        ({"freeze": True}, {}, True),
        ({}, {"onecloud.io/freeze": "true"}, True),
        ({"freeze": True}, {"onecloud.io/freeze": "false"}, True),
        ({"allow": ["Everything"]}, {"onecloud.io/freeze": ""}, True),
    )
    for version, (spec, asked, expected) in enumerate(scenes, start=1):
        one = body(version=version, **spec)
        one["metadata"]["annotations"] = {**asked, "onecloud.io/allow-mass-deletion": "now"}
        kept.heard(one, listed=True)
        found = providers.named("shared")
        assert found is not None
        assert (found.frozen, found.agreed_deletion) == (expected, "now")


@pytest.mark.parametrize("where", ["windows", "defaults"])
def test_windows_of_a_time_zone_that_nobody_knows_are_a_flaw(kept: Store[ProviderObject], where: str) -> None:
    providers = Providers(kept)
    found = None
    for version, zone in enumerate(("Europe/Berlin", "Europe/Atlantis"), start=1):
        windows = [{"start": "22:00", "duration": "6h", "timeZone": zone}]
        spec: dict[str, Any] = (
            {"windows": windows} if where == "windows" else {"defaults": {"disruption": {"windows": windows}}}
        )
        kept.heard(body(version=version, **spec), listed=True)
        found = providers.named("shared")
        assert found is not None
        assert (found.flaw is None) is (zone == "Europe/Berlin")
        assert bool(found.windows) is (where == "windows")
    assert found is not None
    assert found.flaw is not None
    assert found.flaw.reason == "InvalidSpec"
    assert "there is no time zone called Europe/Atlantis" in found.flaw.message


def test_one_that_was_made_anew_is_not_lost_with_the_old_one(kept: Store[ProviderObject]) -> None:
    kept.heard(body(), listed=True)
    kept.heard(body(uid="uid-2", version=5), listed=True)
    kept.drop(Key("", "shared", "uid-1"))
    found = Providers(kept).named("shared")
    assert found is not None
    assert found.uid == "uid-2"


def test_a_secret_of_another_namespace_is_neither_read_nor_kept(kept: Store[ProviderObject]) -> None:
    kept.heard(body(secretRef={"namespace": "shop", "name": "theirs"}), listed=True)
    found = Providers(kept).named("shared")
    assert found is not None
    assert found.flaw is not None
    assert found.flaw.reason == "SecretInvalid"
    assert "only: onecloud-system. Move the Secret there" in found.flaw.message
    assert found.secret == ("", "")
    assert not kept.names(("shop", "theirs"))


def test_one_that_cannot_be_read_is_there_and_allows_nothing(kept: Store[ProviderObject]) -> None:
    kept.heard(body(allowedNamespaces={"names": ["shop"]}, allow=["Everything"]), listed=True)
    found = Providers(kept).named("shared")
    assert found is not None
    assert found is not None
    assert found.flaw is not None
    assert found.flaw.reason == "InvalidSpec"
    assert "Everything" not in found.flaw.message
    assert not found.allows("shop")


def test_an_edit_of_its_status_makes_no_other_provider_of_it(kept: Store[ProviderObject]) -> None:
    kept.heard(body(), listed=True)
    before = Providers(kept).named("shared")
    kept.heard({**body(version=2), "status": {"observedGeneration": 1}}, listed=True)
    assert Providers(kept).named("shared") == before


def test_only_objects_with_the_record_of_a_server_hold_it(servers: Store[Resource]) -> None:
    """Whoever may make objects could hold every provider otherwise."""
    made: dict[str, Any] = {"creation": {"attempt": 1, "id": "server-1"}, "state": "Running"}
    servers.heard(server("made", "shop", **made), listed=True)
    servers.heard(server("adopted", "bank", id="server-2", adoptedAt="2026-11-23T12:00:00Z"), listed=True)
    for name in ("one", "two"):
        servers.heard(server(name, "stranger", state="Pending"), listed=True)
    servers.heard(server("other", "shop", provider="other", **made), listed=True)
    usage = usage_of(servers, "shared")
    assert usage.bound == {"shop": 1, "bank": 1}
    assert usage.namespaces == {"shop": 1, "bank": 1, "stranger": 2}
    assert usage.states == {"Running": 1, "Pending": 2, "other": 1}
    assert usage.total == 4


def test_an_object_that_is_about_to_have_a_server_holds_it(servers: Store[Resource]) -> None:
    servers.heard(server("web", "shop"), listed=True)
    key = Key("shop", "web", "shop-web")
    assert usage_of(servers, "shared").bound == {}
    assert usage_of(servers, "shared", frozenset({key})).bound == {"shop": 1}


def test_it_is_told_when_the_last_object_with_a_server_of_it_goes(servers: Store[Resource]) -> None:
    told: list[str] = []
    servers.by_provider.released = told.append
    made: dict[str, Any] = {"creation": {"attempt": 1, "id": "server-1"}}
    for name in ("one", "two"):
        servers.heard(server(name, "shop", **made), listed=True)
    servers.drop(Key("shop", "one", "shop-one"))
    assert told == []
    servers.drop(Key("shop", "two", "shop-two"))
    assert told == ["shared"]


def test_a_server_elsewhere_of_a_namespace_that_is_not_let_in_does_not_hold_it(
    kept: Store[ProviderObject], servers: Store[Resource]
) -> None:
    """Whoever has a cloud of their own could hold every provider otherwise, by an edit of their objects."""
    here = {"authURL": PLACE.auth_url, "region": PLACE.region, "projectID": PLACE.project_id}
    made: dict[str, Any] = {"creation": {"attempt": 1, "id": "server-1"}}
    for name, cloud in (("here", here), ("elsewhere", {**here, "projectID": "p-9"}), ("unknown", None)):
        for namespace in ("shop", "stranger"):
            servers.heard(server(name, namespace, **made, cloud=cloud), listed=True)

    def bound(version: int, **spec: Any) -> dict[str, int]:
        kept.heard(body(version=version, **spec), listed=True)
        found = kept.get(Key("", "shared", "uid-1"))
        assert found is not None
        return dict(
            usage_of(servers, "shared", stranger=lambda key: is_stranger(servers, found, PLACE, key)).bound
        )

    assert bound(1, allowedNamespaces={"names": ["shop"]}) == {"shop": 3, "stranger": 2}
    by_labels = {"selector": {"matchLabels": {"team": "web"}}}
    assert bound(2, allowedNamespaces=by_labels) == {"shop": 3, "stranger": 3}, "it may be let in"
