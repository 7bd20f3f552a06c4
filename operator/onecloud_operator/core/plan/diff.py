"""What the spec wants and the server has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of, text_of_mib
from onecloud_operator.api.server import PLAIN_FIELDS, folded
from onecloud_operator.core.plan.security_groups import groups_of
from onecloud_operator.core.values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.image_record import ImageRecord
    from onecloud_operator.core.observed import Details, MatchedDisks, Observed
    from onecloud_operator.core.references import Names


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One field that differs. *field* is its path below ``spec.server``; *want* and *have* are texts to show.

    *have* is None where the server has nothing there.
    """

    field: str
    want: str
    have: str | None


def difference(field: str, want: object | None, have: object | None) -> Difference:
    """Return the difference between two values of any kind, as texts; *want* None: the field is taken out."""
    return Difference(field, "" if want is None else text_of(want), None if have is None else text_of(have))


def differences(  # noqa: PLR0913 - all that a difference may depend on
    spec: ServerSpec,
    server: Observed,
    *,
    power: str,
    managed_tags: tuple[str, ...],
    disks: MatchedDisks,
    names: Names,
    image: ImageRecord | None = None,
) -> tuple[Difference, ...]:
    """
    Return every difference, in the order in which they are mended.

    Only what the spec gives is compared, and what can be changed. *power* is the wanted state, its default
    resolved: ``Running``, ``Stopped``, ``Suspended`` or ``Unmanaged``. *server* must be detailed, *disks* are
    its disks as the spec names them. *image*: the record of the root disk's; only with it an edited text is
    compared.
    """
    details = server.details
    if details is None:
        msg = "differences() needs a server with details"
        raise AssertionError(msg)
    return (
        *_plain(spec, server),
        *_tags(spec, details, managed_tags),
        *_security_groups(spec, details, names),
        *_size(spec, server),
        *_disks(spec, disks),
        *_image(spec, image),
        *_power(power, server),
    )


def _plain(spec: ServerSpec, server: Observed) -> Iterator[Difference]:
    for field in PLAIN_FIELDS:
        if not field.fixed and field.differs(spec, server.mirror):
            yield difference(field.path, field.wanted_in(spec), field.shown_in(server.mirror))


def _tags(spec: ServerSpec, details: Details, managed: tuple[str, ...]) -> Iterator[Difference]:
    wanted = spec.tags or {}
    have = {folded(key): value for key, value in details.tags.items()}
    for key, value in wanted.items():
        if have.get(folded(key)) != value:
            yield Difference(f"tags.{key}", value, have.get(folded(key)))
    # One that is wanted in other letters is the same to the cloud: to take it off would delete both.
    left = {folded(key) for key in managed} - {folded(key) for key in wanted}
    for key in managed:
        if folded(key) in left and folded(key) in have:
            yield Difference(f"tags.{key}", "", have[folded(key)])


def _security_groups(spec: ServerSpec, details: Details, names: Names) -> Iterator[Difference]:
    wanted = groups_of(spec, details, names)
    if wanted is not None and wanted != {group.id or group.name for group in details.security_groups}:
        yield Difference(
            "securityGroups",
            ", ".join(sorted(spec.security_groups or ())),
            ", ".join(sorted(g.name or g.id for g in details.security_groups)) or None,
        )


def _size(spec: ServerSpec, server: Observed) -> Iterator[Difference]:
    if spec.cpu is not None and spec.cpu != server.cpu:
        yield Difference("cpu", str(spec.cpu), str(server.cpu))
    if spec.memory is not None and mib_of(spec.memory) != server.memory_mib:
        yield Difference("memory", spec.memory, text_of_mib(server.memory_mib))
    # The platform fills the type in by itself after a resize, so it counts only when it is asked for.
    # The cloud compares names without regard to case.
    have = server.instance_type
    if spec.instance_type is not None and spec.instance_type.casefold() != (have or "").casefold():
        yield Difference("instanceType", spec.instance_type, server.instance_type)


def _disks(spec: ServerSpec, disks: MatchedDisks) -> Iterator[Difference]:
    root = disks.root
    if spec.root_disk and spec.root_disk.size and root and mib_of(spec.root_disk.size) > root.size_mib:
        yield Difference("rootDisk.size", spec.root_disk.size, text_of_mib(root.size_mib))
    for want in spec.data_disks or ():
        have = disks.data.get(want.name)
        if have is not None and want.size is not None and mib_of(want.size) > have.size_mib:
            path = f"dataDisks[{want.name}].size"
            yield Difference(path, want.size, text_of_mib(have.size_mib))


def _image(spec: ServerSpec, record: ImageRecord | None) -> Iterator[Difference]:
    if record is not None and spec.image is not None and spec.image != record.text:
        yield Difference("image", spec.image, record.text)


def _power(power: str, server: Observed) -> Iterator[Difference]:
    if wrong_power(power, server):
        yield Difference("powerState", power, server.phase.value)


def wrong_power(power: str, server: Observed) -> bool:
    """Return whether *server*, which rests, is in another state than *power*, or has none to be in."""
    return power not in {"Unmanaged", server.phase.value}
