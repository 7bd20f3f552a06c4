"""
How an object tells how its server is reached: a Secret of its own, written when nothing else is to be done.

    renamed, or no longer asked for    record → the former one is deleted → record
    to be written                      record the name → POST, or PUT of what is ours → record the digest
    written                            looked at every half hour, and if another look is asked for

Nothing is written for an object that is deleted or paused: Kubernetes takes the Secret away with its owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordConnection, Settled
from onecloud_operator.core.connection_record import Connection, ConnectionRecord
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.ownership import ours
from onecloud_operator.core.plan.attempt import completes
from onecloud_operator.core.plan.retry import blocked
from onecloud_operator.core.policies import observing

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.connection_writes import ConnectionWrite
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

LOOK_SECONDS = 1800.0
SSH, RDP = "22", "3389"


def connecting(facts: Facts, step: Step) -> Step | None:
    """Return the step of the Secret in place of *step*, which does nothing; None if there is none."""
    resource = facts.resource
    if not isinstance(step, Hold | Settled) or resource.deleting or resource.paused or resource.spec is None:
        return None
    if isinstance(step, Hold) and step.unread:
        return None
    wanted = _wanted(facts)
    if isinstance(wanted, ConnectionRecord):
        return RecordConnection(wanted, step)
    if isinstance(wanted, Hold | None):
        return wanted if isinstance(step, Settled) else None
    obstacle = blocked(facts, wanted)
    if obstacle is None:
        return wanted
    return obstacle if isinstance(step, Settled) else None


def _wanted(facts: Facts) -> ConnectionWrite | Look | Hold | ConnectionRecord | None:
    record, name = facts.resource.records.connection, _name(facts)
    if record.former is not None:
        dropped = facts.memory.connection.dropped == record.former
        return replace(record, former=None) if dropped else DropConnection(record.former)
    if record.secret not in {None, name}:
        return ConnectionRecord(former=record.secret)
    if name is None:
        return None
    if (refusal := _refusal(facts, name)) is not None:
        return Hold(Reason.SECRET_CONFLICT, refusal)
    return _written(facts, name, record)


def _name(facts: Facts) -> str | None:
    spec = facts.resource.spec
    reference = spec.write_connection_secret_to_ref if spec is not None else None
    return reference.name if reference is not None else None


def _refusal(facts: Facts, name: str) -> str | None:
    """Return why nothing can be written under *name*, whatever is there."""
    if not facts.config.connection_secrets:
        return (
            "writeConnectionSecretToRef is set, and this operator writes no Secrets. Have the value "
            "connectionSecrets.enabled of its chart switched on, or take the field out."
        )
    spec = facts.resource.spec
    if spec is not None and name in spec.secrets_read:
        return (
            f"writeConnectionSecretToRef names Secret {name}, which this spec reads, so it is not written. "
            "Give it another name."
        )
    return None


def _written(
    facts: Facts, name: str, record: ConnectionRecord
) -> WriteConnection | Look | ConnectionRecord | None:
    server, memory = facts.server, facts.memory.connection
    if server is None or facts.trouble is not None or not facts.fresh or not _presentable(facts, server):
        return None
    if server.details is None or not server.detailed or not server.owner_known:
        # What a restart recalls of a server does not tell all; what was written then still stands.
        return Look(server.id) if record.written is None else None
    if record.secret is None:
        return ConnectionRecord(secret=name)
    connection = connection_of(facts, server)
    if connection.digest != record.written:
        if memory.written == connection.digest:
            return replace(record, written=connection.digest)
        return WriteConnection(name, server.id, connection)
    asked = facts.resource.reconcile_requested_at
    due = facts.now - facts.memory.latest(memory.looked_at) >= LOOK_SECONDS
    again = asked is not None and asked not in {facts.resource.records.last_handled, memory.asked}
    return WriteConnection(name, server.id, connection) if due or again else None


def _presentable(facts: Facts, server: Observed) -> bool:
    """Return whether *server* is the object's to tell of, and at rest."""
    resource, creation = facts.resource, facts.resource.records.creation
    if server.recycled or not server.phase.stable:
        return False
    if observing(resource):
        return True
    # In the pass in which a creation is seen to be complete, too: after it, nothing may come for long.
    made = creation is None or creation.completed_at is not None or completes(facts)
    return made and ours(resource, server)


def connection_of(facts: Facts, server: Observed) -> Connection:
    """Return what is to be told of *server*, whose details are known."""
    details = server.details
    if details is None:
        msg = "the details are not known"
        raise AssertionError(msg)
    windows = str(server.mirror.get("osType")).lower() == "windows"
    found = {
        "id": server.id,
        "name": server.name,
        "ip": details.ip,
        "eip": details.eip,
        "port": RDP if windows else SSH,
        "username": details.login_account,
    }
    made = facts.resource.records.creation is not None and not observing(facts.resource)
    asks = made and (details.keypair_id, details.keypair) == (None, None)
    values = tuple((key, value) for key, value in found.items() if value)
    return Connection(values, asks, details.login_set_at if asks else None)
