"""What a server that is to be made will be, field by field, as the spec declares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.model import wire_name
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.login_record import use_of
from onecloud_operator.core.plan_step import SERVER, Effect, PlanStep, planned
from onecloud_operator.core.server_names import server_name
from onecloud_operator.core.values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.config import Config
    from onecloud_operator.core.resource import Resource

_TEXTS = ("cpu", "memory", "instance_type", "image", "hostname", "keypair", "admin_user")
GIVEN = "given"  # instead of a text that nobody reads in a plan, and that may hold what is private


def creation(resource: Resource, config: Config) -> Iterator[PlanStep]:
    """Yield the steps of a server that does not exist."""
    spec = resource.server_spec
    if spec is None:
        return
    yield planned(SERVER, None, server_name(resource, config), Effect.CREATE)
    for field, value in _declared(spec):
        if value is not None and value != "":
            yield planned(field, None, text_of(value), Effect.CREATE)


def _declared(spec: ServerSpec) -> Iterator[tuple[str, object | None]]:
    """Yield each field of *spec* and a text for what it says; of a Secret its name and key alone."""
    for field in PLAIN_FIELDS:
        yield field.path, field.wanted_in(spec)
    for name in (
        "cpu",
        "memory",
        "instance_type",
        "image",
        "hostname",
        "keypair",
        "admin_user",
        "power_state",
    ):
        yield wire_name(name), getattr(spec, name)
    if spec.root_disk is not None:
        yield "rootDisk.size", spec.root_disk.size
    for disk in spec.data_disks or ():
        yield f"dataDisks[{disk.name}]", disk.size or disk.disk_id
    for card in spec.networks or ():
        yield f"networks[{card.network}]", card.network
    yield "securityGroups", ", ".join(sorted(spec.security_groups or ()))
    yield "passwordFrom", str(use_of(spec.password_from)) if spec.password_from is not None else None
    yield "powerState", spec.power_state or "Running"
    yield "userData", GIVEN if spec.user_data is not None else None
    yield "userDataFrom", _source(spec)
    yield "tags", ", ".join(f"{key}={value}" for key, value in sorted((spec.tags or {}).items()))
    if spec.eip is not None and not spec.eip.none:
        yield "eip", str(spec.eip)
    devices = (device.model or device.type or device.id or "" for device in spec.isolated_devices or ())
    yield "isolatedDevices", ", ".join(devices)
    yield "instanceGroups", ", ".join(sorted(spec.instance_groups or ()))
    for name in ("region_id", "zone_id", "manager_id", "host"):
        yield f"placement.{wire_name(name)}", getattr(spec.placement, name, None)


def _source(spec: ServerSpec) -> str | None:
    source = spec.user_data_from
    if source is None:
        return None
    return f"Secret {source.secret_key_ref.name}, key {source.secret_key_ref.key}"
