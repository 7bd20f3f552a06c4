"""
What became of the newest attempt to change how people get into a server.

    recorded     what is to be carried out stands in the status before it is sent
    done         the cloud accepted it, and the server came to rest by itself and without a failure; of a
                 password that the guest agent was to set: and the cloud says that one was set since
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
    LoginTry,
    LoginWrite,
    SetPassword,
    target_of,
)
from onecloud_operator.core.observed import Phase

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
    tried = facts.memory.login
    if tried is None or tried.step is None or not _worked(facts, server, tried):
        return None
    match tried.step:
        case DeployKeypair(keypair_id=keypair_id) if login.pending_keypair_id == keypair_id:
            spec = facts.resource.server_spec
            name = spec.keypair if spec is not None and keypair_id == wanted_id else None
            return RecordLogin(keypair_done(login, name, keypair_id))
        case SetPassword(secret=secret) | DeployPassword(secret=secret) if login.pending == secret:
            return RecordLogin(password_done(login, secret))
        case _:
            return None


def _worked(facts: Facts, server: Observed, tried: LoginTry) -> bool:
    if tried.failed or facts.reading.asked_at < tried.at or server.version <= tried.version:
        return False
    if isinstance(tried.step, SetPassword):
        set_at = server.details.login_set_at if server.details is not None else None
        return set_at is not None and set_at != tried.step.before
    return server.phase.stable


def vain(facts: Facts, step: SetPassword) -> bool:
    """Return whether the cloud accepted this password for this intent, and it was not set."""
    tried = facts.memory.login
    return (
        tried is not None
        and isinstance(tried.step, SetPassword)
        and tried.step.secret == step.secret
        and tried.intent == facts.intent
        and facts.reading.asked_at >= tried.at
    )


def settle_seconds(facts: Facts, login: LoginRecord, wanted: LoginWrite) -> float:
    """Return for how long another value that was sent may still come true; 0 if it cannot."""
    tried, moments = facts.memory.login or LoginTry(), [facts.now]
    kinds = DeployKeypair if isinstance(wanted, DeployKeypair) else (SetPassword, DeployPassword)
    if isinstance(tried.lost, kinds) and target_of(tried.lost) != target_of(wanted):
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
        tried = facts.memory.login
        if tried is None or not tried.recorded or _sent(tried, step):
            continue
        if keypair and isinstance(step, DeployKeypair) and step.keypair_id == login.pending_keypair_id:
            return RecordLogin(replace(login, pending_keypair_id=None))
        if password and not isinstance(step, DeployKeypair) and step.secret == login.pending:
            return RecordLogin(replace(login, pending=None))
    return None


def _sent(tried: LoginTry, step: LoginWrite) -> bool:
    """Return whether what *step* brings about may have come true by another try of it."""
    sent = (each for each in (tried.step, tried.lost) if each is not None)
    return any(target_of(each) == target_of(step) for each in sent)


# -- in the memory ---------------------------------------------------------------------------------------
def begun(login: LoginTry | None, record: LoginRecord) -> LoginTry | None:
    """Return what is remembered once *record* is written."""
    pending = record.pending is not None or record.pending_keypair_id is not None
    return replace(login or LoginTry(), recorded=True) if pending else login


def sent(facts: Facts, step: LoginWrite, ended_at: float) -> LoginTry:
    """Return what is remembered of *step*, which the cloud accepted."""
    before = facts.memory.login or LoginTry()
    if not before.recorded and before.lost is None:
        # An earlier process may have sent it just before it ended.
        before = replace(before, lost=step, lost_at=facts.memory.born_at)
    version = facts.server.version if facts.server is not None else 0
    return replace(before, step=step, at=ended_at, version=version, intent=facts.intent, failed=False)


def unheard(facts: Facts, step: LoginWrite, ended_at: float) -> LoginTry:
    """Return what is remembered of *step*, whose answer was lost."""
    return replace(facts.memory.login or LoginTry(), lost=step, lost_at=ended_at)


def rebuilding(login: LoginTry | None) -> LoginTry:
    """Return what is remembered once a root disk was asked for, by a request that may have come through."""
    return replace(login or LoginTry(), rebuilding=True)


def cut_short(login: LoginTry | None) -> LoginTry | None:
    """Return what is remembered once the cloud had to look at the server: its rest proves nothing then."""
    if login is None or not (login.rebuilding or (login.step is not None and not login.failed)):
        return login
    return replace(login, failed=login.step is not None, rebuilding=False)


def note_failure(login: LoginTry | None, reading: Reading) -> LoginTry | None:
    """Return what is remembered after *reading*."""
    server = reading.server
    failed = server is not None and server.phase is Phase.FAILED
    if login is None or not failed or reading.asked_at < login.at:
        return login
    return cut_short(login)
