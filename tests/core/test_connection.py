"""How a server is reached is written into a Secret of the object's own, which survives any crash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, RecordConnection, Settled
from onecloud_operator.core.config import Config
from onecloud_operator.core.connection_memory import ConnectionMemory
from onecloud_operator.core.connection_record import (
    Connection,
    ConnectionRecord,
    connection_in,
    connection_status,
)
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.plan.connection import connection_of
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    ADOPTED,
    BEGUN,
    ID,
    NOW,
    OWNER,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

ON = Config(connection_secrets=True)
TO: dict[str, Any] = {"writeConnectionSecretToRef": {"name": "web-1-conn"}}
SHOWN = server(details=details(login_account="root", eip="192.0.2.7"), name="web-1")
NAMED, FORMER = ConnectionRecord("web-1-conn"), ConnectionRecord(former="web-1-conn")


def telling(
    record: ConnectionRecord = NAMED,
    found: Observed = SHOWN,
    policies: dict[str, Any] = TO,
    **changes: Any,
) -> Facts:
    """Return the facts of an object that is to tell of its server, which is as wanted."""
    of_object = {
        key: changes.pop(key) for key in tuple(changes) if key in {"deleting", "annotations", "finalizers"}
    }
    kept = changes.pop("kept", records())
    wanted = resource(spec=spec(**policies), records=replace(kept, connection=record), **of_object)
    return facts(found, resource=wanted, **{"config": ON, **changes})


def written(case: Facts) -> Connection:
    step = plan(case)
    assert isinstance(step, WriteConnection), step
    return step.connection


UP_TO_DATE = replace(NAMED, written=connection_of(telling(), SHOWN).digest)


def test_the_name_is_on_record_before_anything_is_written() -> None:
    assert plan(telling(ConnectionRecord())) == RecordConnection(NAMED, Settled())


def test_what_is_known_of_a_server_is_written() -> None:
    found = written(telling())
    assert dict(found.values) == {
        "id": ID,
        "name": "web-1",
        "ip": "10.0.0.5",
        "eip": "192.0.2.7",
        "port": "22",
        "username": "root",
    }
    assert found.asks


def test_it_is_written_as_soon_as_the_creation_is_seen_to_be_complete() -> None:
    """After that pass, nothing may come for half an hour."""
    step = plan(telling(ConnectionRecord(), kept=records(creation=BEGUN)))
    assert step == RecordConnection(NAMED, Settled())


def test_windows_is_reached_at_another_port() -> None:
    windows = server(details=SHOWN.details, mirror={"id": ID, "osType": "Windows"})
    assert dict(written(telling(found=windows)).values)["port"] == "3389"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(telling(kept=ADOPTED), id="adopted"),
        pytest.param(telling(found=replace(SHOWN, details=details(keypair="ops"))), id="with-a-key-pair"),
        pytest.param(
            telling(policies={**TO, "managementPolicy": "Observe", "adoption": {"id": ID}}, finalizers=()),
            id="observed",
        ),
    ],
)
def test_no_password_is_asked_for_but_of_what_the_object_made(case: Facts) -> None:
    assert not written(case).asks


def test_what_was_written_goes_on_record_and_is_left_alone_then() -> None:
    memory = Memory(born_at=0.0, connection=ConnectionMemory(UP_TO_DATE.written, looked_at=NOW))
    assert plan(telling(memory=memory)) == RecordConnection(UP_TO_DATE, Settled())
    assert (
        plan(telling(UP_TO_DATE, memory=replace(memory, connection=ConnectionMemory(looked_at=NOW))))
        == Settled()
    )


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"details": details(login_account="root", ip="10.0.0.9")}, id="another-address"),
        pytest.param(
            {"details": details(login_account="root", eip="192.0.2.7", login_set_at="today")},
            id="a-new-password",
        ),
    ],
)
def test_what_has_changed_is_written_again(changed: dict[str, Any]) -> None:
    written(telling(UP_TO_DATE, replace(SHOWN, **changed)))


def test_it_is_looked_at_every_half_hour_and_when_a_person_asks_for_it() -> None:
    lately = Memory(born_at=0.0, connection=ConnectionMemory(looked_at=NOW - 1700))
    assert plan(telling(UP_TO_DATE, memory=lately)) == Settled()
    written(telling(UP_TO_DATE, memory=replace(lately, connection=ConnectionMemory(looked_at=NOW - 1800))))
    asked = {"onecloud.io/reconcile-requested-at": "now"}
    written(telling(UP_TO_DATE, memory=lately, annotations=asked))
    obeyed = replace(lately, connection=ConnectionMemory(looked_at=NOW, asked="now"))
    assert plan(telling(UP_TO_DATE, memory=obeyed, annotations=asked)) == Settled()


def test_under_another_name_the_former_secret_goes_first() -> None:
    other = {"writeConnectionSecretToRef": {"name": "other"}}
    assert plan(telling(UP_TO_DATE, policies=other)) == RecordConnection(FORMER, Settled())
    assert plan(telling(FORMER, policies=other)) == DropConnection("web-1-conn")
    dropped = Memory(born_at=0.0, connection=ConnectionMemory(dropped="web-1-conn"))
    assert plan(telling(FORMER, policies=other, memory=dropped)) == RecordConnection(
        ConnectionRecord(), Settled()
    )


def test_without_the_field_the_secret_goes() -> None:
    assert plan(telling(UP_TO_DATE, policies={})) == RecordConnection(FORMER, Settled())
    assert plan(telling(FORMER, policies={})) == DropConnection("web-1-conn")
    assert plan(telling(ConnectionRecord(), policies={})) == Settled()


def test_an_operator_that_may_not_write_secrets_says_so() -> None:
    step = plan(telling(config=Config()))
    assert isinstance(step, Hold)
    assert step.reason == Reason.SECRET_CONFLICT
    assert "connectionSecrets.enabled" in step.message


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(telling(deleting=True), id="deleted"),
        pytest.param(telling(annotations={"onecloud.io/paused": "true"}), id="paused"),
        pytest.param(telling(found=server("starting")), id="whose-server-moves"),
        pytest.param(
            telling(
                kept=replace(ADOPTED), found=replace(SHOWN, details=details(owner=replace(OWNER, uid="x")))
            ),
            id="whose-adopted-server-is-another-s",
        ),
        pytest.param(
            telling(UP_TO_DATE, replace(SHOWN, details=replace(details(), owner_known=False))),
            id="of-whose-server-a-restart-recalls-a-part",
        ),
    ],
)
def test_nothing_is_written_for_an_object(case: Facts) -> None:
    assert not isinstance(plan(case), WriteConnection | RecordConnection)


def test_the_record_changes_nothing_else_in_the_status() -> None:
    """It is written where nothing is to be done: what the conditions say stands."""
    world = _world()
    world.run()
    before = dict(world.cluster.stored.status)
    assert before["connection"]["secret"] == "web-1-conn"
    assert next(c for c in before["conditions"] if c["type"] == "Synced")["reason"] == "UpToDate"
    case = world.facts()
    assert report(case, plan(case)).status is None


def test_a_record_is_read_as_it_was_written() -> None:
    assert connection_in(connection_status(UP_TO_DATE)) == UP_TO_DATE
    assert connection_in(connection_status(ConnectionRecord())) == ConnectionRecord()
    assert connection_in({"secret": 7, "former": "", "written": []}) == ConnectionRecord()


def _world(**policies: Any) -> World:
    wanted = resource(spec=spec(**{**TO, **policies}))
    world = World.of(wanted, SHOWN)
    world.config = ON
    return world


@pytest.mark.parametrize("mood", ["well", "refused", "unsent", "lost"])
@pytest.mark.parametrize("crash", range(8))
def test_wherever_a_crash_comes_the_object_has_one_secret_and_then_the_other(crash: int, mood: str) -> None:
    world = _world()

    def until_rest() -> None:
        for number in range(30):
            world.dies = number == crash
            world.cluster.mood = mood if number == crash else "well"
            world.turn()
        world.cluster.mood = "well"
        assert world.run() == Settled()

    until_rest()
    assert list(world.secrets) == ["web-1-conn"]
    world.cluster.respec(spec(writeConnectionSecretToRef={"name": "other"}))
    until_rest()
    assert list(world.secrets) == ["other"]
    world.cluster.respec(spec())
    until_rest()
    assert not world.secrets
    assert "connection" not in world.cluster.stored.status


def test_a_secret_of_another_is_left_alone_and_the_server_is_looked_after_all_the_same() -> None:
    world = _world()
    world.foreign = {"web-1-conn"}
    step = world.run()
    assert isinstance(step, Hold)
    assert step.reason == Reason.SECRET_CONFLICT
    conditions = {one["type"]: one for one in world.cluster.stored.status["conditions"]}
    assert conditions["Ready"]["status"] == "True"
    assert conditions["Synced"]["reason"] == "SecretConflict"
    assert reading(SHOWN).server is not None
