"""
How a server that is already there is taken over, or only watched.

    adopt     find → whose is it? → finalizer → record id and place → owner tags (plan.py claims them)
    observe   find → read; no finalizer, no tag, nothing is ever sent
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import TAKE_OVER
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginAdoption,
    Find,
    Hold,
    Look,
    RemoveFinalizer,
    Settled,
)
from onecloud_operator.core.cloud_writes import Create
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import bound_id, has_own_server, once_ours, target_id
from onecloud_operator.core.plan import create, restore
from onecloud_operator.core.policies import observing
from onecloud_operator.core.tenancy import named

if TYPE_CHECKING:
    from onecloud_operator.api.spec import Adoption
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed, Owner
    from onecloud_operator.core.resource import Resource

FIND_AGAIN_SECONDS = 60.0
CREATE_ON_FIND_SECONDS = 5.0  # how old the find may be on which a server is made
UID_LENGTH = 256  # the CRD's bound of status.takenOverFrom
FOUND_SECONDS = 1.0  # until the feed has read a server that was just found


def adopt(facts: Facts) -> Step:
    """Return the next step of an object that is to take over a server and has none yet."""
    wanted, at = search_of(facts.resource), facts.memory.found_at
    if (search := _search(facts, wanted)) is not None:
        return search
    if at is None or facts.now - at >= FIND_AGAIN_SECONDS:
        return wanted  # what was called so then may be called otherwise by now
    candidates = facts.candidates or ()
    found = [server for server in candidates if not server.recycled]
    if not found:
        if _policy(facts.resource) == "AdoptOrCreate":
            begun = facts.resource.records.creation is not None
            step = create.go_on(facts) if begun else create.begin(facts, attempt=1)
            # Somebody may have made one of that name since.
            late = isinstance(step, Create) and facts.now - at >= CREATE_ON_FIND_SECONDS
            return wanted if late else step
        if candidates and restore.asks_for(facts.resource, candidates[0]):
            return restore.begin(facts, candidates[0])
        if candidates:
            return Hold(Reason.SERVER_NOT_FOUND, restore.IN_BIN)
        return _not_found(facts)
    if len(found) > 1:
        return _ambiguous(facts)
    server = found[0]
    if (hold := restore.on_its_way(facts, server)) is not None:
        return hold
    rival = _rival(facts, server)
    if rival is not None and not may_take_over(facts, server):
        return owned(facts, server, rival)
    if not facts.resource.held:
        return AddFinalizer()
    if facts.place is None:
        return Hold(Reason.NOT_YET_OBSERVED, "The credentials have not been tried yet.")
    return BeginAdoption(server.id, facts.place, rival.uid if rival is not None else None)


def may_take_over(facts: Facts, server: Observed) -> bool:
    """
    Return whether a person declared the server's owner, of another cluster, gone for good.

    Once the adoption is recorded, it is for that owner only: two clusters that both confirm it must not take
    the server from one another for ever.
    """
    resource, owner = facts.resource, server.owner
    if owner is None or owner.uid not in facts.strangers or not resource.confirms(TAKE_OVER, server.id):
        return False
    if len(owner.uid) > UID_LENGTH or not facts.all_known:
        return False
    return resource.records.adopted_at is None or resource.records.taken_from == owner.uid


def owned(facts: Facts, server: Observed, owner: Owner) -> Hold:
    """Hold an adoption of a server that another object owns, and name the ways out."""
    living = "While that object lives, delete it with deletionPolicy: Retain first."
    if owner.uid not in facts.strangers:
        held = f"The server is owned by {named(facts, owner)}. {living}"
        return Hold(Reason.OWNED_BY_ANOTHER, held, _search_seconds(facts))
    return Hold(
        Reason.OWNED_BY_ANOTHER,
        f"The server is owned by {named(facts, owner)}, which is not this cluster "
        f"({facts.config.cluster[:64]}). {living} "
        "If that cluster is gone, or this is the same one under another name, set the annotation "
        f"{TAKE_OVER}: {server.id} on this object to take the server over.",
        _search_seconds(facts),
        look_seconds=None if facts.all_known else FOUND_SECONDS,
    )


def _rival(facts: Facts, server: Observed) -> Owner | None:
    """Return the owner of *server*, if it is another object that lives or may live."""
    owner = server.owner
    if owner is None or owner.uid == facts.resource.uid or owner.uid not in facts.rivals:
        return None
    return None if once_ours(owner, facts.resource, facts.config) else owner


def observe(facts: Facts) -> Step:
    """Return the step for an object that only watches: a look at most."""
    if facts.resource.held:
        return RemoveFinalizer("Observed")
    if has_own_server(facts.resource):
        return _observe_own(facts, bound_id(facts.resource))
    server, reading, wanted = facts.server, facts.reading, search_of(facts.resource)
    if reading.missing and (server_id := watched_id(facts.resource, facts.candidates)) is not None:
        return Look(server_id)
    if server is None or (wanted.name is not None and server.name != wanted.name):
        if wanted.server_id is not None and not reading.gone:
            return Hold(Reason.NOT_YET_OBSERVED, "The server has not been read yet.", unread=True)
        if (search := _search(facts, wanted)) is not None:
            return search
        if len(facts.candidates or ()) > 1:
            return _ambiguous(facts)
        if facts.candidates:
            wait = FOUND_SECONDS if server is None else FIND_AGAIN_SECONDS
            return Hold(Reason.NOT_YET_OBSERVED, "The server has just been found.", wait, unread=True)
        return _not_found(facts)
    return _observed(facts, server)


def candidates_of(facts: Facts) -> tuple[Observed, ...] | None:
    """Return what the last search brought, or None if the object asks for another one by now."""
    found = facts.memory.found
    return found[1] if found is not None and found[0] == search_of(facts.resource) else None


def watched_id(resource: Resource, candidates: tuple[Observed, ...] | None) -> str | None:
    """Return the id whose readings the object needs, once its search brought *candidates*."""
    server_id = target_id(resource)
    # The find counts, not the status, unless the object has a server of its own.
    by_name = observing(resource) and search_of(resource).name is not None and not has_own_server(resource)
    if candidates and len(candidates) == 1 and (server_id is None or by_name):
        return candidates[0].id
    return server_id


def _observe_own(facts: Facts, own: str) -> Step:
    """Return the step for an object that made or adopted a server, and is to look at it only."""
    adoption = facts.resource.spec.adoption if facts.resource.spec else None
    server, name = facts.server, adoption.name if adoption else None
    renamed = name is not None and server is not None and server.name != name
    if renamed or (adoption is not None and adoption.id not in {None, own}):
        return Hold(
            Reason.IMMUTABLE_FIELD,
            f"This object has a server of its own, {own}, so it cannot observe another one. Name that one in "
            "spec.adoption or none, and make a new object for the other.",
        )
    if facts.reading.gone:
        return Hold(
            Reason.EXTERNALLY_DELETED,
            "The server was deleted in the cloud, not by this object. Delete this object.",
        )
    if facts.reading.missing:
        return Look(own)
    if server is None:
        return Hold(Reason.NOT_YET_OBSERVED, "The server has not been read yet.", unread=True)
    return _observed(facts, server)


def _observed(facts: Facts, server: Observed) -> Step:
    if server.recycled:
        return Hold(
            Reason.IN_RECYCLE_BIN,
            "The server is in the cloud's recycle bin. Restore it in the cloud, or observe another one.",
        )
    if server.phase is Phase.UNKNOWN:
        return Hold(Reason.SERVER_UNKNOWN, "The cloud has lost contact with the server's host.")
    if server.phase is Phase.STOPPED and not facts.reading.confirmed:
        return Hold(
            Reason.NOT_YET_OBSERVED, "Waiting for a second look at the server.", FOUND_SECONDS, unread=True
        )
    return Settled()


def search_of(resource: Resource) -> Find:
    """Return the question whose answer is the server to adopt or to observe."""
    adoption: Adoption | None = resource.spec.adoption if resource.spec else None
    if adoption is not None and adoption.id is not None:
        return Find(server_id=adoption.id)
    if adoption is not None and adoption.name is not None:
        return Find(name=adoption.name)
    server = resource.server_spec
    return Find(name=server.name if server else None)


def _search(facts: Facts, wanted: Find) -> Find | None:
    at = facts.memory.found_at
    if facts.candidates is None or at is None or facts.memory.found_intent != facts.intent:
        return wanted
    # A single find is acted on at once; anything else may change in the cloud, and is asked for again.
    settled = len(facts.candidates) == 1 and not _refused(facts, facts.candidates[0])
    server, later = facts.server, facts.reading.asked_at > at
    renamed = server is not None and wanted.name is not None and server.name != wanted.name
    if settled and later and (facts.reading.gone or renamed):
        return wanted  # what was found is gone since, or called otherwise
    settled = settled and not renamed
    return None if settled or facts.now - at < FIND_AGAIN_SECONDS else wanted


def asked_for(facts: Facts, server: Observed) -> bool:
    """Return whether *server* is the one that the spec asks to adopt; the status may say what it likes."""
    wanted = facts.resource.spec.adoption if facts.resource.spec else None
    if wanted is None or wanted.policy == "Never" or facts.place is None:
        return False
    if server.project_id != facts.place.project_id:
        return False
    if wanted.id is not None:
        return server.id == wanted.id
    own = facts.resource.server_spec
    return server.name in {wanted.name, own.name if own else None} - {None}


def _refused(facts: Facts, server: Observed) -> bool:
    return server.recycled or (server.owner is not None and server.owner.uid != facts.resource.uid)


def _policy(resource: Resource) -> str:
    return resource.spec.adoption.policy if resource.spec and resource.spec.adoption else "Never"


def _search_seconds(facts: Facts) -> float:
    """Return in how many seconds it is searched again."""
    at = facts.memory.found_at
    return FIND_AGAIN_SECONDS if at is None else max(at + FIND_AGAIN_SECONDS - facts.now, 0.0)


def _not_found(facts: Facts) -> Hold:
    wanted = search_of(facts.resource)
    what = f"id {wanted.server_id}" if wanted.server_id else f"name {wanted.name}"
    return Hold(
        Reason.SERVER_NOT_FOUND,
        f"The project has no server of {what}. Correct spec.adoption, or make the server in the cloud.",
        _search_seconds(facts),
    )


def _ambiguous(facts: Facts) -> Hold:
    return Hold(
        Reason.AMBIGUOUS_NAME,
        f"More than one server is called {search_of(facts.resource).name}. Name the one by adoption.id.",
        _search_seconds(facts),
    )
