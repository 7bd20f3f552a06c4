"""By whose credentials an object reaches its cloud, and how many servers are begun under one provider."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.provider import NamespaceSelector
from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.controller.tenants import NOT_READ, Tenants
from onecloud_operator.core.actions import AddFinalizer, Hold
from onecloud_operator.core.facts import Facts
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.core.values import Problem
from onecloud_operator.kube.store import Key, Store
from tests.core.fixtures import NOW, PLACE, WALL
from tests.core.providers import SHARED, provider

if TYPE_CHECKING:
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.resource import Resource

BEGINS = AddFinalizer()


class Known:
    """The providers of a test."""

    def __init__(self, *providers: Provider) -> None:
        self.complete = True
        self.found = {one.name: one for one in providers}

    def named(self, name: str) -> Provider | None:
        return self.found.get(name)

    def names(self, secret: tuple[str, str]) -> bool:
        return any(one.secret == secret for one in self.found.values())


def body(name: str, namespace: str = "shop", version: int = 1, **more: Any) -> dict[str, Any]:
    """Return an object that names the provider."""
    uid = f"{len(name):08}-0000-4000-8000-{abs(hash((namespace, name))) % 10**12:012}"
    meta = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {"providerRef": {"name": "lab"}}, **more}


class Scene:
    def __init__(self, *providers: Provider) -> None:
        self.objects: Store[Resource] = Store(SERVERS, lambda: NOW)
        self.objects.complete = True
        self.providers = Known(*providers)
        self.tenants = Tenants(self.objects, self.providers)

    def heard(self, *args: Any, **more: Any) -> Key:
        key = self.objects.heard(body(*args, **more), listed=True)
        assert key is not None
        return key

    def resource(self, key: Key) -> Resource:
        found = self.objects.get(key)
        assert found is not None
        return found

    def obstacle(self, key: Key) -> Problem | None:
        return self.tenants.obstacle(key, self.resource(key))

    def begin(self, key: Key) -> None:
        """Note that the object begins a server."""
        facts = Facts(self.resource(key), NOW, WALL, provider=self.tenants.provider_of(key))
        self.tenants.note(key, facts, BEGINS)


def test_one_secret_serves_the_objects_of_all_its_namespaces() -> None:
    """So they share one sign-in, one feed and one endpoint."""
    scene = Scene(provider(allowed_names=frozenset({"shop", "bank"})))
    one, other = scene.heard("web"), scene.heard("vault", "bank")
    assert scene.tenants.secret_of(one) == scene.tenants.secret_of(other) == SHARED.secret
    assert (scene.obstacle(one), scene.obstacle(other)) == (None, None)
    assert scene.tenants.uses(SHARED.secret)
    assert not scene.tenants.uses(("shop", "lab"))


def test_a_secret_of_that_name_in_the_objects_namespace_is_not_read() -> None:
    scene = Scene()
    key = scene.heard("web")
    assert scene.tenants.secret_of(key) is None


def test_a_namespace_that_is_not_let_in_meets_an_obstacle() -> None:
    scene = Scene(SHARED)
    problem = scene.obstacle(scene.heard("vault", "bank"))
    assert problem is not None
    assert problem.reason is Reason.NOT_ALLOWED


SELECTED = provider(
    allowed_names=frozenset(),
    allowed_selector=NamespaceSelector.model_validate({"matchLabels": {"team": "web"}}),
)
UNKNOWN_OR_MANY = Surroundings(labels=None)


@pytest.mark.parametrize(
    ("around", "reason"),
    [
        pytest.param(None, Reason.NOT_ALLOWED, id="selectors-are-off"),
        pytest.param(Surroundings(labels={"team": "web"}), None, id="of-these-labels"),
        pytest.param(Surroundings(labels={"team": "db"}), Reason.NOT_ALLOWED, id="of-others"),
        pytest.param(UNKNOWN_OR_MANY, Reason.NOT_ALLOWED, id="labels-that-nobody-may-read"),
        pytest.param(Surroundings(known=False), Reason.NOT_YET_OBSERVED, id="not-read-yet"),
    ],
)
def test_labels_let_a_namespace_in_where_a_setting_has_them_count(
    around: Surroundings | None, reason: Reason | None
) -> None:
    scene = Scene(SELECTED)
    if around is not None:
        scene.tenants.surroundings = lambda _namespace: around
    problem = scene.obstacle(scene.heard("web"))
    assert (problem.reason if problem is not None else None) == reason


def test_a_provider_that_is_not_there_is_an_obstacle_once_all_are_known() -> None:
    scene = Scene()
    key = scene.heard("web")
    problem = scene.obstacle(key)
    assert problem is not None
    assert problem.reason is Reason.PROVIDER_NOT_FOUND
    scene.providers.complete = False
    assert scene.obstacle(key) == NOT_READ


def test_where_there_are_no_providers_the_message_says_what_to_use() -> None:
    scene = Scene()
    tenants = Tenants(scene.objects)
    key = scene.heard("web")
    problem = tenants.obstacle(key, scene.resource(key))
    assert problem is not None
    assert "credentialsRef" in problem.message
    assert tenants.secret_of(key) is None


def test_what_is_wrong_with_a_provider_is_an_obstacle_to_its_objects() -> None:
    flaw = Problem(Reason.SECRET_INVALID, "Secret root-of-all in namespace kube-system.")
    scene = Scene(provider(flaw=flaw))
    problem = scene.obstacle(scene.heard("web"))
    assert problem is not None
    assert problem.reason is Reason.PROVIDER_NOT_FOUND
    assert "SecretInvalid" in problem.message
    assert "kube-system" not in problem.message


def test_credentials_of_its_own_meet_no_obstacle() -> None:
    scene = Scene()
    alone = body("web")
    alone["spec"] = {"credentialsRef": {"name": "onecloud"}}
    key = scene.objects.heard(alone, listed=True)
    assert key is not None
    assert scene.obstacle(key) is None
    assert scene.tenants.secret_of(key) == ("shop", "onecloud")


MADE = {"creation": {"id": "s-1"}}


def test_the_servers_of_a_provider_are_counted_in_all_and_by_namespace() -> None:
    scene = Scene(SHARED)
    key = scene.heard("web")
    scene.heard("web-2", status=MADE)
    scene.heard("vault", "bank", status=MADE)
    assert scene.tenants.places(key, SHARED) == (2, 1)


def test_an_objects_own_server_does_not_count_against_it() -> None:
    scene = Scene(SHARED)
    assert scene.tenants.places(scene.heard("web", status=MADE), SHARED) == (0, 0)


def test_a_server_that_is_about_to_be_recorded_counts() -> None:
    """Else all that are worked on at once would take the last place."""
    scene = Scene(SHARED)
    one, other = scene.heard("web"), scene.heard("web-2")
    scene.begin(one)
    assert scene.tenants.places(other, SHARED) == (1, 1)
    assert scene.tenants.places(one, SHARED) == (0, 0)


def test_once_it_is_recorded_it_counts_once() -> None:
    scene = Scene(SHARED)
    one, other = scene.heard("web"), scene.heard("web-2")
    scene.begin(one)
    scene.heard("web", version=2, status=MADE)
    assert scene.tenants.places(other, SHARED) == (1, 1)


@pytest.mark.parametrize("how", ["held", "gone"])
def test_a_place_that_is_not_taken_after_all_is_free_again(how: str) -> None:
    scene = Scene(SHARED)
    one, other = scene.heard("web"), scene.heard("web-2")
    scene.begin(one)
    if how == "held":
        facts = Facts(scene.resource(one), NOW, WALL, provider=SHARED)
        scene.tenants.note(one, facts, Hold(Reason.QUOTA_EXCEEDED, "no"))
    else:
        scene.objects.drop(one)
        scene.tenants.forget(one)
    assert scene.tenants.places(other, SHARED) == (0, 0)
    assert not scene.tenants._taken  # noqa: SLF001 - that nothing is kept is the point
    assert not scene.tenants._takers  # noqa: SLF001


def test_no_server_is_begun_under_limits_before_all_are_counted() -> None:
    scene = Scene(provider(servers_limit=5))
    key = scene.heard("web")
    scene.objects.complete = False
    assert scene.obstacle(key) == NOT_READ
    scene.providers.found["lab"] = replace(SHARED, servers_limit=None)
    assert scene.obstacle(key) is None


HERE = {"authURL": PLACE.auth_url, "region": PLACE.region, "projectID": PLACE.project_id}
OWN_SECRET = {"credentialsRef": {"name": "none"}}


@pytest.mark.parametrize(
    "spec", [OWN_SECRET, {"providerRef": {"name": "no-such"}}, {"providerRef": {"name": "of-the-bank"}}]
)
def test_a_server_counts_also_when_its_object_names_other_credentials_by_now(spec: dict[str, Any]) -> None:
    """Else one edit of each object would make room for one more, without an end."""
    bank = provider(name="of-the-bank", allowed_names=frozenset({"bank"}))
    scene = Scene(SHARED, bank)
    key = scene.heard("web")
    for name, namespace in (("old", "shop"), ("vault", "street")):
        scene.heard(name, namespace, spec=spec, status={**MADE, "cloud": HERE})
    assert scene.tenants.places(key, SHARED, PLACE) == (2, 1)


def test_what_another_provider_serves_in_the_same_project_counts_for_that_one() -> None:
    scene = Scene(SHARED, provider(name="second", allowed_names=frozenset({"shop"})))
    key = scene.heard("web")
    scene.heard("old", spec={"providerRef": {"name": "second"}}, status={**MADE, "cloud": HERE})
    assert scene.tenants.places(key, SHARED, PLACE) == (0, 0)


def test_a_server_elsewhere_takes_no_place_of_a_provider_that_its_object_names() -> None:
    """Else whoever has a cloud of their own could fill up the limits of all."""
    scene = Scene(SHARED)
    key = scene.heard("web")
    scene.heard("vault", "bank", status={**MADE, "cloud": {**HERE, "projectID": "p-9"}})
    assert scene.tenants.places(key, SHARED, PLACE) == (0, 0)
    scene.heard("vault", "bank", 2, status={**MADE, "cloud": HERE})
    assert scene.tenants.places(key, SHARED, PLACE) == (1, 0)
    scene.objects.drop(next(scene.objects.keys_in("bank")))
    assert scene.tenants.places(key, SHARED, PLACE) == (0, 0)
