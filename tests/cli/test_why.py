"""``why``, on objects as an operator leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.conftest import SPEC, condition

if TYPE_CHECKING:
    from tests.cli.conftest import Desk

RESTART = "cpu needs a restart. Set disruption.allow to Restart."


def event(desk: Desk, uid: str, reason: str, message: str, time: str) -> None:
    desk.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": "web-1.", "namespace": desk.namespace},
            "involvedObject": {
                "kind": "OneCloudServer",
                "name": "web-1",
                "uid": uid,
                "namespace": desk.namespace,
            },
            "type": "Warning",
            "reason": reason,
            "message": message,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        }
    )


def waiting(desk: Desk) -> None:
    uid = desk.apply()["metadata"]["uid"]
    desk.tell(
        observedGeneration=1,
        id="srv-1",
        state="Running",
        ip="10.0.0.4",
        cloud={"authURL": "https://cloud.example.com/v3", "projectID": "p1"},
        lastError={
            "reason": "ProviderError",
            "message": "The cloud is busy.",
            "requestID": "req-7",
            "time": "2026-11-30T01:00:00Z",
        },
        heldBack=[
            {
                "change": "Resize",
                "reason": "ProviderError",
                "message": "no effect",
                "since": "2026-11-30T01:00:00Z",
            }
        ],
        conditions=[
            condition("Ready", "True", "Available"),
            condition("Synced", "False", "RestartNeeded", RESTART),
            condition("CredentialsValid", "True", "Authenticated"),
            condition("Stalled", "True", "RestartNeeded", RESTART),
        ],
    )
    event(desk, uid, "RestartNeeded", RESTART, "2026-11-30T01:02:00Z")
    event(desk, uid, "Created", "made", "2026-11-30T01:01:00Z")
    event(desk, "another", "Created", "of another object", "2026-11-30T01:01:00Z")


def test_one_screen_tells_the_chain_the_error_and_the_next_try(desk: Desk) -> None:
    waiting(desk)
    said = desk.run("why", "web-1")
    lines = said.out.splitlines()
    assert lines[0] == f"web-1 in {desk.namespace}: not as wanted (RestartNeeded)"
    assert len(lines) < 24, "one screen"
    begins = [line[:16].split() for line in lines[2:10]]
    assert begins == [
        ["ok", "object"], ["ok", "Secret"], ["ok", "sign-in"], ["ok", "feed"], ["FAIL", "plan"],
        ["last", "error"], ["next", "try"], ["held", "back"],
    ]  # fmt: skip
    assert f"RestartNeeded: {RESTART}" in lines[6]
    assert "request req-7" in lines[7]
    events = [line.split()[3] for line in lines if " Warning " in line]
    assert events == ["RestartNeeded", "Created"], "the newest first, and none of another object"
    assert lines[-1] == "docs/reasons.md#restartneeded says what to do about RestartNeeded."


def test_json_has_the_same(desk: Desk) -> None:
    waiting(desk)
    found = desk.run("why", "web-1", "-o", "json").json
    assert (found["name"], found["ready"], found["reason"]) == ("web-1", False, "RestartNeeded")
    assert [link["state"] for link in found["chain"]] == ["ok", "ok", "ok", "ok", "fail"]
    assert found["lastError"]["requestID"] == "req-7"
    assert [row["reason"] for row in found["events"]] == ["Created", "RestartNeeded"]
    assert (found["cloud"], found["remarks"]) == (None, [])


def test_what_differs_is_told_apart_from_what_is_planned(desk: Desk) -> None:
    desk.apply()
    desk.tell(
        observedGeneration=1,
        plan={"hash": "0a1b", "steps": [{"field": "cpu", "from": "2", "to": "4", "effect": "Restart"}]},
        drift=[
            {
                "field": "image",
                "desired": "ubuntu-22.04",
                "actual": "debian-12",
                "since": "2026-11-30T01:00:00Z",
            }
        ],
    )
    lines = [" ".join(line.split()) for line in desk.run("why", "web-1").out.splitlines()]
    assert "planned cpu: 2 → 4 (Restart)" in lines
    assert "differs image: is debian-12, not ubuntu-22.04" in lines
    found = desk.run("why", "web-1", "-o", "json").json
    assert found["planned"] == ["cpu: 2 → 4 (Restart)"]
    assert found["differing"] == ["image: is debian-12, not ubuntu-22.04"]


def test_a_status_of_a_hostile_tenant_gives_no_order_to_the_terminal(desk: Desk) -> None:
    uid = desk.apply()["metadata"]["uid"]
    evil = "\x1b[2J\x1b]0;owned\x07\u202eall is well\r"
    desk.tell(
        observedGeneration=1,
        id="srv\x1b[1m",
        conditions=[condition("Synced", "False", "ProviderError", evil * 10)],
        lastError={"reason": "\x1b[5m", "message": evil, "requestID": evil, "time": "2026-11-30T01:00:00Z"},
    )
    event(desk, uid, "Evil", evil, "2026-11-30T01:02:00Z")
    for form in ("text", "json"):
        said = desk.run("why", "web-1", "-o", form)
        assert said.code == 0
        assert not set("\x1b\x07\r\u202e") & set(said.out + said.err)


def test_without_a_server_or_a_secret_the_cloud_is_not_asked_and_it_says_so(desk: Desk) -> None:
    desk.apply()
    said = desk.run("why", "web-1", "--cloud")
    assert said.code == 0
    assert "The cloud was not asked: the object has no server yet." in said.out
    desk.tell(observedGeneration=1, id="srv-1")
    said = desk.run("why", "web-1", "--cloud")
    assert 'The cloud was not asked: secrets "onecloud" not found' in said.out


def test_the_provider_is_read_with_the_users_own_rights(desk: Desk) -> None:
    desk.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {"name": "web-1", "namespace": desk.namespace},
            "spec": {"providerRef": {"name": "lab"}, "server": SPEC["server"]},
        }
    )
    desk.tell(observedGeneration=1)
    found = desk.run("why", "web-1", "-o", "json").json
    assert [link["link"] for link in found["chain"]] == ["object", "provider", "sign-in", "feed", "plan"]
    assert "There is no OneCloudProvider lab." in found["chain"][1]["message"]
