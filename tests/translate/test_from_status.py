import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.core.observed import Observed
from onecloud_operator.translate import (
    mirror_of,
    observed_from_details,
    observed_from_row,
    recall,
)
from tests.fuzz.strategies import DEAR
from tests.translate.arrange import FULL, detailed

MIRROR = mirror_of(FULL)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
tampered = st.fixed_dictionaries(
    {"id": st.just("s1"), "status": st.just("running"), "lifecycle": st.just({"updateVersion": 3})},
    optional={
        name: st.dictionaries(st.sampled_from(sorted(value)), json_values) | json_values
        if isinstance(value, dict)
        else st.lists(st.dictionaries(st.sampled_from(sorted(value[0])), json_values), max_size=3)
        | json_values
        if isinstance(value, list)
        else json_values
        for name, value in MIRROR.items()
        if name not in {"id", "status", "lifecycle"}
    },
)


NOT_SHOWN: dict[str, Any] = dict.fromkeys(("hot_plug", "hot_remove", "login_account", "login_set_at"))


def expected_of(server: dict[str, Any]) -> Observed:
    """Return what a mirror can recall: no owner, no hot-plug, times without fractions, long texts cut."""
    seen = observed_from_details(server)
    assert seen.details is not None
    assert seen.owner is None or seen.owner.uid
    tags = {key: cut(value) for key, value in seen.details.tags.items()}
    return replace(
        seen,
        updated_at=seen.mirror["lifecycle"]["updatedAt"],
        details=replace(seen.details, tags=tags, owner=None, owner_known=False, **NOT_SHOWN),
    )


def cut(text: str) -> str:
    return text if len(text) <= 1024 else text[:1023] + "…"


def test_a_mirror_recalls_the_server_that_it_was_made_of() -> None:
    servers = (FULL, *detailed())
    assert len(servers) > 100
    for server in servers:
        expected = expected_of(server)
        written = json.loads(json.dumps(expected.mirror))
        recalled = recall(written)
        assert recalled == expected
        assert recalled.detailed


def test_whose_a_recalled_server_is_is_not_known() -> None:
    recalled = recall(MIRROR)
    assert recalled is not None
    assert recalled.owner is None
    assert not recalled.owner_known


@pytest.mark.parametrize(
    "mirror",
    [
        pytest.param({}, id="none"),
        pytest.param({"id": "s1"}, id="only-an-id"),
        pytest.param(MIRROR | {"id": ""}, id="no-id"),
        pytest.param(MIRROR | {"id": "x" * 65}, id="an-id-longer-than-any"),
        pytest.param(MIRROR | {"status": 1}, id="no-status"),
        pytest.param(MIRROR | {"lifecycle": {}}, id="no-version"),
        pytest.param(MIRROR | {"lifecycle": {"updateVersion": "28"}}, id="a-version-as-text"),
        pytest.param(MIRROR | {"lifecycle": []}, id="a-part-of-another-form"),
    ],
)
def test_a_mirror_without_identity_or_version_recalls_nothing(mirror: dict[str, Any]) -> None:
    assert recall(mirror) is None


def test_a_recalled_server_that_a_row_confirms_goes_on_like_one_that_was_read() -> None:
    recalled = recall(MIRROR)
    assert recalled is not None
    row = {"id": FULL["id"], "status": "ready", "update_version": 29}
    after = observed_from_row(row, recalled)
    assert (after.version, after.status, after.cpu) == (29, "ready", 4)
    assert not after.detailed


@DEAR
@given(tampered)
def test_a_tampered_mirror_never_raises(mirror: dict[str, Any]) -> None:
    recalled = recall(mirror)
    assert isinstance(recalled, Observed)
    renewed = observed_from_row({**FULL, "id": "s1"}, recalled)
    assert renewed.name == "shop-db-1"
    hash(tuple(recalled.details.nics) if recalled.details else ())


@DEAR
@given(st.dictionaries(st.text(max_size=8), json_values))
def test_any_object_recalls_something_or_nothing(mirror: dict[str, Any]) -> None:
    assert recall(mirror) is None or "id" in mirror
