"""
What is wrong shows on the object, hurts nobody else, and mends itself when its cause is gone.

The words in which it is told stand in mistakes.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.control_plane import free_port
from tests.e2e.user import condition

if TYPE_CHECKING:
    from typing import Any

    from tests.e2e.user import User

# What the cloud may say to a POST though the spec is right, by the name of the object that it is said to.
REFUSALS = {
    "beyond-the-quota": (400, "OutOfQuotaError", "QuotaExceeded"),
    "without-room": (507, "OutOfResource", "NoCapacity"),
    "with-something-missing": (404, "ResourceNotFoundError", "ReferenceNotFound"),
    "not-understood": (400, "InputParameterError", "InvalidSpec"),
}


def secret(user: User, **changes: str) -> dict[str, Any]:
    return user.cloud.secret(user.namespace, "bad", **changes)


def mend(user: User) -> None:
    """Give the bad Secret what it lacked, and see everything recover without a touch on the object."""
    user.kube.delete("secrets", "bad", user.namespace)
    user.kube.apply(user.cloud.secret(user.namespace, "bad"))
    user.wait_ready("bad")


def apply_bad(user: User) -> None:
    user.apply("bad", credentialsRef={"name": "bad"})


def test_a_missing_secret_is_named_and_waited_for(user: User) -> None:
    apply_bad(user)
    status = user.wait_reason("SecretNotFound", "bad")
    assert "bad" in condition(status, "Synced")["message"]
    assert "nextRetryTime" not in status  # each object that names it would be written at every try
    assert condition(status, "CredentialsValid")["status"] == "False"
    user.apply("good")
    user.wait_ready("good")
    mend(user)


@pytest.mark.parametrize(
    ("changes", "reason", "expected"),
    [
        pytest.param({"OS_AUTH_URL": "ftp//nowhere"}, "SecretInvalid", "OS_AUTH_URL", id="url-is-none"),
        pytest.param({"OS_PASSWORD": "tok-3f9a"}, "CredentialsRejected", "bad", id="wrong-password"),
        pytest.param({"OS_INSECURE": "maybe"}, "SecretInvalid", "OS_INSECURE", id="bad-flag"),
        pytest.param(
            {"OS_AUTH_URL": "http://169.254.169.254/v3"},
            "EndpointNotAllowed",
            "169.254",
            id="metadata-service",
        ),
    ],
)
def test_a_bad_secret_is_told_without_its_values_and_mended(
    user: User, changes: dict[str, str], reason: str, expected: str
) -> None:
    user.kube.apply(secret(user, **changes))
    apply_bad(user)
    status = user.wait_reason(reason, "bad")
    assert expected in condition(status, "Synced")["message"]
    assert condition(status, "Stalled")["reason"] == reason
    assert "creation" not in status
    mend(user)


def test_an_unreachable_endpoint_hurts_nobody_else(user: User) -> None:
    user.kube.apply(secret(user, OS_AUTH_URL=f"http://127.0.0.1:{free_port()}/v3"))
    for number in range(20):
        user.apply(f"lost-{number}", credentialsRef={"name": "bad"})
    user.apply("good")
    user.wait_ready("good")
    status = user.wait_reason("EndpointUnreachable", "lost-0")
    assert "nextRetryTime" not in status
    assert condition(status, "Reconciling")["reason"] == "Waiting"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param({"image": "no-such-image"}, "InvalidSpec", id="image"),
        pytest.param({"keypair": "nobody"}, "ReferenceNotFound", id="keypair"),
    ],
)
def test_what_the_cloud_does_not_know_is_told_and_may_be_corrected(
    user: User, wrong: dict[str, Any], reason: str
) -> None:
    user.apply(server=wrong)
    status = user.wait_reason(reason)
    assert status["lastError"]["requestID"]
    assert status["state"] == "Pending"
    user.apply()
    status = user.wait_ready()
    assert "lastError" not in status
    assert status["creation"]["attempt"] == 1


def test_a_refused_creation_says_why_and_is_made_when_it_is_asked_for_again(user: User) -> None:
    for name, (status, kind, reason) in REFUSALS.items():
        refusal = {"method": "POST", "path": "^/servers$", "count": None, "status": status, "kind": kind}
        user.cloud.call("fault", effect="answer", **refusal)
        user.apply(name)
        shown = user.wait_reason(reason, name)
        assert shown["lastError"]["requestID"]
        assert condition(shown, "Ready")["status"] == "False"
        assert condition(shown, "Reconciling")["status"] == "True"
        user.cloud.call("clear_faults")
        user.annotate("onecloud.io/reconcile-requested-at", "now", name)
        assert user.wait_ready(name)["creation"]["attempt"] == 1
    assert len(user.cloud.servers()) == len(REFUSALS)
    assert user.posts() == len(REFUSALS) * 2


def test_an_action_that_comes_at_a_wrong_moment_is_sent_again_by_itself(user: User) -> None:
    user.apply()
    user.wait_ready()
    refusal = {"method": "POST", "path": "/stop$", "status": 400, "kind": "InvalidStatusError"}
    user.cloud.call("fault", effect="answer", **refusal)
    user.apply(server={"powerState": "Stopped"})
    user.wait(lambda status: status.get("state") == "Stopped")
    assert user.cloud.counts()["POST /servers/{id}/stop"] == 2


def test_a_name_that_is_taken_is_a_conflict_and_touches_nothing(user: User) -> None:
    taken = user.cloud.call("add_server", name="pet")
    user.apply(server={"name": "pet"})
    status = user.wait_reason("NameConflict")
    assert condition(status, "Stalled")["status"] == "True"
    assert user.only_server()["id"] == taken
    user.apply(server={"name": "another"})
    assert user.wait_ready()["server"]["name"] == "another"


@pytest.mark.parametrize("effect", ["garbage", "truncate", "reset"])
def test_garbage_from_the_cloud_changes_nothing_and_passes(user: User, effect: str) -> None:
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    user.cloud.call("fault", effect=effect, method="GET", path="^/servers", count=None)
    status = user.wait_reason("EndpointUnreachable")
    assert (condition(status, "Ready")["status"], status["id"], status["state"]) == (
        "True",
        identity,
        "Running",
    )
    user.cloud.call("clear_faults")
    user.wait_ready()
    assert user.posts() == 1


@pytest.mark.parametrize("setting", ["database_down", "keystone_down"])
def test_an_outage_of_the_cloud_is_shown_and_deletes_and_makes_nothing(user: User, setting: str) -> None:
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    user.cloud.call("settings", **{setting: True})
    user.cloud.call("revoke_tokens")
    user.wait(lambda status: condition(status, "Synced")["status"] == "False")
    assert user.status()["id"] == identity
    user.cloud.call("settings", **{setting: False})
    user.wait_ready()
    assert (user.posts(), user.only_server()["id"]) == (1, identity)


def test_a_list_that_lies_empty_makes_nothing(user: User) -> None:
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    user.cloud.call("settings", lists_empty=True)
    user.operator.kill()
    user.operator.start()
    user.until(
        lambda: user.cloud.counts().get("GET /servers/{id}"), "the operator asks for the server itself"
    )
    user.cloud.call("settings", lists_empty=False)
    assert user.wait_ready()["id"] == identity
    assert user.posts() == 1


def test_an_unknown_server_is_waited_for(user: User) -> None:
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    user.cloud.call("set_host", online=False)
    status = user.wait_reason("ServerUnknown")
    assert (status["state"], condition(status, "Ready")["status"]) == ("Unknown", "Unknown")
    user.cloud.call("change", ident=identity, status="running")
    user.wait_ready()
    assert (user.posts(), user.only_server()["id"]) == (1, identity)


def test_a_rotated_password_is_taken_up_without_a_restart(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.cloud.call("set_password", user="labuser", password="Sesam-0ffne-dich")
    user.cloud.call("revoke_tokens")
    user.wait(lambda status: condition(status, "Synced")["status"] == "False")
    user.kube.apply(user.cloud.secret(user.namespace, OS_PASSWORD="Sesam-0ffne-dich"), force=True)
    user.wait_ready()
    user.apply(server={"description": "still at work"})
    user.until(lambda: user.only_server().get("description") == "still at work", "writes go on")


def test_user_data_and_password_come_out_of_a_secret_and_are_never_shown(user: User) -> None:
    user.kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "init", "namespace": user.namespace},
            "stringData": {"userData": "#!/bin/sh\necho tok-3f9a\n", "password": "Sesam-0ffne-dich"},
        }
    )
    user.apply(
        server={
            "userDataFrom": {"secretKeyRef": {"name": "init", "key": "userData"}},
            "passwordFrom": {"secretKeyRef": {"name": "init", "key": "password"}},
        }
    )
    user.wait_ready()
    assert "user_data" in user.only_server()["metadata"]


def test_a_missing_key_of_user_data_is_named(user: User) -> None:
    user.apply(server={"userDataFrom": {"secretKeyRef": {"name": "init", "key": "userData"}}})
    status = user.wait_reason("SecretNotFound")
    assert "init" in condition(status, "Synced")["message"]
    assert user.posts() == 0


def test_two_groups_of_one_name_are_told_and_one_is_chosen_by_its_id(user: User) -> None:
    ids = [user.cloud.call("add_secgroup", name="web") for _ in range(2)]
    user.apply(server={"securityGroups": ["web"]})
    message = condition(user.wait_reason("AmbiguousName"), "Synced")["message"]
    assert "Give the id" in message
    assert user.cloud.servers() == []
    user.apply(server={"securityGroups": [ids[1]]})
    user.wait_ready()
    assert [group["id"] for group in user.only_server()["secgroups"]] == [ids[1]]


def test_a_tag_in_other_letters_is_the_same_tag(user: User) -> None:
    """The cloud takes both for one: to set the one and take off the other would delete it."""
    user.apply(server={"tags": {"team": "shop"}})
    user.wait_ready()
    user.apply(server={"tags": {"Team": "shop"}})
    user.wait_ready()
    user.apply(server={"tags": {"Team": "bank"}})
    user.wait_ready()
    assert [v for k, v in user.only_server()["metadata"].items() if k.lower() == "user:team"] == ["bank"]
    assert user.status()["managedTags"] == ["Team"]
    user.apply()
    user.wait_ready()
    assert not any(k.lower() == "user:team" for k in user.only_server()["metadata"])
