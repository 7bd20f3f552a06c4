"""One cloud for several namespaces: each has its own servers, and none gets at another's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from onecloud_operator.api.annotations import FORCE_DETACH
from tests.e2e.conftest import QUICK
from tests.e2e.user import KIND, LONG, SERVER, User, condition
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.e2e.warm import Cloud

SIGN_IN = "POST /v3/auth/tokens"
HIDDEN = ("vault", "vault-of-the-bank")


@dataclass(frozen=True)
class Tenant(User):
    """A user whose objects name the provider, and who has no Secret."""

    provider: str

    def ask(self, name: str = "web-1", server: dict[str, Any] | None = None, **policies: Any) -> None:
        """Apply an object; *server* over the usual one."""
        self.kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudServer",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {
                    "providerRef": {"name": self.provider},
                    "server": {**SERVER, **(server or {})},
                    **policies,
                },
            },
            force=True,
        )


@dataclass(frozen=True)
class Lab:
    """The provider, and namespaces that may want to use it."""

    kube: Kube
    cloud: Cloud
    home: str
    name: str
    operator: Operator

    def provide(self, *tenants: Tenant, **spec: Any) -> None:
        """Apply the provider: it allows these tenants."""
        self.kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudProvider",
                "metadata": {"name": self.name},
                "spec": {
                    "secretRef": {"namespace": self.home, "name": "onecloud"},
                    "allowedNamespaces": {"names": [one.namespace for one in tenants]},
                    **spec,
                },
            },
            force=True,
        )

    def tenant(self, name: str) -> Tenant:
        namespace = f"{self.home}-{name}"
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        return Tenant(self.kube, namespace, self.cloud, self.operator, self.name)


@pytest.fixture
def lab(control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud) -> Iterator[Lab]:
    """Give a Secret, and an operator of the whole cluster that may read it for a provider."""
    kube.apply(cloud.secret(namespace))
    settings = {**QUICK, "provider_secret_namespaces": namespace}
    with Operator(control_plane.kubeconfig_of("operator"), **settings) as operator:
        made = Lab(kube, cloud, namespace, f"lab-{uuid4().hex[:8]}", operator)
        yield made
        for tenant in ("shop", "bank", "street"):
            for one in kube.list(KIND, f"{namespace}-{tenant}"):
                found = one["metadata"]
                released = {"metadata": {"annotations": {FORCE_DETACH: "true"}}}
                kube.patch(KIND, found["name"], found["namespace"], released)
                kube.delete(KIND, found["name"], found["namespace"])
                kube.wait_gone(KIND, found["name"], found["namespace"], timeout_seconds=LONG)
        if kube.get("onecloudproviders", made.name, None) is not None:
            kube.delete("onecloudproviders", made.name, None)
            kube.wait_gone("onecloudproviders", made.name, None, timeout_seconds=LONG)


def message(tenant: Tenant, name: str = "web-1", kind: str = "Synced") -> str:
    return str(condition(tenant.status(name), kind).get("message"))


def test_a_cloud_is_handed_to_two_namespaces_and_not_to_a_third(lab: Lab) -> None:
    shop, bank, street = (lab.tenant(name) for name in ("shop", "bank", "street"))
    lab.provide(shop, bank)
    for one in (shop, bank, street):
        one.ask()
    ids = {one.wait_ready()["id"] for one in (shop, bank)}
    assert len(ids) == len(lab.cloud.servers()) == 2
    assert lab.cloud.counts()[SIGN_IN] == 1, "all share one sign-in"
    street.wait_reason("NotAllowed")
    assert "finalizers" not in street.get()["metadata"]
    assert "server" not in street.status()
    lab.provide(shop, bank, street)
    street.wait_ready()
    shop.check_secrets()


def test_a_namespace_that_loses_its_leave_keeps_its_server_and_can_let_it_go(lab: Lab) -> None:
    shop, bank = lab.tenant("shop"), lab.tenant("bank")
    lab.provide(shop, bank)
    shop.ask()
    server_id = shop.wait_ready()["id"]
    lab.provide(bank)
    shop.wait_reason("NotAllowed")
    shop.ask(server={"description": "after"})
    shop.delete()
    shop.wait_reason("NotAllowed", kind="Deleting")
    assert FORCE_DETACH in message(shop, kind="Deleting")
    assert [one["id"] for one in lab.cloud.servers()] == [server_id]
    shop.kube.patch(KIND, "web-1", shop.namespace, {"spec": {"deletionPolicy": "Retain"}})
    shop.wait_gone()
    (left,) = lab.cloud.servers()
    assert left["id"] == server_id
    assert not any("onecloud.io" in key for key in left.get("metadata") or {}), "its owner tags are off"
    assert left.get("description") != "after"


@pytest.mark.parametrize("how", ["by-id", "by-name", "observed", "by-its-status"])
def test_nobody_gets_at_anothers_server(lab: Lab, how: str) -> None:
    shop, bank = lab.tenant("shop"), lab.tenant("bank")
    lab.provide(shop, bank)
    bank.ask("vault", {"name": "vault-of-the-bank"})
    server_id = bank.wait_ready("vault")["id"]
    before = lab.cloud.call("find", ident=server_id)
    match how:
        case "by-id":
            shop.ask(adoption={"policy": "Adopt", "id": server_id})
        case "by-name":
            shop.ask(server={"name": "vault-of-the-bank"}, adoption={"policy": "AdoptOrCreate"})
        case "observed":
            shop.ask(managementPolicy="Observe", adoption={"id": server_id})
        case _:
            shop.ask(server={"image": "no-such-image"})
            shop.wait(lambda status: status.get("cloud"))
            forged = {"creation": None, "id": server_id, "adoptedAt": "2026-11-23T11:00:00Z"}
            shop.kube.patch(KIND, "web-1", shop.namespace, {"status": forged}, subresource="status")
    status = shop.wait_reason("NotAllowed")
    seen = str(status) + str(shop.kube.list("events", shop.namespace))
    assert not any(word in seen for word in HIDDEN if how != "by-name")
    assert "server" not in status
    shop.delete()
    if how == "by-its-status":
        shop.annotate(FORCE_DETACH, "true")
    shop.wait_gone()
    assert lab.cloud.call("find", ident=server_id) == before


def test_no_more_servers_are_made_than_the_provider_allows(lab: Lab) -> None:
    shop, bank = lab.tenant("shop"), lab.tenant("bank")
    lab.provide(shop, bank, limits={"serversPerNamespace": 2})
    names = [f"web-{number}" for number in range(5)]
    for name in names:
        shop.ask(name)
    bank.ask()
    bank.wait_ready()

    def told() -> list[str]:
        reasons = [condition(shop.status(name), "Synced").get("reason") for name in names]
        return [str(reason) for reason in reasons if reason in {"UpToDate", "LimitReached"}]

    shop.until(lambda: len(told()) == len(names), "each is made, or told why not")
    assert sorted(told()) == ["LimitReached"] * 3 + ["UpToDate"] * 2
    assert len(lab.cloud.servers()) == 3
    lab.provide(shop, bank, limits={"serversPerNamespace": 4})
    shop.until(lambda: told().count("UpToDate") == 4, "the raised limit is used", LONG)
    assert len(lab.cloud.servers()) == 5


def test_an_object_that_names_other_credentials_makes_no_room_for_one_more(lab: Lab) -> None:
    shop = lab.tenant("shop")
    lab.provide(shop, limits={"serversPerNamespace": 1})
    shop.ask()
    shop.wait_ready()
    none = {"providerRef": None, "credentialsRef": {"name": "none"}}
    shop.kube.patch(KIND, "web-1", shop.namespace, {"spec": none})
    shop.wait_reason("SecretNotFound")
    shop.ask("web-2")
    shop.wait_reason("LimitReached", "web-2")
    assert len(lab.cloud.servers()) == 1


def test_the_defaults_of_the_provider_hold_and_are_shown(lab: Lab) -> None:
    shop = lab.tenant("shop")
    defaults = {"tags": {"team": "lab"}, "deletionPolicy": "Delete"}
    lab.provide(shop, defaults={"deletionProtection": True, **defaults})
    shop.ask(server={"tags": {"app": "web"}})
    status = shop.wait_ready()
    assert status["deletionPolicy"] == "Delete"
    assert status["effective"] == {"deletionProtection": True, "tags": {"app": "web", "team": "lab"}}
    tags = lab.cloud.call("find", ident=status["id"])["metadata"]
    assert {"user:team": "lab", "user:app": "web"}.items() <= tags.items()
    shop.delete()
    shop.wait_reason("DeletionProtected", kind="Deleting")
    lab.provide(shop, defaults=defaults)
    shop.wait_gone()
    assert lab.cloud.servers() == []


def test_a_frozen_provider_holds_the_changes_of_every_namespace_that_names_it(lab: Lab) -> None:
    shop, bank = lab.tenant("shop"), lab.tenant("bank")
    lab.provide(shop, bank)
    shop.ask()
    shop.wait_ready()
    lab.provide(shop, bank, freeze=True)
    bank.ask()
    bank.wait_reason("Frozen")
    assert f"of the provider {lab.name}" in message(bank)
    shop.ask(server={"tags": {"team": "a"}})
    shop.wait_reason("Frozen")
    assert len(lab.cloud.servers()) == 1
    lab.provide(shop, bank)
    bank.wait_ready()
    shop.wait_ready()


def test_a_stop_waits_for_the_windows_of_the_provider_as_well(lab: Lab) -> None:
    shop = lab.tenant("shop")
    opens = (datetime.now(UTC) + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    closed = {"start": f"{opens:%H:%M}", "duration": "30m"}
    own: dict[str, Any] = {
        "disruption": {"allow": "Restart", "windows": [{"start": "00:00", "duration": "24h"}]}
    }
    lab.cloud.call("settings", hot_plug="disable")
    lab.provide(shop, windows=[closed])
    shop.ask(**own)
    shop.wait_ready()
    shop.ask(server={"cpu": 4}, **own)
    assert shop.wait_reason("WaitingForWindow")["nextRetryTime"] == f"{opens:%Y-%m-%dT%H:%M:%SZ}"
    assert f"and those of the provider {lab.name}" in message(shop)
    lab.provide(shop, windows=[{**closed, "timeZone": "Europe/Atlantis"}])
    shop.wait_reason("ProviderNotFound")
    assert "cannot be used (InvalidSpec)" in message(shop)
    lab.provide(shop)
    assert shop.wait_ready()["server"]["cpu"] == 4
