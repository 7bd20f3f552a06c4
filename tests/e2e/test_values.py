"""What a server is made with that the spec does not say outright: values out of Secrets, its host name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User


def keep(user: User, **values: str) -> None:
    """Have a Secret with these values."""
    metadata = {"name": "login", "namespace": user.namespace}
    user.kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}, force=True
    )


def out_of(key: str) -> dict[str, Any]:
    return {"secretKeyRef": {"name": "login", "key": key}}


@pytest.mark.parametrize("field", ["passwordFrom", "userDataFrom"])
def test_an_empty_value_makes_no_server_until_it_is_corrected(user: User, field: str) -> None:
    keep(user, value="")
    user.apply(server={field: out_of("value")})
    message = condition(user.wait_reason("SecretInvalid"), "Synced")["message"]
    assert "Secret login cannot be used: key value is empty" in message
    assert user.cloud.servers() == []
    keep(user, value="#!/bin/sh\n" if field == "userDataFrom" else "Sesam-0ffne-dich\n")
    user.wait_ready()


@pytest.mark.parametrize("name", ["domain-controller-01", "2022", "a"])
def test_every_name_of_an_object_gives_a_host_name_that_every_image_takes(user: User, name: str) -> None:
    user.apply(name)
    user.wait_ready(name)
    host = user.only_server()["hostname"]
    assert host.startswith(name[:10])
    assert 2 <= len(host) <= 15
    assert not host.isdigit()
