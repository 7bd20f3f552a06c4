"""A rebuild of the root disk in the cloud's words: what is asked, and what its refusals mean."""

from __future__ import annotations

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.references import Kind, Missing, Resolved
from onecloud_operator.onecloud import NamedRows
from onecloud_operator.onecloud.errors import Call, InvalidInput, NotSupported
from onecloud_operator.translate import Doing, answer_of, problem_of, rebuild_root

CALL = Call("POST", "/servers/{id}/rebuild-root", "req-1", writes=True)


def test_the_login_goes_along_and_the_server_is_not_started_by_the_cloud() -> None:
    plain = rebuild_root("image-9", keypair_id=None, password=None)
    assert plain == {"image_id": "image-9", "auto_start": False}
    whole = rebuild_root("image-9", keypair_id="key-1", password="Orders-2026.x9")
    assert whole == {
        **plain,
        "keypair_id": "key-1",
        "reset_password": True,
        "password": "Orders-2026.x9",
    }


@pytest.mark.parametrize(
    ("error", "reason", "says"),
    [
        (
            InvalidInput(CALL, 400, "InputParameterError", "invlid image"),
            Reason.REFERENCE_NOT_FOUND,
            "not active yet",
        ),
        (
            InvalidInput(CALL, 400, "InputParameterError", "prepaid server"),
            Reason.OPERATION_FAILED,
            "set spec.server.image back",
        ),
        (
            NotSupported(CALL, 406, "UnsupportOperationError", "no other image"),
            Reason.OPERATION_FAILED,
            "set spec.server.image back",
        ),
    ],
)
def test_a_refusal_says_what_to_do(error: InvalidInput | NotSupported, reason: Reason, says: str) -> None:
    problem = problem_of(error, doing=Doing.REBUILD, image="debian-12")
    assert problem.reason == reason
    assert says in problem.message
    assert not problem.ambiguous


@pytest.mark.parametrize(
    ("status", "unusable"), [("active", None), ("queued", "queued"), (None, None), (7, None)]
)
def test_an_image_that_is_not_active_is_told(status: object, unusable: str | None) -> None:
    row = {"id": "image-9", "name": "debian-12", "status": status}
    assert answer_of(Kind.IMAGE, NamedRows((row,), complete=True)) == Resolved("image-9", unusable=unusable)
    assert answer_of(Kind.IMAGE, NamedRows((), complete=True)) == Missing()
    pair = {"id": "key-1", "name": "ops", "status": "queued"}
    assert answer_of(Kind.KEYPAIR, NamedRows((pair,), complete=True)) == Resolved("key-1")
