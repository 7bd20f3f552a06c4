"""The key pair and the password go along with a new root disk, and all that needs a stop goes into one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, ReadCause, Settled
from onecloud_operator.core.card_writes import BindGroup, DetachCard
from onecloud_operator.core.cloud_writes import Resize, Start, Stop
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_record import LoginRecord
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword
from onecloud_operator.core.references import Resolved
from onecloud_operator.core.values import Problem
from tests.core.fixtures import BACKUP, ID
from tests.core.rebuilds import EDITED, edit, made, rebuilt, root_image
from tests.core.stops import row_of, sent, to_rest, until
from tests.core.test_cards import ONE, TWO
from tests.core.test_login import NEW, OLD, PAIRS, outside, password_from

if TYPE_CHECKING:
    from tests.core.world import World


def logged_in(wanted: dict[str, Any], before: dict[str, Any] | None = None) -> World:
    """Return a world in which *wanted* is asked for; the old password and key pair, and *before*, are so."""
    world = made()
    world.cloud.named |= {**PAIRS, BACKUP: Resolved("net-2")}
    row = world.cloud.rows[ID]
    row.change(login_account="root", keypair="k1", keypair_id="k1", login_set_at="then")
    row.inside_password, row.inside_pair = OLD, "k1"
    known = replace(world.cluster.stored.records, login=LoginRecord("2026-11-23T11:00:00Z", password=OLD))
    world.cluster.edit(records=known)
    edit(world, {**password_from(), "keypair": "k1", **(before or {})})
    assert isinstance(to_rest(world), Settled)
    world.sent.clear()
    edit(world, wanted)
    return world


def test_password_and_key_pair_go_along() -> None:
    world = logged_in({**password_from(), "keypair": "k1", **EDITED})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Rebuild, Start]
    assert sent(world, Rebuild) == [Rebuild(ID, "image-9", "k1", OLD)]
    assert outside(world) == set()


def test_a_key_pair_that_the_spec_does_not_name_goes_along_too() -> None:
    world = logged_in({**password_from(), **EDITED})
    assert isinstance(to_rest(world), Settled)
    assert world.cloud.rows[ID].inside_pair == "k1"


def test_a_secret_that_is_not_there_stops_nothing() -> None:
    world = logged_in({**password_from(), "keypair": "k1", **EDITED})
    world.cloud.logins.trouble = Problem(Reason.SECRET_NOT_FOUND, "There is no Secret login.")
    until(world, lambda step: isinstance(step, Hold) and step.reason == "SecretNotFound")
    assert not world.sent
    world.cloud.logins.trouble = None
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]


def test_all_that_one_edit_needs_a_stop_for_costs_one_restart() -> None:
    wanted = {"cpu": 4, "memory": "8Gi", "networks": [ONE], "instanceGroups": ["spread"], "keypair": "k2"}
    world = logged_in({**password_from("other"), **wanted, **EDITED}, before={"networks": [ONE, TWO]})
    assert isinstance(to_rest(world), Settled)
    kinds = [type(step) for _, step, _ in world.sent]
    assert (kinds.count(Stop), kinds.count(Start)) == (1, 1)
    assert {Resize, DetachCard, BindGroup, DeployKeypair, DeployPassword, Rebuild} <= set(kinds)
    assert kinds[-2:] == [Rebuild, Start], "the root disk comes last"
    assert (row_of(world).cpu, root_image(world), row_of(world).status) == (4, "image-9", "running")
    assert outside(world) == set()
    assert world.cloud.rows[ID].inside_password == NEW


@pytest.mark.parametrize("end", ["fails", "hangs", "dies"])
def test_what_may_not_be_on_the_new_disk_is_written_once_more(end: str) -> None:
    """It is seen to be of the new image before key pair and password are on it."""
    world = logged_in({**password_from(), "keypair": "k1", **EDITED})
    world.cloud.rebuild_fate = "deploy_fail" if end == "fails" else None
    until(world, lambda step: isinstance(step, Rebuild))
    row = world.cloud.rows[ID]
    while row.server.status == "rebuild_root":
        world.turn()
    assert (root_image(world), row.inside_pair, row.inside_password) == ("image-9", None, None)
    if end == "hangs":
        row.hang()
    if end == "dies":
        world.die()
    until(world, lambda step: isinstance(step, Settled))
    assert rebuilt(world) == ["image-9"]
    assert {DeployKeypair, DeployPassword} <= {type(step) for _, step, _ in world.sent}
    assert (row.inside_pair, row.inside_password, row_of(world).status) == ("k1", OLD, "running")
    assert len(sent(world, Stop)) == 1


def test_no_event_is_quoted_after_a_rebuild_that_sent_a_password() -> None:
    world = logged_in({**password_from(), "keypair": "k1", **EDITED})
    world.cloud.rebuild_fate, world.cloud.words = "rebuild_root_fail", "deploy Sesam-0ffne-dich"
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    edit(world, EDITED)
    to_rest(world)
    assert not any(isinstance(step, ReadCause) for step in world.steps)
    assert "Sesam" not in str(world.cluster.stored.status)
