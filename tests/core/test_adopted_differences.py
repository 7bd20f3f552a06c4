"""A server that was adopted is compared by ids, and security groups are set by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import Hold, Resolve, Settled
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.references import (
    Ambiguous,
    Kind,
    Missing,
    Reference,
    Resolved,
    UnderWay,
    Unknown,
)
from tests.core.baselines import adopted, reported
from tests.core.fixtures import (
    BACKUP,
    facts,
    resource,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.references import Answer


def reason(case: Facts) -> str | None:
    step = plan(case)
    return step.reason if isinstance(step, Hold) else None


DEBIAN = Reference(Kind.IMAGE, "debian-12")
UBUNTU = Reference(Kind.IMAGE, "ubuntu-22.04")
DEV = Reference(Kind.KEYPAIR, "dev")
WITH_BACKUP = {"networks": [{"network": "vnet-backup"}]}


@pytest.mark.parametrize(
    ("declared", "names", "expected"),
    [
        pytest.param(WITH_BACKUP, {BACKUP: Resolved("net-1")}, None, id="another-name-of-its-own"),
        pytest.param(WITH_BACKUP, {BACKUP: Missing()}, "ReferenceNotFound", id="no-such-network"),
        pytest.param(WITH_BACKUP, {BACKUP: Ambiguous()}, "AmbiguousName", id="two-networks-of-one-name"),
        pytest.param(WITH_BACKUP, {BACKUP: Unknown("403")}, "ReferenceUnknown", id="networks-not-known"),
        pytest.param(WITH_BACKUP, {BACKUP: UnderWay()}, "NotYetObserved", id="another-object-asks"),
        pytest.param({"networks": [{"network": "net-1"}]}, {}, None, id="an-id-of-any-form"),
        pytest.param({"image": "debian-12"}, {DEBIAN: Resolved("image-9")}, "ImmutableField", id="its-image"),
        pytest.param({}, {UBUNTU: Resolved("image-9")}, "ImmutableField", id="the-name-is-another-s-by-now"),
        pytest.param({}, {UBUNTU: Missing()}, None, id="the-image-is-gone-and-was-called-so"),
        pytest.param({}, {UBUNTU: Unknown("no image service")}, None, id="nobody-can-tell-it-was-called-so"),
        pytest.param({"image": "debian-12"}, {DEBIAN: Unknown("x")}, "ReferenceUnknown", id="not-known"),
        pytest.param({"keypair": "OPS"}, {}, None, id="a-key-pair-in-another-case"),
        pytest.param({"keypair": "dev"}, {DEV: Resolved("key-1")}, None, id="a-key-pair-renamed"),
        pytest.param({"keypair": "dev"}, {DEV: Resolved("key-2")}, "RestartNeeded", id="another-key-pair"),
        pytest.param({"billing": {"type": "Prepaid", "duration": "1M"}}, {}, "ImmutableField", id="billing"),
    ],
)
def test_an_adopted_server_is_compared_by_ids(
    declared: dict[str, Any], names: dict[Reference, Answer], expected: str | None
) -> None:
    case = adopted(declared, names)
    assert reason(case) == expected
    assert expected is not None or plan(case) == Settled()


def test_a_name_is_asked_for_before_an_adopted_server_is_said_to_agree() -> None:
    case = adopted({"networks": [{"network": "vnet-9"}]}, {})
    assert plan(case) == Resolve(Reference(Kind.NETWORK, "vnet-9"))


def test_a_look_up_without_an_answer_holds_back_nothing_else() -> None:
    case = adopted({**WITH_BACKUP, "description": "mine"}, {BACKUP: Unknown("no answer in time")})
    assert type(plan(case)).__name__ == "Update"


def test_unknown_is_neither_agreement_nor_difference_and_no_error() -> None:
    case = adopted(WITH_BACKUP, {BACKUP: Unknown("no right to list networks.")})
    synced = standing(reported(case).resource.status, "Synced")
    assert synced is not None
    assert (synced["status"], synced["reason"]) == ("Unknown", "ReferenceUnknown")
    assert "no right to list networks." in synced["message"]
    assert "id in the spec" in synced["message"]
    assert "lastError" not in reported(case).resource.status


# -- security groups -------------------------------------------------------------------------------------
WEB = Reference(Kind.SECURITY_GROUP, "web")


@pytest.mark.parametrize(
    ("groups", "names", "expected"),
    [
        pytest.param(["Default"], {}, (), id="shown-by-name-needs-no-question"),
        pytest.param(["default", "web"], {}, "Resolve", id="asked-for"),
        pytest.param(["default", "web"], {WEB: Resolved("g-2")}, ("default", "g-2"), id="set-by-ids"),
        pytest.param(["web"], {WEB: Resolved("default")}, (), id="another-name-of-its-own"),
        pytest.param(["default", "web"], {WEB: Ambiguous()}, "AmbiguousName", id="two-of-one-name"),
        pytest.param(["default", "web"], {WEB: Unknown("x")}, ("default", "web"), id="left-to-the-cloud"),
        pytest.param(["default", "web"], {WEB: Missing()}, ("default", "web"), id="the-cloud-says-no-itself"),
    ],
)
def test_security_groups_are_set_by_ids(
    groups: list[str], names: dict[Reference, Answer], expected: Any
) -> None:
    step = plan(replace(facts(resource=resource(spec=spec({"securityGroups": groups}))), names=names))
    match expected:
        case ():
            assert step == Settled()
        case tuple():
            assert getattr(step, "groups", None) == expected
        case "Resolve":
            assert step == Resolve(WEB)
        case _:
            assert isinstance(step, Hold)
            assert step.reason == expected
            assert "Give the id" in step.message
