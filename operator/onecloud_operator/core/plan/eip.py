"""
The elastic IP (EIP) of a server, while the server lives.

    absent in the spec      left as it is
    none                    what this object gave it is dissociated; one of its own is deleted, until a 404
    one that exists         name looked up → look → record → bind
    one of its own          record → POST, repeated safely → look until it has an address → record → bind
    another than before     the one before goes first, as for none
    lost                    look → bind again; where the EIP itself is gone: of its own the next, else hold
    another bandwidth       look → change → look → record

The server's details show the address alone, so an EIP is read while, and only while, that is not as recorded.
Nothing is taken from another server or object, nor off this server what the object has not given it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordEip
from onecloud_operator.core.eip_record import GIVEN, MADE, EipRecord, EipState, asked_for, shown_in
from onecloud_operator.core.eip_writes import BindEip, ChangeEip
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.eip_looks import (
    again_seconds,
    at_work,
    bound_elsewhere,
    foreign,
    fresh_look,
    known_look,
    read,
)
from onecloud_operator.core.plan.eip_making import begun, followed, made, resolved
from onecloud_operator.core.plan.eip_release import dropped
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.plan.stops import Candidate
from onecloud_operator.core.records import HeldBack
from onecloud_operator.core.references import Kind, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.eip import EipSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Details, Observed

FIELD = "eip"


def eip_differences(want: EipSpec | None, record: EipRecord | None, details: Details) -> Iterator[Difference]:
    """Yield how the server's EIP, and the record of it, differ from what the spec wants."""
    if want is None:
        return
    record = record or EipRecord()
    if want.none:
        if record.held:
            yield Difference(FIELD, "none", record.address or record.id)
    elif not _matches(want, record) or details.eip is None or details.eip != record.address:
        yield Difference(FIELD, str(want), details.eip)
    else:
        yield from _odd_fields(want, record)


def _odd_fields(want: EipSpec, record: EipRecord) -> Iterator[Difference]:
    """Yield the fields in which an EIP of its own is not what the spec wants."""
    if want.bandwidth is not None and want.bandwidth != record.bandwidth:
        have = str(record.bandwidth) if record.bandwidth is not None else None
        yield Difference(f"{FIELD}.bandwidth", str(want.bandwidth), have)
    if want.charge_type is not None and record.charge_type not in {None, want.charge_type}:
        yield Difference(f"{FIELD}.chargeType", want.charge_type, record.charge_type)
    if want.network is not None and want.network not in {record.network, record.network_id}:
        yield Difference(f"{FIELD}.network", want.network, record.network or record.network_id)


def eip_steps(
    facts: Facts, want: EipSpec | None, server: Observed, found: tuple[Difference, ...]
) -> Iterator[Candidate]:
    """Yield the next step for the EIP, if one of the differences *found* is its."""
    fields = [each.field for each in found if each.field.partition(".")[0] == FIELD]
    if want is None or not fields:
        return
    record = facts.resource.records.eip or EipRecord()
    if fields == [FIELD]:
        yield Candidate(_next(facts, want, server, record))
        return
    if f"{FIELD}.bandwidth" in fields and want.bandwidth is not None:
        yield Candidate(_changed(facts, want.bandwidth, server, record))
    if fixed := [field for field in fields if field != f"{FIELD}.bandwidth"]:
        yield Candidate(
            Hold(
                Reason.IMMUTABLE_FIELD,
                f"{', '.join(fixed)} counts when an EIP is made, and {record.label} is made. Set it back; or "
                "declare eip: {none: true}, which has this one deleted, and then the other one.",
            )
        )


def _matches(want: EipSpec, record: EipRecord) -> bool:
    """Return whether the record is of what *want* speaks of."""
    if not record.held or want.bandwidth is not None:
        return record.held and record.origin == MADE
    return record.origin == GIVEN and (want.id == record.id if want.id else want.name == record.ref)


def _next(facts: Facts, want: EipSpec, server: Observed, record: EipRecord) -> Step:
    if want.none:
        return dropped(facts, record)
    if not record.held:
        return _begun(facts, want, server, record)
    if not _matches(want, record):
        before = _another(facts, want, record) if want.bandwidth is None else None
        return before or dropped(facts, record)
    if record.origin == MADE and record.made_at is None:
        return made(facts, want, record)
    return _bound(facts, want, server, record)


# -- which one -------------------------------------------------------------------------------------------
def _begun(facts: Facts, want: EipSpec, server: Observed, record: EipRecord) -> Step:
    """Return the step that leads to a record of the EIP."""
    shown = server.details.eip if server.details is not None else None
    if want.bandwidth is not None:
        return _another_there(shown) if shown is not None else begun(facts, want, record)
    target = _target(facts, want)
    if not isinstance(target, str):
        return target
    known = known_look(facts, target) if shown is not None else None
    if known is not None and known.state is not None and known.state.address != shown:
        return _another_there(shown or "")
    state = _takeable(facts, target)
    if not isinstance(state, EipState):
        return state
    if shown is not None and shown != state.address:
        return _another_there(shown)
    return RecordEip(
        shown_in(EipRecord(attempt=record.attempt, id=target, origin=GIVEN, ref=want.name), state)
    )


def _another(facts: Facts, want: EipSpec, record: EipRecord) -> Step | None:
    """Return what comes before the recorded EIP gives way to the one that *want* names, None for nothing."""
    target = _target(facts, want)
    if not isinstance(target, str):
        return target
    if target == record.id:
        return RecordEip(replace(record, origin=GIVEN, ref=want.name))
    state = _takeable(facts, target)
    return None if isinstance(state, EipState) else state


def _target(facts: Facts, want: EipSpec) -> str | Step:
    """Return the id of an EIP that exists, or what comes before that is known."""
    if want.id is not None:
        return want.id
    return resolved(facts, Reference(Kind.ELASTIC_IP, want.name or ""), f"{FIELD}.name")


def _takeable(facts: Facts, one_id: str) -> EipState | Step:
    """Return what EIP *one_id* is like, or what keeps it from being taken."""
    look = fresh_look(facts, one_id)
    if look is None:
        return read(facts, one_id)
    if look.state is None:
        return _missing(one_id)
    return foreign(facts, one_id, f"EIP {one_id}", look.state) or look.state


def _missing(one_id: str) -> Hold:
    return Hold(
        Reason.REFERENCE_NOT_FOUND,
        f"The project sees no EIP {one_id}, of which spec.server.eip speaks. Correct the spec.",
    )


def _another_there(address: str) -> Hold:
    return Hold(
        Reason.EIP_UNAVAILABLE,
        f"The server has the EIP {address}, which this object has not given it, so that is left alone and no "
        "other can be bound. Dissociate it in the cloud, or give its id in spec.server.eip.",
    )


# -- binding ---------------------------------------------------------------------------------------------
def _bound(facts: Facts, want: EipSpec, server: Observed, record: EipRecord) -> Step:
    """Return the step that brings the recorded EIP to the server, which does not show it."""
    one_id, asked = record.id or "", asked_for(facts.intent)
    if record.refusal is not None and record.refused_for == asked:
        spent = HeldBack(kind_of(BindEip(server.id, one_id)), Reason.INVALID_SPEC, record.refusal)
        return Hold(Reason.INVALID_SPEC, record.refusal, spent=(spent,))
    look, other = fresh_look(facts, one_id), server.details.eip if server.details is not None else None
    if look is None:
        return _as_before(facts, server, record, other) or read(facts, one_id)
    state = look.state
    if state is None:
        return followed(facts, want, record) if record.origin == MADE else _gone(want, record)
    known = shown_in(replace(record, refusal=None, refused_for=None), state)
    if state.holder_id == server.id:
        return RecordEip(known) if known != record else _unshown(facts, server, record, look.at)
    if (held := foreign(facts, one_id, record.label, state)) is not None:
        return held
    if other is not None:
        return _another_there(other)
    if state.holder_id is not None:
        return bound_elsewhere(facts, one_id, record.label, state)
    if state.moving:
        return at_work(facts, record)
    return RecordEip(known) if known != record else BindEip(server.id, one_id)


def _as_before(facts: Facts, server: Observed, record: EipRecord, other: str | None) -> Step | None:
    """Return what an older look, which is good for longer, still says of what a person has to end."""
    older = known_look(facts, record.id or "")
    if older is None or older.state is None:
        return None
    if older.state.holder_id == server.id:
        return _unshown(facts, server, record, older.at) if shown_in(record, older.state) == record else None
    return _another_there(other) if other is not None else None


def _gone(want: EipSpec, record: EipRecord) -> Step:
    """Return the step after a 404 of an EIP that was given: a name may be another's by now."""
    return RecordEip(record.emptied()) if want.name is not None else _missing(record.id or "")


def _unshown(facts: Facts, server: Observed, record: EipRecord, since: float) -> Step:
    """Return the step for an EIP that says that the server has it, which that does not show."""
    if facts.memory.looked_at is None or facts.memory.looked_at < since:
        return Look(server.id)
    return Hold(
        Reason.OPERATION_FAILED,
        f"{record.label} is bound to the server, which does not show it. Dissociate it in the cloud, and it "
        "is bound anew.",
        again_seconds(facts, record.id or "", still=True),
    )


def _changed(facts: Facts, bandwidth: int, server: Observed, record: EipRecord) -> Step:
    """Return the step to another bandwidth."""
    one_id = record.id or ""
    look = fresh_look(facts, one_id)
    if look is None:
        older = known_look(facts, one_id)
        if older is None or (older.state is not None and older.state.holder_id == server.id):
            return read(facts, one_id)
        look = older
    if look.state is None or look.state.holder_id != server.id:
        if facts.memory.looked_at is None or facts.memory.looked_at < look.at:
            return Look(server.id)  # most often the server shows it no more
        return _another_there(record.address or "")
    known = shown_in(record, look.state)
    if known != record:
        return RecordEip(known)
    return at_work(facts, record) if look.state.moving else ChangeEip(server.id, one_id, bandwidth)
