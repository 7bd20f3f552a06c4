"""A Secret that is corrected is taken within seconds by the objects that wait for it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import QUICK
from tests.e2e.user import User
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.e2e.warm import Cloud


@pytest.fixture
def user(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[User]:
    """Give an operator that remembers Secrets, and waits between its tries, as long as it does by default."""
    kube.apply(cloud.secret(namespace))
    settings = {name: value for name, value in QUICK.items() if name != "secret_seconds"}
    with Operator(control_plane.kubeconfig_of("operator"), namespaces=namespace, **settings) as operator:
        played = User(kube, namespace, cloud, operator)
        yield played
        played.check_secrets()


SOON_SECONDS = 15.0  # far less than the minute for which a Secret is remembered; reads of it are 3 s apart


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"OS_AUTH_URL": ""}, "SecretInvalid", id="no-url"),
        pytest.param({"OS_PASSWORD": "tok-3f9a"}, "CredentialsRejected", id="wrong-password"),
        pytest.param({"OS_AUTH_URL": "http://169.254.169.254/v3"}, "EndpointNotAllowed", id="address"),
        pytest.param({"OS_AUTH_URL": "http://127.0.0.1:9/v3"}, "EndpointUnreachable", id="nobody-there"),
    ],
)
def test_corrected_credentials_are_taken_within_seconds(
    user: User, changes: dict[str, str], reason: str
) -> None:
    user.kube.apply(user.cloud.secret(user.namespace, "bad", **changes))
    user.apply(credentialsRef={"name": "bad"})
    user.wait_reason(reason)
    user.kube.apply(user.cloud.secret(user.namespace, "bad"), force=True)
    corrected_at = monotonic()
    user.wait_ready()
    assert monotonic() - corrected_at < SOON_SECONDS


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param(None, "SecretNotFound", id="no-secret"),
        pytest.param({"user": "admin"}, "SecretNotFound", id="no-key"),
        pytest.param({"password": ""}, "SecretInvalid", id="empty"),
    ],
)
def test_a_corrected_value_is_taken_within_seconds(
    user: User, values: dict[str, str] | None, reason: str
) -> None:
    def login(values: dict[str, str]) -> dict[str, Any]:
        metadata = {"name": "login", "namespace": user.namespace}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}

    if values is not None:
        user.kube.apply(login(values))
    user.apply(server={"passwordFrom": {"secretKeyRef": {"name": "login", "key": "password"}}})
    user.wait_reason(reason)
    user.kube.apply(login({"password": "Sesam-0ffne-dich"}), force=True)
    corrected_at = monotonic()
    user.wait_ready()
    assert monotonic() - corrected_at < SOON_SECONDS


def test_an_object_whose_server_was_never_asked_for_is_deleted_at_once_after_a_restart(user: User) -> None:
    user.apply(server={"passwordFrom": {"secretKeyRef": {"name": "login", "key": "password"}}})
    assert "creation" not in user.wait_reason("SecretNotFound")
    user.operator.kill()
    user.operator.start()
    user.delete()
    deleted_at = monotonic()
    user.wait_gone()
    assert monotonic() - deleted_at < SOON_SECONDS
    assert user.posts() == 0
