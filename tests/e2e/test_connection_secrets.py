"""A server tells in a Secret how it is reached, and no other Secret is touched."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from onecloud_operator.kube.owned_secrets import TYPE
from sandbox.stage import ROOT
from tests.e2e.user import LONG, condition

if TYPE_CHECKING:
    from tests.e2e.user import User

NAME = "web-1-connection"
TO: dict[str, Any] = {"writeConnectionSecretToRef": {"name": NAME}}
PASSWORD = "Sesam-0ffne-dich"
EXAMPLE = ROOT / "examples" / "servers" / "connection-secret.yaml"


@pytest.fixture
def teller(user: User) -> User:
    """Let the operator write Secrets in the namespace, as the chart's switch does."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "get", "update", "delete"]}
    named = {"metadata": {"name": "connection-secrets", "namespace": user.namespace}}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", **named}
    user.kube.apply({**rbac, "kind": "Role", "rules": [rule]})
    user.kube.apply(
        {
            **rbac,
            "kind": "RoleBinding",
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": "connection-secrets",
            },
            "subjects": [{"kind": "User", "name": "operator", "apiGroup": "rbac.authorization.k8s.io"}],
        }
    )
    user.operator.stop()
    user.operator.knobs |= {"connection_secrets": True}
    user.operator.start()
    return user


def secret(user: User, name: str = NAME) -> dict[str, str] | None:
    found = user.kube.get("secrets", name, user.namespace)
    if found is None:
        return None
    return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}


def told(user: User, **wanted: str) -> dict[str, str]:
    """Wait until the Secret has these values; return all of it."""
    found: dict[str, str] = user.until(
        lambda: (it := secret(user)) and wanted.items() <= it.items() and it, f"the Secret tells {wanted}"
    )
    return found


def test_the_example_writes_how_its_server_is_reached(teller: User) -> None:
    body: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
    body["metadata"]["namespace"] = teller.namespace
    teller.kube.apply(body, force=True)
    status = teller.wait_ready()
    found = told(teller, id=status["id"], ip=status["ip"])
    assert found["port"] == "22"
    assert found["username"] == "root"
    stored = teller.kube.get("secrets", NAME, teller.namespace)
    assert stored is not None
    assert stored["type"] == TYPE
    teller.wait(lambda status: (status.get("connection") or {}).get("written"))
    assert condition(teller.status(), "Synced")["reason"] == "UpToDate"


def test_a_password_that_the_cloud_tells_is_in_the_secret_and_nowhere_else(teller: User) -> None:
    for version, text in (("first", "Another-0ne-2026"), ("second", PASSWORD)):
        source = {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": text}}
        teller.kube.apply({**source, "metadata": {"name": version, "namespace": teller.namespace}})
    first, second = (
        {"passwordFrom": {"secretKeyRef": {"name": version, "key": "password"}}}
        for version in ("first", "second")
    )
    teller.cloud.call("settings", guest_agent=True)
    teller.apply(server=first, **TO)
    teller.wait_ready()
    teller.apply(server=second, **TO)
    assert told(teller, password=PASSWORD)["username"] == "root"


def test_under_another_name_the_former_secret_goes_and_so_it_does_without_the_field(teller: User) -> None:
    teller.apply(**TO)
    teller.wait_ready()
    told(teller)
    teller.apply(writeConnectionSecretToRef={"name": "other"})
    teller.until(lambda: secret(teller, "other"), "the other Secret is written")
    assert secret(teller) is None
    teller.apply()
    teller.until(lambda: secret(teller, "other") is None, "none is left")
    teller.wait(lambda status: "connection" not in status)


def test_a_secret_that_somebody_changed_or_deleted_is_written_again(teller: User) -> None:
    teller.apply(**TO)
    status = teller.wait_ready()
    told(teller, ip=status["ip"])
    teller.wait(lambda status: (status.get("connection") or {}).get("written"))
    wrong = base64.b64encode(b"192.0.2.1").decode()
    teller.kube.patch("secrets", NAME, teller.namespace, {"data": {"ip": wrong}})
    teller.annotate("onecloud.io/reconcile-requested-at", "once")
    told(teller, ip=status["ip"])
    teller.kube.delete("secrets", NAME, teller.namespace)
    teller.annotate("onecloud.io/reconcile-requested-at", "twice")
    told(teller, ip=status["ip"])


def test_a_secret_of_others_is_neither_read_nor_changed(teller: User) -> None:
    theirs = {"apiVersion": "v1", "kind": "Secret", "stringData": {"ip": "theirs"}}
    teller.kube.apply({**theirs, "metadata": {"name": NAME, "namespace": teller.namespace}})
    teller.apply(**TO)
    teller.wait_reason("SecretConflict")
    assert condition(teller.status(), "Ready")["status"] == "True"
    assert secret(teller) == {"ip": "theirs"}
    teller.kube.delete("secrets", NAME, teller.namespace)
    teller.annotate("onecloud.io/reconcile-requested-at", "now")
    told(teller, port="22")
    teller.wait_reason("UpToDate", seconds=LONG)


def test_an_operator_that_may_not_write_secrets_says_so(user: User) -> None:
    user.apply(**TO)
    status = user.wait_reason("SecretConflict")
    assert "connectionSecrets.enabled" in condition(status, "Synced")["message"]
    user.operator.stop()
    user.operator.knobs |= {"connection_secrets": True}
    user.operator.start()
    user.wait(lambda status: "create on secrets" in str(status) or "cannot create" in str(status))
    assert secret(user) is None
