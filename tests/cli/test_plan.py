"""``plan -f``: what applying would do, and an exit code for a pipeline."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from onecloud_operator.cli import manifest_reading
from onecloud_operator.cli.dry_apply import LAST_APPLIED, differences, merge_patch
from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.manifest_reading import read_manifests
from sandbox.stage import ROOT
from tests.cli.conftest import SPEC

if TYPE_CHECKING:
    from tests.cli.conftest import Desk, Said


def manifest(name: str = "web-1", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudServer",
        "metadata": {"name": name},
        "spec": {**SPEC, **spec},
    }


def planned(desk: Desk, folder: Path, *manifests: dict[str, Any]) -> Said:
    for number, each in enumerate(manifests):
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(each))
    return desk.run("plan", "-f", str(folder), "-o", "json")


def test_a_new_object_is_told_field_by_field_and_nothing_is_made(desk: Desk, tmp_path: Path) -> None:
    said = planned(desk, tmp_path, manifest(), {"kind": "ConfigMap", "apiVersion": "v1"})
    assert said.code == 2
    (item,) = said.json["items"]
    assert (item["action"], item["namespace"], said.json["otherKinds"]) == ("create", desk.namespace, 1)
    steps = {step["field"]: step["to"] for step in item["steps"]}
    assert (steps["cpu"], steps["image"], steps["server"]) == ("2", "ubuntu-22.04", f"{desk.namespace}.web-1")
    assert desk.kube.get("onecloudservers", "web-1", desk.namespace) is None
    text = desk.run("plan", "-f", str(tmp_path)).out.splitlines()
    assert text[0] == f"{desk.namespace}/web-1: is created"
    assert "  cpu: 2 (Create)" in text
    assert text[-1] == "Plan: 1 to create."


def test_what_the_api_server_refuses_is_an_error_with_its_words(desk: Desk, tmp_path: Path) -> None:
    said = planned(
        desk,
        tmp_path,
        manifest("web-1", deletionPolicy="Never"),
        manifest("web-2", poem="x"),
        manifest("web-3"),
    )
    assert said.code == 1
    assert [item["action"] for item in said.json["items"]] == ["refused", "refused", "create"]
    assert "deletionPolicy" in said.json["items"][0]["message"]
    assert "poem" in said.json["items"][1]["message"]
    assert said.json["summary"] == {"create": 1, "change": 0, "unknown": 0, "none": 0, "refused": 2}


def test_what_leaves_the_manifest_leaves_the_object_for_whoever_applied_it(
    desk: Desk, tmp_path: Path
) -> None:
    """By server-side apply of any manager, and by kubectl's own annotation."""
    with_policy = manifest("by-server", deletionPolicy="Retain")
    desk.kube.apply(with_policy, namespace=desk.namespace, manager="argocd-controller")
    by_client = manifest("by-client", deletionPolicy="Retain")
    by_client["metadata"]["annotations"] = {}  # as kubectl keeps it of a manifest without any
    by_client["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(by_client), "example.com/by": "others"}
    desk.kube.create(by_client, namespace=desk.namespace)
    said = planned(desk, tmp_path, manifest("by-server"), manifest("by-client"))
    row = {"field": "spec.deletionPolicy", "from": "Retain", "to": None}
    assert [item["spec"] for item in said.json["items"]] == [[row], [row]]
    for name in ("by-server", "by-client"):
        found = desk.kube.get("onecloudservers", name, desk.namespace)
        assert found is not None
        assert found["spec"]["deletionPolicy"] == "Retain", "nothing was applied"


def test_user_data_is_never_shown(desk: Desk, tmp_path: Path) -> None:
    server = SPEC["server"]
    desk.apply(server={**server, "userData": "#cloud-config\nold: hush"})
    said = planned(desk, tmp_path, manifest(server={**server, "userData": "#cloud-config\nnew: hush"}))
    assert "hush" not in said.out + said.err
    assert said.code in {1, 2}


def test_user_data_within_a_part_that_is_new_is_not_shown_either() -> None:
    with_data = {"server": {"cpu": 2, "userData": "hush"}}
    (row,) = differences({}, with_data, "spec")
    assert row == {"field": "spec.server", "from": None, "to": '{"cpu": 2, "userData": "given"}'}
    (row,) = differences(with_data, {}, "spec")
    assert "hush" not in str(row)


def test_an_annotation_or_label_is_a_change_too(desk: Desk, tmp_path: Path) -> None:
    """To let go of a server is asked for by an annotation, and no plan is to say that nothing changes."""
    desk.kube.apply(manifest(), namespace=desk.namespace, manager="kubectl")
    assert planned(desk, tmp_path, manifest()).json["items"][0]["spec"] == []
    changed = manifest()
    changed["metadata"] |= {"annotations": {"onecloud.io/force-detach": "true"}, "labels": {"a": "b"}}
    said = planned(desk, tmp_path, changed)
    assert (said.code, said.json["items"][0]["spec"]) == (
        2,
        [
            {"field": "metadata.annotations.onecloud.io/force-detach", "from": None, "to": "true"},
            {"field": "metadata.labels.a", "from": None, "to": "b"},
        ],
    )


def test_an_empty_namespace_is_that_of_the_command_and_a_name_that_none_can_have_is_told_with_its_file(
    desk: Desk, tmp_path: Path
) -> None:
    for number, nothing in enumerate(("", None)):
        unplaced = manifest(f"web-{number}")
        unplaced["metadata"]["namespace"] = nothing
        assert planned(desk, tmp_path, unplaced).json["items"][0]["namespace"] == desk.namespace
    said = planned(desk, tmp_path, manifest("Web_1"))
    assert said.code == 1
    assert "0.yaml: 'Web_1' is no name that an object can have" in said.err


def test_two_manifests_of_one_object_are_an_error(desk: Desk, tmp_path: Path) -> None:
    said = planned(desk, tmp_path, manifest(), manifest())
    assert (said.code, said.out) == (1, "")
    assert "0.yaml and in " in said.err


def test_a_place_without_servers_is_an_error_and_not_a_green_pipeline(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "web.yaml").write_text(yaml.safe_dump(manifest()))
    said = desk.run("plan", "-f", str(tmp_path))
    assert (said.code, said.err.splitlines()[-1]) == (1, "  try: add -R for the directories below it")
    assert desk.run("plan", "-R", "-f", str(tmp_path)).code == 2


def test_every_example_makes_a_plan(desk: Desk) -> None:
    for file in sorted((ROOT / "examples" / "servers").glob("*.yaml")):
        found = read_manifests([str(file)], recursive=False)
        bodies = [
            {**each.body, "metadata": {"name": each.body["metadata"]["name"]}} for each in found.servers
        ]
        assert bodies, file
        for body in bodies:
            said = _piped(desk, body)
            assert said.code == 2, (file, said.err, said.out)


ALIASES = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefg", "bcdefgh", strict=True)
)
MERGES = "a: &a {" + ",".join(f"k{number}: 1" for number in range(10)) + "}\n"
MERGES += "".join(
    f"{after}: &{after} {{<<: [{','.join([f'*{before}'] * 10)}]}}\n"
    for before, after in zip("abcdefg", "bcdefgh", strict=True)
)


def test_what_looks_like_a_time_is_a_text_as_to_kubectl(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(manifest()).replace("web-1", "2026-01-01"))
    (found,) = read_manifests([str(tmp_path)], recursive=False).servers
    assert found.body["metadata"] == {"name": "2026-01-01"}


def _piped(desk: Desk, body: dict[str, Any]) -> Said:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(yaml.safe_dump(body).encode())))
        return desk.run("plan", "-f", "-")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "line 2: this is no YAML"),
        ("- 1", "a document is no object"),
        (ALIASES, "more than 200000 values"),
        (MERGES, "more than 200000 values"),
        ("a: &a [*a]", "*a stands for itself"),
        ("[" * 100_000, "more than 100 levels deep"),
        ("a: !!binary aGk=", "nothing that an object can have"),
        ("!!python/object/apply:os.system [id]", "this is no YAML"),
        ("\xff", ""),
    ],
    ids=["no-yaml", "no-object", "aliases", "merges", "itself", "deep", "bytes", "code", "any-letter"],
)  # fmt: skip
def test_a_file_that_is_no_manifest_is_named(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(Failure, match=r"x\.yaml") as caught:
        read_manifests([str(tmp_path)], recursive=False)
    assert says in str(caught.value)


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_reading, "MOST_BYTES", 100)
    (tmp_path / "x.yaml").write_text("a: b\n" * 1000)
    with pytest.raises(Failure, match="larger than"):
        read_manifests([str(tmp_path / "x.yaml")], recursive=False)
    with pytest.raises(Failure, match="cannot read"):
        read_manifests([str(tmp_path / "none.yaml")], recursive=False)


def test_a_list_is_its_objects(tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [manifest("a"), manifest("b")]}
    (tmp_path / "x.json").write_text(json.dumps(listed))
    found = read_manifests([str(tmp_path)], recursive=False)
    assert [each.body["metadata"]["name"] for each in found.servers] == ["a", "b"]


def test_a_merge_patch_takes_off_what_was_applied_before_and_is_gone() -> None:
    old = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1]}
    assert merge_patch(old, {"b": {"c": 3}, "e": [2]}) == {"a": None, "b": {"c": 3, "d": None}, "e": [2]}


def test_what_stands_around_an_object_counts(desk: Desk, tmp_path: Path) -> None:
    """A freeze of its namespace, and the leave and the defaults of its provider."""
    desk.run("freeze", f"namespace/{desk.namespace}")
    (item,) = planned(desk, tmp_path, manifest()).json["items"]
    assert item["held"]["reason"] == "Frozen"
    desk.run("unfreeze", f"namespace/{desk.namespace}")
    (item,) = planned(desk, tmp_path, manifest(approval="Manual")).json["items"]
    assert item["held"]["reason"] == "PlanPending"
    name = f"lab-{desk.namespace}"
    shared = {key: value for key, value in manifest().items() if key != "spec"}
    shared["spec"] = {"providerRef": {"name": name}, "server": SPEC["server"]}
    (item,) = planned(desk, tmp_path, shared).json["items"]
    assert item["held"]["reason"] == "ProviderNotFound"
    provider: dict[str, Any] = {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudProvider",
        "metadata": {"name": name},
        "spec": {
            "secretRef": {"namespace": "elsewhere", "name": "lab"},
            "defaults": {"tags": {"owner": "platform"}},
        },
    }
    desk.kube.apply(provider)
    try:
        (item,) = planned(desk, tmp_path, shared).json["items"]
        assert item["held"]["reason"] == "NotAllowed"
        provider["spec"]["allowedNamespaces"] = {"names": [desk.namespace]}
        desk.kube.apply(provider)
        (item,) = planned(desk, tmp_path, shared).json["items"]
        assert item["held"] is None
        assert {"field": "tags", "from": None, "to": "owner=platform", "effect": "Create"} in item["steps"]
    finally:
        desk.kube.delete("onecloudproviders", name, None)
