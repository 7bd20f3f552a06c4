"""The record of key pair and password that an object begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.login_record import begun_login
from onecloud_operator.core.plan.attempt import unmade
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.login_record import LoginRecord


def login_now(facts: Facts) -> LoginRecord:
    """Return the record in which all that the spec says counts as carried out."""
    spec = facts.resource.server_spec
    source = spec.password_from if spec is not None else None
    return begun_login(text_of_time(facts.wall), source, facts.password)


def login_at_creation(facts: Facts, attempt: int) -> LoginRecord:
    """
    Return the record of what the server of *attempt* is made with.

    Where an earlier POST may have made it, its password stays on record: of two, the older one is set again.
    """
    before, creation = facts.resource.records.login, facts.resource.records.creation
    if before is None or creation is None or creation.attempt != attempt or unmade(facts):
        return login_now(facts)
    return before
