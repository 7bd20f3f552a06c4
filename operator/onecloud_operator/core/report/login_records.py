"""What is put on record of key pair and password without a step of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import RecordLogin
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.login_record import SecretUse, keypair_done
from onecloud_operator.core.ownership import forged
from onecloud_operator.core.plan.login import keypair_of
from onecloud_operator.core.plan.login_begun import login_now
from onecloud_operator.core.plan.retry import same_intent
from onecloud_operator.core.policies import observing
from onecloud_operator.core.references import same_id

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.login_record import LoginRecord
    from onecloud_operator.core.records import Records


def login_noted(facts: Facts, step: Step, records: Records) -> Records:
    """
    Return *records*, those after *step*, with what is to be known of the login of an object's own server.

    An object without a record gets it from today's spec, with no action: nobody knows what was carried out.
    """
    if isinstance(step, RecordLogin):
        return replace(records, login=step.login)
    if records.bound_id is None or facts.resource.deleting:
        return records
    if observing(facts.resource) or forged(facts.resource) or facts.resource.spec is None:
        return records
    login = records.login
    if login is None:
        return replace(records, login=login_now(facts))
    if login.unanswered is not None and not same_intent(facts.resource):
        login = replace(login, unanswered=None)
    last, read = login.password, facts.password
    if last is not None and last.version is None and isinstance(read, SecretUse) and last.of_same_key(read):
        login = replace(login, password=read)  # nobody knows which one it was
    login = _with_keypair(facts, login)
    return records if login == records.login else replace(records, login=login)


def _with_keypair(facts: Facts, login: LoginRecord) -> LoginRecord:
    """Return *login* with the key pair that the spec names, once it is seen that the server has it."""
    spec, server = facts.resource.server_spec, facts.server
    if spec is None or spec.keypair in {None, login.keypair} or login.pending_keypair_id is not None:
        return login
    if server is None or server.id != facts.resource.records.bound_id or not facts.fresh:
        return login
    details = server.details
    if details is None or not server.detailed or not server.phase.stable or details.keypair_id is None:
        return login
    found = keypair_of(facts, spec, details)
    if not isinstance(found, str) or not same_id(found, details.keypair_id):
        return login
    return keypair_done(login, spec.keypair, details.keypair_id)
