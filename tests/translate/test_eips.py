"""Elastic IPs as the cloud shows them, and as they are asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from onecloud_operator.core.eip_record import EipRecord, EipState, believed_eip, eip_id, eip_in, eip_status
from onecloud_operator.core.eip_writes import MakeEip
from onecloud_operator.core.observed import Owner
from onecloud_operator.translate import eip_body, eip_state, mirror_of, observed_from_details, recall
from tests.fuzz.strategies import json_values
from tests.translate.arrange import FULL

UID = "6f3c1f0a-2b9e-4f57-9a53-0c6f8d9b1e11"
OWNER = Owner("cluster0", "shop", "web-1", UID)
TAGS = {
    "user:onecloud.io/cluster": "cluster0",
    "user:onecloud.io/namespace": "shop",
    "user:onecloud.io/name": "web-1",
    "user:onecloud.io/uid": UID,
}
# Of exchanges 1272 and 1440.
ROW: dict[str, Any] = {
    "id": "897c8303-2832-41de-89d9-4326358023bd",
    "name": "eip-for-srv-d5-vpc2",
    "associate_id": "3921940f-e5e0-4183-825d-2326a120c5a2",
    "associate_type": "server",
    "auto_dellocate": True,
    "bandwidth": 50,
    "charge_type": "bandwidth",
    "ip_addr": "10.99.0.2",
    "network_id": "ff16148d-77e5-4290-8fd2-857fd4129d3d",
    "status": "ready",
    "metadata": TAGS,
}


def test_an_eip_tells_its_address_its_holder_and_its_owner() -> None:
    assert eip_state(ROW) == EipState(
        name="eip-for-srv-d5-vpc2",
        address="10.99.0.2",
        status="ready",
        bandwidth=50,
        charge_type="Bandwidth",
        network_id="ff16148d-77e5-4290-8fd2-857fd4129d3d",
        holder_id="3921940f-e5e0-4183-825d-2326a120c5a2",
        goes_along=True,
        owner=OWNER,
    )


def test_one_that_does_not_say_that_it_stays_goes_with_its_server() -> None:
    assert eip_state({}).goes_along
    assert not eip_state({"auto_dellocate": False}).goes_along


@pytest.mark.parametrize(
    ("status", "moving", "failed"),
    [("ready", False, False), ("allocate", True, False), ("associate_fail", False, True)],
)
def test_what_a_status_says_is_whether_to_wait(status: str, moving: bool, failed: bool) -> None:
    state = eip_state({"status": status})
    assert (state.moving, state.failed) == (moving, failed)


@given(row=json_values)
def test_no_garbage_makes_an_eip_that_raises(row: object) -> None:
    eip_state(dict.fromkeys(ROW, row))
    eip_state(row if isinstance(row, dict) else {})


def test_a_new_one_is_asked_for_with_its_id_and_owner_tags_and_nothing_that_is_not_given() -> None:
    step = MakeEip("server-1", "eip-1", "shop.web-1-eip", 10, "Bandwidth")
    assert eip_body(step, OWNER) == {
        "id": "eip-1",
        "name": "shop.web-1-eip",
        "bandwidth": 10,
        "charge_type": "bandwidth",
        "__meta__": TAGS,
    }


def test_the_address_of_a_server_s_eip_is_read_and_recalled() -> None:
    found = {**FULL, "eip": "203.0.113.7", "eip_mode": "elastic_ip"}
    seen, recalled = observed_from_details(found).details, recall(mirror_of(found))
    assert seen is not None
    assert recalled is not None
    assert recalled.details is not None
    assert (seen.eip, recalled.details.eip) == ("203.0.113.7", "203.0.113.7")
    public = observed_from_details({**found, "eip_mode": "public_ip"}).details
    assert public is not None
    assert public.eip is None, "which is the server's own, and no EIP"


def test_a_record_is_read_back_as_it_was_written() -> None:
    record = EipRecord(2, eip_id(UID, 2), "Made", name="n", address="10.0.0.1", bandwidth=5, made_at="2026")
    assert eip_in(eip_status(record)) == record
    assert eip_in(eip_status(EipRecord(attempt=2))) == EipRecord(attempt=2)
    assert eip_status(EipRecord()) == {}


@given(value=json_values)
def test_no_garbage_in_the_status_makes_a_record_that_raises(value: object) -> None:
    eip_in(value)
    eip_in(dict.fromkeys(("attempt", "id", "origin", "address", "bandwidth"), value))


def test_an_eip_that_the_object_cannot_have_made_is_not_believed_to_be_its_own() -> None:
    forged = EipRecord(1, "f0000000-0000-4000-8000-000000000001", "Made")
    assert believed_eip(forged, UID) == EipRecord(attempt=1)
