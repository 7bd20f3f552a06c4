"""Whose objects may name a provider."""

from __future__ import annotations

import pytest

from onecloud_operator.api.provider import NamespaceSelector
from onecloud_operator.core.provider import Provider, selects

PROVIDER = Provider("shared", "uid-1", 1, ("onecloud-system", "shared"))


def selector(**fields: object) -> NamespaceSelector:
    return NamespaceSelector.model_validate(fields)


def test_nobody_may_unless_it_is_said() -> None:
    assert not PROVIDER.allows("shop", {"team": "a"})


def test_a_namespace_may_by_its_name_or_by_its_labels_where_these_count() -> None:
    provider = Provider(
        "shared",
        "uid-1",
        1,
        ("onecloud-system", "shared"),
        allowed_names=frozenset({"shop"}),
        allowed_selector=selector(matchLabels={"team": "a"}),
    )
    assert provider.allows("shop")
    assert provider.allows("bank", {"team": "a"})
    assert not provider.allows("bank", {"team": "b"})
    assert not provider.allows("bank", None), "labels do not count, or are not known"


@pytest.mark.parametrize(
    ("given", "labels", "expected"),
    [
        ({}, {"a": "1"}, False),
        ({"matchLabels": {"a": "1", "b": "2"}}, {"a": "1"}, False),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, {"a": "2"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {}, True),
        (
            {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]},
            {"a": "1", "b": "2"},
            False,
        ),
    ],
)
def test_a_selector_selects_as_kubernetes_does_and_an_empty_one_nothing(
    given: dict[str, object], labels: dict[str, str], expected: bool
) -> None:
    assert selects(selector(**given) if given else NamespaceSelector.model_construct(), labels) is expected
