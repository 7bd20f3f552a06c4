"""What stands in a manifest that is made of a server, what does not, and which servers get none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.spec import Spec
from onecloud_operator.cli.importing.manifests import Manifest, ServersObject
from onecloud_operator.cli.importing.names import names_of
from onecloud_operator.cli.importing.selection import Selection
from onecloud_operator.cli.importing.yaml_text import text_of
from onecloud_operator.core.observed import Observed
from tests.cli.servers import MANAGE, OBSERVE, SECRET, of, recorded, row, server

DISK = {"id": "disk-a", "index": 0, "size": 10240}


def one(found: Observed, **how: Any) -> Manifest:
    (manifest,) = of([found], **how).manifests
    return manifest


def spec(found: Observed) -> dict[str, Any]:
    written: dict[str, Any] = one(found).document["spec"]
    return written


# -- what stands there -------------------------------------------------------------------------------------
def test_a_server_is_described_by_all_that_can_change_later_on() -> None:
    assert spec(server()) == {
        "credentialsRef": {"name": "onecloud"},
        "managementPolicy": "Observe",
        "adoption": {"policy": "Adopt", "id": "d2f2dd73-3a90-40b7-8e20-c78c0597fc54"},
        "deletionPolicy": "Retain",
        "server": {
            "name": "shop-db-1",
            "description": "Orders database",
            "instanceType": "ecs.g1.c4m8",
            "image": "image-1",
            "rootDisk": {"size": "40Gi"},
            "networks": [
                {"network": "net-2", "address": "10.89.0.21"},
                {"network": "net-1", "address": "10.88.0.20"},
            ],
            "securityGroups": ["default", "sg-2"],
            "keypair": "k-1",
            "tags": {"team": "orders"},
            "hardware": {
                "bootOrder": "cdn",
                "vga": "std",
                "vdi": "vnc",
                "shutdownBehavior": "StopReleaseGPU",
                "sourceIPCheck": True,
                "sourceMACCheck": False,
            },
        },
    }


def test_promotion_is_a_change_of_one_line() -> None:
    observe, manage = (one(server(), target=target).yaml().splitlines() for target in (OBSERVE, MANAGE))
    changed = [pair for pair in zip(observe, manage, strict=True) if pair[0] != pair[1]]
    assert changed == [("  managementPolicy: Observe", "  managementPolicy: Manage")]


def test_a_server_without_an_instance_type_is_described_by_its_size() -> None:
    found = spec(server(instance_type=""))["server"]
    assert (found["cpu"], found["memory"]) == (4, "8Gi")
    assert "instanceType" not in found


@pytest.mark.parametrize("target", [OBSERVE, MANAGE], ids=["observe", "manage"])
def test_no_secret_of_the_cloud_s_metadata_is_written(target: Any) -> None:
    for found in (*recorded(), server()):
        for manifest in of([found], target).manifests:
            assert SECRET not in manifest.yaml()
            assert {"userData", "userDataFrom", "passwordFrom", "adminUser"}.isdisjoint(
                manifest.document["spec"].get("server", {})
            )


@pytest.mark.parametrize(
    "key",
    [
        "db_password",
        "PASSWORD",
        "passwd",
        "api-key",
        "db_pwd",
        "DBPass",
        "wifi.psk",
        "apikey",
        "AccessKeyId",
        "private_key",
        "ci-token",
        "Secret",
    ],
)
def test_a_tag_whose_key_speaks_of_a_secret_stays_in_the_cloud(key: str) -> None:
    metadata = row()["metadata"] | {f"user:{key}": "hunter2"}
    manifest = one(server(metadata=metadata))
    assert manifest.document["spec"]["server"]["tags"] == {"team": "orders"}
    assert "hunter2" not in manifest.yaml()
    assert any("secrets" in note for note in manifest.notes)


@pytest.mark.parametrize("key", ["passenger", "compass", "bypass-proxy", "monkey"])
def test_a_tag_of_another_meaning_is_written(key: str) -> None:
    metadata = row()["metadata"] | {f"user:{key}": "x"}
    assert key in spec(server(metadata=metadata))["server"]["tags"]


def test_texts_of_which_only_the_beginning_was_read_are_not_declared() -> None:
    found = spec(server(description="d" * 2000, name="n" * 300))["server"]
    assert {"name", "description"}.isdisjoint(found)


def test_more_tags_than_a_spec_takes_are_left_alone_and_told() -> None:
    metadata = {f"user:k{index:02}": "v" for index in range(20)}
    manifest = one(server(metadata=metadata))
    assert len(manifest.document["spec"]["server"]["tags"]) == 15
    assert any("20 tags" in note for note in manifest.notes)


def test_of_two_cards_in_one_network_the_default_one_is_declared() -> None:
    cards = [
        {"network_id": "net-1", "ip_addr": "10.0.0.1", "mac": "00:22:00:00:00:01"},
        {"network_id": "net-1", "ip_addr": "10.0.0.2", "mac": "00:22:00:00:00:02", "is_default": True},
    ]
    manifest = one(server(nics=cards))
    assert manifest.document["spec"]["server"]["networks"] == [{"network": "net-1", "address": "10.0.0.2"}]
    assert any("several cards" in note for note in manifest.notes)


def test_the_first_disk_counts_as_the_root_disk_only_where_it_is_no_other() -> None:
    data = {"id": "disk-b", "index": 1, "size": 10240, "image_id": "image-1"}
    assert "rootDisk" not in spec(server(disks_info=[DISK, data]))["server"]
    assert spec(server(disks_info=[DISK]))["server"]["rootDisk"] == {"size": "10Gi"}


# -- as YAML -----------------------------------------------------------------------------------------------
def test_ids_have_their_names_beside_them_for_people() -> None:
    text = one(server()).yaml()
    assert "    image: image-1  # ubuntu-22.04\n" in text
    assert "    - sg-2  # db\n" in text
    assert "    keypair: k-1  # ops\n" in text


@given(st.text(max_size=80), st.text(max_size=80), st.text(min_size=1, max_size=40))
def test_whatever_texts_are_in_it_the_yaml_is_the_document(description: str, tag: str, image: str) -> None:
    whole = row(description=f"{description}\n    image: image-1\n- sg-2\n{description}")
    whole["metadata"] |= {"user:team": tag}
    whole["disks_info"][1]["image"] = image
    manifest = one(observed(whole))
    assert yaml.safe_load(manifest.yaml()) == manifest.document
    assert json.loads(json.dumps(manifest.document)) == manifest.document
    Spec.model_validate(manifest.document["spec"])


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.lists(st.text())))
def test_any_document_is_read_as_it_was(document: dict[str, Any]) -> None:
    nested = {"a": document, "b": [document] if document else [], "c": {}}
    assert yaml.safe_load(text_of(nested, {})) == nested


@pytest.mark.parametrize(
    "word",
    [
        "1e3",
        "on",
        "No",
        "null",
        "~",
        "0x1F",
        "0o7",
        "12:30",
        "2026-11-30",
        "1_000",
        ".5",
        "",
        "=",
        "<<",
        "-",
        "4 # x",
        "a: b",
        "*a",
        "&a",
        "!x",
        "%x",
        "@x",
    ],
)
def test_what_some_parser_takes_for_no_text_stands_in_quotes(word: str) -> None:
    assert text_of({"tag": word}, {}) == f'tag: "{word}"\n'


@pytest.mark.parametrize("letter", ["\u202e", "\u200b", "\x1b", "\x85", "\u2028", "\ufeff", "\U000e0001"])
def test_no_letter_that_is_not_seen_reaches_a_review(letter: str) -> None:
    whole = row(description=f"a{letter}b", eip=f"1.2.3.4{letter}\nspec: {{}}", eip_mode="elastic_ip")
    whole["metadata"] |= {f"user:k{letter}": letter}
    whole["disks_info"][1]["image"] = f"ubuntu{letter}\nspec: {{}}"
    manifest = one(observed(whole))
    assert letter not in manifest.yaml()
    assert yaml.safe_load(manifest.yaml()) == manifest.document


def observed(whole: dict[str, Any]) -> Observed:
    return server(**whole)


def test_the_output_is_the_same_each_time_in_whatever_order_the_cloud_lists_its_servers() -> None:
    servers = [found for found in recorded() if not of([found]).left_out]
    newest = list({found.id: found for found in servers}.values())
    texts = [[each.yaml() for each in of(order).manifests] for order in (newest, newest[::-1], newest)]
    assert texts[0] == texts[1] == texts[2]


# -- names -------------------------------------------------------------------------------------------------
def named(*names: str, taken: dict[str, str] | None = None) -> list[str]:
    found = [server(name=name, id=f"id-{index}") for index, name in enumerate(names)]
    return list(names_of(found, taken or {}).values())


def test_an_object_is_called_like_its_server_where_that_is_a_dns_label() -> None:
    assert named("web-1", "0", "a" * 63) == ["web-1", "0", "a" * 63]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("Web 1", "web-1-"),
        ("shop.web-1", "shop-web-1-"),
        ("-x-", "x-"),
        ("数据库", "server-"),
        ("a" * 64, "a" * 56 + "-"),
        ("", "server-"),
        ("a\nb", "a-b-"),
    ],
)
def test_any_other_name_is_made_a_label_that_ends_in_letters_of_the_id(name: str, begins: str) -> None:
    (first,), (second, _) = named(name), named(name, "another")
    assert first == second
    assert first.startswith(begins)
    assert len(first) == len(begins) + 6
    assert len(first) <= 63


@given(st.lists(st.text(max_size=70) | st.sampled_from(["web-1", "Web-1", "web.1"]), max_size=8))
def test_names_are_labels_each_given_once_and_do_not_hang_on_the_order(names: list[str]) -> None:
    found = [server(name=name, id=f"id-{index}") for index, name in enumerate(names)]
    one_way, other_way = names_of(found, {}), names_of(found[::-1], {})
    assert one_way == other_way
    assert len(set(one_way.values())) == len(names)
    for name in one_way.values():
        assert len(name) <= 63
        assert name.strip("-") == name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_two_servers_of_one_name_both_get_letters_of_their_ids() -> None:
    first, second = named("web-1", "web-1")
    assert first != second
    assert first.startswith("web-1-")
    assert second.startswith("web-1-")


def test_a_name_that_an_object_of_another_server_has_is_not_given() -> None:
    """To apply the manifest would point that object at another server."""
    (name,) = named("web-1", taken={"web-1": ""})
    assert name.startswith("web-1-")
    assert named("web-1", taken={"web-1": "id-0"}) == ["web-1"]


# -- which servers -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(names=("SHOP-*",)),
        Selection(names=("nothing", "d2f2dd73-3a90-40b7-8e20-c78c0597fc54")),
        Selection(tags=(("Team", None),)),
        Selection(tags=(("team", "orders"),)),
        Selection(networks=("NET-2", "net-9")),
        Selection(hosts=("host0",)),
        Selection(hosts=("host-1",)),
        Selection(names=("shop*",), tags=(("team", "orders"),), networks=("net-1",), hosts=("host0",)),
    ],
)
def test_a_server_is_selected_by_what_it_has(selection: Selection) -> None:
    assert len(of([server()], selection=selection).manifests) == 1


@pytest.mark.parametrize(
    "selection",
    [
        Selection(names=("shop",)),
        Selection(tags=(("team", "sales"),)),
        Selection(tags=(("team", None), ("stage", None))),
        Selection(networks=("net-3",)),
        Selection(hosts=("host1",)),
        Selection(names=("shop*",), hosts=("host1",)),
    ],
)
def test_a_server_that_lacks_something_of_it_is_passed_over_without_a_word(selection: Selection) -> None:
    found = of([server()], selection=selection)
    assert (found.manifests, found.left_out) == ((), ())


OWNED = row()["metadata"] | {
    "user:onecloud.io/uid": "u-1",
    "user:onecloud.io/name": "db",
    "user:onecloud.io/namespace": "shop",
}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"metadata": OWNED}, "owned by shop/db"),
        ({"pending_deleted": True}, "recycle bin"),
        ({"status": "deleting"}, "being deleted"),
        ({"status": "start_start"}, "does not rest (start_start)"),
        ({"status": "sched_fail"}, "does not rest (sched_fail)"),
        ({"status": "unknown"}, "does not rest (unknown)"),
        ({"tenant_id": None, "project_id": None}, "of which project"),
        ({"id": "UPPER"}, "its id"),
    ],
)
def test_a_server_that_cannot_be_imported_is_told_with_the_reason(changes: dict[str, Any], why: str) -> None:
    found = of([server(**changes)])
    assert found.manifests == ()
    (told,) = found.left_out
    assert why in told.why
    assert told.server_name == "shop-db-1"


ID = "d2f2dd73-3a90-40b7-8e20-c78c0597fc54"


@pytest.mark.parametrize("target", [OBSERVE, MANAGE], ids=["observe", "manage"])
def test_a_server_that_is_observed_in_the_namespace_keeps_its_object(target: Any) -> None:
    """So one that has been renamed in the cloud meanwhile is promoted, and not observed twice."""
    there = ServersObject("shop", "old-name", ID, observes=True)
    assert one(server(), target=target, objects=[there]).name == "old-name"


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (ServersObject("shop", "db", ID), "shop/db has or adopts it"),
        (ServersObject("lab", "db", ID, observes=True), "lab/db observes it"),
    ],
)
def test_a_server_of_another_object_is_told_with_that_object(there: ServersObject, why: str) -> None:
    (told,) = of([server()], objects=[there]).left_out
    assert why in told.why
