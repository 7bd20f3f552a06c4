"""
Every state that waiting does not end, and the ways out of it.

A way is an edit or an annotation that the API server takes, an act in the cloud that the message names, or,
for two reasons only, the deletion of the object.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.annotations import (
    ALLOW_MASS_DELETION,
    CONFIRM_GONE,
    RECONCILE_REQUESTED_AT,
    RESTART_REQUESTED_AT,
)
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.card_records import Attachment, CardRecord
from onecloud_operator.core.facts import Looked, Memory
from onecloud_operator.core.image_record import ImageRecord
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.observed import Disk, Nic, Owner, Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, attempt_id
from onecloud_operator.core.references import Ambiguous, Kind, Reference, Resolved
from onecloud_operator.core.restore_record import Restore
from onecloud_operator.core.retry_state import Acceptance, Refusal
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    ADOPTED,
    BACKUP,
    BEGUN,
    GONE,
    ID,
    MADE,
    NAMES,
    NOW,
    OTHER_UID,
    UID,
    bound,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.providers import sharing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

NET = "6a1b0d5e-2f7c-4a83-9d10-5b3c1e7f9a21"
ELSEWHERE = Place("https://other.example/v3", "region0", "project9")
OTHERS = Owner("cluster0", "shop", "web-2", OTHER_UID)
DB = Reference(Kind.SECURITY_GROUP, "db")
DEBIAN = Reference(Kind.IMAGE, "debian-12")


@dataclass(frozen=True)
class Edit:
    """
    A change of the spec, laid over it; None takes a field out.

    *made*: the object has made its server, so the API server lets only some fields change.
    """

    changes: Mapping[str, Any]
    made: bool = True


@dataclass(frozen=True)
class Annotate:
    """An annotation, which the message names."""

    key: str
    value: str


@dataclass(frozen=True)
class InCloud:
    """An act in the cloud, in the message's words."""

    words: str


@dataclass(frozen=True)
class Delete:
    """The deletion of the object; *detach*: with the annotation force-detach, which the message names."""

    detach: bool = False


@dataclass(frozen=True)
class Way:
    """*stuck* says *reason* and is stalled; *after*, what follows on the way out, is not."""

    reason: Reason
    name: str
    stuck: Facts
    out: Edit | Annotate | InCloud | Delete
    after: Facts = field(default_factory=facts)


def wanting(server_spec: dict[str, Any] | None = None, *, generation: int = 1, **changes: Any) -> Facts:
    """Return facts of an object that made its server, with an edit."""
    policies = {key: changes.pop(key) for key in tuple(changes) if key[0].islower() and key in POLICIES}
    own = {key: changes.pop(key) for key in tuple(changes) if key in {"records", "annotations", "finalizers"}}
    intent = spec(server_spec, **policies)
    return facts(resource=resource(spec=intent, generation=generation, **own), **changes)


def swept_away(**policies: Any) -> Facts:
    """Return facts of an object that was deleted with too many others."""
    deleted = resource(spec=spec(**policies), deleting=True, deleted_at="2026-11-23T11:50:00Z")
    return facts(resource=deleted, deletions=Deletions(too_many=True))


def of_debian(**changes: Any) -> Facts:
    """Return facts of an object whose image was edited."""
    known = records(image=ImageRecord("ubuntu-22.04", "image-0"))
    names = {**NAMES, DEBIAN: Resolved("image-9")}
    return wanting({"image": "debian-12"}, records=known, names=names, **changes)


def nightly(zone: str) -> dict[str, Any]:
    """Return a disruption that is allowed at night, in a time zone."""
    return {"allow": "Restart", "windows": [{"start": "02:00", "duration": "2h", "timeZone": zone}]}


POLICIES = {"adoption", "disruption", "onExternalDeletion", "managementPolicy", "credentialsRef", "drift"}


def adopted(server_spec: dict[str, Any] | None = None, adoption: str = ID, **changes: Any) -> Facts:
    """Return facts of an object that adopted its server."""
    policy = {"policy": "Adopt", "id": adoption}
    return wanting(server_spec, adoption=policy, records=ADOPTED, **changes)


def ready(found: Observed, **changes: Any) -> Reading:
    return reading(found, **changes)


def owned(owner: Owner | None) -> Reading:
    return reading(server(details=details(owner=owner)))


def refusing(case: Facts, kind: str, reason: Reason, *, count: int = 1, taken: bool = False) -> Facts:
    """Return *case* after the cloud refused steps of a kind."""
    problem = Problem(reason, "The cloud says no. Correct spec.server.", duplicate_name=taken)
    refusal = Refusal(problem, case.intent, NOW + 60, count, NOW - 600)
    memory = replace(case.memory, refusals={kind: refusal}, posted_at=NOW - 10)
    return replace(case, memory=memory)


def beginning(server_spec: dict[str, Any] | None = None, *, generation: int = 1, **changes: Any) -> Facts:
    """Return facts of an object whose server is not made yet."""
    begun = records(creation=replace(BEGUN, name=(server_spec or {}).get("name", BEGUN.name)), mirror={})
    return wanting(server_spec, generation=generation, records=begun, reading=GONE, **changes)


def in_vain() -> Facts:
    """Return facts of an object for which a disk was to grow, and did not."""
    case = growing("20Gi")
    return replace(
        case, memory=replace(case.memory, acceptances={plan(case): Acceptance(case.intent, 1, NOW - 5)})
    )


def growing(size: str, **changes: Any) -> Facts:
    disks = (*details().disks, Disk("disk-1", 1, 10240))
    data = {"dataDisks": [{"name": "data-1", "size": size}]}
    return wanting(
        data,
        records=records(disks=(bound(),)),
        reading=reading(server(details=details(disks=disks))),
        **changes,
    )


def back_again(**policies: Any) -> Facts:
    """Return facts of an object whose former server is there again."""
    second = replace(MADE, attempt=2, id=attempt_id(UID, 2), completed_at=None)
    case = wanting(records=records(id=second.id, creation=second, mirror={}), reading=GONE, **policies)
    looks = {ID: Looked(NOW - 1, 7)}
    return replace(case, memory=Memory(born_at=NOW - 900, posted_at=NOW - 500, looks=looks))


TROUBLES = (Reason.SECRET_INVALID, Reason.ENDPOINT_NOT_ALLOWED, Reason.CREDENTIALS_REJECTED)
FOREIGN = Problem(Reason.NOT_ALLOWED, "OneCloudProvider lab does not allow namespace shop.")
OTHER_SECRET = Edit({"credentialsRef": {"name": "other"}})
OBSERVE: dict[str, Any] = {"managementPolicy": "Observe", "adoption": {"id": ID}, "finalizers": ()}
RECREATE: dict[str, Any] = {"onExternalDeletion": "Recreate"}
ELSEWHERE_PUT = adopted({"placement": {"zoneID": "zone-9"}})

CARD = CardRecord("vnet-1", "net-1", "00:22:00:00:00:01")
TWINS = tuple(Nic("net-1", f"10.0.0.{number}", mac=f"00:22:00:00:00:0{number}") for number in (5, 6))


def carded(
    entry: dict[str, Any], *nics: Nic, cards: tuple[CardRecord, ...] = (CARD,), **changes: Any
) -> Facts:
    """Return facts of an object whose spec has one card, beside a server with these ones."""
    case = wanting({"networks": [entry]}, records=records(cards=cards), **changes)
    return replace(case, reading=reading(server(details=details(nics=nics)))) if nics else case


def unheard_of(**changes: Any) -> Facts:
    """Return facts of an object that asked for a card long ago, and has heard nothing of it."""
    attaching = Attachment("2026-11-23T11:00:00Z", ("00:22:00:00:00:01",))
    entries = [{"network": "vnet-1"}, {"network": NET}]
    asked = records(cards=(CARD, CardRecord(NET, NET, attaching=attaching)))
    case = wanting({"networks": entries}, records=asked, **changes)
    return replace(case, memory=Memory(born_at=NOW - 900, looked_at=NOW - 1, looked_version=7))


WAYS: tuple[Way, ...] = (
    *(
        Way(reason, "other-credentials", facts(trouble=Problem(reason, "No."), place=None), OTHER_SECRET)
        for reason in TROUBLES
    ),
    Way(
        Reason.NOT_ALLOWED,
        "credentials-of-its-own",
        sharing(own={"records": Records(), "finalizers": ()}, trouble=FOREIGN, place=None),
        Edit({"credentialsRef": {"name": "other"}, "providerRef": None}, made=False),
    ),
    Way(
        Reason.NOT_ALLOWED,
        "an-eip-of-its-own",
        sharing({"eip": {"id": "eip-9"}}),
        Edit({"server": {"eip": {"id": None, "bandwidth": 10}}}),
        sharing(),
    ),
    Way(Reason.CREDENTIALS_MISMATCH, "the-right-credentials", facts(place=ELSEWHERE), OTHER_SECRET),
    Way(
        Reason.CREDENTIALS_MISMATCH,
        "credentials-that-prove-the-place",
        wanting(records=records(place=None), reading=owned(None)),
        OTHER_SECRET,
        wanting(records=records(place=None)),
    ),
    Way(
        Reason.INVALID_SPEC,
        "a-spec-that-can-be-read",
        facts(resource=resource(spec=None, flaw="spec.server.name: too long")),
        Edit({"server": {"name": "web"}}),
    ),
    Way(
        Reason.INVALID_SPEC,
        "a-time-zone-that-there-is",
        wanting(disruption=nightly("Europe/Atlantis")),
        Edit({"disruption": nightly("Europe/Berlin")}),
    ),
    Way(
        Reason.INVALID_SPEC,
        "a-spec-that-the-cloud-takes",
        refusing(beginning({"image": "no-such"}), "Create", Reason.INVALID_SPEC, count=3),
        Edit({"server": {"image": "debian-12"}}, made=False),
        beginning({"image": "debian-12"}, generation=2),
    ),
    Way(
        Reason.TOO_MANY_GONE,
        "a-person-confirms-it",
        wanting(**RECREATE, reading=GONE, too_many_gone=True),
        Annotate(CONFIRM_GONE, ID),
        wanting(**RECREATE, reading=GONE),
    ),
    Way(
        Reason.TOO_MANY_DELETIONS,
        "a-person-agrees",
        swept_away(),
        Annotate(ALLOW_MASS_DELETION, "2026-11-23T11:55:00Z"),
        replace(swept_away(), surroundings=Surroundings(agreed_deletion="2026-11-23T11:55:00Z")),
    ),
    Way(
        Reason.TOO_MANY_DELETIONS,
        "a-server-that-is-kept",
        swept_away(),
        Edit({"deletionPolicy": "Retain"}),
        swept_away(deletionPolicy="Retain"),
    ),
    Way(
        Reason.NAME_CONFLICT,
        "another-name-for-a-new-server",
        refusing(beginning({"name": "taken"}), "Create", Reason.NAME_CONFLICT, taken=True),
        Edit({"server": {"name": "free"}}, made=False),
        beginning({"name": "free"}, generation=2),
    ),
    Way(
        Reason.NAME_CONFLICT,
        "another-name-for-a-server-that-is-there",
        refusing(wanting({"name": "taken"}), "Update name", Reason.NAME_CONFLICT),
        Edit({"server": {"name": "free"}}),
        wanting({"name": "free"}, generation=2),
    ),
    Way(
        Reason.NAME_CONFLICT,
        "a-former-server-that-is-deleted-for-good",
        back_again(),
        InCloud("delete it there for good"),
        replace(back_again(), memory=replace(back_again().memory, looks={ID: Looked(NOW - 1, None)})),
    ),
    Way(
        Reason.OWNED_BY_ANOTHER,
        "the-other-s-tags-taken-off",
        facts(reading=owned(OTHERS), rivals=frozenset({OTHER_UID})),
        InCloud("Take those tags off in the cloud"),
        facts(reading=owned(None), rivals=frozenset({OTHER_UID})),
    ),
    Way(
        Reason.OWNED_BY_ANOTHER,
        "let-go",
        facts(reading=owned(OTHERS), rivals=frozenset({OTHER_UID})),
        Delete(detach=True),
    ),
    Way(
        Reason.OWNED_BY_ANOTHER,
        "a-new-server-with-the-other-s-tags",
        wanting(records=records(creation=BEGUN), reading=owned(OTHERS), rivals=frozenset({OTHER_UID})),
        InCloud("Take those tags off in the cloud"),
        wanting(records=records(creation=BEGUN)),
    ),
    Way(
        Reason.OWNED_BY_ANOTHER,
        "a-record-that-is-not-ours",
        wanting(records=records(creation=replace(MADE, id=OTHER_UID))),
        Delete(detach=True),
    ),
    Way(
        Reason.OWNED_BY_ANOTHER,
        "an-adopted-server-that-lost-its-tags",
        wanting(records=ADOPTED, reading=owned(None)),
        Edit({"adoption": {"policy": "Adopt", "id": ID}}, made=False),
        adopted(reading=owned(None)),
    ),
    Way(
        Reason.AMBIGUOUS_NAME,
        "a-security-group-by-id",
        replace(wanting({"securityGroups": ["db"]}), names={**NAMES, DB: Ambiguous()}),
        Edit({"server": {"securityGroups": [NET]}}),
        wanting({"securityGroups": [NET]}, generation=2),
    ),
    Way(
        Reason.AMBIGUOUS_NAME,
        "a-network-by-id",
        replace(adopted({"networks": [{"network": "vnet-backup"}]}), names={**NAMES, BACKUP: Ambiguous()}),
        Edit({"server": {"networks": [{"network": "net-1"}]}}, made=False),
        adopted({"networks": [{"network": "net-1"}]}, generation=2),
    ),
    Way(
        Reason.IMMUTABLE_FIELD,
        "an-adopted-server-s-field-corrected",
        ELSEWHERE_PUT,
        Edit({"server": {"placement": {"zoneID": "zone-1"}}}, made=False),
        adopted(generation=2),
    ),
    Way(
        Reason.IMMUTABLE_FIELD,
        "an-adopted-server-s-field-taken-out",
        ELSEWHERE_PUT,
        Edit({"server": {"placement": None}}, made=False),
        adopted(generation=2),
    ),
    Way(
        Reason.AMBIGUOUS_NAME,
        "a-card-by-its-mac-address",
        carded({"network": "vnet-1"}, *TWINS, cards=()),
        Edit({"server": {"networks": [{"network": "vnet-1", "mac": TWINS[1].mac}]}}),
        carded({"network": "vnet-1", "mac": TWINS[1].mac}, *TWINS, cards=(), generation=2),
    ),
    Way(
        Reason.IMMUTABLE_FIELD,
        "an-address-of-a-card-taken-out",
        carded({"network": "vnet-1", "address6": "fd00::1"}),
        Edit({"server": {"networks": [{"network": "vnet-1"}]}}),
        carded({"network": "vnet-1"}, generation=2),
    ),
    Way(
        Reason.OPERATION_FAILED,
        "a-card-of-which-nobody-knows-is-asked-for-again",
        unheard_of(),
        Annotate(RECONCILE_REQUESTED_AT, "now"),
        unheard_of(annotations={RECONCILE_REQUESTED_AT: "now"}),
    ),
    Way(
        Reason.IMMUTABLE_FIELD,
        "the-id-of-an-adoption-set-back",
        adopted(adoption=NET),
        Edit({"adoption": {"policy": "Adopt", "id": ID}}, made=False),
        adopted(generation=2),
    ),
    Way(
        Reason.IMMUTABLE_FIELD,
        "an-observed-server-s-id-set-back",
        wanting(**{**OBSERVE, "adoption": {"id": NET}}),
        Edit({"managementPolicy": "Observe", "adoption": {"id": ID}}),
        wanting(**OBSERVE, generation=2),
    ),
    Way(
        Reason.OWNED_BY_ANOTHER,
        "anothers-server-in-the-bin",
        wanting(
            adoption={"policy": "Adopt", "id": ID, "restore": True},
            records=replace(ADOPTED, restore=Restore("2026-11-23T11:00:00Z", "web-2")),
            reading=ready(server(recycled=True, details=details(owner=OTHERS))),
        ),
        InCloud("restore the server in the cloud"),
        adopted(reading=owned(None)),
    ),
    Way(
        Reason.RESTART_NEEDED,
        "a-restart-is-allowed",
        wanting({"cpu": 1}),
        Edit({"disruption": {"allow": "Restart"}}),
        wanting({"cpu": 1}, disruption={"allow": "Restart"}, generation=2),
    ),
    Way(
        Reason.RESTART_NEEDED,
        "a-restart-that-is-asked-for-is-allowed",
        wanting(annotations={RESTART_REQUESTED_AT: "now"}),
        Edit({"disruption": {"allow": "Restart"}}),
        wanting(annotations={RESTART_REQUESTED_AT: "now"}, disruption={"allow": "Restart"}, generation=2),
    ),
    Way(
        Reason.RESTART_NEEDED,
        "a-suspended-server-resumed",
        wanting({"cpu": 4, "powerState": "Suspended"}, reading=ready(server("suspend"))),
        Edit({"server": {"powerState": "Running"}}),
        wanting({"cpu": 4, "powerState": "Running"}, reading=ready(server("suspend")), generation=2),
    ),
    Way(
        Reason.RESTART_NEEDED,
        "a-rebuild-is-allowed",
        of_debian(),
        Edit({"disruption": {"allow": "Rebuild"}}),
        of_debian(disruption={"allow": "Rebuild"}, generation=2),
    ),
    Way(
        Reason.RESTART_NEEDED, "the-image-set-back", of_debian(), Edit({"server": {"image": "ubuntu-22.04"}})
    ),
    Way(
        Reason.IMMUTABLE_FIELD,
        "the-first-image-of-an-adopted-server-corrected",
        adopted({"image": "debian-12"}, names={**NAMES, DEBIAN: Resolved("image-9")}),
        Edit({"server": {"image": "ubuntu-22.04"}}, made=False),
        adopted(generation=2),
    ),
    Way(Reason.RESTART_NEEDED, "the-change-taken-back", wanting({"cpu": 1}), Edit({"server": {"cpu": 2}})),
    Way(
        Reason.OPERATION_FAILED,
        "another-try-asked-for",
        in_vain(),
        Annotate(RECONCILE_REQUESTED_AT, "now"),
        growing("20Gi", annotations={RECONCILE_REQUESTED_AT: "now"}),
    ),
    Way(
        Reason.OPERATION_FAILED,
        "a-growth-no-longer-wanted",
        in_vain(),
        Edit({"server": {"dataDisks": None}}),
        wanting(generation=2),
    ),
    Way(
        Reason.EXTERNALLY_DELETED,
        "a-new-one-is-made",
        wanting(reading=GONE),
        Edit(RECREATE),
        wanting(**RECREATE, reading=GONE, generation=2),
    ),
    Way(Reason.EXTERNALLY_DELETED, "the-object-deleted", wanting(reading=GONE), Delete()),
    Way(Reason.EXTERNALLY_DELETED, "an-adopted-one-s-object-deleted", adopted(reading=GONE), Delete()),
    Way(
        Reason.EXTERNALLY_DELETED,
        "an-observed-one-s-object-deleted",
        wanting(**OBSERVE, reading=GONE),
        Delete(),
    ),
    Way(
        Reason.IN_RECYCLE_BIN,
        "restored",
        facts(server(recycled=True)),
        InCloud("Restore it in the cloud"),
    ),
    Way(
        Reason.IN_RECYCLE_BIN,
        "restored-while-it-is-made",
        wanting(records=records(creation=BEGUN), reading=ready(server(recycled=True))),
        InCloud("Restore it in the cloud"),
        wanting(records=records(creation=BEGUN)),
    ),
    Way(
        Reason.IN_RECYCLE_BIN,
        "an-observed-one-restored",
        wanting(**OBSERVE, reading=ready(server(recycled=True))),
        InCloud("Restore it in the cloud"),
        wanting(**OBSERVE),
    ),
)
IDS = [f"{way.reason}-{way.name}" for way in WAYS]
