"""The verbs: each sets one annotation, on the object that was seen, where something waits for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api import annotations as names
from onecloud_operator.cli.commands.verbs import REQUESTS
from onecloud_operator.cli.confirmations import CONFIRMATIONS
from tests.cli.conftest import condition

if TYPE_CHECKING:
    from tests.cli.conftest import Desk


def test_retry_asks_with_a_new_value_each_time(desk: Desk) -> None:
    desk.apply()
    seen = set()
    for _ in range(2):
        assert desk.run("retry", "web-1").out == "web-1 is tried again\n"
        value = desk.annotations()[names.RECONCILE_REQUESTED_AT]
        datetime.fromisoformat(value)
        seen.add(value)
    assert len(seen) == 2


def test_several_are_asked_at_once_and_json_says_what_was_set(desk: Desk) -> None:
    desk.apply("web-1")
    desk.apply("web-2")
    said = desk.run("pause", "web-1", "web-2", "web-1", "-o", "json")
    row = {"namespace": desk.namespace, "annotation": names.PAUSED, "value": "true"}
    assert said.json == {"items": [{**row, "name": "web-1"}, {**row, "name": "web-2"}]}
    assert desk.run("resume", "web-2").code == 0
    assert desk.annotations("web-1") == {names.PAUSED: "true"}
    assert desk.annotations("web-2") == {}


def test_other_annotations_stay(desk: Desk) -> None:
    desk.apply()
    desk.kube.patch(
        "onecloudservers", "web-1", desk.namespace, {"metadata": {"annotations": {"team.example/a": "b"}}}
    )
    desk.run("pause", "web-1")
    assert desk.annotations() == {"team.example/a": "b", names.PAUSED: "true"}


def test_what_was_done_before_a_failure_is_told(desk: Desk) -> None:
    desk.apply()
    said = desk.run("pause", "web-1", "web-9", "-o", "json")
    assert (said.code, [row["name"] for row in said.json["items"]]) == (1, ["web-1"])
    assert "web-9" in said.err


def test_an_object_that_is_not_there_is_named_with_the_way_to_find_it(desk: Desk) -> None:
    said = desk.run("retry", "web-9")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        'error: onecloudservers.onecloud.io "web-9" not found\n'
        "  try: look for it in all namespaces: `kubectl get ocs -A`, and name its namespace by -n\n"
    )


def test_a_name_that_would_reach_elsewhere_is_refused_before_a_call(desk: Desk) -> None:
    for name in ("../secrets/x", "web-1/status", "a b", "WEB", "x" * 300):
        said = desk.run("retry", name)
        assert said.code == 1
        assert "no name that an object can have" in said.err


@pytest.mark.parametrize("confirmation", CONFIRMATIONS, ids=lambda each: each.verb)
def test_nothing_is_confirmed_without_a_yes(desk: Desk, confirmation: object) -> None:
    verb = getattr(confirmation, "verb", "")
    desk.apply()
    _make_all_wait(desk)
    said = desk.run(verb, "web-1")
    assert said.code == 1
    assert "try: add --yes" in said.err or "its reason is" in said.err
    assert desk.annotations() == {}


def test_whoever_approves_a_plan_reads_it_first() -> None:
    (approve,) = (each for each in CONFIRMATIONS if each.verb == "approve")
    steps = [
        {"field": "cpu", "from": "2", "to": "4", "effect": "Live"},
        {"field": "eip", "from": "10.0.0.9", "effect": "Live"},
        {"field": "image", "to": "tiny", "effect": "Create"},
    ]
    assert list(approve.lists({"status": {"plan": {"steps": steps}}})) == [
        "cpu: 2 → 4 (Live)",
        "eip: 10.0.0.9 → none (Live)",
        "image: tiny (Create)",
    ]


def _make_all_wait(desk: Desk) -> None:
    desk.tell(id="srv-1", conditions=[condition("Deleting", "True", "RecycleBinOff")])


def test_a_deletion_is_confirmed_for_the_server_that_waits_for_it(desk: Desk) -> None:
    desk.apply()
    desk.tell(id="srv-1", conditions=[condition("Synced", "True", "UpToDate")])
    said = desk.run("confirm-delete", "web-1", "--yes")
    assert said.code == 1
    assert "does not wait for this: its reason is UpToDate, not RecycleBinOff" in said.err
    _make_all_wait(desk)
    assert desk.run("confirm-delete", "web-1", "--yes").code == 0
    assert desk.annotations() == {names.CONFIRM_DELETE: "srv-1"}


def test_a_loss_is_confirmed_for_the_server_of_the_object(desk: Desk) -> None:
    desk.apply()
    desk.tell(id="srv-1", conditions=[condition("Synced", "False", "TooManyGone")])
    said = desk.run("confirm-gone", "web-1", "--yes", "-o", "json")
    assert said.json["items"][0]["value"] == "srv-1"
    assert desk.annotations() == {names.CONFIRM_GONE: "srv-1"}


def test_a_server_is_taken_over_by_the_id_of_its_adoption(desk: Desk) -> None:
    desk.apply("by-id", adoption={"policy": "Adopt", "id": "srv-7"})
    desk.apply("by-name", adoption={"policy": "Adopt", "name": "old"})
    for name in ("by-id", "by-name"):
        desk.tell(name, conditions=[condition("Synced", "False", "OwnedByAnother", "srv-8 is another's")])
    assert desk.run("take-over", "by-id", "--yes").code == 0
    assert desk.annotations("by-id") == {names.TAKE_OVER: "srv-7"}
    said = desk.run("take-over", "by-name", "--yes")
    assert said.code == 1
    assert "srv-8 is another's" in said.err


def test_the_disk_that_is_there_is_accepted_as_the_root_disk(desk: Desk) -> None:
    desk.apply()
    failed = [condition("Synced", "False", "OperationFailed")]
    desk.tell(rootDiskID="disk-1", server={"rootDisk": {"index": 0, "id": "disk-1"}}, conditions=failed)
    assert desk.run("accept-root-disk", "web-1", "--yes").code == 1
    desk.tell(server={"rootDisk": {"index": 0, "id": "disk-2"}})
    assert desk.run("accept-root-disk", "web-1", "--yes").code == 0
    assert desk.annotations() == {names.ACCEPT_ROOT_DISK: "disk-2"}


def test_every_annotation_has_a_verb() -> None:
    verbs = {each.annotation for each in REQUESTS} | {each.annotation for each in CONFIRMATIONS}
    assert names.ANNOTATIONS - verbs <= {names.FREEZE, names.ALLOW_MASS_DELETION}, (
        "these have commands of their own"
    )
