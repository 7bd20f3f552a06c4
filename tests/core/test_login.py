"""Key pair and password of a living server: through the guest agent, else while it is stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginRestart, Hold, ReadCause, Settled
from onecloud_operator.core.cloud_writes import Resize, Stop
from onecloud_operator.core.login_record import LoginRecord, SecretUse
from onecloud_operator.core.login_writes import DeployPassword, SetPassword
from onecloud_operator.core.references import Answer, Kind, Missing, Reference, Resolved
from onecloud_operator.core.values import Problem
from tests.core.fixtures import ID, NAMES, RESTART, spec
from tests.core.logins import left_outside
from tests.core.stops import adopted, condition, row_of, sent, to_rest, turn, world_of

if TYPE_CHECKING:
    from tests.core.world import World

OLD, NEW = SecretUse("login", "password", "uid-login", "1"), SecretUse("other", "password", "uid-other", "1")
NEVER: dict[str, Any] = {"disruption": {"allow": "Never"}}
PAIRS = {Reference(Kind.KEYPAIR, name): Resolved(name) for name in ("k1", "k2")}


def password_from(name: str = "login", *, rotate: bool | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"secretKeyRef": {"name": name, "key": "password"}}
    return {"passwordFrom": source if rotate is None else {**source, "rotate": rotate}}


ROTATES = password_from(rotate=True)


def logged_in(wanted: dict[str, Any], *, agent: bool = False, **policies: Any) -> World:
    """Return a world in which the old password and key pair are inside, and *wanted* is asked for."""
    world = world_of(wanted, **policies)
    world.cloud.logins.agent = agent
    world.cloud.named = {**NAMES, **PAIRS}
    records = replace(world.cluster.stored.records, login=LoginRecord("2026-11-23T11:00:00Z", password=OLD))
    world.cluster.edit(records=records)
    row = world.cloud.rows[ID]
    row.change(login_account="root", keypair="k1", keypair_id="k1", login_set_at="then")
    row.inside_password, row.inside_pair = OLD, "k1"
    return world


def edit(world: World, wanted: dict[str, Any], **policies: Any) -> None:
    world.cluster.respec(spec(wanted, **{**RESTART, **policies}))


def writes(world: World) -> list[str]:
    return [type(step).__name__ for _, step, _ in world.sent]


def outside(world: World) -> set[str]:
    return left_outside(world.cloud.rows[ID], world.cluster.stored, world.cloud.logins)


def login_of(world: World) -> LoginRecord:
    found = world.cluster.stored.records.login
    assert found is not None
    return found


# -- through the guest agent -----------------------------------------------------------------------------
@pytest.mark.parametrize("policies", [RESTART, NEVER])
def test_another_secret_in_the_spec_is_set_by_the_guest_agent_without_a_stop(
    policies: dict[str, Any],
) -> None:
    world = logged_in(password_from("other"), agent=True, **policies)
    assert isinstance(to_rest(world), Settled)
    assert sent(world, SetPassword) == [SetPassword(ID, NEW, "root", "then")]
    assert writes(world) == ["SetPassword"]
    assert not outside(world)
    assert (login_of(world).password, login_of(world).pending) == (NEW, None)


def test_a_secret_that_changes_is_set_at_once_where_it_is_followed() -> None:
    world = logged_in(ROTATES, agent=True)
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    for version in ("2", "3"):
        world.cloud.logins.rotate()
        assert isinstance(to_rest(world), Settled)
        assert login_of(world).password == replace(OLD, version=version)
        assert not outside(world)
    assert writes(world) == ["SetPassword"] * 2


def test_a_secret_that_changes_is_nothing_where_it_is_not_followed() -> None:
    world = logged_in(password_from(), agent=True)
    world.cloud.logins.rotate()
    assert isinstance(to_rest(world), Settled)
    assert not world.sent


def test_the_account_of_the_spec_comes_before_that_of_the_image() -> None:
    world = logged_in({**password_from("other"), "adminUser": "ops"}, agent=True)
    to_rest(world)
    assert [step.account for step in sent(world, SetPassword) if isinstance(step, SetPassword)] == ["ops"]


def test_without_a_known_account_it_is_written_into_the_disk() -> None:
    world = logged_in(password_from("other"), agent=True)
    world.cloud.rows[ID].change(login_account=None)
    assert isinstance(to_rest(world), Settled)
    assert writes(world) == ["Stop", "DeployPassword", "Start"]


# -- without a guest agent -------------------------------------------------------------------------------
def test_without_a_guest_agent_an_edit_stops_the_server_once_and_starts_it_again() -> None:
    world = logged_in(password_from("other"))
    assert isinstance(to_rest(world), Settled)
    assert writes(world) == ["SetPassword", "SyncStatus", "Stop", "DeployPassword", "Start"]
    assert row_of(world).status == "running"
    assert not outside(world)


def test_without_a_guest_agent_and_leave_it_is_told_and_not_tried_again_by_another_process() -> None:
    world = logged_in(password_from("other"), **NEVER)
    to_rest(world)
    assert condition(world, "Synced") == ("False", Reason.RESTART_NEEDED)
    before = writes(world)
    world.die()
    to_rest(world)
    assert writes(world) == before == ["SetPassword", "SyncStatus"]


@pytest.mark.parametrize("asked", ["request", "edit"])
def test_the_guest_agent_is_tried_again_when_that_is_asked_for(asked: str) -> None:
    world = logged_in(password_from("other"), **NEVER)
    to_rest(world)
    world.cloud.logins.agent = True
    if asked == "request":
        world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    else:
        edit(world, {**password_from("other"), "description": "orders"}, **NEVER)
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)


def test_a_secret_that_changed_stops_no_server_and_goes_along_with_the_next_stop() -> None:
    world = logged_in(ROTATES)
    to_rest(world)
    world.cloud.logins.rotate()
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == Reason.RESTART_NEEDED
    assert "goes along with the next stop" in held.message
    assert not sent(world, Stop)
    edit(world, {**ROTATES, "cpu": 8})
    assert isinstance(to_rest(world), Settled)
    assert len(sent(world, Stop)) == 1
    assert len(sent(world, Resize)) == len(sent(world, DeployPassword)) == 1
    assert not outside(world)


def test_a_secret_that_changed_is_carried_out_when_somebody_stops_the_server() -> None:
    world = logged_in(ROTATES)
    to_rest(world)
    world.cloud.logins.rotate()
    to_rest(world)
    edit(world, {**ROTATES, "powerState": "Stopped"})
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)
    assert row_of(world).status == "ready"


# -- key pairs -------------------------------------------------------------------------------------------
def test_a_resize_a_key_pair_and_a_password_in_one_edit_cost_one_restart() -> None:
    world = logged_in({**password_from("other"), "keypair": "k2", "cpu": 8})
    assert isinstance(to_rest(world), Settled)
    kinds = ["Stop", "Resize", "DeployKeypair", "DeployPassword", "Start"]
    (begun,) = (step for step in world.steps if isinstance(step, BeginRestart))
    assert begun.restart.why == "cpu, keypair, passwordFrom"
    assert [name for name in writes(world) if name in kinds] == kinds
    assert not outside(world)


def test_a_key_pair_waits_for_leave_to_stop_the_server() -> None:
    world = logged_in({"keypair": "k2"}, **NEVER)
    to_rest(world)
    assert condition(world, "Synced") == ("False", Reason.RESTART_NEEDED)
    assert not world.sent
    edit(world, {"keypair": "k2"})
    assert isinstance(to_rest(world), Settled)
    assert writes(world) == ["Stop", "DeployKeypair", "Start"]


@pytest.mark.parametrize("now", [Missing(), Resolved("k2")], ids=["gone", "another-s"])
def test_a_key_pair_that_was_renamed_is_the_same_whatever_has_its_name_by_now(now: Answer) -> None:
    world = logged_in({"keypair": "k1"})
    assert isinstance(to_rest(world), Settled)
    world.cloud.rows[ID].change(keypair="k1-2026")
    world.cloud.rows[ID].change(keypair_id="k-one", keypair="k1-2026")
    world.cluster.edit(
        records=replace(world.cluster.stored.records, login=replace(login_of(world), keypair_id="k-one"))
    )
    world.cloud.named[Reference(Kind.KEYPAIR, "k1")] = now
    world.die()
    assert isinstance(to_rest(world), Settled)
    assert not world.sent


def test_a_key_pair_that_is_taken_out_of_the_spec_is_left_alone() -> None:
    world = logged_in({"keypair": "k1"})
    to_rest(world)
    edit(world, {})
    assert isinstance(to_rest(world), Settled)
    assert not world.sent


def test_a_key_pair_that_is_not_there_stops_nothing_and_says_so() -> None:
    world = logged_in({"keypair": "k9"})
    world.cloud.named[Reference(Kind.KEYPAIR, "k9")] = Missing()
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == Reason.REFERENCE_NOT_FOUND
    assert not world.sent


def test_a_key_pair_whose_deploy_failed_counts_as_not_carried_out_though_the_cloud_shows_it() -> None:
    world = logged_in({"keypair": "k2"})
    world.cloud.logins.deploys = False
    held = to_rest(world)
    assert row_of(world).details.keypair_id == "k2"
    assert isinstance(held, Hold)
    assert row_of(world).status == "running", "it is started again all the same"
    world.die()
    to_rest(world)
    assert len(sent(world, Stop)) == 1, "another process does not stop it once more"
    world.cloud.logins.deploys = True
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)


# -- what is done without having been asked for: nothing -------------------------------------------------
def test_the_first_password_of_an_adopted_server_is_not_touched_until_it_is_edited() -> None:
    world = adopted(password_from())
    world.cloud.logins.agent = True
    world.cloud.rows[ID].change(login_account="root")
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    edit(world, password_from("other"), adoption={"policy": "Adopt", "id": ID})
    assert isinstance(to_rest(world), Settled)
    assert writes(world) == ["SetPassword"]


def test_an_object_without_a_record_gets_it_from_its_spec_with_no_action() -> None:
    world = world_of(ROTATES)
    world.cloud.logins.agent = True
    world.cloud.rows[ID].change(login_account="root")
    assert isinstance(to_rest(world), Settled)
    assert login_of(world).password == OLD
    assert not world.sent
    world.cloud.logins.rotate()
    to_rest(world)
    assert writes(world) == ["SetPassword"]


@pytest.mark.parametrize("wanted", [password_from("other"), ROTATES])
def test_a_secret_that_cannot_be_read_is_told_and_nothing_is_stopped(wanted: dict[str, Any]) -> None:
    world = logged_in(wanted)
    world.cloud.logins.trouble = Problem(Reason.SECRET_NOT_FOUND, "There is no Secret. Make it.")
    for _ in range(20):
        held = turn(world)
    assert isinstance(held, Hold)
    assert held.reason == Reason.SECRET_NOT_FOUND
    assert not world.sent
    world.cloud.logins.trouble = None
    assert isinstance(to_rest(world), Settled)
    assert not outside(world)


def test_under_report_nothing_is_sent() -> None:
    world = logged_in({**password_from("other"), "keypair": "k2"}, drift={"mode": "Report"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == Reason.DRIFT_REPORTED
    assert not world.sent
    drift = {each["field"] for each in world.cluster.stored.status["drift"]}
    assert drift == {"keypair", "passwordFrom"}


@pytest.mark.parametrize("deploys", [True, False])
def test_no_event_is_quoted_while_a_password_is_carried_out(*, deploys: bool) -> None:
    world = logged_in(password_from("other"))
    world.cloud.logins.deploys, world.cloud.words = deploys, "guest-set-user-password Sesam-0ffne-dich"
    to_rest(world)
    assert not any(isinstance(step, ReadCause) for step in world.steps)
    assert "Sesam" not in str(world.cluster.stored.status)


def test_no_value_of_a_secret_has_a_place_in_the_record() -> None:
    world = logged_in(password_from("other"), agent=True)
    to_rest(world)
    assert world.cluster.stored.status["login"] == {
        "since": "2026-11-23T11:00:00Z",
        "password": {"secret": "other", "key": "password", "uid": "uid-other", "resourceVersion": "1"},
    }
