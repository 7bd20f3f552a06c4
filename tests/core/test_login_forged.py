"""What others wrote into the status about key pair and password: nobody is let in by it."""

from __future__ import annotations

from dataclasses import replace

from onecloud_operator.core.actions import Settled
from onecloud_operator.core.login_record import LoginRecord
from onecloud_operator.core.records import believed
from tests.core.fixtures import UID
from tests.core.stops import to_rest
from tests.core.test_login import OLD, logged_in, login_of, password_from


def test_what_others_wrote_of_the_login_is_no_record() -> None:
    """Whoever may write the status must not be able to have another key pair put into the server."""
    world = logged_in({**password_from(), "keypair": "k1"})
    forged = LoginRecord("2026-11-23T11:00:00Z", password=OLD, keypair="k1", keypair_id="another")
    known = replace(world.cluster.stored.records, login=forged)
    world.cluster.edit(records=believed(known, UID, deleting=False, shared={"login"}))
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    assert login_of(world).keypair_id is None, "it is made again of the spec, with no action"
