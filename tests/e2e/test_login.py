"""Key pair and password of a living server, by editing the manifest or the Secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

FIRST, SECOND, THIRD = "Sesam-0ffne-dich", "Sesam-0ffne-d1ch", "Sesam-0ffne-d1cH"
RESTART: dict[str, Any] = {"disruption": {"allow": "Restart"}}


def keep(user: User, value: str, name: str = "login") -> None:
    """Have a Secret with this password."""
    metadata = {"name": name, "namespace": user.namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": value}}
    user.kube.apply(secret, force=True)


def out_of(name: str = "login", *, rotate: bool | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"secretKeyRef": {"name": name, "key": "password"}}
    return {"passwordFrom": source if rotate is None else {**source, "rotate": rotate}}


def inside(user: User, identity: str) -> dict[str, str]:
    found: dict[str, str] = user.cloud.call("inside", ident=identity)
    return found


def until_inside(user: User, identity: str, password: str) -> None:
    user.until(lambda: inside(user, identity).get("password") == password, "the password inside")


def asked(user: User, action: str) -> int:
    return user.cloud.counts().get(f"POST /servers/{{id}}/{action}", 0)


def made(user: User, *, agent: bool, **server: Any) -> str:
    """Return the id of a server that was made with the first password."""
    user.cloud.call("settings", guest_agent=agent)
    keep(user, FIRST)
    user.apply(server={**out_of(), **server})
    identity: str = user.wait_ready()["id"]
    assert inside(user, identity)["password"] == FIRST
    return identity


def seen(user: User) -> str:
    return user.operator.text() + str(user.get()) + str(user.kube.list("events", user.namespace))


def test_another_secret_is_set_by_the_guest_agent_as_the_server_runs(user: User) -> None:
    identity = made(user, agent=True)
    keep(user, SECOND, "other")
    user.apply(server=out_of("other"))
    status = user.wait_ready()
    assert inside(user, identity)["password"] == SECOND
    assert (asked(user, "set-password"), asked(user, "stop"), asked(user, "deploy")) == (1, 0, 0)
    assert status["login"]["password"]["secret"] == "other"
    assert SECOND not in seen(user)


def test_without_a_guest_agent_the_server_is_stopped_once_for_password_key_pair_and_size(user: User) -> None:
    identity = made(user, agent=False, keypair="ops")
    pair = user.cloud.call("add_keypair", name="ops-2026")
    keep(user, SECOND, "other")
    wanted = {**out_of("other"), "keypair": "ops-2026", "cpu": 1, "memory": "2Gi"}
    user.apply(server=wanted)
    status = user.wait_reason("RestartNeeded")
    assert condition(status, "Ready")["status"] == "True"
    assert asked(user, "stop") == 0
    user.apply(server=wanted, **RESTART)
    status = user.wait_ready()
    assert inside(user, identity) == {"password": SECOND, "keypair": pair}
    assert (asked(user, "stop"), asked(user, "start"), asked(user, "deploy")) == (1, 1, 2)
    assert (status["state"], status["server"]["keypair"]) == ("Running", "ops-2026")
    assert not {"pendingPassword", "pendingKeypairID"} & set(status["login"])
    assert SECOND not in seen(user)


def test_a_secret_that_changes_is_set_at_once_where_the_password_follows_it(user: User) -> None:
    identity = made(user, agent=True, **out_of(rotate=True))
    for password in (SECOND, THIRD):
        keep(user, password)
        until_inside(user, identity, password)
        user.wait_ready()
    assert asked(user, "stop") == 0
    assert SECOND not in seen(user)
    assert THIRD not in seen(user)


def test_a_secret_that_changes_is_told_without_a_guest_agent_and_goes_along_with_the_next_stop(
    user: User,
) -> None:
    identity = made(user, agent=False, **out_of(rotate=True))
    user.apply(server=out_of(rotate=True), **RESTART)
    user.wait_ready()
    keep(user, SECOND)
    message = condition(user.wait_reason("RestartNeeded"), "Synced")["message"]
    assert "goes along with the next stop" in message
    assert asked(user, "stop") == 0
    user.apply(server={**out_of(rotate=True), "cpu": 1}, **RESTART)
    user.wait_ready()
    assert inside(user, identity)["password"] == SECOND
    assert asked(user, "stop") == 1


@pytest.mark.parametrize("value", ["weak", ""])
def test_a_password_that_the_cloud_would_not_take_stops_no_server_until_it_is_corrected(
    user: User, value: str
) -> None:
    identity = made(user, agent=False)
    keep(user, value, "other")
    user.apply(server=out_of("other"), **RESTART)
    message = condition(user.wait_reason("SecretInvalid"), "Synced")["message"]
    assert "Secret other cannot be used: key password is" in message
    assert asked(user, "stop") == 0
    keep(user, SECOND, "other")
    user.wait_ready()
    assert inside(user, identity)["password"] == SECOND


def test_the_password_of_an_adopted_server_is_left_alone_until_it_is_edited(user: User) -> None:
    identity = user.cloud.call("add_server", name="old")
    keep(user, FIRST)
    adoption = {"policy": "Adopt", "id": identity}
    user.apply_only(server={**out_of(), "adminUser": "root"}, adoption=adoption)
    user.wait_ready()
    assert "password" not in inside(user, identity)
    keep(user, SECOND, "other")
    user.apply_only(server={**out_of("other"), "adminUser": "root"}, adoption=adoption)
    until_inside(user, identity, SECOND)
    user.wait_ready()
