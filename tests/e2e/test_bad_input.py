"""What is wrong shows on the object, hurts nobody else, and mends itself when its cause is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.control_plane import free_port
from tests.e2e.user import said

if TYPE_CHECKING:
    from typing import Any

    from tests.e2e.user import Play

# What the cloud may say to a POST though the spec is right, by the name of the object that it is said to.
REFUSALS = {
    "beyond-the-quota": (400, "OutOfQuotaError", "QuotaExceeded"),
    "without-room": (507, "OutOfResource", "NoCapacity"),
    "with-something-missing": (404, "ResourceNotFoundError", "ReferenceNotFound"),
    "not-understood": (400, "InputParameterError", "InvalidSpec"),
}


def secret(play: Play, **changes: str) -> dict[str, Any]:
    return play.cloud.secret(play.namespace, "bad", **changes)


def mend(play: Play) -> None:
    """Give the bad Secret what it lacked, and see everything recover without a touch on the object."""
    play.kube.delete("secrets", "bad", play.namespace)
    play.kube.apply(play.cloud.secret(play.namespace, "bad"))
    play.wait_ready("bad")


def apply_bad(play: Play) -> None:
    play.apply("bad", credentialsRef={"name": "bad"})


def test_a_missing_secret_is_named_and_waited_for(play: Play) -> None:
    apply_bad(play)
    status = play.wait_reason("SecretNotFound", "bad")
    assert "bad" in said(status, "Synced")["message"]
    assert "nextRetryTime" not in status  # each object that names it would be written at every try
    assert said(status, "CredentialsValid")["status"] == "False"
    play.apply("good")
    play.wait_ready("good")
    mend(play)


@pytest.mark.parametrize(
    ("changes", "reason", "told"),
    [
        pytest.param({"OS_AUTH_URL": ""}, "SecretInvalid", "OS_AUTH_URL", id="no-url"),
        pytest.param({"OS_AUTH_URL": "ftp//nowhere"}, "SecretInvalid", "OS_AUTH_URL", id="url-is-none"),
        pytest.param({"OS_PASSWORD": ""}, "SecretInvalid", "OS_PASSWORD", id="no-way-to-sign-in"),
        pytest.param({"OS_PASSWORD": "tok-3f9a"}, "CredentialsRejected", "bad", id="wrong-password"),
        pytest.param({"OS_PROJECT_NAME": "nowhere"}, "CredentialsRejected", "bad", id="unknown-project"),
        pytest.param({"ca.crt": "no certificate"}, "SecretInvalid", "ca.crt", id="bad-ca"),
        pytest.param({"OS_INSECURE": "maybe"}, "SecretInvalid", "OS_INSECURE", id="bad-flag"),
        pytest.param(
            {"OS_AUTH_URL": "http://169.254.169.254/v3"},
            "EndpointNotAllowed",
            "169.254",
            id="metadata-service",
        ),
        pytest.param(
            {"OS_AUTH_URL": "http://10.0.0.17/v3"},
            "EndpointNotAllowed",
            "10.0.0.17",
            id="a-service-of-this-cluster",
        ),
    ],
)
def test_a_bad_secret_is_told_without_its_values_and_mended(
    play: Play, changes: dict[str, str], reason: str, told: str
) -> None:
    play.kube.apply(secret(play, **changes))
    apply_bad(play)
    status = play.wait_reason(reason, "bad")
    assert told in said(status, "Synced")["message"]
    assert said(status, "Stalled")["reason"] == reason
    assert "creation" not in status
    mend(play)


def test_an_unreachable_endpoint_hurts_nobody_else(play: Play) -> None:
    play.kube.apply(secret(play, OS_AUTH_URL=f"http://127.0.0.1:{free_port()}/v3"))
    for number in range(20):
        play.apply(f"lost-{number}", credentialsRef={"name": "bad"})
    play.apply("good")
    play.wait_ready("good")
    status = play.wait_reason("EndpointUnreachable", "lost-0")
    assert "nextRetryTime" not in status
    assert said(status, "Reconciling")["reason"] == "Waiting"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param({"image": "no-such-image"}, "InvalidSpec", id="image"),
        pytest.param({"networks": [{"network": "no-such-net"}]}, "InvalidSpec", id="network"),
        pytest.param({"keypair": "nobody"}, "ReferenceNotFound", id="keypair"),
        pytest.param({"securityGroups": ["nothing"]}, "ReferenceNotFound", id="security-group"),
        pytest.param({"hypervisor": "abacus"}, "InvalidSpec", id="hypervisor"),
    ],
)
def test_what_the_cloud_does_not_know_is_told_and_may_be_corrected(
    play: Play, wrong: dict[str, Any], reason: str
) -> None:
    play.apply(server=wrong)
    status = play.wait_reason(reason)
    assert status["lastError"]["requestID"]
    assert status["state"] == "Pending"
    play.apply()
    status = play.wait_ready()
    assert "lastError" not in status
    assert status["creation"]["attempt"] == 1


def test_a_refused_creation_says_why_and_is_made_when_it_is_asked_for_again(play: Play) -> None:
    for name, (status, kind, reason) in REFUSALS.items():
        refusal = {"method": "POST", "path": "^/servers$", "count": None, "status": status, "kind": kind}
        play.cloud.call("fault", effect="answer", **refusal)
        play.apply(name)
        told = play.wait_reason(reason, name)
        assert told["lastError"]["requestID"]
        assert said(told, "Ready")["status"] == "False"
        assert said(told, "Reconciling")["status"] == "True"
        play.cloud.call("clear_faults")
        play.annotate("onecloud.io/reconcile-requested-at", "now", name)
        assert play.wait_ready(name)["creation"]["attempt"] == 1
    assert len(play.cloud.servers()) == len(REFUSALS)
    assert play.posts() == len(REFUSALS) * 2


def test_an_action_that_comes_at_a_wrong_moment_is_sent_again_by_itself(play: Play) -> None:
    play.apply()
    play.wait_ready()
    refusal = {"method": "POST", "path": "/stop$", "status": 400, "kind": "InvalidStatusError"}
    play.cloud.call("fault", effect="answer", **refusal)
    play.apply(server={"powerState": "Stopped"})
    play.wait(lambda status: status.get("state") == "Stopped")
    assert play.cloud.counts()["POST /servers/{id}/stop"] == 2


def test_a_name_that_is_taken_is_a_conflict_and_touches_nothing(play: Play) -> None:
    taken = play.cloud.call("add_server", name="pet")
    play.apply(server={"name": "pet"})
    status = play.wait_reason("NameConflict")
    assert said(status, "Stalled")["status"] == "True"
    assert play.only_server()["id"] == taken
    play.apply(server={"name": "another"})
    assert play.wait_ready()["server"]["name"] == "another"


@pytest.mark.parametrize("effect", ["garbage", "truncate", "reset"])
def test_garbage_from_the_cloud_changes_nothing_and_passes(play: Play, effect: str) -> None:
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    play.cloud.call("fault", effect=effect, method="GET", path="^/servers", count=None)
    status = play.wait_reason("EndpointUnreachable")
    assert (said(status, "Ready")["status"], status["id"], status["state"]) == ("True", identity, "Running")
    play.cloud.call("clear_faults")
    play.wait_ready()
    assert play.posts() == 1


@pytest.mark.parametrize("setting", ["database_down", "keystone_down"])
def test_an_outage_of_the_cloud_is_shown_and_deletes_and_makes_nothing(play: Play, setting: str) -> None:
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    play.cloud.call("settings", **{setting: True})
    play.cloud.call("revoke_tokens")
    play.wait(lambda status: said(status, "Synced")["status"] == "False")
    assert play.status()["id"] == identity
    play.cloud.call("settings", **{setting: False})
    play.wait_ready()
    assert (play.posts(), play.only_server()["id"]) == (1, identity)


def test_a_list_that_lies_empty_makes_nothing(play: Play) -> None:
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    play.cloud.call("settings", lists_empty=True)
    play.operator.kill()
    play.operator.start()
    play.until(
        lambda: play.cloud.counts().get("GET /servers/{id}"), "the operator asks for the server itself"
    )
    play.cloud.call("settings", lists_empty=False)
    assert play.wait_ready()["id"] == identity
    assert play.posts() == 1


def test_an_unknown_server_is_waited_for(play: Play) -> None:
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    play.cloud.call("set_host", online=False)
    status = play.wait_reason("ServerUnknown")
    assert (status["state"], said(status, "Ready")["status"]) == ("Unknown", "Unknown")
    play.cloud.call("change", ident=identity, status="running")
    play.wait_ready()
    assert (play.posts(), play.only_server()["id"]) == (1, identity)


def test_a_rotated_password_is_taken_up_without_a_restart(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.cloud.call("set_password", user="labuser", password="Sesam-0ffne-dich")
    play.cloud.call("revoke_tokens")
    play.wait(lambda status: said(status, "Synced")["status"] == "False")
    play.kube.apply(play.cloud.secret(play.namespace, OS_PASSWORD="Sesam-0ffne-dich"), force=True)
    play.wait_ready()
    play.apply(server={"description": "still at work"})
    play.until(lambda: play.only_server().get("description") == "still at work", "writes go on")


def test_user_data_and_password_come_out_of_a_secret_and_are_never_shown(play: Play) -> None:
    play.kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "init", "namespace": play.namespace},
            "stringData": {"userData": "#!/bin/sh\necho tok-3f9a\n", "password": "Sesam-0ffne-dich"},
        }
    )
    play.apply(
        server={
            "userDataFrom": {"secretKeyRef": {"name": "init", "key": "userData"}},
            "passwordFrom": {"secretKeyRef": {"name": "init", "key": "password"}},
        }
    )
    play.wait_ready()
    assert "user_data" in play.only_server()["metadata"]


def test_a_missing_key_of_user_data_is_named(play: Play) -> None:
    play.apply(server={"userDataFrom": {"secretKeyRef": {"name": "init", "key": "userData"}}})
    status = play.wait_reason("SecretNotFound")
    assert "init" in said(status, "Synced")["message"]
    assert play.posts() == 0


def test_two_groups_of_one_name_are_told_and_one_is_chosen_by_its_id(play: Play) -> None:
    ids = [play.cloud.call("add_secgroup", name="web") for _ in range(2)]
    play.apply(server={"securityGroups": ["web"]})
    told = said(play.wait_reason("AmbiguousName"), "Synced")["message"]
    assert "Give the id" in told
    assert play.cloud.servers() == []
    play.apply(server={"securityGroups": [ids[1]]})
    play.wait_ready()
    assert [group["id"] for group in play.only_server()["secgroups"]] == [ids[1]]


def test_a_tag_in_other_letters_is_the_same_tag(play: Play) -> None:
    """The cloud takes both for one: to set the one and take off the other would delete it."""
    play.apply(server={"tags": {"team": "shop"}})
    play.wait_ready()
    play.apply(server={"tags": {"Team": "shop"}})
    play.wait_ready()
    play.apply(server={"tags": {"Team": "bank"}})
    play.wait_ready()
    assert [v for k, v in play.only_server()["metadata"].items() if k.lower() == "user:team"] == ["bank"]
    assert play.status()["managedTags"] == ["Team"]
    play.apply()
    play.wait_ready()
    assert not any(k.lower() == "user:team" for k in play.only_server()["metadata"])
