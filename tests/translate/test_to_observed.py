import sys
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.observed import Details, Disk, Nic, Observed, Owner, Phase, SecurityGroup
from onecloud_operator.translate import (
    OWNER_TAGS,
    Untranslatable,
    carried_over,
    mirror_of,
    observed_from_details,
    observed_from_row,
    owner_tags,
)
from tests.fuzz.strategies import DEAR
from tests.translate.arrange import FULL, bare, detailed

OWNER = Owner("c1", "shop", "db-1", "u-1")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
nested = {
    name: st.lists(
        st.dictionaries(st.sampled_from(sorted({k for row in FULL[name] for k in row})), json_values)
        | json_values,
        max_size=4,
    )
    for name in ("disks_info", "nics", "secgroups", "isolated_devices")
}
garbage = st.fixed_dictionaries(
    {"id": st.just("s1")},
    optional={
        **{name: json_values for name in FULL if name != "id"},
        **nested,
        "metadata": st.dictionaries(st.sampled_from(sorted(FULL["metadata"])), json_values) | json_values,
    },
)


def test_a_full_server_is_read_in_the_specs_words() -> None:
    assert observed_from_details(FULL) == Observed(
        id="d2f2dd73-3a90-40b7-8e20-c78c0597fc54",
        status="running",
        phase=Phase.RUNNING,
        version=28,
        updated_at="2026-11-23T07:28:54.000000Z",
        project_id="9ba548d7b41246938c5f46332a74bb50",
        recycled=False,
        locked=True,
        instance_type="ecs.g1.c4m8",
        cpu=4,
        memory_mib=8192,
        expires_at="2026-12-23T07:28:26Z",
        details=Details(
            version=28,
            disks=(
                Disk(
                    id="disk-a",
                    index=0,
                    size_mib=40960,
                    image="ubuntu-22.04",
                    image_id="image-1",
                    backend="local",
                    medium="SSD",
                    driver="virtio",
                    cache="none",
                ),
                Disk(
                    id="disk-b",
                    index=1,
                    size_mib=204800,
                    image="data",
                    image_id="image-2",
                    backend="rbd",
                    medium="Rotational",
                    driver="scsi",
                    cache="writeback",
                ),
            ),
            nics=(
                Nic("net-1", "10.88.0.20", "fd00::20", "00:22:bf:63:72:56"),
                Nic("net-2", "10.89.0.21", None, "00:22:bf:63:72:57", default=True),
            ),
            security_groups=(SecurityGroup("default", "Default"), SecurityGroup("sg-2", "db")),
            tags={"team": "orders"},
            owner=OWNER,
            keypair="ops",
            keypair_id="k-1",
            region_id="region-1",
            zone_id="zone-1",
            manager_id="manager-1",
            device_count=1,
            login_account="root",
            hot_plug=False,
            hot_remove=False,
            ip="10.89.0.21",
        ),
        mirror=mirror_of(FULL),
    )


def test_plain_fields_are_read_in_the_specs_words() -> None:
    server = observed_from_details(FULL)
    assert server.name == "shop-db-1"
    shown = {field.path: server.plain(field.path) for field in PLAIN_FIELDS}
    assert {path: value for path, value in shown.items() if value is not None} == {
        "name": "shop-db-1",
        "description": "Orders database",
        "hypervisor": "kvm",
        "hardware.bios": "UEFI",
        "hardware.machine": "q35",
        "hardware.bootOrder": "cdn",
        "hardware.vga": "std",
        "hardware.vdi": "vnc",
        "hardware.shutdownBehavior": "StopReleaseGPU",
        "hardware.sourceIPCheck": True,
        "hardware.sourceMACCheck": False,
        "billing.type": "Prepaid",
        "billing.autoRenew": True,
    }


def test_a_bare_row_replaces_plain_columns_and_keeps_the_older_details() -> None:
    before = observed_from_details(FULL)
    after = observed_from_row(
        {
            "id": FULL["id"],
            "status": "ready",
            "update_version": 30,
            "updated_at": "2026-11-23T08:00:00.000000Z",
            "description": "",
            "vga": "",
            "vcpu_count": 8,
            "vmem_size": "much",
            "disable_delete": False,
            "billing_type": "postpaid",
        },
        before,
    )
    changed = {f.name for f in fields(Observed) if getattr(after, f.name) != getattr(before, f.name)}
    assert changed == {
        "status",
        "phase",
        "version",
        "updated_at",
        "cpu",
        "locked",
        "mirror",
    }
    plain = {f.path for f in PLAIN_FIELDS if after.plain(f.path) != before.plain(f.path)}
    assert plain == {"description", "hardware.vga", "billing.type"}
    assert (after.status, after.phase, after.cpu, after.memory_mib) == ("ready", Phase.STOPPED, 8, 8192)
    assert [after.plain(path) for path in sorted(plain)] == ["Postpaid", None, None]
    assert before.detailed
    assert not after.detailed
    assert after.owner == OWNER


def test_another_servers_reading_lends_a_row_nothing() -> None:
    after = observed_from_row({"id": "other", "status": "running"}, observed_from_details(FULL))
    assert (after.details, after.name, after.cpu) == (None, "", 0)
    assert after.mirror == {"id": "other", "status": "running", "powerState": "Running"}


def test_a_row_without_a_lock_column_counts_as_locked() -> None:
    assert observed_from_details({"id": "s1"}).locked


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param(
            {"user:" + k: v for k, v in owner_tags(OWNER).items()}, OWNER, id="all-four-name-an-owner"
        ),
        pytest.param(
            {"user:onecloud.io/uid": "u-1"}, Owner("", "", "", "u-1"), id="the-uid-alone-is-an-owner"
        ),
        pytest.param({"user:onecloud.io/name": "db-1"}, None, id="without-a-uid-there-is-none"),
        pytest.param({"user:onecloud.io/uid": ""}, None, id="an-empty-uid-is-none"),
        pytest.param({"user:onecloud.io/uid": 7}, None, id="a-uid-is-a-text"),
        pytest.param({"onecloud.io/uid": "u-1"}, None, id="only-user-tags-count"),
        pytest.param(None, None, id="no-metadata-no-owner"),
        pytest.param([], None, id="metadata-of-another-form-no-owner"),
    ],
)
def test_the_owner_is_whom_the_tags_name(metadata: Any, expected: Owner | None) -> None:
    server = observed_from_details({"id": "s1", "metadata": metadata})
    assert server.owner == expected
    assert server.details is not None
    assert server.details.tags == {}


def test_owner_tags_name_the_owner_under_the_four_keys() -> None:
    assert tuple(owner_tags(OWNER)) == OWNER_TAGS
    assert list(owner_tags(OWNER).values()) == ["c1", "shop", "db-1", "u-1"]


@pytest.mark.parametrize(
    "server",
    [
        pytest.param({}, id="none"),
        pytest.param({"id": None}, id="null"),
        pytest.param({"id": ""}, id="empty"),
        pytest.param({"id": 7}, id="a-number"),
        pytest.param({"id": "x" * 65}, id="longer-than-any"),
    ],
)
def test_a_server_without_a_usable_id_cannot_be_translated(server: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        observed_from_details(server)
    with pytest.raises(Untranslatable):
        observed_from_row(server, None)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(
            {"nics": [{"ip_addr": "10.0.0.1"}, {"ip_addr": "10.0.0.2"}]}, "10.0.0.1", id="the-first-card"
        ),
        pytest.param(
            {"nics": [{"ip_addr": "10.0.0.1"}, {"ip_addr": "10.0.0.2", "is_default": True}]},
            "10.0.0.2",
            id="the-default-card-before-the-first",
        ),
        pytest.param({"nics": [{"ip6_addr": "fd00::1"}]}, "fd00::1", id="ipv6-if-there-is-no-other"),
        pytest.param({"ips": "10.0.0.3,10.0.0.4"}, "10.0.0.3", id="the-listed-ones-if-there-are-no-cards"),
        pytest.param({"nics": [{"ip_addr": "1" * 46}]}, None, id="what-is-too-long-is-no-address"),
        pytest.param({}, None, id="none"),
    ],
)
def test_one_address_is_shown(shown: dict[str, Any], expected: str | None) -> None:
    details = observed_from_details({"id": "s1", **shown}).details
    assert details is not None
    assert details.ip == expected


def test_every_recorded_reply_and_row_is_read() -> None:
    for server in detailed():
        seen = observed_from_details(server)
        assert seen.detailed
        assert (seen.version, seen.cpu, seen.status) == (
            server["update_version"],
            server["vcpu_count"],
            server["status"],
        )
    assert len(bare()) > 50
    for row in bare():
        assert observed_from_row(row, None).id == row["id"]


def test_a_whole_bare_row_over_details_reads_as_the_details_alone() -> None:
    """Of the columns that both show, a row tells the same as details do."""
    plain = {name for row in bare() for name in row}
    for server in detailed():
        before = observed_from_details(server)
        row = {key: value for key, value in server.items() if key in plain}
        assert observed_from_row(row, before) == before


@DEAR
@given(garbage)
def test_no_garbage_makes_the_translation_raise(server: dict[str, Any]) -> None:
    seen = observed_from_details(server)
    assert observed_from_row(server, seen).id == "s1"
    assert observed_from_row(server, None).id == "s1"
    again = observed_from_row({"id": "s1"}, seen)
    assert again.mirror == seen.mirror


@DEAR
@given(json_values.filter(lambda value: isinstance(value, dict)))
def test_no_object_without_an_id_makes_more_than_untranslatable(server: Any) -> None:
    try:
        assert observed_from_details(server).id == server["id"]
    except Untranslatable:
        assert not isinstance(server.get("id"), str) or not 0 < len(server["id"]) <= 64


def test_what_only_a_get_shows_is_kept_when_a_list_leaves_it_out() -> None:
    """Otherwise the two kinds of reply would have the status written to and fro."""
    one = observed_from_details({"id": "a", "os_name": "Linux", "security_rules": "in:allow any"})
    listed = observed_from_details({"id": "a", "admin_secgrp_id": "g"})
    both = carried_over(listed, one)
    assert both.mirror["osName"] == "Linux"
    assert both.mirror["security"] == {"rules": "in:allow any", "adminGroupID": "g"}
    assert carried_over(listed, None) is listed
    assert carried_over(one, listed) is one


def test_the_rules_of_former_security_groups_are_not_kept() -> None:
    """Recorded: an answer of one server, whose new group has no rules, shows none (1002-act-set-secgroup)."""
    groups: tuple[dict[str, Any], ...] = ({"id": "g1", "name": "g1"}, {"id": "g2", "name": "g2"})
    one = observed_from_details({"id": "a", "secgroups": [groups[0]], "security_rules": "in:allow any"})
    listed = observed_from_details({"id": "a", "secgroups": [groups[1]]})
    assert "security" not in carried_over(listed, one).mirror
    alone = observed_from_details({"id": "a", "secgroups": [groups[0]]}, whole=True)
    assert carried_over(alone, one) is alone


def test_a_row_of_any_size_is_kept_as_a_small_one() -> None:
    """Whatever a cloud sends of a server, what is kept of it is within the status's bounds."""
    endless = "\U0001f600" * 50_000
    rows = {
        name: [{key: endless if isinstance(value, str) else value for key, value in row.items()}] * 1000
        for name in nested
        for row in FULL[name][:1]
    }
    disks = [{"id": f"d-{n}", "index": n, "image": endless} for n in range(1000)]
    tags = {f"user:{n}{endless}": endless for n in range(300)}
    owner = {f"user:{tag}": endless for tag in OWNER_TAGS}
    texts = {key: endless for key, value in FULL.items() if isinstance(value, str) and key != "id"}
    server = FULL | texts | rows | {"disks_info": disks, "metadata": FULL["metadata"] | tags | owner}
    server["ips"] = ",".join(["10.1.2.3"] * 10_000)
    observed = observed_from_details(server)
    again = observed_from_row({**server, "status": endless}, observed)
    for one in (observed, again):
        assert one.details is not None
        assert _size(one) < 5 * 2**18, "though each character takes four bytes"
        assert len(one.details.tags) <= 64
        assert not one.details.disks_known


def _size(value: object, seen: set[int] | None = None) -> int:
    """Return about how many bytes *value* takes with all that it holds."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    held: list[object] = []
    if isinstance(value, dict):
        held = [*value, *value.values()]
    elif isinstance(value, tuple | list):
        held = [*value]
    elif is_dataclass(value):
        held = [getattr(value, each.name) for each in fields(value)]
    return sys.getsizeof(value) + sum(_size(each, seen) for each in held)


def test_an_id_that_the_status_cannot_hold_is_none() -> None:
    endless = "x" * 65
    changes = {
        "keypair_id": endless,
        "disks_info": [{"id": endless, "index": 0}],
        "disk_count": 1,
        "nics": [{"network_id": endless, "mac": "00:22:00:00:00:01"}],
    }
    details = observed_from_details(FULL | changes).details
    assert details is not None
    assert (details.keypair_id, details.disks, details.disks_known) == (None, (), False)
    assert [nic.network_id for nic in details.nics] == [""]
