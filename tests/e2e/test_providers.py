"""A provider of a cloud for several namespaces, as its administrator sees it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.cluster import tools
from sandbox.stage import CRDS
from tests.e2e.conftest import QUICK
from tests.e2e.user import LONG, SERVER, User, condition
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.e2e.warm import Cloud

KIND = "onecloudproviders"
OBJECT = {"apiVersion": "onecloud.io/v1alpha1", "kind": "OneCloudServer"}
SOON_SECONDS = 15.0  # reads of a Secret that is waited for are three seconds apart
WIDTH = 100  # of a terminal that shows the whole of a line


@dataclass(frozen=True)
class Admin:
    """Whoever makes providers. *namespace*: where their Secrets are."""

    kube: Kube
    control_plane: ControlPlane
    namespace: str
    cloud: Cloud
    operator: Operator
    name: str

    def apply(self, **spec: Any) -> dict[str, Any]:
        secret = {"namespace": self.namespace, "name": "onecloud"}
        return self.kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudProvider",
                "metadata": {"name": self.name},
                "spec": {"secretRef": secret, **spec},
            },
            force=True,
        )

    def wait(self, kind: str, status: str, reason: str) -> dict[str, Any]:
        """Wait until a condition is so; return the object's status."""

        def said(found: dict[str, Any]) -> bool:
            one = condition(found.get("status") or {}, kind)
            return (one.get("status"), one.get("reason")) == (status, reason)

        found = self.kube.wait_for(KIND, self.name, None, said, timeout_seconds=LONG)
        made: dict[str, Any] = found["status"]
        return made

    def message(self, kind: str) -> str:
        found = self.kube.get(KIND, self.name, None)
        assert found is not None
        return str(condition(found["status"], kind)["message"])

    def kubectl(self, *arguments: str) -> str:
        command = [str(tools.kubectl()), "--kubeconfig", str(self.control_plane.kubeconfig), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def shows_a_poll(found: dict[str, Any], servers: int) -> bool:
    """Say whether a status has so many objects, and the feed that one of them watches."""
    status = found.get("status") or {}
    feed = status.get("feed") or {}
    seen = status.get("servers", {}).get("total") == servers and feed.get("servers") == 1
    return seen and "lastPollTime" in feed and feed["lag"].endswith("s")


@pytest.fixture
def admin(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[Admin]:
    """
    Give a Secret, and an operator of the whole cluster that may read it for a provider.

    It remembers Secrets for as long as it does by default.
    """
    kube.apply(cloud.secret(namespace))
    quick = {name: value for name, value in QUICK.items() if name != "secret_seconds"}
    settings = {**quick, "provider_secret_namespaces": namespace}
    with Operator(control_plane.kubeconfig_of("operator"), **settings) as operator:
        made = Admin(kube, control_plane, namespace, cloud, operator, f"shared-{uuid4().hex[:8]}")
        yield made
        if kube.get(KIND, made.name, None) is not None:
            kube.delete(KIND, made.name, None)
            kube.wait_gone(KIND, made.name, None, timeout_seconds=LONG)


def test_it_says_where_it_leads_and_that_the_cloud_answers_and_goes_when_nobody_needs_it(
    admin: Admin,
) -> None:
    admin.apply()
    status = admin.wait("Ready", "True", "Available")
    assert condition(status, "CredentialsValid")["reason"] == "Authenticated"
    assert status["cloud"]["projectID"]
    assert status["servers"] == {"total": 0, "running": 0}
    assert "feed" not in status, "nobody watches a server of it"
    head, row = admin.kubectl("get", KIND, admin.name).splitlines()
    assert head.split()[:5] == ["NAME", "VALID", "REACHABLE", "PROJECT", "REGION"]
    assert row.split()[:3] == [admin.name, "True", "True"]
    assert status["cloud"]["project"] in row
    assert max(len(head), len(row)) <= WIDTH
    found = admin.kube.get(KIND, admin.name, None)
    assert found is not None
    assert found["metadata"]["finalizers"] == ["onecloud.io/provider"]
    signed_in = admin.cloud.counts().get("POST /v3/auth/tokens", 0)
    assert signed_in == 1, "and nothing else is asked for a provider that nobody uses"
    admin.kube.delete(KIND, admin.name, None)
    admin.kube.wait_gone(KIND, admin.name, None, timeout_seconds=LONG)


def test_a_secret_that_comes_late_or_is_wrong_is_told_and_its_correction_is_taken(admin: Admin) -> None:
    admin.kube.delete("secrets", "onecloud", admin.namespace)
    admin.apply()
    admin.wait("CredentialsValid", "False", "SecretNotFound")
    wrong = admin.cloud.secret(admin.namespace)
    wrong["stringData"] = {**wrong["stringData"], "OS_PASSWORD": "tok-3f9a-wrong"}
    admin.kube.apply(wrong, force=True)
    corrected_at = monotonic()
    status = admin.wait("CredentialsValid", "False", "CredentialsRejected")
    assert condition(status, "Reachable")["status"] == "True", "it answered"
    assert "tok-3f9a-wrong" not in str(status)
    admin.kube.apply(admin.cloud.secret(admin.namespace), force=True)
    admin.wait("Ready", "True", "Available")
    assert monotonic() - corrected_at < 2 * SOON_SECONDS

    def told() -> bool:
        lines = [line for line in admin.operator.text().splitlines() if f" provider={admin.name} " in line]
        reasons = [line.rpartition(" reason=")[2] for line in lines]
        return reasons == ["SecretNotFound", "CredentialsRejected", "Available"]

    user = User(admin.kube, admin.namespace, admin.cloud, admin.operator)
    user.until(told, "the log has a line for each turn")


def test_a_secret_of_a_namespace_that_no_setting_lists_is_not_read(admin: Admin, kube: Kube) -> None:
    """Or whoever makes providers would read any namespace's credentials."""
    other = f"{admin.namespace}-other"
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    kube.apply(admin.cloud.secret(other))
    admin.apply(secretRef={"namespace": other, "name": "onecloud"})
    admin.wait("CredentialsValid", "False", "SecretInvalid")
    assert f"only: {admin.namespace}" in admin.message("CredentialsValid")
    assert admin.cloud.counts().get("POST /v3/auth/tokens", 0) == 0
    kube.delete("namespaces", other)


def test_a_status_that_somebody_else_writes_is_put_right(admin: Admin) -> None:
    admin.apply()
    right = admin.wait("Ready", "True", "Available")
    forged = {**right, "cloud": {**right["cloud"], "project": "theirs"}}
    admin.kube.patch(KIND, admin.name, None, {"status": forged}, subresource="status")
    admin.kube.wait_for(
        KIND,
        admin.name,
        None,
        lambda found: found["status"].get("cloud") == right["cloud"],
        timeout_seconds=LONG,
    )


def test_without_the_definition_of_providers_servers_are_worked_on_and_with_it_the_operator_starts_anew(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> None:
    """An operator that is newer than the definitions in its cluster must not stand still for it."""
    kube.delete("customresourcedefinitions", f"{KIND}.onecloud.io")
    kube.wait_gone("customresourcedefinitions", f"{KIND}.onecloud.io", None, timeout_seconds=LONG)
    try:
        kube.apply(cloud.secret(namespace))
        with Operator(control_plane.kubeconfig_of("operator"), **QUICK) as operator:
            user = User(kube, namespace, cloud, operator)
            user.apply()
            user.wait_ready()
            process = operator.process
            assert process is not None
            assert "OneCloudProvider is not known to the API server" in operator.text()
            control_plane.install_crds(CRDS)
            user.until(lambda: process.exit_code is not None, "the operator ends")
            assert process.exit_code == 1
            assert "the operator starts anew for it" in operator.text()
            operator.start()
            user.apply(server={"description": "edited"})
            user.wait_ready()
            user.delete()
            user.wait_gone()
    finally:
        control_plane.install_crds(CRDS)


def test_it_stays_while_an_object_has_a_server_of_it_and_says_where(admin: Admin, kube: Kube) -> None:
    """And shows how fresh is what the operator knows of the project; the status page is 100 columns wide."""
    user = User(kube, admin.namespace, admin.cloud, admin.operator)
    admin.apply(allowedNamespaces={"names": [admin.namespace]})
    server = {"providerRef": {"name": admin.name}, "server": SERVER}
    no_password = {"passwordFrom": {"secretKeyRef": {"name": "none-yet", "key": "password"}}}
    waits = {**server, "server": {**SERVER, **no_password}}
    for name, spec in (("web-1", server), ("waits", waits)):
        kube.apply({**OBJECT, "metadata": {"name": name, "namespace": admin.namespace}, "spec": spec})
    user.wait_ready()
    user.wait_reason("SecretNotFound", "waits")
    kube.wait_for(KIND, admin.name, None, lambda found: shows_a_poll(found, 2), timeout_seconds=LONG)
    lines = admin.kubectl("get", KIND, admin.name).splitlines()
    assert max(map(len, lines)) <= WIDTH
    kube.delete(KIND, admin.name, None)
    status = admin.wait("Deleting", "True", "InUse")
    told = condition(status, "Deleting")["message"]
    assert told.startswith(f"1 object of it still has a server: 1 in {admin.namespace}. ")
    edited = {**server, "server": {**SERVER, "description": "edited"}}
    kube.apply({**OBJECT, "metadata": {"name": "web-1", "namespace": admin.namespace}, "spec": edited})
    user.wait_ready()
    later = {**OBJECT, "metadata": {"name": "late", "namespace": admin.namespace}, "spec": server}
    kube.apply(later)
    user.wait_reason("ProviderNotFound", "late")
    user.delete()
    user.wait_gone()
    kube.wait_gone(KIND, admin.name, None, timeout_seconds=LONG)
    assert admin.cloud.servers()[0]["pending_deleted"], "it was of use to the last"
    user.wait_reason("ProviderNotFound", "waits")
    for name in ("late", "waits"):
        user.delete(name)
        user.wait_gone(name)
