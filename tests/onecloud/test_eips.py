"""Elastic IPs by themselves: what is asked of the cloud, and when one may be called gone."""

from __future__ import annotations

import pytest

from onecloud_operator.onecloud.errors import DuplicateId, DuplicateName, ProtocolError
from tests.onecloud.origin import Answer, Region, asking, error

EIP_ID = "9c64ee86-b137-4a24-bf4c-3e6b3d7fa29a"
EIP = {"id": EIP_ID, "status": "ready", "ip_addr": "10.99.0.6"}
ONE, ALL = f"GET /eips/{EIP_ID}", "POST /eips"
SIGN_IN = "POST /v3/auth/tokens"
PROOF = "GET /servers?details=false&pending_delete=all&field=id&limit=1"
GONE = error(404, "ResourceNotFoundError", f"eip {EIP_ID} not found")
USED = f"TxExec: Error 1062: Duplicate entry '{EIP_ID}' for key 'PRIMARY'"


async def test_a_missing_eip_is_none_only_after_its_token_proved_alive() -> None:
    region = Region()
    region.unguarded.add(ONE)
    region.routes[ONE] = GONE
    found, place = await asking(region, lambda cloud: cloud.eips.get(EIP_ID))
    assert found is None
    assert place.calls == [SIGN_IN, ONE, PROOF]


@pytest.mark.parametrize(
    "answer", [Answer(body={"eip": {**EIP, "id": "other"}}), Answer(body={"eips": [EIP]})]
)
async def test_an_answer_about_something_else_is_no_answer(answer: Answer) -> None:
    region = Region()
    region.routes[ONE] = answer
    with pytest.raises(ProtocolError):
        await asking(region, lambda cloud: cloud.eips.get(EIP_ID))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(409, "DuplicateNameError", "Duplicate name eip e13"), DuplicateName),
        (error(500, "UnclassifiedError", USED), DuplicateId),
    ],
)
async def test_the_same_eip_asked_for_again_says_that_it_was_made_before(
    answer: Answer, kind: type[Exception]
) -> None:
    region = Region()
    region.routes[ALL] = answer
    with pytest.raises(kind):
        await asking(region, lambda cloud: cloud.eips.create({"id": EIP_ID, "name": "e13"}))


async def test_actions_and_the_end_of_an_eip_are_about_its_id() -> None:
    region = Region()
    change, end = f"POST /eips/{EIP_ID}/change-bandwidth", f"DELETE /eips/{EIP_ID}"
    region.routes[change] = region.routes[end] = Answer(body={"eip": EIP})
    _, place = await asking(
        region, lambda cloud: cloud.eips.perform(EIP_ID, "change-bandwidth", {"bandwidth": 5})
    )
    assert place.calls == [SIGN_IN, change]
    assert place.asked[1].json == {"eip": {"bandwidth": 5}}
    _, place = await asking(region, lambda cloud: cloud.eips.delete(EIP_ID))
    assert place.calls == [SIGN_IN, end]
