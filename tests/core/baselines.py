"""Objects over the status that a complete server left, and what it shows as drift."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.actions import Settled
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.login_record import LoginRecord
from onecloud_operator.core.observed import Disk, Nic
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import records_of
from onecloud_operator.core.references import (
    Reference,
)
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    ID,
    NAMES,
    details,
    facts,
    mirror_with,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.references import Answer

FULL = server(
    plain={
        "hypervisor": "kvm",
        "hardware.bios": "BIOS",
        "hardware.machine": "q35",
        "billing.type": "Postpaid",
    },
    details=details(
        keypair="ops",
        keypair_id="key-1",
        zone_id="zone-1",
        nics=(Nic("net-1", "10.0.0.5", mac="00:22:00:00:00:01", default=True),),
        disks=(
            Disk("disk-0", 0, 40960, image="ubuntu-22.04", image_id="image-0", backend="local"),
            Disk("disk-1", 1, 10240, medium="SSD"),
        ),
    ),
)


def wanted(server_spec: dict[str, Any] | None = None) -> ServerSpec:
    found = spec(server_spec).server
    assert found is not None
    return found


def reported(case: Facts) -> Facts:
    """Return *case* over the status that it leaves."""
    written = report(case, plan(case)).status
    status = case.resource.status if written is None else written
    return replace(case, resource=replace(case.resource, status=status, records=records_of(status)))


def later(case: Facts, **changes: Any) -> Facts:
    """Return *case* after the server changed in the cloud: plain fields, columns, details by their names."""
    own = {name: changes.pop(name) for name in tuple(changes) if name in details().__dataclass_fields__}
    before = case.server
    assert before is not None
    assert before.details is not None
    shown = replace(before.details, version=8, **own)
    mirror = mirror_with(before.mirror, changes.pop("plain", {}))
    after = replace(before, version=8, details=shown, **{"mirror": mirror, **changes})
    return replace(case, reading=reading(after))


def drift(case: Facts) -> dict[str, tuple[str, str]]:
    """Return what the status tells as drift; it must say that all is well beside."""
    step = plan(case)
    assert step == Settled()
    status = reported(case).resource.status
    for kind in ("Ready", "Synced"):
        found = standing(status, kind)
        assert found is not None
        assert found["status"] == "True"
    assert standing(status, "Stalled") is None
    assert (standing(status, "Drifted") is not None) == bool(status.get("drift"))
    return {each["field"]: (each["desired"], each["actual"]) for each in status.get("drift", ())}


AT = "2026-11-23T11:00:00Z"


# -- adopted servers -------------------------------------------------------------------------------------
def adopted(server_spec: dict[str, Any], names: dict[Reference, Answer], **changes: Any) -> Facts:
    intent = spec(server_spec, adoption={"policy": "Adopt", "id": ID})
    own = resource(spec=intent, records=records(creation=None, adopted_at=AT, login=LoginRecord(AT)))
    return replace(later(facts(FULL, resource=own), **changes), names={**NAMES, **names})
