"""What is done about a provider, and what its status says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onecloud_operator.api.provider_status import SHOWN_NAMESPACES, ProviderStatus
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.conditions import MESSAGE_LENGTH, standing
from onecloud_operator.core.provider import Provider
from onecloud_operator.core.provider_facts import Polled, ProviderFacts, ProviderObject, SignedIn, Usage
from onecloud_operator.core.provider_pass import LOOK_SECONDS, conclude, plan, waits_for_secret
from onecloud_operator.core.provider_status import differs, events_between, lag_text, log_lines, status_of
from onecloud_operator.core.values import Place, Problem

WALL = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROVIDER = Provider("shared", "uid-1", 3, ("onecloud-system", "shared"))
FOUND = ProviderObject(PROVIDER, "7", held=True)
SIGNED_IN = SignedIn(Place("https://cloud.example.com/v3", "region0", "project-0"), "lab")
POLLED = Polled(None, 3.0, 12)
FACTS = ProviderFacts(FOUND, WALL, SIGNED_IN, polled=POLLED)
REJECTED = Problem(Reason.CREDENTIALS_REJECTED, "The cloud refuses the password.")
SILENT = Problem(Reason.ENDPOINT_UNREACHABLE, "The cloud does not answer.")


def deleting(usage: Usage) -> ProviderFacts:
    found = replace(FOUND, provider=replace(PROVIDER, deleting=True))
    return replace(FACTS, found=found, usage=usage)


def said(facts: ProviderFacts, kind: str) -> tuple[str, str]:
    condition = standing(status_of(facts), kind)
    assert condition is not None
    return condition["status"], condition["reason"]


def message(facts: ProviderFacts, kind: str) -> str:
    condition = standing(status_of(facts), kind)
    assert condition is not None
    return str(condition["message"])


def test_one_without_our_finalizer_gets_it_first() -> None:
    assert plan(replace(FACTS, found=replace(FOUND, held=False))) == "AddFinalizer"
    assert plan(FACTS) == "Wait"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(Usage(), "RemoveFinalizer", id="nobody"),
        pytest.param(Usage(namespaces={"shop": 2}), "RemoveFinalizer", id="only-objects-without-servers"),
        pytest.param(Usage(namespaces={"shop": 2}, bound={"shop": 1}), "Wait", id="a-server"),
        pytest.param(Usage(complete=False), "Wait", id="not-all-objects-known"),
    ],
)
def test_a_deleted_one_stays_as_long_as_an_object_may_have_a_server_of_it(
    usage: Usage, expected: str
) -> None:
    assert plan(deleting(usage)) == expected


def test_one_that_only_others_hold_is_left_to_them() -> None:
    facts = deleting(Usage())
    assert plan(replace(facts, found=replace(facts.found, held=False))) == "Wait"


def test_a_deleted_one_says_which_namespaces_still_have_servers() -> None:
    facts = deleting(Usage(bound={"bank": 1, "shop": 12}))
    assert said(facts, "Deleting") == ("True", "InUse")
    assert message(facts, "Deleting").startswith(
        "13 objects of it still have a server: 12 in shop, 1 in bank. "
    )
    assert said(facts, "Ready") == ("False", "InUse")


def test_however_many_namespaces_there_are_the_status_stays_small() -> None:
    many = {f"namespace-{number:05}-{'x' * 40}": 100_000 - number for number in range(5000)}
    facts = deleting(Usage(namespaces=many, bound=many))
    status = status_of(facts)
    ProviderStatus.model_validate(status)
    assert len(status["servers"]["namespaces"]) == SHOWN_NAMESPACES
    assert status["servers"]["otherNamespaces"] == 5000 - SHOWN_NAMESPACES
    text = message(facts, "Deleting")
    assert "in 4992 more namespaces. Without" in text
    assert len(text) <= MESSAGE_LENGTH
    assert text.endswith("No new server is made with it.")


@pytest.mark.parametrize(
    ("facts", "ready", "valid", "reachable"),
    [
        pytest.param(
            FACTS, ("True", "Available"), ("True", "Authenticated"), ("True", "Available"), id="well"
        ),
        pytest.param(
            replace(FACTS, polled=None),
            ("True", "Available"),
            ("True", "Authenticated"),
            ("True", "Available"),
            id="not-used",
        ),
        pytest.param(
            replace(FACTS, polled=Polled(None, None, 1)),
            ("False", "NotYetObserved"),
            ("True", "Authenticated"),
            ("Unknown", "NotYetObserved"),
            id="not-polled-yet",
        ),
        pytest.param(
            replace(FACTS, polled=Polled(SILENT, 400.0, 12)),
            ("False", "EndpointUnreachable"),
            ("True", "Authenticated"),
            ("False", "EndpointUnreachable"),
            id="silent",
        ),
        pytest.param(
            replace(FACTS, signed_in=REJECTED, polled=None),
            ("False", "CredentialsRejected"),
            ("False", "CredentialsRejected"),
            ("True", "Available"),
            id="refused",
        ),
        pytest.param(
            replace(FACTS, signed_in=SILENT, polled=None),
            ("False", "EndpointUnreachable"),
            ("Unknown", "EndpointUnreachable"),
            ("False", "EndpointUnreachable"),
            id="no-sign-in",
        ),
        pytest.param(
            replace(FACTS, signed_in=Problem(Reason.SECRET_NOT_FOUND, "There is none."), polled=None),
            ("False", "SecretNotFound"),
            ("False", "SecretNotFound"),
            ("Unknown", "SecretNotFound"),
            id="no-secret",
        ),
    ],
)
def test_its_conditions_tell_credentials_from_the_cloud(
    facts: ProviderFacts, ready: Any, valid: Any, reachable: Any
) -> None:
    assert said(facts, "Ready") == ready
    assert said(facts, "CredentialsValid") == valid
    assert said(facts, "Reachable") == reachable
    ProviderStatus.model_validate(status_of(facts))


@pytest.mark.parametrize(
    ("before", "polled", "reachable"),
    [
        pytest.param(FACTS, None, ("True", "Available"), id="it-answered"),
        pytest.param(
            replace(FACTS, polled=Polled(SILENT, 400.0, 12)),
            None,
            ("False", "EndpointUnreachable"),
            id="it-was-silent",
        ),
        pytest.param(
            replace(FACTS, signed_in=SignedIn(Place("https://another/v3", "r", "p"), "lab")),
            None,
            ("Unknown", "NotYetObserved"),
            id="another-project",
        ),
        pytest.param(
            replace(FACTS, signed_in=REJECTED, polled=None), None, ("Unknown", "NotYetObserved"), id="nowhere"
        ),
        pytest.param(FACTS, SILENT, ("False", "EndpointUnreachable"), id="it-is-silent-now"),
    ],
)
def test_a_restart_of_the_operator_is_no_turn(
    before: ProviderFacts, polled: Problem | None, reachable: tuple[str, str]
) -> None:
    """Until the first poll is answered, what was known of the same project stands."""
    found = replace(FOUND, status=status_of(before))
    assert said(replace(FACTS, found=found, polled=Polled(polled, None, 0)), "Reachable") == reachable


def test_it_shows_where_it_leads_what_uses_it_and_how_fresh_that_is() -> None:
    usage = Usage({"Running": 2, "Stopped": 1}, {"shop": 2, "bank": 1}, {"shop": 2})
    status = status_of(replace(FACTS, usage=usage))
    assert status["cloud"] == {
        "authURL": "https://cloud.example.com/v3",
        "region": "region0",
        "project": "lab",
        "projectID": "project-0",
    }
    assert status["servers"] == {
        "total": 3,
        "running": 2,
        "states": {"Running": 2, "Stopped": 1},
        "namespaces": [{"name": "shop", "servers": 2}, {"name": "bank", "servers": 1}],
    }
    assert status["feed"] == {"lastPollTime": "2026-11-23T11:59:57Z", "lag": "3s", "servers": 12}
    assert status["observedGeneration"] == 3


def test_what_a_cloud_calls_its_project_is_cut_to_what_a_status_takes() -> None:
    place = Place("https://cloud.example.com/" + "x" * 5000, "é" * 5000, "p" * 5000)
    status = status_of(replace(FACTS, signed_in=SignedIn(place, "é" * 100_000)))
    ProviderStatus.model_validate(status)


def test_where_it_led_stays_to_be_seen_while_it_leads_nowhere() -> None:
    before = status_of(FACTS)
    found = replace(FOUND, status=before)
    assert status_of(ProviderFacts(found, WALL, REJECTED))["cloud"] == before["cloud"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0s"), (119.9, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (1e9, "9999h"), (-5, "0s")],
)
def test_an_age_is_told_in_four_characters(seconds: float, expected: str) -> None:
    assert lag_text(seconds) == expected


def test_a_newer_poll_alone_is_written_once_a_minute() -> None:
    status = status_of(FACTS)

    def later(seconds: float, **changes: Any) -> dict[str, Any]:
        found = replace(FOUND, status=status)
        return status_of(replace(FACTS, found=found, wall=WALL + timedelta(seconds=seconds), **changes))

    assert not differs(status, later(0))
    assert not differs(status, later(30))
    assert differs(status, later(60))
    assert differs(status, later(-5)), "clocks were set back"
    assert differs(status, later(5, usage=Usage({"Running": 1}, {"shop": 1})))
    assert differs(status, later(5, polled=Polled(SILENT, 8.0, 12)))
    silent = later(60, polled=Polled(SILENT, 63.0, 12))
    assert not differs(silent, {**silent, "feed": later(70, polled=Polled(SILENT, 73.0, 12))["feed"]})
    assert differs(silent, {**silent, "feed": later(200, polled=Polled(SILENT, 203.0, 12))["feed"]})


def test_each_turn_of_a_condition_has_an_event_and_nothing_else_has() -> None:
    well, refused = status_of(FACTS), status_of(replace(FACTS, signed_in=REJECTED, polled=None))
    assert [event.reason for event in events_between({}, well)] == ["Authenticated", "Available"]
    assert list(events_between(well, well)) == []
    assert [(event.kind, event.reason) for event in events_between(well, refused)] == [
        ("Warning", "CredentialsRejected")
    ]
    lacking = Problem(Reason.SECRET_NOT_FOUND, "There is no Secret shared.")
    unread = status_of(replace(FACTS, signed_in=lacking, polled=None))
    assert [event.reason for event in events_between({}, unread)] == ["SecretNotFound"], "of both conditions"
    held = status_of(deleting(Usage(bound={"shop": 1})))
    assert [(event.kind, event.reason) for event in events_between(well, held)] == [("Warning", "InUse")]


def test_each_turn_of_ready_is_a_line_of_the_log_that_warns_where_somebody_must_act() -> None:
    well, refused = status_of(FACTS), status_of(replace(FACTS, signed_in=REJECTED, polled=None))
    silent = status_of(replace(FACTS, polled=Polled(SILENT, 63.0, 12)))
    held = status_of(deleting(Usage(bound={"shop": 1})))
    first = status_of(replace(FACTS, polled=Polled(None, None, 0)))
    names = {"provider": "shared", "cloud": "cloud.example.com", "secret": "onecloud-system/shared"}

    def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str | None]]:
        lines = list(log_lines(old, new, names))
        assert all(names.items() <= line.fields.items() for line in lines)
        return [(line.level, line.message, line.fields["reason"]) for line in lines]

    assert told({}, well) == [("INFO", "provider ready", "Available")]
    assert told(well, well) == []
    assert told(well, refused) == [("WARNING", "The cloud refuses the password.", "CredentialsRejected")]
    assert told(well, silent) == [("WARNING", "The cloud does not answer.", "EndpointUnreachable")]
    assert [line[::2] for line in told(well, held)] == [("WARNING", "InUse")]
    assert told(well, first) == [], "until the first poll there is nothing to tell"
    (end,) = [conclude(deleting(Usage()), "RemoveFinalizer", 1.0).log]
    assert end is not None
    assert (end.level, end.fields) == ("INFO", {"provider": "shared"})


@pytest.mark.parametrize(
    ("made", "waits"),
    [
        pytest.param(FACTS, False, id="it-is-well"),
        pytest.param(replace(FACTS, signed_in=REJECTED, polled=None), True, id="its-password-is-refused"),
        pytest.param(replace(FACTS, signed_in=SILENT, polled=None), True, id="its-cloud-is-not-there"),
        pytest.param(replace(FACTS, polled=Polled(SILENT, 63.0, 12)), True, id="its-cloud-went-away"),
        pytest.param(
            replace(
                FACTS,
                found=replace(FOUND, provider=replace(PROVIDER, flaw=REJECTED)),
                signed_in=REJECTED,
                polled=None,
            ),
            False,
            id="its-spec-is-to-blame",
        ),
    ],
)
def test_its_secret_is_awaited_while_another_may_help(made: ProviderFacts, waits: bool) -> None:
    assert waits_for_secret(made) is waits


def test_it_is_looked_at_again_without_anything_that_says_so() -> None:
    assert conclude(FACTS, "Wait", 1.0).requeue_after == LOOK_SECONDS
    assert conclude(FACTS, "AddFinalizer", 1.0).again
    assert conclude(FACTS, "RemoveFinalizer", 1.0).status is None
