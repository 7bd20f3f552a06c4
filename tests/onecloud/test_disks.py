"""Disks by themselves: what is asked of the cloud, and when one may be called gone."""

from __future__ import annotations

import pytest

from onecloud_operator.onecloud.errors import InvalidRequest, ProtocolError
from onecloud_operator.onecloud.named import Collection
from tests.onecloud.origin import Answer, Region, asking, error

DISK_ID = "22222222-3333-4444-8555-666666666666"
DISK = {"id": DISK_ID, "auto_delete": False, "pending_deleted": True}
ONE = f"GET /disks/{DISK_ID}"
OTHER = Answer(body={"disk": {**DISK, "id": "33333333-3333-4444-8555-666666666666"}})
SIGN_IN = "POST /v3/auth/tokens"
PROOF = "GET /servers?details=false&pending_delete=all&field=id&limit=1"
GONE = error(404, "ResourceNotFoundError", f"disk {DISK_ID} not found")


async def test_a_disk_is_read_by_its_id() -> None:
    region = Region()
    region.routes[ONE] = Answer(body={"disk": DISK})
    found, place = await asking(region, lambda cloud: cloud.get_disk(DISK_ID))
    assert found == DISK
    assert place.calls == [SIGN_IN, ONE]


async def test_a_missing_disk_is_none_only_after_its_token_proved_alive() -> None:
    region = Region()
    region.unguarded.add(ONE)
    region.routes[ONE] = GONE
    found, place = await asking(region, lambda cloud: cloud.get_disk(DISK_ID))
    assert found is None
    assert place.calls == [SIGN_IN, ONE, PROOF]


@pytest.mark.parametrize("answer", [OTHER, Answer(body={"disk": {}}), Answer(body={"disks": [DISK]})])
async def test_an_answer_about_something_else_is_no_answer(answer: Answer) -> None:
    region = Region()
    region.routes[ONE] = answer
    with pytest.raises(ProtocolError):
        await asking(region, lambda cloud: cloud.get_disk(DISK_ID))


async def test_a_disk_is_taken_out_of_the_bin_and_told_to_stay() -> None:
    region = Region()
    restore, update = f"POST /disks/{DISK_ID}/cancel-delete", f"PUT /disks/{DISK_ID}"
    region.routes[restore] = region.routes[update] = Answer(body={"disk": DISK})
    _, place = await asking(region, lambda cloud: cloud.restore_disk(DISK_ID))
    assert place.calls == [SIGN_IN, restore]
    assert place.asked[1].json == {"disk": {}}
    _, place = await asking(region, lambda cloud: cloud.update_disk(DISK_ID, {"auto_delete": False}))
    assert place.calls == [SIGN_IN, update]
    assert place.asked[1].json == {"disk": {"auto_delete": False}}


async def test_what_is_no_id_is_not_sent() -> None:
    for odd in ("", "..", "x" * 129):
        with pytest.raises(InvalidRequest):
            await asking(Region(), lambda cloud, odd=odd: cloud.get_disk(odd))  # type: ignore[misc]


async def test_an_id_that_is_longer_than_any_of_the_clouds_is_left_out_and_the_list_is_not_whole() -> None:
    region = Region()
    rows = [{"id": DISK_ID, "name": "a"}, {"id": "x" * 2**19, "name": "b"}]
    region.routes["GET /disks"] = Answer(body={"disks": rows, "total": 2})
    region.routes["GET /networks"] = Answer(body={"networks": rows, "total": 2})
    found, _ = await asking(region, lambda cloud: cloud.list_disks_tagged("name", "web"))
    assert found == ((DISK_ID,), False)
    names, _ = await asking(region, lambda cloud: cloud.list_named(Collection.NETWORKS, "b"))
    assert (names.rows, names.complete) == ((), False)
