"""
How an edit of the image makes the root disk anew, at most once for each edit.

    text as in the record     nothing, whatever the cloud shows, and whatever the name stands for by now
    it is the disk's image    only the record's text changes
    else, if it may be        stop → record → rebuild → start (update.py)
    asked, and the new disk   done; if not seen to the end, its login is written once more (login.py)
    asked, and the old disk   at rest, at the same version, long since: once more; else told, and not repeated
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onecloud_operator.api.fixed import IMAGE
from onecloud_operator.core.actions import Hold, RecordImage, RecordLogin
from onecloud_operator.core.disk_ids import root_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.image_record import ImageRecord, RebuildRecord, same_image
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.guards import look_up
from onecloud_operator.core.plan.image_holds import (
    awaited,
    first_declared,
    inactive,
    not_allowed,
    uncertain,
    without_effect,
    without_login,
)
from onecloud_operator.core.plan.login import LoginForRebuild, login_after_rebuild, login_for_rebuild
from onecloud_operator.core.plan.stops import Candidate, Purpose
from onecloud_operator.core.policies import allows
from onecloud_operator.core.references import (
    Ambiguous,
    Kind,
    Missing,
    Reference,
    Resolved,
    UnderWay,
    Unknown,
    is_id,
    why_unresolved,
)
from onecloud_operator.core.values import text_of_time, time_of_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Disk, Observed
    from onecloud_operator.core.plan.diff import Difference
    from onecloud_operator.core.resource import Resource


def uncompared(resource: Resource) -> bool:
    """Return whether it is open if the root disk is of the image that the spec declares, without an edit."""
    record, spec = resource.records.image, resource.server_spec
    if record is None:
        return True
    return record.id is None and spec is not None and record.text == spec.image


def rebuilt_record(facts: Facts, server: Observed) -> RecordImage | RecordLogin | None:
    """
    Return the record of a rebuild that is seen to be done, whatever the spec says by now.

    The new disk is shown before the login is on it, so that is put in doubt first, where it has to be.
    """
    record, root = facts.resource.records.image, root_of(facts.resource, server)
    rebuild = record.rebuild if record is not None else None
    if rebuild is None or root is None or not same_image(root.image_id, rebuild.id):
        return None
    return login_after_rebuild(facts) or RecordImage(ImageRecord(rebuild.text, rebuild.id))


def pending_seconds(facts: Facts, server: Observed) -> float:
    """Return for how long a rebuild that the cloud was asked for may still begin, as *server* shows; or 0."""
    record = facts.resource.records.image
    rebuild = record.rebuild if record is not None else None
    if rebuild is None or _unsent(facts, rebuild) or not _as_before(facts, server, rebuild):
        return 0.0
    since = time_of_text(rebuild.since)
    if since is None:
        return 0.0
    settle = facts.config.post_settle_seconds
    # What counts is when the server was last seen to be the same.
    read = (facts.wall - since).total_seconds() - (facts.now - facts.reading.asked_at)
    return max(settle - read, 0.0) if read >= -settle else 0.0


def rebuild_awaited(facts: Facts, server: Observed, fields: Container[str]) -> Candidate | None:
    """Return the hold while a rebuild may still begin: any other step would hide whether it has."""
    seconds = pending_seconds(facts, server) if IMAGE in fields else 0.0
    return Candidate(awaited(max(seconds, 1.0)), last=True) if seconds > 0 else None


def image_change(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Candidate | Purpose | None:
    """Return what is done about the image, if it is among *by_field*."""
    if IMAGE not in by_field or spec.image is None:
        return None
    record = facts.resource.records.image
    if record is None or record.text == spec.image:
        return None  # an adopted server, see first_image
    if (root := root_of(facts.resource, server)) is None:
        return Candidate(uncertain())
    found = _resolved(facts, record, spec.image)
    if not isinstance(found, str):
        return found
    if same_image(found, root.image_id):
        return Candidate(RecordImage(ImageRecord(spec.image, found)))
    if not allows(facts.resource, "Rebuild"):
        return Candidate(not_allowed(record.text, spec.image))
    login = login_for_rebuild(facts, server)  # before the server is stopped for it
    if not isinstance(login, LoginForRebuild):
        return Candidate(without_login(login))
    step = Rebuild(server.id, found, login.keypair_id, login.password)
    if _spent(facts, server, record, spec.image):
        return Candidate(without_effect(facts, step, spec.image))
    return Purpose(step, (IMAGE,))


def first_image(facts: Facts, spec: ServerSpec, by_field: Mapping[str, Difference]) -> Iterator[Candidate]:
    """Yield the hold for an adopted server of another image than the spec was the first to declare."""
    record = facts.resource.records.image
    if IMAGE in by_field and (record is None or record.text == spec.image):
        yield Candidate(first_declared(by_field[IMAGE]))


def recorded_first(facts: Facts, server: Observed, step: Step) -> Step:
    """Return *step*, or what comes before a rebuild: its record."""
    record, root, spec = (
        facts.resource.records.image,
        root_of(facts.resource, server),
        facts.resource.server_spec,
    )
    if not isinstance(step, Rebuild) or record is None or root is None or spec is None or spec.image is None:
        return step
    begun = RebuildRecord(
        spec.image,
        step.image_id,
        root.image_id,
        server.version,
        text_of_time(facts.wall),
        facts.resource.reconcile_requested_at,
    )
    there = record.rebuild
    if there is not None and replace(there, since=begun.since) == begun and _unsent(facts, there):
        return step
    return RecordImage(replace(record, rebuild=begun))


def _unsent(facts: Facts, rebuild: RebuildRecord) -> bool:
    """Return whether this process recorded it, and surely nothing has come of it."""
    return facts.memory.unsent_rebuild == rebuild.since


def _as_before(facts: Facts, server: Observed, rebuild: RebuildRecord) -> bool:
    """Return whether *server* is at rest and as it was when the rebuild was recorded."""
    root = root_of(facts.resource, server)
    rests = server.phase is Phase.STOPPED and facts.reading.confirmed and server.version == rebuild.version
    return rests and root is not None and _same_or_none(root, rebuild)


def _same_or_none(root: Disk, rebuild: RebuildRecord) -> bool:
    return root.image_id == rebuild.from_id or same_image(root.image_id, rebuild.from_id)


def _asked_anew(facts: Facts, rebuild: RebuildRecord) -> bool:
    return facts.resource.reconcile_requested_at not in {None, rebuild.request}


def _spent(facts: Facts, server: Observed, record: ImageRecord, text: str) -> bool:
    """Return whether this edit was tried already, and may have destroyed what was on the disk."""
    rebuild = record.rebuild
    if rebuild is None or rebuild.text != text or _unsent(facts, rebuild) or _asked_anew(facts, rebuild):
        return False
    return not _as_before(facts, server, rebuild)


def _resolved(facts: Facts, record: ImageRecord, text: str) -> str | Candidate:
    """Return the id of the image *text*, which is found once for an edit; else what comes first."""
    rebuild = record.rebuild
    if rebuild is not None and rebuild.text == text and not _asked_anew(facts, rebuild):
        return rebuild.id
    if is_id(text):
        return text.lower()
    reference = Reference(Kind.IMAGE, text)
    if (first := look_up(facts, reference)) is not None:
        # What else the server is stopped for waits, too, so that it is stopped once.
        return Candidate(first, last=isinstance(first, Hold))
    match facts.names[reference]:
        case Resolved(id=image_id, unusable=None):
            return image_id
        case Resolved(unusable=status):
            return Candidate(inactive(reference, str(status)))
        case Missing() | Ambiguous() | Unknown() as answer:
            reason, message = why_unresolved(reference, answer)
            return Candidate(Hold(reason, f"image: {message}"))
        case UnderWay():
            msg = "what is being looked up is waited for"
            raise AssertionError(msg)
        case answer:
            assert_never(answer)
