"""
What became of the newest attempt to change how people get into a server.

    recorded     what is to be carried out stands in the status before it is sent
    done         the cloud accepted it, and the server came to rest by itself and without a failure; of a
                 key pair: and the cloud shows it; of a password that the guest agent was to set: and the
                 cloud says that one was set since
    lost         nobody knows; the same may be sent again, but another value only when the lost one cannot
                 come true any more, or the older password would win
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import RecordLogin
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.login_record import keypair_done, password_done
from onecloud_operator.core.login_writes import (
    DeployKeypair,
    DeployPassword,
    LoginTries,
    LoginTry,
    LoginWrite,
    SetPassword,
    target_of,
)
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.references import same_id

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.login_record import LoginRecord
    from onecloud_operator.core.observed import Observed, Reading


def done_record(facts: Facts, server: Observed, login: LoginRecord, wanted_id: object) -> RecordLogin | None:
    """
    Return the record of what was seen to be done, of that which was pending.

    *wanted_id*: of the key pair that the spec names by now, which need not be the one that was sent.
    """
    for tried in (facts.memory.login.password, facts.memory.login.keypair):
        if tried.step is None or not _worked(facts, server, tried):
            continue
        match tried.step:
            case DeployKeypair(keypair_id=keypair_id) if login.pending_keypair_id == keypair_id:
                spec = facts.resource.server_spec
                name = spec.keypair if spec is not None and keypair_id == wanted_id else None
                return RecordLogin(keypair_done(login, name, keypair_id))
            case SetPassword(secret=secret) | DeployPassword(secret=secret) if login.pending == secret:
                return RecordLogin(password_done(login, secret))
            case _:
                pass
    return None


def _worked(facts: Facts, server: Observed, tried: LoginTry) -> bool:
    if tried.failed or facts.reading.asked_at < tried.at or server.version <= tried.version:
        return False
    details = server.details
    if isinstance(tried.step, SetPassword):
        set_at = details.login_set_at if details is not None else None
        return set_at is not None and set_at != tried.step.before
    if isinstance(tried.step, DeployKeypair) and (
        details is None or not same_id(tried.step.keypair_id, details.keypair_id)
    ):
        return False  # the cloud shows it from the first moment on: another hand has changed the server
    return server.phase.stable


def vain(facts: Facts, step: SetPassword) -> bool:
    """Return whether the cloud accepted this password for this intent, and it was not set."""
    tried = facts.memory.login.password
    return (
        isinstance(tried.step, SetPassword)
        and tried.step.secret == step.secret
        and tried.intent == facts.intent
        and facts.reading.asked_at >= tried.at
    )


def settle_seconds(facts: Facts, login: LoginRecord, wanted: LoginWrite) -> float:
    """Return for how long another value that was sent may still come true; 0 if it cannot."""
    tried, moments = _of(facts.memory.login, wanted), [facts.now]
    if tried.lost is not None and target_of(tried.lost) != target_of(wanted):
        moments.append(tried.lost_at + facts.config.post_settle_seconds)
    pending = login.pending_keypair_id if isinstance(wanted, DeployKeypair) else login.pending
    if pending is not None and pending != target_of(wanted) and not tried.recorded:
        # Another process sent it, or was about to.
        moments.append(facts.memory.born_at + facts.config.post_settle_seconds)
    return max(moments) - facts.now


def recorded_first(facts: Facts, step: Step) -> RecordLogin | None:
    """Return the record that comes before *step*, None if it stands in the status."""
    login = facts.resource.records.login
    if login is None or not isinstance(step, LoginWrite):
        return None
    if isinstance(step, DeployKeypair):
        pending = replace(login, pending_keypair_id=step.keypair_id)
    else:
        pending = replace(login, pending=step.secret)
    return None if pending == login else RecordLogin(pending)


def refused_record(facts: Facts, login: LoginRecord, *, password: bool, keypair: bool) -> RecordLogin | None:
    """
    Return the record without what was refused outright, of what is not wanted any more.

    *password*, *keypair*: which of the two is pending and unwanted.
    """
    for refusal in facts.memory.refusals.values():
        step = refusal.step
        if refusal.problem.ambiguous or not isinstance(step, LoginWrite):
            continue
        if not _of(facts.memory.login, step).unsent:
            continue
        if keypair and isinstance(step, DeployKeypair) and step.keypair_id == login.pending_keypair_id:
            return RecordLogin(replace(login, pending_keypair_id=None))
        if password and not isinstance(step, DeployKeypair) and step.secret == login.pending:
            return RecordLogin(replace(login, pending=None))
    return None


def _of(tries: LoginTries, step: LoginWrite) -> LoginTry:
    return tries.keypair if isinstance(step, DeployKeypair) else tries.password


# -- in the memory ---------------------------------------------------------------------------------------
def begun(facts: Facts, record: LoginRecord) -> LoginTries:
    """Return what is remembered once *record* is written."""
    tries, before = facts.memory.login, facts.resource.records.login
    old = (before.pending, before.pending_keypair_id) if before is not None else (None, None)
    # What is pending again as it was carried out is what may not have lasted.
    password = _begun(tries.password, old[0], record.pending, doubt=record.pending == record.password)
    pair = record.pending_keypair_id
    keypair = _begun(tries.keypair, old[1], pair, doubt=pair == record.keypair_id)
    return replace(tries, password=password, keypair=keypair)


def _begun(tried: LoginTry, before: object, now: object, *, doubt: bool) -> LoginTry:
    """Return what is remembered of a kind of which *now* is pending, after *before*; None: nothing is."""
    if now is None or now == before:
        return tried
    return replace(tried, recorded=True, unsent=not doubt and (before is None or tried.unsent))


def sent(facts: Facts, step: LoginWrite, ended_at: float) -> LoginTries:
    """Return what is remembered of *step*, which the cloud accepted."""
    before = _of(facts.memory.login, step)
    if not before.recorded and before.lost is None:
        # An earlier process may have sent it just before it ended.
        before = replace(before, lost=step, lost_at=facts.memory.born_at)
    version = facts.server.version if facts.server is not None else 0
    done = replace(
        before, step=step, at=ended_at, version=version, intent=facts.intent, failed=False, unsent=False
    )
    return _with(facts.memory.login, step, done)


def unheard(facts: Facts, step: LoginWrite, ended_at: float) -> LoginTries:
    """Return what is remembered of *step*, whose answer was lost."""
    tries = facts.memory.login
    return _with(tries, step, replace(_of(tries, step), lost=step, lost_at=ended_at, unsent=False))


def _with(tries: LoginTries, step: LoginWrite, tried: LoginTry) -> LoginTries:
    if isinstance(step, DeployKeypair):
        return replace(tries, keypair=tried)
    return replace(tries, password=tried)


def rebuilding(tries: LoginTries) -> LoginTries:
    """Return what is remembered once a root disk was asked for, by a request that may have come through."""
    return replace(tries, rebuilding=True)


def cut_short(tries: LoginTries) -> LoginTries:
    """Return what is remembered once the cloud had to look at the server: its rest proves nothing then."""
    return _failed(tries, float("inf"))


def _failed(tries: LoginTries, at: float) -> LoginTries:
    """Return what is remembered once what was sent until *at* may not have come to a good end."""
    password, keypair = (
        replace(one, failed=True) if one.step is not None and not one.failed and one.at <= at else one
        for one in (tries.password, tries.keypair)
    )
    rebuilding = tries.rebuilding and at < max(password.at, keypair.at)
    now = LoginTries(password, keypair, rebuilding)
    return tries if now == tries else now


def note_failure(tries: LoginTries, reading: Reading) -> LoginTries:
    """Return what is remembered after *reading*."""
    server = reading.server
    if server is None or server.phase is not Phase.FAILED:
        return tries
    return _failed(tries, reading.asked_at)
