"""Why an object is as it is: the first link that fails is the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS
from onecloud_operator.cli.chain import ANSWERS, chain, next_try, verdict
from onecloud_operator.cli.provider_link import Seen
from onecloud_operator.cli.times import ago, moment, span, until
from tests.cli.conftest import condition
from tools.docs.plugin import names

NOW = datetime(2026, 11, 30, 2, 5, tzinfo=UTC)
WELL = [
    condition("Ready", "True", "Available", "The server runs."),
    condition("Synced", "True", "UpToDate", "The server is as the spec says."),
    condition("CredentialsValid", "True", "Authenticated", "The credentials sign in."),
]
CLOUD = {"authURL": "https://cloud.example.com/v3", "region": "r1", "projectID": "p1"}


def server(*conditions: dict[str, Any], generation: int = 1, **status: Any) -> dict[str, Any]:
    given = {each["type"]: each for each in (*WELL, *conditions)}
    return {
        "metadata": {"name": "web-1", "namespace": "shop", "uid": "u1", "generation": generation},
        "spec": {"credentialsRef": {"name": "onecloud"}},
        "status": {
            "observedGeneration": 1,
            "id": "srv-1",
            "state": "Running",
            "ip": "10.0.0.4",
            "cloud": CLOUD,
            "conditions": list(given.values()),
            **status,
        },
    }


def states(found: dict[str, Any]) -> dict[str, str]:
    return {link.name: link.state for link in chain(found, NOW)}


def test_all_is_well() -> None:
    links = chain(server(), NOW)
    assert {link.state for link in links} == {"ok"}
    assert [link.name for link in links] == ["object", "Secret", "sign-in", "feed", "plan"]
    texts = {link.name: link.text for link in links}
    assert texts["sign-in"] == "https://cloud.example.com/v3, region r1, project p1"
    assert texts["feed"] == "server srv-1 is Running, 10.0.0.4"
    assert verdict(server()) == (True, "UpToDate")


CREDENTIALS = ["SecretNotFound", "SecretInvalid", "CredentialsRejected", "EndpointNotAllowed"]


@pytest.mark.parametrize("reason", CREDENTIALS)
def test_credentials_that_fail_are_the_answer_and_the_rest_waits(reason: str) -> None:
    found = server(
        condition("CredentialsValid", "False", reason, "correct it"), condition("Synced", "False", reason)
    )
    failed = "Secret" if reason.startswith("Secret") else "sign-in"
    links = chain(found, NOW)
    (answer,) = [link for link in links if link.state == "fail"]
    assert (answer.name, answer.reason, answer.text, answer.since) == (failed, reason, "correct it", "5m ago")
    assert links[-1].text == f"waits for: {failed}"


@pytest.mark.parametrize("reason", ["Forbidden", "RateLimited", "TooManyGone", "ServerUnknown"])
def test_a_feed_that_tells_nothing_is_the_answer(reason: str) -> None:
    found = states(server(condition("Synced", "False", reason)))
    assert found == {"object": "ok", "Secret": "ok", "sign-in": "ok", "feed": "fail", "plan": "unknown"}


def test_what_the_plan_waits_for_is_the_answer() -> None:
    links = chain(server(condition("Synced", "False", "RestartNeeded", "Set disruption.allow.")), NOW)
    assert (links[-1].state, links[-1].reason, links[-1].text) == (
        "fail",
        "RestartNeeded",
        "Set disruption.allow.",
    )


def test_work_under_way_is_a_wait_and_no_failure() -> None:
    found = server(
        condition("Synced", "False", "Creating", "starting"),
        condition("Ready", "False", "Creating"),
        condition("Reconciling", "True", "Creating"),
    )
    assert states(found)["plan"] == "wait"


def test_a_server_that_is_as_specified_and_not_yet_ready_is_a_wait() -> None:
    assert states(server(condition("Ready", "False", "WrongPowerState")))["plan"] == "wait"


def test_an_object_that_nobody_looked_at_says_to_look_for_the_operator() -> None:
    for found in (
        server(observedGeneration=-1),
        {"metadata": {"name": "web-1", "generation": 1}, "spec": {}},
    ):
        first, *rest = chain(found, NOW)
        assert first.state == "fail"
        assert "Is it running" in first.text
        assert verdict(found) == (False, "NotYetObserved")
        assert {link.state for link in rest} <= {"unknown", "ok"}


def test_an_edit_that_was_not_looked_at_is_a_wait() -> None:
    assert states(server(generation=2))["object"] == "wait"
    assert verdict(server(generation=2))[0] is False


def test_a_deletion_that_is_held_says_why() -> None:
    found = server(condition("Deleting", "True", "DeletionProtected", "Switch it off."))
    found["metadata"]["deletionTimestamp"] = "2026-11-30T02:00:00Z"
    links = {link.name: link for link in chain(found, NOW)}
    assert links["object"].text == "It is being deleted."
    assert (links["plan"].state, links["plan"].text) == ("fail", "Switch it off.")
    assert verdict(found) == (False, "DeletionProtected")


@pytest.mark.parametrize("reason", sorted({*SYNCED_REASONS, *DELETING_REASONS}))
def test_every_reason_says_when_it_is_tried_again(reason: str) -> None:
    kind = "Synced" if reason in SYNCED_REASONS else "Deleting"
    said = next_try(server(condition(kind, "False", reason)), NOW)
    assert said
    timed = next_try(server(condition(kind, "False", reason), nextRetryTime="2026-11-30T02:06:30Z"), NOW)
    assert timed == "in 1m (2026-11-30T02:06:30Z)"


LAB: dict[str, Any] = {
    "metadata": {"name": "lab"},
    "spec": {"secretRef": {"namespace": "onecloud-system", "name": "lab"}},
    "status": {
        "servers": {"total": 7, "running": 6},
        "feed": {"lastPollTime": "2026-11-30T02:04:57Z"},
        "conditions": [condition("Ready", "True", "Available")],
    },
}


def shared(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {**server(*conditions), "spec": {"providerRef": {"name": "lab"}}}


def test_an_object_of_a_provider_has_that_in_place_of_a_secret() -> None:
    links = {link.name: link for link in chain(shared(), NOW, Seen("lab", LAB))}
    assert list(links) == ["object", "provider", "sign-in", "feed", "plan"]
    assert (links["provider"].state, links["provider"].text) == ("ok", "lab, polled 3s ago, 7 servers")


@pytest.mark.parametrize(
    ("seen", "state", "says"),
    [
        (Seen("lab", None), "fail", "There is no OneCloudProvider lab."),
        (Seen("lab", None, hidden=True), "unknown", "lab, which you may not read"),
        (
            Seen(
                "lab",
                {"status": {"conditions": [condition("CredentialsValid", "False", "SecretInvalid", "x")]}},
            ),
            "fail",
            "x",
        ),
        (
            Seen("lab", {"status": {"conditions": [condition("Reachable", "False", "Unreachable", "y")]}}),
            "fail",
            "y",
        ),
    ],
    ids=["none", "hidden", "its-secret", "its-cloud"],
)
def test_what_is_wrong_with_a_provider_is_the_answer(seen: Seen, state: str, says: str) -> None:
    links = {link.name: link for link in chain(shared(), NOW, seen)}
    assert (links["provider"].state, links["provider"].text) == (state, says)


@pytest.mark.parametrize("reason", ["ProviderNotFound", "NotAllowed"])
def test_what_the_object_says_of_its_provider_is_the_answer(reason: str) -> None:
    found = shared(condition("Synced", "False", reason, "This namespace may not."))
    links = {link.name: link for link in chain(found, NOW, Seen("lab", LAB))}
    assert (links["provider"].state, links["provider"].reason) == ("fail", reason)
    assert links["plan"].text == "waits for: provider"


@pytest.mark.parametrize("reason", list(ANSWERS))
def test_what_a_person_answers_names_the_verb(reason: str) -> None:
    kind = "Deleting" if reason in DELETING_REASONS and reason not in SYNCED_REASONS else "Synced"
    said = next_try(server(condition(kind, "False", reason)), NOW)
    assert said == f"when a person answers: kubectl onecloud {ANSWERS[reason]}"  # type: ignore[index]  # texts
    assert ANSWERS[reason] in names()  # type: ignore[index]


@pytest.mark.parametrize("reason", ["PlanPending", "Frozen", "WaitingForWindow"])
def test_what_was_asked_to_wait_is_a_wait_and_no_failure(reason: str) -> None:
    assert states(server(condition("Synced", "False", reason)))["plan"] == "wait"


def test_a_status_of_any_form_is_read() -> None:
    odd: list[Any] = [None, [], "x", {"conditions": "x"}, {"conditions": [1, {"type": 3}]}]
    for status in (*odd, {"plan": {"steps": [4]}}, {"lastError": "x"}, {"observedGeneration": "x"}):
        found = {"metadata": {"name": "web-1"}, "spec": None, "status": status}
        assert chain(found, NOW)
        assert next_try(found, NOW)


def test_times_are_told_in_one_unit() -> None:
    assert [span(seconds) for seconds in (-5, 0, 59, 60, 7199, 86_400 * 3)] == [
        "0s",
        "0s",
        "59s",
        "1m",
        "1h",
        "3d",
    ]
    assert ago("2026-11-30T02:04:00Z", NOW) == "1m ago"
    assert until("2026-11-30T02:00:00Z", NOW) == "now"
    assert (ago("never", NOW), until(7, NOW), moment(None)) == ("", "", None)
