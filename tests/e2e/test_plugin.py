"""The kubectl plugin beside a running operator and its cloud."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import plugin
from tests.e2e.user import SERVER, condition
from tests.e2e.warm import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from tests.cli.conftest import Said
    from tests.e2e.user import User

__all__ = ["plugin"]  # for pytest, which finds fixtures by their names here


@pytest.fixture
def ask(control_plane: ControlPlane, user: User, plugin: Callable[..., Said]) -> Callable[..., Any]:
    """Give the plugin in the user's namespace: arguments in, its JSON out."""
    where = ("--kubeconfig", str(control_plane.kubeconfig_of("admin")), "-n", user.namespace, "-o", "json")
    return lambda *arguments: plugin(*arguments, *where).json


def failing(found: Any) -> list[str]:
    return [link["link"] for link in found["chain"] if link["state"] == "fail"]


def test_why_follows_an_object_from_a_wrong_password_to_a_running_server(
    user: User, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user.kube.apply(user.cloud.secret(user.namespace, OS_PASSWORD="Wrong-2026!"), force=True)
    user.apply()
    user.wait_reason("CredentialsRejected")
    found = ask("why", "web-1")
    assert (found["ready"], failing(found)) == (False, ["sign-in"])
    user.kube.apply(user.cloud.secret(user.namespace), force=True)
    ask("retry", "web-1")
    user.wait_ready()
    found = ask("why", "web-1")
    assert (found["ready"], failing(found), found["nextTry"]) == (True, [], "none is needed")
    assert "Created" in [event["reason"] for event in found["events"]]
    for key, value in user.cloud.secret_data.items():
        monkeypatch.setenv(key, value)
    cloud = ask("why", "web-1", "--cloud")["cloud"]
    assert (cloud["exists"], cloud["status"]) == (True, "running")
    with Cloud() as other:
        other.call("add_project", name="other")
        other.call("add_user", name="else", password="Lab-2026!", roles={"other": "owner"})
        for key, value in other.call("secret", user="else", project="other").items():
            monkeypatch.setenv(key, value)
        elsewhere = ask("why", "web-1", "--cloud")
    assert elsewhere["cloud"] is None, "another cloud's answer is no proof"
    assert "credentials are for another one" in elsewhere["remarks"][0]


def test_a_secret_of_a_tenant_leads_the_plugin_to_no_address_of_this_machine(
    user: User, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OS_AUTH_URL", raising=False)
    user.apply()
    user.wait_ready()
    found = ask("why", "web-1", "--cloud")
    assert found["cloud"] is None
    assert "The cloud was not asked" in found["remarks"][0]
    assert "127.0.0.1" in found["remarks"][0]


def test_the_verbs_are_obeyed(user: User, ask: Callable[..., Any]) -> None:
    user.apply(disruption={"allow": "Restart"})
    user.wait_ready()
    ask("pause", "web-1")
    user.wait(lambda status: condition(status, "Paused"))
    assert ask("why", "web-1")["chain"][0]["state"] == "wait"
    ask("resume", "web-1")
    user.wait(lambda status: not condition(status, "Paused"))
    (asked,) = ask("restart", "web-1")["items"]
    user.wait(lambda status: (status.get("restartRequest") or {}).get("value") == asked["value"])
    user.delete()
    user.wait_gone()


def test_a_shell_file_is_tried_at_the_cloud_before_it_becomes_a_secret(
    user: User, ask: Callable[..., Any], plugin: Callable[..., Said], tmp_path: Path
) -> None:
    user.kube.delete("secrets", "onecloud", user.namespace)
    file = tmp_path / "rcadmin"

    def write(**changes: str) -> None:
        values = {**user.cloud.secret_data, **changes}
        file.write_text("".join(f"export {key}='{value}'\n" for key, value in values.items()))

    write(OS_PASSWORD="Wrong-2026!")
    refused = plugin("secret", "rcadmin", str(file), "--check", "-n", user.namespace)
    assert refused.code == 1
    assert "docs/reasons.md explains CredentialsRejected" in refused.err
    assert "Wrong-2026!" not in refused.err
    assert user.kube.get("secrets", "onecloud", user.namespace) is None
    write()
    assert ask("secret", "rcadmin", str(file), "--check")["created"] is True
    user.apply()
    user.wait_ready()


def test_a_plan_is_what_the_operator_then_does(
    user: User, control_plane: ControlPlane, plugin: Callable[..., Said], tmp_path: Path
) -> None:
    where = ("--kubeconfig", str(control_plane.kubeconfig_of("admin")), "-n", user.namespace)
    file = tmp_path / "web-1.yaml"

    def plan(server: dict[str, Any], **policies: Any) -> tuple[int, dict[str, Any]]:
        spec = {"credentialsRef": {"name": "onecloud"}, "server": {**SERVER, **server}, **policies}
        head = {"apiVersion": "onecloud.io/v1alpha1", "kind": "OneCloudServer", "metadata": {"name": "web-1"}}
        file.write_text(json.dumps({**head, "spec": spec}))
        said = plugin("plan", "-f", str(file), "-o", "json", *where)
        return said.code, said.json["items"][0]

    data = {"dataDisks": [{"name": "data", "size": "10Gi"}], "tags": {"a": "b"}}
    assert plan(data)[1]["action"] == "create"
    assert user.cloud.servers() == []
    user.apply(server=data)
    user.wait_ready()
    code, item = plan(data)
    assert (code, item["action"], item["steps"], item["held"]) == (0, "none", [], None)
    code, item = plan({**data, "description": "the shop", "tags": {"a": "c"}})
    assert code == 2
    assert {(step["field"], step["to"], step["effect"]) for step in item["steps"]} == {
        ("description", "the shop", "Live"),
        ("tags.a", "c", "Live"),
    }
    code, item = plan({**data, "image": "debian-12"}, disruption={"allow": "Rebuild"})
    assert [(step["field"], step["effect"]) for step in item["steps"]] == [("image", "Rebuild")]
    restart = {"disruption": {"allow": "Restart"}}
    made: tuple[tuple[dict[str, Any], tuple[str, str, str]], ...] = (
        ({"keypair": "another"}, ("keypair", "another", "Restart")),
        ({"securityGroups": ["web"]}, ("securityGroups", "web", "Live")),
        ({"networks": [*SERVER["networks"], {"network": "vnet-2"}]}, ("networks[vnet-2]", "vnet-2", "Live")),
    )
    for edit, effect in made:
        # A name that the server does not show leads to something else, most likely.
        code, item = plan({**data, **edit}, **restart)
        assert [(step["field"], step["to"], step["effect"]) for step in item["steps"]] == [effect]
    unmade: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({"cpu": 4}, {}),
        ({"keypair": "another"}, {}),
        ({"image": "debian-12"}, restart),
    )
    for change, policies in unmade:
        code, item = plan({**data, **change}, **policies)
        assert (code, item["steps"], item["held"]["reason"]) == (2, [], "RestartNeeded")
    assert user.get()["spec"]["server"]["image"] == "ubuntu-22.04"


def test_a_plan_asks_the_cloud_for_what_changed_a_moment_ago_and_whether_it_would_make_a_server(
    user: User,
    control_plane: ControlPlane,
    plugin: Callable[..., Said],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key, value in user.cloud.secret_data.items():
        monkeypatch.setenv(key, value)
    where = ("--kubeconfig", str(control_plane.kubeconfig_of("admin")), "-n", user.namespace)
    file = tmp_path / "web.json"

    def plan(name: str, **server: Any) -> tuple[int, dict[str, Any]]:
        spec = {"credentialsRef": {"name": "onecloud"}, "server": {**SERVER, **server}}
        head = {"apiVersion": "onecloud.io/v1alpha1", "kind": "OneCloudServer", "metadata": {"name": name}}
        file.write_text(json.dumps({**head, "spec": spec}))
        said = plugin("plan", "--cloud", "-f", str(file), "-o", "json", *where)
        return said.code, said.json["items"][0]

    assert plan("web-1")[1]["action"] == "create"
    code, item = plan("web-1", image="no-such-image")
    assert (code, item["action"]) == (1, "refused")
    assert item["message"].startswith("by the cloud: ")
    assert "no-such-image" in item["message"]
    assert user.cloud.servers() == [], "a dry run makes none"
    user.apply(server={"description": "the shop"})
    status = user.wait_ready()
    user.operator.stop()
    assert plan("web-1", description="the shop")[0] == 0
    user.cloud.call("change", ident=status["id"], description="of somebody else")
    code, item = plan("web-1", description="the shop")
    assert (code, [step["field"] for step in item["steps"]]) == (2, ["description"])


def test_a_plan_of_an_adopted_server_is_empty_once_it_is_held(
    user: User, control_plane: ControlPlane, plugin: Callable[..., Said], tmp_path: Path
) -> None:
    where = ("--kubeconfig", str(control_plane.kubeconfig_of("admin")), "-n", user.namespace)
    user.apply("old", deletionPolicy="Retain")
    server_id = user.wait_ready("old")["id"]
    user.delete("old")
    user.kube.wait_gone("onecloudservers", "old", user.namespace, timeout_seconds=40)
    applied = user.apply_only("new", adoption={"policy": "Adopt", "id": server_id})
    user.wait_ready("new")
    file = tmp_path / "new.yaml"
    manifest = {key: applied[key] for key in ("apiVersion", "kind", "spec")}
    file.write_text(json.dumps({**manifest, "metadata": {"name": "new"}}))
    said = plugin("plan", "-f", str(file), "-o", "json", *where)
    assert (said.code, said.json["items"][0]["steps"]) == (0, [])
