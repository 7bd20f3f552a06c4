"""
How people get into a server: its key pair and its password.

    key pair     compared with what the cloud shows; written into the disk of a stopped server
    password     compared with the record alone, since nobody shows it: another Secret or key in the spec, or,
                 with rotate, another version of the same one
                     runs, and its guest agent takes it    at once
                     else, an edit of the spec             written into the disk of a stopped server
                     else, a Secret that has changed       the same, but nothing is stopped for it

Each is recorded before it is sent, and until it was seen to be done (login_tries).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordLogin
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.login_record import use_of
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, SetPassword
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.create_only import Doubt
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.guards import look_up, still_coming
from onecloud_operator.core.plan.login_begun import login_now
from onecloud_operator.core.plan.login_tries import done_record, refused_record, settle_seconds, vain
from onecloud_operator.core.plan.retry import refused_for_good, same_intent
from onecloud_operator.core.plan.stops import Candidate, Purpose
from onecloud_operator.core.policies import rebuild_due
from onecloud_operator.core.references import Kind, Reference, Resolved, is_id, same_id
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.login_record import LoginRecord, SecretUse
    from onecloud_operator.core.observed import Details, Observed
    from onecloud_operator.core.resource import Resource

KEYPAIR, PASSWORD = "keypair", "passwordFrom"
_SENT = "sent, and not seen to be done"
_AGENT = (
    "Where the guest agent runs by now, the annotation onecloud.io/reconcile-requested-at has it tried again."
)


@dataclass(frozen=True, slots=True)
class WantedPassword:
    """
    A password that is to be set. *use*: of which version, None while that is not known.

    *rides*: the Secret alone has changed, and no server is stopped for that.
    """

    use: SecretUse | None
    rides: bool


@dataclass(frozen=True, slots=True)
class LoginForRebuild:
    """What a new root disk must be given again: the id of the key pair, and which password."""

    keypair_id: str | None
    password: SecretUse | None


def login_for_rebuild(facts: Facts, server: Observed) -> LoginForRebuild | Problem | None:
    """
    Return what is sent along with a new root disk; None: the Secret has not been read yet.

    A key pair that the spec does not name is kept, too.
    """
    spec, details = facts.resource.server_spec, server.details
    keypair_id = details.keypair_id if details is not None else None
    if (
        spec is not None
        and details is not None
        and isinstance(found := keypair_of(facts, spec, details), str)
    ):
        keypair_id = found
    if spec is None or spec.password_from is None:
        return LoginForRebuild(keypair_id, None)
    read = facts.password
    if read is None or isinstance(read, Problem):
        return read
    return LoginForRebuild(keypair_id, read)


def login_after_rebuild(facts: Facts) -> RecordLogin | None:
    """
    Return the record of what a new root disk was to take along, as of what may not be on it.

    None: it was seen to come to rest by itself and without a failure, or nothing was to go along.
    """
    spec, login, tried = facts.resource.server_spec, facts.resource.records.login, facts.memory.login
    if spec is None or login is None or tried.rebuilding:
        return None
    pending, pair = login.pending, login.pending_keypair_id
    if (
        pending is None
        and spec.password_from is not None
        and use_of(spec.password_from).of_same_key(login.password)
    ):
        pending = login.password
    if pair is None and spec.keypair is not None and spec.keypair == login.keypair:
        pair = login.keypair_id
    doubted = replace(login, pending=pending, pending_keypair_id=pair)
    return RecordLogin(doubted) if doubted != login else None


def secret_needed(resource: Resource) -> bool:
    """
    Return whether it must be known which version the password's Secret has.

    That is so while a password is to be set, or to go along with a new root disk; what ``rotate`` follows is
    read by itself now and then.
    """
    spec, login = resource.server_spec, resource.records.login
    if spec is None or spec.password_from is None or resource.deleting:
        return False
    if rebuild_due(resource):
        return True
    if login is None:
        return False
    return login.pending is not None or not use_of(spec.password_from).of_same_key(login.password)


# -- what differs ----------------------------------------------------------------------------------------
def login_differences(facts: Facts, spec: ServerSpec, details: Details) -> Iterator[Difference]:
    """Yield what differs of key pair and password."""
    login, found = facts.resource.records.login, keypair_of(facts, spec, details)
    if isinstance(found, str) and spec.keypair is not None:
        shown = details.keypair or details.keypair_id
        if not same_id(found, details.keypair_id):
            yield Difference(KEYPAIR, spec.keypair, shown)
        elif login is not None and login.pending_keypair_id is not None:
            yield Difference(KEYPAIR, spec.keypair, f"{shown} ({_SENT})")
    wanted = password_wanted(facts, spec)
    if wanted is None or login is None or spec.password_from is None:
        return
    want, have = wanted.use or use_of(spec.password_from), login.password
    if login.pending is not None:
        yield Difference(PASSWORD, str(want), f"{have or 'another'} ({login.pending}: {_SENT})")
    else:
        yield Difference(PASSWORD, str(want), str(have) if have is not None else None)


def login_doubts(facts: Facts, spec: ServerSpec, details: Details) -> Iterator[Doubt]:
    """Yield what cannot be compared, since the name of the key pair leads to no id."""
    if isinstance(found := keypair_of(facts, spec, details), Doubt):
        yield found


def keypair_of(facts: Facts, spec: ServerSpec, details: Details) -> str | Doubt | None:
    """
    Return the id of the key pair that the spec names, or why it is not known.

    None: it names none, or it is not known which the server has.
    """
    want = spec.keypair
    if want is None or (details.keypair_id is None and not details.owner_known):
        return None  # what an older status recalls may lack it
    login = facts.resource.records.login
    if login is not None and login.keypair == want and login.keypair_id is not None:
        return login.keypair_id  # whatever has that name by now
    if same_id(want, details.keypair_id) or (details.keypair_id and same_id(want, details.keypair)):
        return details.keypair_id
    if is_id(want):
        return want.lower()
    reference = Reference(Kind.KEYPAIR, want)
    answer = facts.names.get(reference)
    return answer.id if isinstance(answer, Resolved) else Doubt(KEYPAIR, reference, answer)


def password_wanted(facts: Facts, spec: ServerSpec) -> WantedPassword | None:
    """Return the password that is to be set; None: what the spec says is carried out, as far as is known."""
    login, source = facts.resource.records.login, spec.password_from
    if login is None or source is None:
        return None
    named, last, read = use_of(source), login.password, facts.password
    use = read if not isinstance(read, Problem) and named.of_same_key(read) else None
    if not named.of_same_key(last):
        return WantedPassword(use, rides=False)
    if login.pending is not None:
        return WantedPassword(use, rides=login.pending.of_same_key(last))
    if not source.rotate or last is None or last.version is None:
        return None
    if use is None:
        return WantedPassword(None, rides=True) if isinstance(read, Problem) else None
    return WantedPassword(use, rides=True) if (use.uid, use.version) != (last.uid, last.version) else None


# -- what is done ----------------------------------------------------------------------------------------
def login_steps(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Iterator[Candidate]:
    """Yield what comes first, whatever the server does: records, and what keeps a password from being set."""
    login = facts.resource.records.login
    if server.details is None or not {KEYPAIR, PASSWORD} & set(by_field):
        return
    if login is None:
        yield Candidate(RecordLogin(login_now(facts)))
        return
    keypair_id = keypair_of(facts, spec, server.details)
    if (record := done_record(facts, server, login, keypair_id)) is not None:
        yield Candidate(record)
    password = password_wanted(facts, spec) if PASSWORD in by_field else None
    unwanted = refused_record(
        facts,
        login,
        password=password is not None and password.use is not None and password.use != login.pending,
        keypair=isinstance(keypair_id, str) and keypair_id != login.pending_keypair_id,
    )
    if unwanted is not None:
        yield Candidate(unwanted)
    if isinstance(keypair_id, str) and KEYPAIR in by_field:
        yield from _settling(facts, login, DeployKeypair(server.id, keypair_id))
    if password is None:
        return
    if password.use is not None:
        yield from _settling(facts, login, DeployPassword(server.id, password.use))
    elif isinstance(facts.password, Problem):
        yield Candidate(Hold(facts.password.reason, facts.password.message))
    else:
        yield Candidate(Hold(Reason.UPDATING, "The Secret of the password has not been read yet.", 5.0))


def _settling(facts: Facts, login: LoginRecord, step: DeployKeypair | DeployPassword) -> Iterator[Candidate]:
    if (seconds := settle_seconds(facts, login, step)) > 0.0:
        field = KEYPAIR if isinstance(step, DeployKeypair) else PASSWORD
        yield Candidate(still_coming(field, seconds))


def login_lookups(facts: Facts, doubts: Iterable[Doubt]) -> Iterator[Candidate]:
    """Yield the question for the key pair's id, which comes before a stop: one stop is for everything."""
    for doubt in doubts:
        if doubt.field == KEYPAIR and (step := look_up(facts, doubt.reference)) is not None:
            yield Candidate(step)


def login_purposes(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Iterator[Purpose]:
    """Yield what of the login differs, among *by_field*, and can be sent now."""
    login = facts.resource.records.login
    if login is None or server.details is None:
        return
    keypair_id = keypair_of(facts, spec, server.details)
    if KEYPAIR in by_field and isinstance(keypair_id, str):
        keypair = DeployKeypair(server.id, keypair_id)
        if settle_seconds(facts, login, keypair) <= 0.0:
            yield Purpose(keypair, (KEYPAIR,))
    wanted = password_wanted(facts, spec) if PASSWORD in by_field else None
    if wanted is None or wanted.use is None:
        return
    step = DeployPassword(server.id, wanted.use)
    if settle_seconds(facts, login, step) > 0.0:
        return
    live = _live(facts, spec, server, wanted.use, login)
    refusal = f"The guest agent did not take the password. {_AGENT}" if live is None else ""
    yield Purpose(step, (PASSWORD,), live=live, rides=wanted.rides, refusal=refusal)


def _live(
    facts: Facts, spec: ServerSpec, server: Observed, use: SecretUse, login: LoginRecord
) -> Step | None:
    """Return how the password is set while the server runs; None: it is not, or was tried in vain."""
    details = server.details
    if server.phase is not Phase.RUNNING or details is None:
        return None
    if login.unanswered == use.version and same_intent(facts.resource):
        return None
    if not details.owner_known and facts.memory.looked_version != server.version:
        return Look(server.id)  # the status that it was recalled from does not tell
    account = spec.admin_user or details.login_account
    if account is None:
        return None
    step = SetPassword(server.id, use, account, details.login_set_at)
    if vain(facts, step) or refused_for_good(facts, step) is not None:
        return RecordLogin(replace(login, pending=use, unanswered=use.version))
    return step
