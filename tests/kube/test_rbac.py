"""What the operator says of rights that it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import pytest

from onecloud_operator.kube.handlers import settings
from onecloud_operator.kube.rbac import ELECTION, NEEDED, granting, lacking

ALL = {
    "resourceRules": [
        {"apiGroups": ["onecloud.io"], "resources": ["onecloudservers"], "verbs": ["get", "list"]},
        {"apiGroups": ["onecloud.io"], "resources": ["onecloudservers"], "verbs": ["watch", "patch"]},
        {"apiGroups": ["onecloud.io"], "resources": ["onecloudservers/status"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["onecloud"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]
}


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        pytest.param(
            'onecloudservers.onecloud.io is forbidden: User "u" cannot list resource "onecloudservers" '
            'in API group "onecloud.io" at the cluster scope',
            'a ClusterRole with the rule {apiGroups: ["onecloud.io"], resources: ["onecloudservers"], '
            'verbs: ["list"]} grants it',
            id="everywhere",
        ),
        pytest.param(
            'secrets "x" is forbidden: User "u" cannot get resource "secrets" in API group "" '
            'in the namespace "shop": RBAC: role not found',
            'a Role in the namespace shop with the rule {apiGroups: [""], resources: ["secrets"], '
            'verbs: ["get"]} grants it',
            id="in-a-namespace",
        ),
        pytest.param(
            'onecloudservers.onecloud.io "web-1" is forbidden: User "u" cannot patch resource '
            '"onecloudservers/status" in API group "onecloud.io" in the namespace "shop"',
            'a Role in the namespace shop with the rule {apiGroups: ["onecloud.io"], '
            'resources: ["onecloudservers/status"], verbs: ["patch"]} grants it',
            id="of-a-part-of-an-object",
        ),
        pytest.param('pods "x" is forbidden: exceeded quota', "", id="not-for-want-of-a-rule"),
    ],
)
def test_a_refusal_is_answered_by_the_rule_that_grants_it(refusal: str, expected: str) -> None:
    assert granting(refusal) == expected


@pytest.mark.parametrize("right", NEEDED, ids=lambda right: f"{right.verb}-{right.resource}")
def test_each_right_is_missed_where_no_rule_grants_it(right: Any) -> None:
    def less(rule: dict[str, Any]) -> dict[str, Any]:
        if right.resource not in rule["resources"]:
            return rule
        return {**rule, "verbs": [verb for verb in rule["verbs"] if verb != right.verb]}

    assert lacking({"resourceRules": [less(rule) for rule in ALL["resourceRules"]]}) == [right]


LEASES = {
    "resourceRules": [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["a"],
            "verbs": ["get", "patch"],
        },
    ]
}


@pytest.mark.parametrize(
    ("rule", "change", "missed"),
    [
        pytest.param(0, {}, [], id="all-are-granted"),
        pytest.param(0, {"verbs": []}, ["create"], id="it-cannot-be-made"),
        pytest.param(0, {"resourceNames": ["a"]}, ["create"], id="nothing-is-made-by-a-rule-with-names"),
        pytest.param(1, {"verbs": ["get"]}, ["patch"], id="it-cannot-be-renewed"),
        pytest.param(1, {"verbs": ["patch"]}, ["get"], id="it-cannot-be-read"),
        pytest.param(1, {"resourceNames": ["b"]}, ["get", "patch"], id="another-lease"),
        pytest.param(1, {"resourceNames": []}, [], id="every-lease"),
        pytest.param(1, {"apiGroups": [""]}, ["get", "patch"], id="another-group"),
    ],
)
def test_a_right_to_the_lease_is_missed_where_no_rule_grants_it_by_its_name(
    rule: int, change: dict[str, Any], missed: list[str]
) -> None:
    rules = list(LEASES["resourceRules"])
    rules[rule] = {**rules[rule], **change}
    assert [right.verb for right in lacking({"resourceRules": rules}, ELECTION, name="a")] == missed


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(ALL, id="each-by-its-name"),
        pytest.param(
            {"resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
            id="an-administrator",
        ),
        pytest.param(
            {"resourceRules": [], "incomplete": True}, id="an-authorizer-that-cannot-list-its-rules"
        ),
    ],
)
def test_nothing_is_missed_where_all_is_granted_or_nobody_knows(status: dict[str, Any]) -> None:
    assert lacking(status) == []


def test_the_patience_with_the_api_server_has_no_end_and_is_new_for_every_request() -> None:
    patience = settings().networking.error_backoffs
    assert isinstance(patience, Iterable)
    assert not isinstance(patience, Sized), "kopf would give up after so many"
    for _ in range(2):
        waits = [wait for wait, _ in zip(patience, range(1000), strict=False)]
        assert (waits[0], waits[-1], max(waits)) == (1.0, 13.0, 13.0)
